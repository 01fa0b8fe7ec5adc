"""Chance comes in through a constructor; this is the only place that asks the machine for it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

from xuexin_api.core.clock import Clock

# What a byte becomes that holds four bits of the version, or two of the variant.
_VERSION_7: Final = bytes(byte & 0x0F | 0x70 for byte in range(256))
_VARIANT: Final = bytes(byte & 0x3F | 0x80 for byte in range(256))


class Entropy(Protocol):
    """Everything random the service needs."""

    def token(self, size: int = 32) -> bytes: ...

    def digits(self, count: int) -> str: ...

    def below(self, bound: int) -> int: ...

    def identifier(self) -> UUID: ...


def uuid7(milliseconds: int, chance: bytes) -> UUID:
    """A UUIDv7 (RFC 9562) of a Unix time in ms and 10 random bytes: ids sort by birth."""
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(chance, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def uuid7_rising(milliseconds: int, chance: bytes) -> list[bytes]:
    """One for each 16 random bytes, as its 16 bytes and in order, where a million of them are made."""
    raw = bytearray(chance)
    for place, byte in enumerate(milliseconds.to_bytes(6, "big")):
        raw[place::16] = bytes((byte,)) * (len(raw) // 16)
    raw[6::16] = raw[6::16].translate(_VERSION_7)
    raw[8::16] = raw[8::16].translate(_VARIANT)
    return sorted(bytes(raw[start : start + 16]) for start in range(0, len(raw), 16))


def born_at(identifier: UUID) -> datetime:
    """When a UUIDv7 was made."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)


class SystemEntropy:
    """The machine's random source; ids carry the time of the clock they were given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def token(self, size: int = 32) -> bytes:
        return os.urandom(size)  # noqa: TID251 - the one door

    def below(self, bound: int) -> int:
        """A fair number in [0, bound): 64 bits more than needed make the bias unmeasurable."""
        width = (bound.bit_length() + 64 + 7) // 8
        return int.from_bytes(self.token(width), "big") % bound

    def digits(self, count: int) -> str:
        return f"{self.below(10**count):0{count}d}"

    def identifier(self) -> UUID:
        milliseconds = int(self._clock.now().timestamp() * 1000)
        return uuid7(milliseconds, self.token(10))
