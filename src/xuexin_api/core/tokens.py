"""Access tokens: ES256 JWTs of RFC 9068, and the only module that knows the JWT library."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jwt
from jose.exceptions import JOSEError

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy

ALGORITHM: Final = "ES256"
TOKEN_TYPE: Final = "at+jwt"
_LARGEST_TOKEN: Final = 8 * 1024
_FOREIGN_HEADERS: Final = frozenset({"crit", "jku", "x5u", "x5c", "jwk"})
_CLOCK_SKEW_SECONDS: Final = 5
_CACHED_TOKENS: Final = 20_000
_COORDINATE_BYTES: Final = 32


class Assurance(StrEnum):
    """What a session has proven: `acr` of RFC 9470."""

    LOGIN = "urn:xuexin:acr:login"
    VERIFIED = "urn:xuexin:acr:verified"


class TokenRejectedError(Exception):
    """The token is not one of ours, or not any more. Which of the reasons it was is nobody's business."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says. `epoch` dies when the session's tokens are replaced as a whole."""

    account_id: UUID
    session_id: UUID
    epoch: int
    assurance: Assurance
    auth_time: int
    methods: tuple[str, ...]
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """Who issues, for whom, how long (seconds)."""

    issuer: str
    audience: str
    client_id: str
    lifetime_seconds: int
    type: str = TOKEN_TYPE
    scopes: tuple[str, str] = ("account", "account archive")
    """Of a login, and of a verification."""


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """The key as JWKS lists it; `kid` is its RFC 7638 thumbprint."""
    numbers = key.public_numbers()
    shape = {
        "crv": "P-256",
        "kty": "EC",
        "x": _b64(numbers.x.to_bytes(_COORDINATE_BYTES, "big")),
        "y": _b64(numbers.y.to_bytes(_COORDINATE_BYTES, "big")),
    }
    digest = hashes.Hash(hashes.SHA256())
    digest.update(json.dumps(shape, separators=(",", ":"), sort_keys=True).encode())
    return shape | {"kid": _b64(digest.finalize()), "alg": ALGORITHM, "use": "sig"}


def load_signing_key(pem: str) -> ec.EllipticCurvePrivateKey:
    """A P-256 private key from PEM, or ValueError."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("the token key must be an EC key on P-256")  # noqa: TRY004 - a bad value, not a bad type
    return key


class TokenMint:
    """Signs with the first key, accepts all; keys are parsed once (a PEM at each call costs 20 µs more)."""

    def __init__(
        self, keys: Sequence[ec.EllipticCurvePrivateKey], policy: TokenPolicy, clock: Clock, entropy: Entropy
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._entropy = entropy
        self.jwks: dict[str, list[dict[str, str]]] = {"keys": [public_jwk(key.public_key()) for key in keys]}
        pem = keys[0].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._signer = jwk.construct(pem.decode(), ALGORITHM)
        self._signer_id = self.jwks["keys"][0]["kid"]
        self._verifiers = {entry["kid"]: jwk.construct(entry, ALGORITHM) for entry in self.jwks["keys"]}
        self._known: dict[str, Claims] = {}

    def issue(
        self,
        *,
        account_id: UUID,
        session_id: UUID,
        epoch: int,
        assurance: Assurance,
        auth_time: datetime,
        methods: Sequence[str],
    ) -> str:
        """A signed access token, valid from now for the policy's lifetime."""
        issued = int(self._clock.now().timestamp())
        claims = {
            "iss": self._policy.issuer,
            "aud": self._policy.audience,
            "sub": str(account_id),
            "client_id": self._policy.client_id,
            "iat": issued,
            "exp": issued + self._policy.lifetime_seconds,
            "jti": str(self._entropy.identifier()),
            "sid": str(session_id),
            "epoch": epoch,
            "acr": str(assurance),
            "amr": list(methods),
            "auth_time": int(auth_time.timestamp()),
            "scope": self._policy.scopes[assurance is Assurance.VERIFIED],
        }
        headers = {"typ": self._policy.type, "kid": self._signer_id}
        return str(jwt.encode(claims, self._signer, algorithm=ALGORITHM, headers=headers))

    def read(self, token: str) -> Claims:
        """The claims of a valid token, or TokenRejectedError. A verified token is remembered until it ends."""
        now = self._clock.now().timestamp()
        claims = self._known.get(token)
        if claims is None:
            claims = self._verify(token, now)
            if len(self._known) >= _CACHED_TOKENS:
                self._known.clear()
            self._known[token] = claims
        if claims.expires_at <= now:
            self._known.pop(token, None)
            raise TokenRejectedError
        return claims

    def forget_verified(self) -> None:
        """Empty the memory of verified tokens (a benchmark's cold side; nothing depends on it)."""
        self._known.clear()

    def _verify(self, token: str, now: float) -> Claims:
        verifier = self._verifiers.get(self._header(token).get("kid", ""))
        if verifier is None:
            raise TokenRejectedError
        try:
            payload = jwt.decode(
                token,
                verifier,
                algorithms=[ALGORITHM],
                audience=self._policy.audience,
                issuer=self._policy.issuer,
                # The library compares with the machine's clock; expiry is checked below, with ours.
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False}
                | {f"require_{claim}": True for claim in ("aud", "iat", "exp", "iss", "sub", "jti")},
            )
            claims = _claims_of(payload)
        except (JOSEError, KeyError, TypeError, ValueError):
            raise TokenRejectedError from None
        if payload.get("client_id") != self._policy.client_id or claims.issued_at > now + _CLOCK_SKEW_SECONDS:
            raise TokenRejectedError
        return claims

    def _header(self, token: str) -> dict[str, Any]:
        """The header, after everything the library would let pass has been refused."""
        if len(token) > _LARGEST_TOKEN or token.count(".") != 2 or not token.isascii():  # noqa: PLR2004
            raise TokenRejectedError
        try:
            header = jwt.get_unverified_header(token)
        except (JOSEError, ValueError, RecursionError):
            raise TokenRejectedError from None
        if (
            header.get("alg") != ALGORITHM
            or header.get("typ") != self._policy.type
            or not isinstance(header.get("kid"), str)
            or not _FOREIGN_HEADERS.isdisjoint(header)
        ):
            raise TokenRejectedError
        return dict(header)


def _claims_of(payload: dict[str, Any]) -> Claims:
    numbers = [payload[name] for name in ("epoch", "auth_time", "iat", "exp")]
    if not all(type(number) is int for number in numbers):
        raise TypeError("times and epochs are whole numbers")
    return Claims(
        account_id=UUID(payload["sub"]),
        session_id=UUID(payload["sid"]),
        epoch=payload["epoch"],
        assurance=Assurance(payload["acr"]),
        auth_time=payload["auth_time"],
        methods=tuple(payload["amr"]),
        issued_at=payload["iat"],
        expires_at=payload["exp"],
    )
