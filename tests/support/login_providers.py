"""Small Alipay, WeChat and Weibo on real HTTP: they check what is published, by their own reading, and know people."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from support.providers import Provider, Taken, running

APP = "2021000100600007"
SECRET = "an-app-secret-of-the-tests"
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before a SHA-256 digest (RFC 8017, section 9.2, note 1)."""


@cache
def key_pair(whose: str) -> rsa.RSAPrivateKey:
    """One pair for each name, made once per process."""
    return rsa.generate_private_key(65537, 2048)


def private_text(key: rsa.RSAPrivateKey) -> str:
    """As Alipay's tool writes it."""
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return base64.b64encode(der).decode()


def public_text(key: rsa.RSAPrivateKey) -> str:
    """As Alipay's console shows it."""
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def textbook_sign(key: rsa.RSAPrivateKey, message: bytes) -> str:
    """SHA256withRSA by arithmetic (RFC 8017, section 8.2), with no library's idea of it."""
    numbers = key.private_numbers()
    size = (numbers.public_numbers.n.bit_length() + 7) // 8
    signature = pow(_padded(message, size), numbers.d, numbers.public_numbers.n)
    return base64.b64encode(signature.to_bytes(size, "big")).decode()


def textbook_verify(key: rsa.RSAPublicKey, message: bytes, signature: str) -> bool:
    numbers = key.public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    given = int.from_bytes(base64.b64decode(signature), "big")
    return pow(given, numbers.e, numbers.n) == _padded(message, size)


def _padded(message: bytes, size: int) -> int:
    told = _SHA256 + hashlib.sha256(message).digest()
    return int.from_bytes(b"\x00\x01" + b"\xff" * (size - len(told) - 3) + b"\x00" + told, "big")


def checks_rsa2(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bool:
    """As the receiver reads it: whatever came in address and body, undone once, sorted by name, but `sign`."""
    pairs = [part.partition("=") for part in f"{target.partition('?')[2]}&{body.decode()}".split("&") if part]
    given = {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}
    signature = given.pop("sign")
    text = "&".join("=".join(pair) for pair in sorted(given.items()) if pair[1])
    return (
        method == "POST"
        and len(given) == len(pairs) - 1
        and {"app_id", "charset", "code", "grant_type", "method", "sign_type", "timestamp", "version"} <= given.keys()
        and (given["app_id"], given["sign_type"]) == (APP, "RSA2")
        and textbook_verify(key_pair("application").public_key(), text.encode(), signature)
    )


@dataclass
class LoginProvider:
    """A provider and the codes it gave to people; each works once."""

    name: str
    server: Provider
    codes: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def let_in(self, authorize_url: str, person: str) -> dict[str, str]:
        """What the redirect brings back to the front end after `person` agreed on the page of that address."""
        parts = urlsplit(authorize_url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert query["redirect_uri"] == f"http://localhost:3000/third-party/{self.name}"
        expected: dict[str, tuple[str, dict[str, str], str]] = {
            "alipay": ("/oauth2/publicAppAuthorize.htm", {"app_id": APP, "scope": "auth_user"}, ""),
            "wechat": (
                "/connect/qrconnect",
                {"appid": APP, "response_type": "code", "scope": "snsapi_login"},
                "wechat_redirect",
            ),
            "weibo": ("/oauth2/authorize", {"client_id": APP, "response_type": "code"}, ""),
        }
        path, fixed, fragment = expected[self.name]
        assert (parts.path, parts.fragment) == (path, fragment)
        assert query == fixed | {"redirect_uri": query["redirect_uri"], "state": query["state"]}
        assert len(query["state"]) <= 100, "Alipay takes no more"
        code = f"{self.name}-code-{next(self.numbers)}"
        self.codes[code] = person
        return {"code": code, "state": query["state"]}


def _form(taken: Taken) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(taken.body.decode()).items()}


def signed_by(whose: str, name: str, content: str) -> bytes:
    """An answer of Alipay's gateway around this text, signed over exactly it."""
    signature = textbook_sign(key_pair(whose), content.encode())
    return f'{{"{name}":{content},"sign":"{signature}"}}'.encode()


def alipay_answer(provider: LoginProvider, taken: Taken) -> tuple[int, bytes]:
    person = provider.codes.pop(_form(taken).get("code", ""), None)
    if not taken.rightly_signed:
        refusal = '{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-signature"}'
        return 200, signed_by("alipay", "error_response", refusal)
    if person is None:
        refusal = '{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.code-invalid","sub_msg":"授权码code无效"}'
        return 200, signed_by("alipay", "error_response", refusal)
    content = json.dumps({"access_token": "authusrB-of-nobody", "user_id": person, "expires_in": 1296000})
    return 200, signed_by("alipay", "alipay_system_oauth_token_response", content)


def wechat_answer(provider: LoginProvider, taken: Taken) -> tuple[int, bytes]:
    path, _, query = taken.target.partition("?")
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    assert path == "/sns/oauth2/access_token"
    if (asked["appid"], asked["secret"], asked["grant_type"]) != (APP, SECRET, "authorization_code"):
        return 200, b'{"errcode":40125,"errmsg":"invalid appsecret"}'
    person = provider.codes.pop(asked["code"], None)
    if person is None:
        return 200, b'{"errcode":40029,"errmsg":"invalid code"}'
    return 200, json.dumps({"access_token": "t", "openid": f"of-one-app-{person}", "unionid": person}).encode()


def weibo_answer(provider: LoginProvider, taken: Taken) -> tuple[int, bytes]:
    asked = _form(taken)
    if taken.target == "/oauth2/get_token_info":
        uid = int(asked["access_token"].removeprefix("token-of-"))
        return 200, json.dumps({"uid": uid, "appkey": APP, "scope": None, "expire_in": 7200}).encode()
    fixed = {"client_id": APP, "client_secret": SECRET, "grant_type": "authorization_code"}
    back = {"redirect_uri": "http://localhost:3000/third-party/weibo"}
    assert (taken.target, asked | fixed | back) == ("/oauth2/access_token", asked)
    person = provider.codes.pop(asked["code"], None)
    if person is None:
        return 400, b'{"error":"invalid_grant","error_code":21325,"request":"/oauth2/access_token"}'
    # The uid beside a token is not to be trusted.
    return 200, json.dumps({"access_token": f"token-of-{person}", "uid": "1"}).encode()


ANSWERS: dict[str, Callable[[LoginProvider, Taken], tuple[int, bytes]]] = {
    "alipay": alipay_answer,
    "wechat": wechat_answer,
    "weibo": weibo_answer,
}


@contextmanager
def running_provider(name: str) -> Iterator[LoginProvider]:
    """A provider that behaves."""
    check = checks_rsa2 if name == "alipay" else lambda *_: True
    with running(check) as server:
        provider = LoginProvider(name, server)
        server.answer = lambda taken: ANSWERS[name](provider, taken)
        yield provider


def settings_for(providers: Mapping[str, LoginProvider]) -> dict[str, Any]:
    """The settings with which the application speaks to these."""
    url = {name: provider.server.url for name, provider in providers.items()}
    return {
        "login_providers": ",".join(providers),
        "alipay_app_id": APP,
        "alipay_private_key": private_text(key_pair("application")),
        "alipay_public_key": public_text(key_pair("alipay")),
        "alipay_url": f"{url.get('alipay')}/gateway.do",
        "alipay_authorize_url": f"{url.get('alipay')}/oauth2/publicAppAuthorize.htm",
        "wechat_app_id": APP,
        "wechat_app_secret": SECRET,
        "wechat_url": url.get("wechat"),
        "wechat_authorize_url": f"{url.get('wechat')}/connect/qrconnect",
        "weibo_app_key": APP,
        "weibo_app_secret": SECRET,
        "weibo_url": url.get("weibo"),
    }
