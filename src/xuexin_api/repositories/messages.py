"""The outbox and the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, Integer, Update, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.messages import AuditEvent, OutboxMessage


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message taken for sending; `sealed` holds destination, body and code."""

    id: UUID
    channel: str
    purpose: str
    sealed: bytes | None
    tries: int


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A message that the console gateway kept."""

    id: UUID
    channel: str
    purpose: str
    sealed: bytes | None
    created_at: datetime


def _taking() -> Update:
    """Over the table and not the class: this runs at every message, and there is no object to bring up to date."""
    outbox = OutboxMessage.__table__.c
    now = bindparam("moment", type_=DateTime(timezone=True))
    waiting = (outbox.state == "waiting", outbox.next_try_at <= now)
    dead = (
        update(OutboxMessage.__table__)  # type: ignore[arg-type]
        .where(*waiting, outbox.expires_at <= now)
        .values(state="given_up", sealed=None)
        .cte("dead")
    )
    due = (
        select(outbox.id)
        .where(*waiting, or_(outbox.expires_at.is_(None), outbox.expires_at > now))
        .order_by(outbox.next_try_at)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
    )
    return (
        update(OutboxMessage.__table__)  # type: ignore[arg-type]
        .where(outbox.id.in_(due.scalar_subquery()))
        .values(next_try_at=bindparam("leased_until", type_=DateTime(timezone=True)), tries=outbox.tries + 1)
        .returning(outbox.id, outbox.channel, outbox.purpose, outbox.sealed, outbox.tries)
        .add_cte(dead)
    )


_TAKE: Final = _taking()


class OutboxRepository:
    """Messages: written with what caused them, taken under a lease, erased when sent."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(OutboxMessage).values(**values))

    async def take_waiting(self, *, now: datetime, leased_until: datetime, most: int) -> list[WaitingMessage]:
        """Take what is due; another process does not see it until the lease ends. What expired is given up."""
        values = {"moment": now, "leased_until": leased_until, "most": most}
        return [WaitingMessage(*row) for row in await self._session.execute(_TAKE, values)]

    async def mark_sent(self, message_id: UUID, *, keep: bool, now: datetime) -> None:
        values: dict[str, Any] = {"state": "sent", "sent_at": now}
        if not keep:
            values["sealed"] = None
        await self._session.execute(update(OutboxMessage).where(OutboxMessage.id == message_id).values(**values))

    async def postpone(self, message_id: UUID, *, until: datetime) -> None:
        """Not tried, and so not counted: wait until then."""
        await self._session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message_id)
            .values(next_try_at=until, tries=OutboxMessage.tries - 1)
        )

    async def mark_failed(self, message_id: UUID, *, next_try_at: datetime | None) -> None:
        """Try again later, or (without a time) give up and erase the body."""
        values: dict[str, Any] = (
            {"state": "given_up", "sealed": None} if next_try_at is None else {"next_try_at": next_try_at}
        )
        await self._session.execute(update(OutboxMessage).where(OutboxMessage.id == message_id).values(**values))

    async def list_kept(self, *, destination_key: bytes | None, most: int) -> list[KeptMessage]:
        """Sent and kept, newest first."""
        statement = select(
            OutboxMessage.id,
            OutboxMessage.channel,
            OutboxMessage.purpose,
            OutboxMessage.sealed,
            OutboxMessage.created_at,
        ).where(OutboxMessage.state == "sent", OutboxMessage.sealed.is_not(None))
        if destination_key is not None:
            statement = statement.where(OutboxMessage.destination_key == destination_key)
        rows = await self._session.execute(statement.order_by(OutboxMessage.id.desc()).limit(most))
        return [KeptMessage(*row) for row in rows]

    async def count_waiting(self) -> int:
        return int(
            await self._session.scalar(
                select(func.count()).select_from(OutboxMessage).where(OutboxMessage.state == "waiting")
            )
            or 0
        )


class AuditRepository:
    """Append-only."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(
        self, event_id: UUID, action: str, *, account_id: UUID | None, session_id: UUID | None, now: datetime
    ) -> None:
        await self._session.execute(
            insert(AuditEvent).values(id=event_id, action=action, account_id=account_id, session_id=session_id, at=now)
        )
