"""Judging a one-time code: counted before it is compared, used up by one statement."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from xuexin_api.core.errors import CodeRejectedError, DailyLimitReachedError
from xuexin_api.core.policies import CodePolicy
from xuexin_api.core.sealing import KeyedHash
from xuexin_api.repositories.codes import CodeRepository, TriedCode
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.services.base import seconds_until

DAY: Final = timedelta(hours=24)
_WRONG_CODES: Final = "wrong_codes"


class CodeChecking:
    """Used inside the transactions of the service that asks; it opens none of its own."""

    def __init__(
        self, *, codes: CodeRepository, counters: CounterRepository, keyed: KeyedHash, policy: CodePolicy
    ) -> None:
        self._codes = codes
        self._counters = counters
        self._keyed = keyed
        self._policy = policy

    def hash_of(self, code_id: UUID, code: str) -> bytes:
        """What is stored of a code: bound to the request that asked for it."""
        return self._keyed.digest(code_id.bytes + code.encode())

    async def refuse_if_closed(self, destination_key: bytes, *, now: datetime) -> None:
        """DailyLimitReachedError after too many wrong tries, over all codes, for this destination."""
        wrong = await self._counters.get(_WRONG_CODES, destination_key, now=now)
        if wrong is not None and wrong.count >= self._policy.wrong_per_destination_day:
            raise DailyLimitReachedError(retry_after=seconds_until(wrong.window_ends_at, now))

    async def count(self, code_id: UUID, *, now: datetime) -> TriedCode | None:
        """Count the try, for the code and for its destination; commit this before judging."""
        tried = await self._codes.count_try(code_id, most=self._policy.tries, now=now)
        if tried is not None:
            await self._counters.add_one(_WRONG_CODES, tried.destination_key, now=now, window_ends_at=now + DAY)
        return tried

    def matches(
        self, tried: TriedCode | None, *, code_id: UUID, code: str, destination_key: bytes, purpose: str
    ) -> bool:
        """Whether the counted code is this code, for this destination and purpose."""
        expected = self.hash_of(code_id, code)
        if tried is None:
            return False
        same = hmac.compare_digest(tried.code_hash, expected)
        return same and tried.destination_key == destination_key and tried.purpose == purpose

    async def consume(self, code_id: UUID, destination_key: bytes, *, now: datetime) -> None:
        """Use a right code up and take its counted try back, or CodeRejectedError."""
        if not await self._codes.consume_code(code_id, now=now):
            raise CodeRejectedError
        await self._counters.take_back(_WRONG_CODES, destination_key)
