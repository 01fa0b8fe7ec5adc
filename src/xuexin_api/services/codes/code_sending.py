"""Sending a one-time code: how often to one destination, what is kept of it, and the message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import DailyLimitReachedError, TooManyOperationsError
from xuexin_api.core.policies import CodePolicy
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.services.base import seconds_until
from xuexin_api.services.codes.code_checking import DAY, CodeChecking
from xuexin_api.services.messaging.outbox import Postbox, compose

_CODE_DIGITS: Final = 6
_SENT: Final = "codes_sent"


@dataclass(frozen=True, slots=True)
class SentCode:
    """What everybody is told, whoever the destination is."""

    code_id: UUID
    expires_in: int
    resend_in: int


@dataclass(frozen=True, slots=True)
class CodeUse:
    """What a code is for: what it is judged by, and the word of its message with the purpose that the outbox shows."""

    purpose: str
    word: str
    shown: str


async def count_sending(
    counters: CounterRepository, scope: str, subject: bytes, *, policy: CodePolicy, now: datetime
) -> None:
    """One more message in `scope`, unless the last is too fresh or the day's number is reached."""
    spacing, most = timedelta(seconds=policy.resend), policy.per_destination_day
    if await counters.add_one_unless(
        scope, subject, limit=most, spaced=now - spacing, now=now, window_ends_at=now + DAY
    ):
        return
    sent = await counters.get(scope, subject, now=now)
    if sent is not None and sent.count >= most:
        raise DailyLimitReachedError(retry_after=seconds_until(sent.window_ends_at, now))
    last = now if sent is None else sent.last_at
    raise TooManyOperationsError(retry_after=seconds_until(last + spacing, now))


class CodeSending:
    """Used inside the transactions of the service that asks; it opens none of its own."""

    def __init__(
        self,
        *,
        codes: CodeRepository,
        counters: CounterRepository,
        checking: CodeChecking,
        postbox: Postbox,
        policy: CodePolicy,
        entropy: Entropy,
    ) -> None:
        self._codes = codes
        self._counters = counters
        self._checking = checking
        self._postbox = postbox
        self._policy = policy
        self._entropy = entropy

    async def count_or_refuse(self, subject: bytes, *, now: datetime) -> None:
        """One more message to this subject, unless the last is too fresh or the day's number is reached."""
        await count_sending(self._counters, _SENT, subject, policy=self._policy, now=now)

    async def post(
        self, place: str, use: CodeUse, *, channel: str, key: bytes, judged_by: bytes, now: datetime
    ) -> SentCode:
        """A new code to this place, known as `key` to the outbox; `judged_by` is the destination that tries count for.

        The caller wakes the outbox when the transaction has ended.
        """
        code_id, code = self._entropy.identifier(), self._entropy.digits(_CODE_DIGITS)
        expires_at = now + timedelta(seconds=self._policy.lifetime)
        await self._codes.add_code(
            {
                "id": code_id,
                "purpose": use.purpose,
                "channel": channel,
                "destination_key": judged_by,
                "code_hash": self._checking.hash_of(code_id, code),
                "tries": 0,
                "created_at": now,
                "expires_at": expires_at,
            }
        )
        minutes = max(1, self._policy.lifetime // 60)
        await self._postbox.post(
            compose(place, use.word, code, minutes=minutes),
            channel=channel,
            purpose=use.shown,
            destination_key=key,
            now=now,
            expires_at=expires_at,
        )
        return SentCode(code_id, self._policy.lifetime, self._policy.resend)
