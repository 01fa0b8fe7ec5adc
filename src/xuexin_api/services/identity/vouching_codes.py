"""The code that an applicant tells a classmate in person: whoever types it has met, or spoken to, the applicant."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from xuexin_api.core.sealing import KeyedHash

_DIGITS: Final = 6


class VouchingCodes:
    """Derived from the vouching's id, so that it need not be kept and can be shown again."""

    def __init__(self, keyed: KeyedHash) -> None:
        self._keyed = keyed

    def code_of(self, vouching_id: UUID) -> str:
        number = int.from_bytes(self._keyed.digest(b"vouching" + vouching_id.bytes)[:8], "big")
        return f"{number % 10**_DIGITS:0{_DIGITS}d}"
