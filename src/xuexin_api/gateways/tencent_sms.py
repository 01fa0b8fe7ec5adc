"""SMS through Tencent Cloud (sms, 2021-01-11)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xuexin_api.core.clock import Clock
from xuexin_api.gateways.messaging import Letter, NotSentError
from xuexin_api.gateways.provider_http import ProviderHttp, UnclearAnswerError
from xuexin_api.gateways.tencent_api import TencentAction, TencentKeys, signed_headers

_SEND: Final = TencentAction("sms", "2021-01-11", "SendSms")


@dataclass(frozen=True, slots=True)
class TencentAccount:
    """Who sends: key pair, application, signature, region, and the approved template of each text."""

    secret_id: str
    secret_key: str
    app_id: str
    sign_name: str
    region: str
    templates: Mapping[str, str]


class TencentSmsGateway:
    """SendSms; the texts are templates approved beforehand, filled in the order of their places."""

    name = "tencent"
    keeps = False

    def __init__(self, account: TencentAccount, *, url: str, seconds: float, clock: Clock) -> None:
        self._account = account
        self._http = ProviderHttp(url, seconds=seconds)
        self._clock = clock

    async def send(self, letter: Letter) -> None:
        """Taken by the provider, or NotSentError with its code."""
        template = self._account.templates.get(letter.word)
        if template is None:
            raise NotSentError(f"no template for {letter.word}")
        content = json.dumps(
            {
                "PhoneNumberSet": [letter.destination],
                "SmsSdkAppId": self._account.app_id,
                "SignName": self._account.sign_name,
                "TemplateId": template,
                "TemplateParamSet": list(letter.params.values()),
            }
        ).encode()
        headers = signed_headers(
            TencentKeys(self._account.secret_id, self._account.secret_key, self._account.region),
            _SEND,
            content,
            host=self._http.host,
            now=self._clock.now(),
        )
        answer = await self._http.post("/", headers=headers, content=content)
        _refuse_unless_sent(answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _refuse_unless_sent(answer: dict[str, Any]) -> None:
    """NotSentError with the provider's code; UnclearAnswerError for an answer of another shape."""
    try:
        response = answer["Response"]
        failed = response.get("Error")
        code = failed["Code"] if failed else response["SendStatusSet"][0]["Code"]
    except (KeyError, IndexError, TypeError, AttributeError):
        raise UnclearAnswerError("no status") from None
    if code != "Ok":
        raise NotSentError(str(code)[:80])
