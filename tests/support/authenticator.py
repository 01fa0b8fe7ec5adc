"""An authenticator and its browser, in software: real keys, CBOR and COSE written by hand from the specification.

It shares no code with what checks it. A test makes it lie by naming what is to be otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

ORIGIN: Final = "http://localhost:3000"
RP_ID: Final = "localhost"
USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def b64(data: bytes) -> str:
    """Base64url without padding, as browsers write bytes in JSON."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """RFC 8949, of what authenticators need of it: integers, bytes, texts, maps."""
    if isinstance(value, int):
        return _cbor_head(0, value) if value >= 0 else _cbor_head(1, -1 - value)
    if isinstance(value, bytes):
        return _cbor_head(2, len(value)) + value
    if isinstance(value, str):
        return _cbor_head(3, len(value.encode())) + value.encode()
    assert isinstance(value, Mapping)
    return _cbor_head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())


def _cbor_head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    for code, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * width:
            return bytes([kind << 5 | code]) + number.to_bytes(width, "big")
    raise OverflowError(number)


def cose_key(key: PrivateKey) -> bytes:
    """The public key as RFC 9053 writes it: ES256, EdDSA or RS256."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        return cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return cbor({1: 1, 3: -8, -1: 6, -2: key.public_key().public_bytes_raw()})
    numbers = key.public_key().public_numbers()
    return cbor({1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")})


@dataclass
class Credential:
    """One passkey in the authenticator."""

    key: PrivateKey
    id: bytes
    rp_id: str
    user_handle: bytes
    sign_count: int


def _new_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Authenticator:
    """A device with passkeys. Its counter moves by one with each signature; that of a synced passkey stays at 0."""

    flags: int = USER_PRESENT | USER_VERIFIED
    counts: bool = True
    aaguid: bytes = bytes(16)
    origin: str = ORIGIN
    more_client_data: dict[str, Any] = field(default_factory=lambda: {"crossOrigin": False})
    credentials: list[Credential] = field(default_factory=list)

    def create(
        self,
        options: Mapping[str, Any],
        *,
        key: PrivateKey | None = None,
        credential_id: bytes | None = None,
        **lies: Any,
    ) -> dict[str, Any]:
        """What `navigator.credentials.create()` gives for these options, as JSON."""
        made = Credential(
            key=key or _new_key(),
            id=credential_id or os.urandom(24),  # noqa: TID251 - as authenticators do
            rp_id=options["rp"]["id"],
            user_handle=unb64(options["user"]["id"]),
            sign_count=0,
        )
        self.credentials.append(made)
        public_key = lies.get("public_key", cose_key(made.key))
        attested = self.aaguid + len(made.id).to_bytes(2, "big") + made.id + public_key
        data = self._authenticator_data(made, ATTESTED, lies) + attested
        attestation = lies.get("attestation", {"fmt": "none", "attStmt": {}})
        client_data = self._client_data("webauthn.create", options["challenge"], lies)
        return {
            "id": b64(made.id),
            "rawId": b64(made.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(client_data),
                "attestationObject": b64(cbor({**attestation, "authData": data})),
                "authenticatorData": b64(data),
                "publicKeyAlgorithm": -7,
                "transports": ["internal", "hybrid", "of-the-future"],
            },
        }

    def get(self, options: Mapping[str, Any], *, credential: Credential | None = None, **lies: Any) -> dict[str, Any]:
        """What `navigator.credentials.get()` gives for these options, as JSON."""
        used = credential or self._choose(options)
        if self.counts:
            used.sign_count += 1
        data = self._authenticator_data(used, 0, lies)
        client_data = self._client_data("webauthn.get", options["challenge"], lies)
        signature = _sign(used.key, data + hashlib.sha256(client_data).digest())
        handle = lies.get("user_handle", used.user_handle)
        return {
            "id": b64(used.id),
            "rawId": b64(used.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(client_data),
                "authenticatorData": b64(data),
                "signature": b64(lies.get("signature", signature)),
                "userHandle": None if handle is None else b64(handle),
            },
        }

    def _choose(self, options: Mapping[str, Any]) -> Credential:
        allowed = {unb64(one["id"]) for one in options["allowCredentials"]}
        return next(
            one for one in self.credentials if one.rp_id == options["rpId"] and (not allowed or one.id in allowed)
        )

    def _authenticator_data(self, credential: Credential, more_flags: int, lies: Mapping[str, Any]) -> bytes:
        rp_id = lies.get("rp_id", credential.rp_id)
        count = lies.get("sign_count", credential.sign_count)
        flags = lies.get("flags", self.flags) | more_flags
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + int(count).to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str, lies: Mapping[str, Any]) -> bytes:
        written = {
            "type": lies.get("type", kind),
            "challenge": lies.get("challenge", challenge),
            "origin": lies.get("origin", self.origin),
        } | lies.get("more_client_data", self.more_client_data)
        return json.dumps(written, separators=(",", ":")).encode()


def _sign(key: PrivateKey, message: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        # RFC 6979, as the published examples are made.
        return key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
