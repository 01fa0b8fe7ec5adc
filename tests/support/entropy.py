"""Chance that tests know: every code is 424242; ids and secrets stay unique."""

from __future__ import annotations

import os
from uuid import UUID

from support.clock import HandClock
from xuexin_api.core.entropy import uuid7

CODE = "424242"


class KnownEntropy:
    """Codes and draws are known, secrets are not: a test that could guess one would prove nothing."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock

    def token(self, size: int = 32) -> bytes:
        return os.urandom(size)  # noqa: TID251 - uniqueness, not chance, is wanted here

    def digits(self, count: int) -> str:
        return CODE[:count]

    def below(self, bound: int) -> int:
        return bound // 2

    def identifier(self) -> UUID:
        return uuid7(int(self._clock.now().timestamp() * 1000), self.token(10))
