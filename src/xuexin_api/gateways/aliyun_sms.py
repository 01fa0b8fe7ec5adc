"""SMS through Aliyun (dysmsapi, 2017-05-25), signed by ACS3-HMAC-SHA256 ("request syntax and signature V3")."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.gateways.messaging import Letter, NotSentError
from xuexin_api.gateways.provider_http import ProviderHttp

_ALGORITHM: Final = "ACS3-HMAC-SHA256"
_MAINLAND: Final = "+86"


@dataclass(frozen=True, slots=True)
class AliyunAccount:
    """Who sends: key pair, the signature that recipients see, and the approved template of each text."""

    key_id: str
    key_secret: str
    sign_name: str
    templates: Mapping[str, str]


def sign_acs3(
    account_id: str, secret: str, *, method: str, query: Mapping[str, str], headers: Mapping[str, str], content: bytes
) -> str:
    """The Authorization header of a request to the root path; every header given is signed."""
    encoded = "&".join(f"{_encode(name)}={_encode(query[name])}" for name in sorted(query))
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    names = sorted(lower)
    signed = ";".join(names)
    canonical = "\n".join(
        [
            method,
            "/",
            encoded,
            *(f"{name}:{lower[name]}" for name in names),
            "",
            signed,
            hashlib.sha256(content).hexdigest(),
        ]
    )
    text = f"{_ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{_ALGORITHM} Credential={account_id},SignedHeaders={signed},Signature={signature}"


class AliyunSmsGateway:
    """SendSms; the texts are templates approved beforehand."""

    name = "aliyun"
    keeps = False

    def __init__(self, account: AliyunAccount, *, url: str, seconds: float, clock: Clock, entropy: Entropy) -> None:
        self._account = account
        self._http = ProviderHttp(url, seconds=seconds)
        self._clock = clock
        self._entropy = entropy

    async def send(self, letter: Letter) -> None:
        """Taken by the provider, or NotSentError with its code."""
        template = self._account.templates.get(letter.word)
        if template is None:
            raise NotSentError(f"no template for {letter.word}")
        query = {
            "PhoneNumbers": letter.destination.removeprefix(_MAINLAND).removeprefix("+"),
            "SignName": self._account.sign_name,
            "TemplateCode": template,
            "TemplateParam": json.dumps(dict(letter.params), ensure_ascii=False),
        }
        # In the body and not in the address: numbers and codes are not for the logs of what lies between.
        content = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in query.items()).encode()
        headers = {
            "host": self._http.host,
            "content-type": "application/x-www-form-urlencoded",
            "x-acs-action": "SendSms",
            "x-acs-version": "2017-05-25",
            "x-acs-date": f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": self._entropy.token(16).hex(),
            "x-acs-content-sha256": hashlib.sha256(content).hexdigest(),
        }
        headers["authorization"] = sign_acs3(
            self._account.key_id, self._account.key_secret, method="POST", query={}, headers=headers, content=content
        )
        answer = await self._http.post("/", headers=headers, content=content)
        if answer.get("Code") != "OK":
            raise NotSentError(str(answer.get("Code"))[:80])

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _encode(text: str) -> str:
    """RFC 3986: letters, digits and -_.~ stay."""
    return quote(text, safe="-_.~")
