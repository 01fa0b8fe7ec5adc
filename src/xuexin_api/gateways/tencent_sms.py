"""SMS through Tencent Cloud (sms, 2021-01-11), signed by TC3-HMAC-SHA256: "Signature v3" of its documentation."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from xuexin_api.core.clock import Clock
from xuexin_api.gateways.messaging import Letter, NotSentError
from xuexin_api.gateways.provider_http import ProviderHttp, UnclearAnswerError

_ALGORITHM: Final = "TC3-HMAC-SHA256"
_SERVICE: Final = "sms"


@dataclass(frozen=True, slots=True)
class TencentAccount:
    """Who sends: key pair, application, signature, region, and the approved template of each text."""

    secret_id: str
    secret_key: str
    app_id: str
    sign_name: str
    region: str
    templates: Mapping[str, str]


def sign_tc3(
    secret_id: str, secret_key: str, *, service: str, timestamp: int, headers: Mapping[str, str], content: bytes
) -> str:
    """The Authorization header of a POST to the root path; every header given is signed."""
    day = f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"
    scope = f"{day}/{service}/tc3_request"
    lower = {name.lower(): value.strip().lower() for name, value in headers.items()}
    names = sorted(lower)
    signed = ";".join(names)
    canonical = "\n".join(
        ["POST", "/", "", *(f"{name}:{lower[name]}" for name in names), "", signed, hashlib.sha256(content).hexdigest()]
    )
    text = "\n".join([_ALGORITHM, str(timestamp), scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"{_ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={signed}, Signature={signature}"


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
        timestamp = int(self._clock.now().timestamp())
        signed = {"content-type": "application/json; charset=utf-8", "host": self._http.host, "x-tc-action": "SendSms"}
        authorization = sign_tc3(
            self._account.secret_id,
            self._account.secret_key,
            service=_SERVICE,
            timestamp=timestamp,
            headers=signed,
            content=content,
        )
        headers = signed | {
            "authorization": authorization,
            "x-tc-action": "SendSms",
            "x-tc-version": "2021-01-11",
            "x-tc-timestamp": str(timestamp),
            "x-tc-region": self._account.region,
        }
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
