"""Messages: written in the transaction that wants them, sent after it, tried again until they leave."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.messages import DEFAULT_LANGUAGE, catalogue
from xuexin_api.core.messages import message as sentence
from xuexin_api.core.policies import OutboxPolicy
from xuexin_api.core.sealing import SealBrokenError, Sealer
from xuexin_api.gateways.messaging import Letter, MessageGateway, NotSentError
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.database import is_unavailable
from xuexin_api.repositories.messages import OutboxRepository, WaitingMessage
from xuexin_api.services.base import Service

_BATCH: Final = 8
"""Taken are as many as leave at once: a message that waited here for slow ones would outlive its lease."""
_SLOWEST_RETRY: Final = 3600
_OF_LEASE: Final = 0.8
_AFTER_LOST: Final = 10
_LOST_GROWTH: Final = 6
_SPENT: Final = "messages_sent"
_RESERVE_FOR_NOTICES: Final = 5
_NO_LIMIT: Final = 2**31 - 1
"""A fifth more than the cap is kept for notices: whoever floods codes must not silence the warnings."""
_LOG = structlog.get_logger("outbox")


class _Outcome(Enum):
    SENT = "sent"
    NOT_SENT = "not_sent"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Message:
    """What one person gets to read, and where."""

    destination: str
    body: str
    code: str | None
    word: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


def compose(destination: str, word: str, code: str | None = None, /, **params: Any) -> Message:
    """The message of a word of the catalogue. Its params stand in the order of their places, as templates want them."""
    given = params if code is None else params | {"code": code}
    text = catalogue()[word][DEFAULT_LANGUAGE]
    ordered = {name: str(given[name]) for name in re.findall(r"{(\w+)}", text)}
    return Message(destination, sentence(word, **given), code, word, ordered)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that the console gateway kept."""

    channel: str
    purpose: str
    destination: str
    body: str
    code: str | None
    created_at: datetime


_TO_NOBODY: Final = Message("", "", None)


class Envelopes:
    """Messages as rows of the outbox, sealed at once: a stolen table shows neither numbers nor codes."""

    def __init__(self, sealer: Sealer, entropy: Entropy) -> None:
        self._sealer = sealer
        self._entropy = entropy

    def write(
        self, message: Message, *, channel: str, purpose: str, destination_key: bytes, now: datetime
    ) -> Mapping[str, Any]:
        """The row of a message that leaves as soon as it can."""
        message_id = self._entropy.identifier()
        content = {
            "destination": message.destination,
            "body": message.body,
            "code": message.code,
            "word": message.word,
            "params": dict(message.params),
        }
        return {
            "id": message_id,
            "channel": channel,
            "purpose": purpose,
            "destination_key": destination_key,
            "sealed": self._sealer.seal(json.dumps(content).encode(), _context(message_id)),
            "state": "waiting",
            "tries": 0,
            "next_try_at": now,
            "created_at": now,
            "expires_at": None,
            "sent_at": None,
        }


class Postbox:
    """Puts messages into the outbox of the running transaction."""

    def __init__(self, outbox: OutboxRepository, envelopes: Envelopes) -> None:
        self._outbox = outbox
        self._envelopes = envelopes

    async def post(
        self,
        message: Message,
        *,
        channel: str,
        purpose: str,
        destination_key: bytes,
        now: datetime,
        expires_at: datetime | None = None,
    ) -> None:
        """Put the message into the outbox; after `expires_at` it is of no use, and not sent."""
        row = self._envelopes.write(message, channel=channel, purpose=purpose, destination_key=destination_key, now=now)
        await self.add({**row, "expires_at": expires_at})

    async def post_or_pretend(
        self,
        message: Message | None,
        *,
        channel: str,
        purpose: str,
        destination_key: bytes,
        now: datetime,
        expires_at: datetime | None = None,
    ) -> None:
        """Post it; without a message post one to nobody, so that both are the same work, also when it is sent."""
        await self.post(
            message or _TO_NOBODY,
            channel=channel,
            purpose=purpose,
            destination_key=destination_key,
            now=now,
            expires_at=expires_at,
        )

    async def add(self, row: Mapping[str, Any]) -> None:
        """Put a written row into the outbox."""
        await self._outbox.add(row)


class OutboxReading(Service):
    """What the console gateway kept, for operators on this machine."""

    def __init__(self, *, session: AsyncSession, outbox: OutboxRepository, sealer: Sealer, clock: Clock) -> None:
        super().__init__(session, clock)
        self._outbox = outbox
        self._sealer = sealer

    async def list_kept(self, *, destination_key: bytes | None, most: int) -> list[SentMessage]:
        """Newest first."""
        async with self._read():
            rows = await self._outbox.list_kept(destination_key=destination_key, most=most)
        kept = []
        for row in rows:
            assert row.sealed is not None, "only kept messages are listed"
            content = json.loads(self._sealer.open(row.sealed, _context(row.id)))
            told = {name: content[name] for name in ("destination", "body", "code")}
            kept.append(SentMessage(channel=row.channel, purpose=row.purpose, created_at=row.created_at, **told))
        return kept


class OutboxDispatcher:
    """Sends what is due. Several processes may run one each: a lease keeps them apart."""

    def __init__(
        self,
        *,
        new_session: Callable[[], AsyncSession],
        gateways: Mapping[str, MessageGateway],
        sealer: Sealer,
        policy: OutboxPolicy,
        clock: Clock,
    ) -> None:
        self._new_session = new_session
        self._gateways = gateways
        self._sealer = sealer
        self._policy = policy
        self._clock = clock
        self._wake = asyncio.Event()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """How many messages of a channel were sent, failed, or met the cap of the day; for metrics."""

    async def close(self) -> None:
        """Close the gateways."""
        for gateway in self._gateways.values():
            await gateway.close()

    def wake(self) -> None:
        """Something was posted and committed: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. A failure of the database is waited out: messages lie safely."""
        while True:
            self._wake.clear()
            try:
                # A batch that was not full was the last of what was due.
                while await self.send_due() == _BATCH:
                    pass
            except Exception as failure:  # noqa: BLE001 - whatever it was, messages go on waiting in the table
                if is_unavailable(failure):
                    _LOG.warning("outbox_waits_for_the_database")
                else:
                    _LOG.exception("outbox_interrupted")
            try:
                async with asyncio.timeout(self._policy.poll):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def send_due(self) -> int:
        """Take what is due, send it, and note how it went; how many were taken."""
        now = self._clock.now()
        session = self._new_session()
        async with session.begin():
            messages = await OutboxRepository(session).take_waiting(
                now=now, leased_until=now + timedelta(seconds=self._policy.lease), most=_BATCH
            )
        await asyncio.gather(*(self._send_one(message) for message in messages))
        return len(messages)

    async def _send_one(self, message: WaitingMessage) -> None:
        session = self._new_session()
        outbox = OutboxRepository(session)
        letter = self._letter(message)
        async with session.begin():
            again_at = await self._refusal(message, letter, CounterRepository(session))
            if again_at is not None:
                await outbox.postpone(message.id, until=again_at)
        if again_at is None:
            await self._deliver(message, letter, session, outbox)

    async def _refusal(
        self, message: WaitingMessage, letter: Letter | None, counters: CounterRepository
    ) -> datetime | None:
        """When to look again, where the day's messages are used up. Notices may go over what codes may spend."""
        now = self._clock.now()
        cap = self._policy.per_day[message.channel]
        limit = cap + cap // _RESERVE_FOR_NOTICES if message.purpose == "notice" else cap
        subject = message.channel.encode()
        if _is_to_nobody(letter):
            # Costs nothing, and is counted by itself: who listens for the work of sending must hear the same.
            subject, limit = b"nobody", _NO_LIMIT
        if await counters.add_one_unless(
            _SPENT, subject, limit=limit, spaced=None, now=now, window_ends_at=now + timedelta(days=1)
        ):
            return None
        self.outcomes[message.channel, "capped"] += 1
        spent = await counters.get(_SPENT, subject, now=now)
        _LOG.error("messages_of_the_day_are_used_up", channel=message.channel, cap=cap)
        return now + timedelta(minutes=1) if spent is None else min(spent.window_ends_at, now + timedelta(minutes=10))

    async def _deliver(
        self, message: WaitingMessage, letter: Letter | None, session: AsyncSession, outbox: OutboxRepository
    ) -> None:
        outcome = await self._send(message, letter)
        to_nobody = _is_to_nobody(letter)
        if not to_nobody:
            self.outcomes[message.channel, "sent" if outcome is _Outcome.SENT else "failed"] += 1
        async with session.begin():
            if outcome is _Outcome.SENT:
                keep = self._gateways[message.channel].keeps and not to_nobody
                await outbox.mark_sent(message.id, keep=keep, now=self._clock.now())
            else:
                await outbox.mark_failed(message.id, next_try_at=self._next_try(message.tries, outcome))

    async def _send(self, message: WaitingMessage, letter: Letter | None) -> _Outcome:
        try:
            if letter is None:
                raise NotSentError
            # Less than the lease: another process must not find the message while a slow gateway still has it.
            async with asyncio.timeout(self._policy.lease * _OF_LEASE):
                if not _is_to_nobody(letter):
                    await self._gateways[message.channel].send(letter)
        except NotSentError:
            outcome = _Outcome.NOT_SENT
        except Exception:  # noqa: BLE001 - any other failure of a gateway may come after the message left
            outcome = _Outcome.LOST
        else:
            return _Outcome.SENT
        # The failure's text may hold the number: only the id is logged.
        _LOG.warning("message_not_sent", message_id=str(message.id), tries=message.tries, outcome=outcome.value)
        return outcome

    def _letter(self, message: WaitingMessage) -> Letter | None:
        """What to send, or None where it cannot be opened."""
        assert message.sealed is not None, "a waiting message has its body"
        try:
            content = json.loads(self._sealer.open(message.sealed, _context(message.id)))
        except SealBrokenError:
            return None
        word, params = content.get("word", ""), content.get("params", {})
        return Letter(content["destination"], content["body"], word, params, message.id)

    def _next_try(self, tries: int, outcome: _Outcome) -> datetime | None:
        """Soon and often where it has not left; seldom where each try may be one message more."""
        lost = outcome is _Outcome.LOST
        if tries >= (self._policy.lost_answers if lost else self._policy.tries):
            return None
        wait = _AFTER_LOST * _LOST_GROWTH ** (tries - 1) if lost else 2**tries
        return self._clock.now() + timedelta(seconds=min(wait, _SLOWEST_RETRY))


def _is_to_nobody(letter: Letter | None) -> bool:
    """Written so that an unknown destination costs what a known one costs."""
    return letter is not None and not letter.destination


def _context(message_id: UUID) -> bytes:
    return b"outbox:" + message_id.bytes
