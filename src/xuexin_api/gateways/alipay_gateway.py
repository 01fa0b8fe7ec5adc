"""Alipay's open gateway: both ways signed by RSA2 (SHA256withRSA)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from xuexin_api.core.clock import CHINA, Clock
from xuexin_api.gateways.provider_http import ProviderAnswer, ProviderHttp
from xuexin_api.gateways.third_party import ProviderSilentError, WrongAnswerError, ask

_REFUSAL: Final = "error_response"
_SMALLEST_KEY: Final = 2048
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()


class AlipayRefusedError(Exception):
    """Alipay says no, with its signature; `reason` is its code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class AlipayApp:
    """Our application there: its id, our key, and the key of Alipay's that is shown with it."""

    app_id: str
    private_key: rsa.RSAPrivateKey
    alipay_key: rsa.RSAPublicKey


def read_private_key(text: str) -> rsa.RSAPrivateKey:
    """The application's key, base64 (PKCS 8 or PKCS 1) as Alipay's tool writes it, or PEM; ValueError otherwise."""
    try:
        if text.lstrip().startswith("-----"):
            key = serialization.load_pem_private_key(text.strip().encode(), None)
        else:
            key = serialization.load_der_private_key(base64.b64decode(text, validate=True), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _SMALLEST_KEY:
        raise ValueError("not an RSA private key of 2048 bits or more")
    return key


def read_public_key(text: str) -> rsa.RSAPublicKey:
    """Alipay's key, base64 as its console shows it, or PEM; ValueError otherwise."""
    try:
        if text.lstrip().startswith("-----"):
            key = serialization.load_pem_public_key(text.strip().encode())
        else:
            key = serialization.load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _SMALLEST_KEY:
        raise ValueError("not an RSA public key of 2048 bits or more")
    return key


def sign_rsa2(key: rsa.RSAPrivateKey, params: Mapping[str, str]) -> str:
    """`sign` of a request: over everything that is not empty, in the order of its names."""
    text = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "sign" and params[name])
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(key: rsa.RSAPublicKey, text: str, signature: str) -> bool:
    """Whether `signature` is the key holder's, over exactly this text."""
    try:
        key.verify(base64.b64decode(signature, validate=True), text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


def split_answer(text: str) -> dict[str, tuple[Any, str]]:
    """The members of a JSON object, each with the text it was written as, which is what Alipay signs.

    ValueError for anything else; a name that comes twice could be signed once and read the other time.
    """
    members: dict[str, tuple[Any, str]] = {}
    place = _expect(text, _skip(text, 0), "{")
    while True:
        name, place = _DECODER.raw_decode(text, _skip(text, place))
        place = _skip(text, _expect(text, _skip(text, place), ":"))
        value, end = _DECODER.raw_decode(text, place)
        if not isinstance(name, str) or name in members:
            raise ValueError("a name that is none, or comes twice")
        members[name] = (value, text[place:end])
        place = _skip(text, end)
        if text[place : place + 1] != ",":
            break
        place += 1
    if _skip(text, _expect(text, place, "}")) != len(text):
        raise ValueError("more than an object")
    return members


def _skip(text: str, place: int) -> int:
    """Behind the blanks."""
    blanks = _BLANKS.match(text, place)
    return place if blanks is None else blanks.end()


def _expect(text: str, place: int, character: str) -> int:
    if text[place : place + 1] != character:
        raise ValueError(f"no {character}")
    return place + 1


class AlipayGateway:
    """What one application of ours asks Alipay."""

    def __init__(self, app: AlipayApp, *, url: str, seconds: float, clock: Clock) -> None:
        self._app = app
        self._url = url
        self._http = ProviderHttp(url, seconds=seconds)
        self._clock = clock

    async def ask(self, method: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Alipay's answer; AlipayRefusedError for a no, and the errors of `third_party` for everything else."""
        protocol = self._protocol(method)
        protocol["sign"] = sign_rsa2(self._app.private_key, protocol | dict(params))
        # What is asked goes in the body: addresses are for the logs of what lies between.
        answer = await ask(self._http, "POST", f"{self._url}?{urlencode(protocol)}", params)
        return self._read(answer, f"{method.replace('.', '_')}_response")

    def page(self, method: str, params: Mapping[str, str]) -> str:
        """The signed address of a page that somebody opens."""
        asked = self._protocol(method) | dict(params)
        return f"{self._url}?{urlencode(asked | {'sign': sign_rsa2(self._app.private_key, asked)})}"

    def _protocol(self, method: str) -> dict[str, str]:
        return {
            "app_id": self._app.app_id,
            "charset": "utf-8",
            "format": "JSON",
            "method": method,
            "sign_type": "RSA2",
            "timestamp": f"{self._clock.now().astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
            "version": "1.0",
        }

    def _read(self, answer: ProviderAnswer, expected: str) -> dict[str, Any]:
        """What Alipay says, and nobody else: also its refusals count only with its signature."""
        try:
            members = split_answer(answer.content.decode())
        except (ValueError, RecursionError):
            raise WrongAnswerError(f"status {answer.status}, not a JSON object") from None
        signature, _ = members.get("sign", (None, ""))
        name = expected if expected in members else _REFUSAL
        content, text = members.get(name, (None, ""))
        if not isinstance(content, dict) or not isinstance(signature, str):
            raise WrongAnswerError("unsigned, or not the answer to what was asked")
        if not is_signed(self._app.alipay_key, text, signature):
            raise WrongAnswerError("a foreign signature")
        # Not every success has a code, and where there is one, it is 10000.
        if name == _REFUSAL or content.get("code", "10000") != "10000":
            reason = str(content.get("sub_code") or content.get("code"))[:80]
            if content.get("code") == "20000" or reason.startswith(("isp.", "aop.")):
                raise ProviderSilentError(reason)
            raise AlipayRefusedError(reason)
        return content

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
