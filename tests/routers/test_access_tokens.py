"""Forged, foreign, expired, future, unsigned, wrongly typed tokens: 401, all of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from support.client import Client, code_of
from support.keys import keys_for_tests
from support.people import students

Claims = dict[str, Any]


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _ours() -> ECKey:
    return ECKey.import_key(_pem(keys_for_tests().token[0]))


def _parts(token: str) -> tuple[Claims, Claims]:
    header, payload, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload))


async def _logged_in(client: Client) -> str:
    (student,) = students(1)
    await client.register(student)
    assert client.access_token is not None
    return client.access_token


async def test_another_library_reads_our_tokens_by_our_published_keys(client: Client) -> None:
    token = await _logged_in(client)
    (published,) = (await client.get("/.well-known/jwks.json")).json()["keys"]
    read = jwt.decode(token, ECKey.import_key(published), algorithms=["ES256"])
    assert read.header == {"alg": "ES256", "typ": "at+jwt", "kid": published["kid"]}
    required = {"iss", "aud", "sub", "client_id", "exp", "iat", "jti", "sid", "acr", "amr", "auth_time", "scope"}
    assert required <= read.claims.keys()
    assert read.claims["exp"] - read.claims["iat"] == 600
    assert read.claims["amr"] == ["pwd", "sms"]


async def test_a_token_made_elsewhere_with_our_key_and_our_shape_is_accepted(client: Client) -> None:
    """So that the refusals below are about what they change."""
    header, claims = _parts(await _logged_in(client))
    client.access_token = jwt.encode(header, claims, _ours())
    assert (await client.get("/v1/account")).status_code == 200


CHANGES: dict[str, Callable[[Claims, Claims], Any]] = {
    "expired": lambda _, claims: claims.update(exp=claims["iat"] - 1),
    "issued in the future": lambda _, claims: claims.update(iat=claims["iat"] + 3600, exp=claims["exp"] + 3600),
    "for somebody else": lambda _, claims: claims.update(aud="another-service"),
    "by somebody else": lambda _, claims: claims.update(iss="https://elsewhere.example"),
    "for another client": lambda _, claims: claims.update(client_id="another"),
    "without expiry": lambda _, claims: claims.pop("exp"),
    "without audience": lambda _, claims: claims.pop("aud"),
    "without issuer": lambda _, claims: claims.pop("iss"),
    "without subject": lambda _, claims: claims.pop("sub"),
    "without id": lambda _, claims: claims.pop("jti"),
    "without session": lambda _, claims: claims.pop("sid"),
    "of another epoch": lambda _, claims: claims.update(epoch=1),
    "of an unknown session": lambda _, claims: claims.update(sid="01999999-9999-7999-8999-999999999999"),
    "of another account": lambda _, claims: claims.update(sub="01999999-9999-7999-8999-999999999999"),
    "with a session that is no id": lambda _, claims: claims.update(sid="x"),
    "with text for a number": lambda _, claims: claims.update(epoch="0"),
    "with an expiry that is no number": lambda _, claims: claims.update(exp="tomorrow"),
    "with an unknown assurance": lambda _, claims: claims.update(acr="urn:xuexin:acr:root"),
    "of another type": lambda header, _: header.update(typ="JWT"),
    "without type": lambda header, _: header.pop("typ"),
    "with an unknown key": lambda header, _: header.update(kid="unknown"),
    "without key id": lambda header, _: header.pop("kid"),
    "with a key of its own": lambda header, _: header.update(jwk={"kty": "EC"}),
    "with an address for keys": lambda header, _: header.update(jku="https://elsewhere.example/jwks"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_rightly_signed_token_is_refused_when_it_is(client: Client, change: str) -> None:
    header, claims = _parts(await _logged_in(client))
    CHANGES[change](header, claims)
    client.access_token = jwt.encode(header, claims, _ours())
    refused = await client.get("/v1/account")
    assert (refused.status_code, code_of(refused)) == (401, "token_invalid")
    assert "invalid_token" in refused.headers["www-authenticate"]


def _signed_by_another(header: Claims, claims: Claims) -> str:
    return jwt.encode(header, claims, ECKey.import_key(_pem(ec.generate_private_key(ec.SECP256R1()))))


def _unsigned(header: Claims, claims: Claims) -> str:
    return f"{_text(header | {'alg': 'none'})}.{_text(claims)}."


def _signed_with_our_public_key(header: Claims, claims: Claims) -> str:
    public = keys_for_tests().token[0].public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_text(header | {'alg': 'HS256'})}.{_text(claims)}"
    tag = hmac.new(der, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}"


def _with_critical_header(header: Claims, claims: Claims) -> str:
    signed = jwt.encode(header, claims, _ours())
    return f"{_text(header | {'crit': ['exp'], 'exp': 1})}.{signed.partition('.')[2]}"


def _with_other_claims(header: Claims, claims: Claims) -> str:
    signed = jwt.encode(header, claims, _ours())
    return f"{_text(header)}.{_text(claims | {'acr': 'urn:xuexin:acr:verified'})}.{signed.rpartition('.')[2]}"


def _text(part: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "forge",
    [
        _signed_by_another,
        _unsigned,
        _signed_with_our_public_key,
        _with_critical_header,
        _with_other_claims,
        lambda header, claims: jwt.encode(header, claims, _ours()) + "x",
        lambda header, claims: "a.b.c",
        lambda header, claims: "...",
        lambda header, claims: "x" * 9000,
        lambda header, claims: f"{_text({'alg': 'ES256', 'typ': 'at+jwt', 'kid': 'a'})}.{'A' * 8000}.x",
        lambda header, claims: _text([1]) + ".e30.e30",  # type: ignore[arg-type]
    ],
)
async def test_a_forged_token_is_refused(client: Client, forge: Callable[[Claims, Claims], str]) -> None:
    header, claims = _parts(await _logged_in(client))
    client.access_token = forge(header, claims)
    refused = await client.get("/v1/account")
    assert (refused.status_code, code_of(refused)) == (401, "token_invalid")


@pytest.mark.parametrize("header", ["", "Basic dXNlcjpwYXNz", "Bearer", "bearer  ", "Token x"])
async def test_without_a_bearer_token_the_caller_is_asked_to_log_in(client: Client, header: str) -> None:
    refused = await client.get("/v1/account", headers={"Authorization": header})
    assert (refused.status_code, code_of(refused)) == (401, "token_missing")
    assert refused.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/account"),
        ("DELETE", "/v1/sessions/current"),
        ("GET", "/v1/identity-verifications/methods"),
        ("GET", "/v1/archive/enrollments"),
        ("GET", "/v1/archive/enrollments/01999999-9999-7999-8999-999999999999"),
        ("GET", "/v1/archive/enrollments/01999999-9999-7999-8999-999999999999/photos/admission"),
    ],
)
async def test_every_door_that_needs_a_login_asks_for_it(client: Client, method: str, path: str) -> None:
    assert code_of(await client.request(method, path)) == "token_missing"
    client.access_token = "a.b.c"
    assert code_of(await client.request(method, path)) == "token_invalid"
