"""Keyed hashes for look-up and AES-256-GCM for what identifies a person. Keys come from settings."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from xuexin_api.core.entropy import Entropy

KEY_BYTES: Final = 32
LOOKUP_BYTES: Final = 16
_VERSION: Final = struct.Struct(">H")
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
SEAL_BYTES: Final = _VERSION.size + _NONCE_BYTES + _TAG_BYTES
"""How much longer than its content a seal is."""
# What the columns of accounts and persons bind their seals to: a sealed phone does not open as a document.
DOCUMENT_CONTEXT: Final = b"document"
EMAIL_CONTEXT: Final = b"email"
PHONE_CONTEXT: Final = b"phone"
THIRD_PARTY_CONTEXT: Final = b"third_party"


class SealBrokenError(Exception):
    """A stored secret cannot be opened: a missing key version or changed bytes. An operator's matter."""


def derive_key(secret: bytes, label: str) -> bytes:
    """A 32-byte key for one purpose out of a server secret (HKDF-SHA256)."""
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=label.encode()).derive(secret)


class KeyedHash:
    """HMAC-SHA256 under one key; for finding a value without storing it, or knowing it again."""

    def __init__(self, key: bytes) -> None:
        self._empty = hmac.HMAC(key, hashes.SHA256())

    def digest(self, message: bytes) -> bytes:
        """32 bytes."""
        mac = self._empty.copy()
        mac.update(message)
        return mac.finalize()

    def lookup(self, kind: str, value: str) -> bytes:
        """16 bytes that stand for `value` in an index; kinds never collide with one another."""
        return self.digest(f"{kind}\x00{value}".encode())[:LOOKUP_BYTES]


class Sealer:
    """AES-256-GCM: version (2 bytes) ‖ nonce (12) ‖ ciphertext ‖ tag. `context` binds a seal to its use."""

    def __init__(self, keys: Mapping[int, bytes], entropy: Entropy) -> None:
        if not keys:
            raise ValueError("a sealer needs at least one key")
        self._ciphers = {version: AESGCM(key) for version, key in keys.items()}
        self._version = max(keys)
        self._prefix = _VERSION.pack(self._version)
        self._current = self._ciphers[self._version]
        self._entropy = entropy

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Seal under the newest key."""
        nonce = self._entropy.token(_NONCE_BYTES)
        return self._prefix + nonce + self._current.encrypt(nonce, plain, context)

    def seal_each(self, plains: Sequence[bytes], context: bytes) -> list[bytes]:
        """The same for many: their nonces come out of one draw."""
        chance = self._entropy.token(_NONCE_BYTES * len(plains))
        nonces = [chance[start : start + _NONCE_BYTES] for start in range(0, len(chance), _NONCE_BYTES)]
        prefix, encrypt = self._prefix, self._current.encrypt
        return [prefix + nonce + encrypt(nonce, plain, context) for nonce, plain in zip(nonces, plains, strict=True)]

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The plain bytes, or SealBrokenError."""
        if len(sealed) < SEAL_BYTES:
            raise SealBrokenError("shorter than a seal")
        version = _VERSION.unpack_from(sealed)[0]
        cipher = self._ciphers.get(version)
        if cipher is None:
            raise SealBrokenError(f"no key of version {version}")
        body = sealed[_VERSION.size :]
        try:
            return cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], context)
        except InvalidTag:
            raise SealBrokenError("the seal does not hold") from None
