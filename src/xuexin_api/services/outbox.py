"""Messages: written in the transaction that wants them, sent after it, tried again until they leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.policies import OutboxPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.gateways.messaging import MessageGateway
from xuexin_api.repositories.messages import OutboxRepository, WaitingMessage
from xuexin_api.services.base import Service

_BATCH: Final = 50
_SLOWEST_RETRY: Final = 3600
_LOG = structlog.get_logger("outbox")


@dataclass(frozen=True, slots=True)
class Message:
    """What one person gets to read, and where."""

    destination: str
    body: str
    code: str | None


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


class Postbox:
    """Puts messages into the outbox of the running transaction."""

    def __init__(self, outbox: OutboxRepository, sealer: Sealer, entropy: Entropy) -> None:
        self._outbox = outbox
        self._sealer = sealer
        self._entropy = entropy

    async def post(
        self, message: Message, *, channel: str, purpose: str, destination_key: bytes, now: datetime
    ) -> None:
        """Put the message into the outbox."""
        await self.add(self.write(message, channel=channel, purpose=purpose, destination_key=destination_key, now=now))

    async def post_or_pretend(
        self, message: Message | None, *, channel: str, purpose: str, destination_key: bytes, now: datetime
    ) -> None:
        """Post it; without a message write a row that nobody gets, so that both are the same work."""
        written = self.write(
            message or _TO_NOBODY, channel=channel, purpose=purpose, destination_key=destination_key, now=now
        )
        if message is None:
            written = {**written, "state": "sent", "sealed": None, "sent_at": now}
        await self.add(written)

    async def add(self, row: Mapping[str, Any]) -> None:
        """Put a written row into the outbox."""
        await self._outbox.add(row)

    def write(
        self, message: Message, *, channel: str, purpose: str, destination_key: bytes, now: datetime
    ) -> Mapping[str, Any]:
        """The row of a message, sealed at once: a stolen table shows neither numbers nor codes."""
        message_id = self._entropy.identifier()
        content = {"destination": message.destination, "body": message.body, "code": message.code}
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
            "sent_at": None,
        }


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
            kept.append(SentMessage(channel=row.channel, purpose=row.purpose, created_at=row.created_at, **content))
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

    def wake(self) -> None:
        """Something was posted and committed: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. A failure of the database is waited out: messages lie safely."""
        while True:
            self._wake.clear()
            try:
                while await self.send_due():
                    pass
            except Exception:  # noqa: BLE001 - whatever it was, messages go on waiting in the table
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
        outbox = OutboxRepository(session)
        async with session.begin():
            messages = await outbox.take_waiting(
                now=now, leased_until=now + timedelta(seconds=self._policy.lease), most=_BATCH
            )
        for message in messages:
            sent = await self._send(message)
            async with session.begin():
                if sent:
                    keep = self._gateways[message.channel].keeps
                    await outbox.mark_sent(message.id, keep=keep, now=self._clock.now())
                else:
                    await outbox.mark_failed(message.id, next_try_at=self._next_try(message.tries))
        return len(messages)

    async def _send(self, message: WaitingMessage) -> bool:
        assert message.sealed is not None, "a waiting message has its body"
        content = json.loads(self._sealer.open(message.sealed, _context(message.id)))
        try:
            await self._gateways[message.channel].send(content["destination"], content["body"])
        except Exception:  # noqa: BLE001 - any failure of a gateway is one more try later
            # The failure's text may hold the number: only the id is logged.
            _LOG.warning("message_not_sent", message_id=str(message.id), tries=message.tries)
            return False
        return True

    def _next_try(self, tries: int) -> datetime | None:
        if tries >= self._policy.tries:
            return None
        return self._clock.now() + timedelta(seconds=min(2**tries, _SLOWEST_RETRY))


def _context(message_id: UUID) -> bytes:
    return b"outbox:" + message_id.bytes
