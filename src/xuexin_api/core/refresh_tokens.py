"""Refresh tokens: opaque to clients, derived by us, so that nothing that opens a session is stored."""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from xuexin_api.core.sealing import KeyedHash

_SHAPE: Final = struct.Struct(">16sI32s")
_TEXT_LENGTH: Final = len(base64.urlsafe_b64encode(bytes(_SHAPE.size)).rstrip(b"="))


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A token of one session (the family) and one generation."""

    session_id: UUID
    generation: int


class RefreshTokens:
    """Writes and reads them: session ‖ generation ‖ HMAC(server key, session ‖ generation)."""

    def __init__(self, key: bytes) -> None:
        self._mac = KeyedHash(key)

    def write(self, token: RefreshToken) -> str:
        """The same token for the same session and generation, always."""
        head = token.session_id.bytes + struct.pack(">I", token.generation)
        return base64.urlsafe_b64encode(head + self._mac.digest(head)).rstrip(b"=").decode()

    def read(self, text: str) -> RefreshToken | None:
        """The token, or None when it is not one of ours."""
        if len(text) != _TEXT_LENGTH:
            return None
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            session, generation, tag = _SHAPE.unpack(raw)
        except (binascii.Error, ValueError, struct.error):
            return None
        if not hmac.compare_digest(tag, self._mac.digest(raw[: -len(tag)])):
            return None
        return RefreshToken(UUID(bytes=session), generation)
