"""Tencent Cloud's face verification (faceid, 2018-03-01): DetectAuth, then GetDetectInfoEnhanced."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from xuexin_api.core.clock import Clock
from xuexin_api.gateways.identity_providers import Claimed, Opened, Told, Verdict
from xuexin_api.gateways.provider_http import ProviderHttp
from xuexin_api.gateways.tencent_api import TencentAction, TencentKeys, signed_headers
from xuexin_api.gateways.third_party import ProviderSilentError, WrongAnswerError, ask_content, json_object

_TEXT_ONLY: Final = "1"
_LONGEST_ID: Final = 128


@dataclass(frozen=True, slots=True)
class FaceidAccount:
    """Key pair, region, and the rule (RuleId) that was approved for us."""

    secret_id: str
    secret_key: str
    region: str
    rule_id: str


class TencentFaceid:
    """Its answers say about whom they are."""

    def __init__(self, account: FaceidAccount, *, url: str, seconds: float, clock: Clock) -> None:
        self._account = account
        self._http = ProviderHttp(url, seconds=seconds)
        self._clock = clock

    async def open(self, claimed: Claimed, /, *, reference: str, return_url: str) -> Opened:
        """`BizToken` and the page."""
        answer = await self._ask(
            "DetectAuth",
            {
                "RuleId": self._account.rule_id,
                "IdCard": claimed.document_number,
                "Name": claimed.name,
                "RedirectUrl": return_url,
                "Extra": reference,
            },
        )
        token, url = answer.get("BizToken"), answer.get("Url")
        if not isinstance(token, str) or not 1 <= len(token) <= _LONGEST_ID or not isinstance(url, str):
            raise WrongAnswerError("no token or no page")
        return Opened(token, url)

    async def ask(self, provider_id: str, /) -> Told:
        """With the name and number that it is about; without an error code nothing is decided yet."""
        answer = await self._ask(
            "GetDetectInfoEnhanced",
            {"BizToken": provider_id, "RuleId": self._account.rule_id, "InfoType": _TEXT_ONLY},
        )
        text = answer.get("Text")
        if not isinstance(text, dict):
            raise WrongAnswerError("no text")
        code = text.get("ErrCode")
        if code is None:
            return Told(Verdict.PENDING)
        if type(code) is not int:
            raise WrongAnswerError("an error code that is no number")
        if code != 0:
            return Told(Verdict.FAILED)
        name, number = text.get("Name"), text.get("IdCard")
        if not isinstance(name, str) or not isinstance(number, str):
            raise WrongAnswerError("nobody's verification")
        return Told(Verdict.PASSED, Claimed(name, number))

    async def _ask(self, action: str, body: dict[str, str]) -> dict[str, Any]:
        content = json.dumps(body).encode()
        headers = signed_headers(
            TencentKeys(self._account.secret_id, self._account.secret_key, self._account.region),
            TencentAction("faceid", "2018-03-01", action),
            content,
            host=self._http.host,
            now=self._clock.now(),
        )
        answer = json_object(await ask_content(self._http, "POST", "/", headers=headers, content=content))
        response = answer.get("Response")
        if not isinstance(response, dict):
            raise WrongAnswerError("no response")
        failed = response.get("Error")
        if failed is None:
            return response
        code = str(failed.get("Code") if isinstance(failed, dict) else failed)[:80]
        if code.startswith(("InternalError", "RequestLimitExceeded", "ResourceUnavailable")):
            raise ProviderSilentError(code)
        raise WrongAnswerError(code)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
