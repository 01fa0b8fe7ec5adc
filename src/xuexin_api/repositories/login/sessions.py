"""Sessions, devices and login tickets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.models.accounts import Device, Flow
from xuexin_api.models.accounts import Session as SessionRow

_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    SessionRow.id,
    SessionRow.account_id,
    SessionRow.generation,
    SessionRow.rotated_at,
    SessionRow.epoch,
    SessionRow.methods,
    SessionRow.created_at,
    SessionRow.verified_at,
    SessionRow.verified_by,
    SessionRow.idle_until,
    SessionRow.ends_at,
    SessionRow.ended_at,
)


_LOGIN_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    SessionRow.id,
    SessionRow.created_at,
    SessionRow.rotated_at,
    SessionRow.address,
    Device.platform,
    SessionRow.methods,
    SessionRow.idle_until,
    SessionRow.ends_at,
    SessionRow.ended_at,
    SessionRow.end_reason,
)


@dataclass(frozen=True, slots=True)
class Login:
    """A session as its owner looks at it, living or ended."""

    id: UUID
    created_at: datetime
    last_used_at: datetime
    address: str
    platform: str
    methods: list[str]
    idle_until: datetime
    ends_at: datetime
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session as it is stored."""

    id: UUID
    account_id: UUID
    generation: int
    rotated_at: datetime
    epoch: int
    methods: list[str]
    created_at: datetime
    verified_at: datetime | None
    verified_by: str | None
    idle_until: datetime
    ends_at: datetime
    ended_at: datetime | None

    def alive(self, now: datetime) -> bool:
        """Whether it is neither ended nor past its time."""
        return self.ended_at is None and now < self.idle_until and now < self.ends_at


@dataclass(frozen=True, slots=True)
class FlowState:
    """A login under way: what was right, what is asked next, and which failures it would make forgotten."""

    id: UUID
    account_id: UUID
    methods: list[str]
    asks: list[str]
    forgets: bytes | None


class SessionRepository:
    """Statements on sessions, devices, flows. Opening one is the work of `logins`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, session_id: UUID) -> SessionState | None:
        row = (await self._session.execute(select(*_COLUMNS).where(SessionRow.id == session_id))).first()
        return None if row is None else SessionState(*row)

    async def rotate(
        self, session_id: UUID, generation: int, *, idle_until: datetime, now: datetime
    ) -> SessionState | None:
        """Move a living session from `generation` to the next; None when it is not there (any more)."""
        statement = (
            update(SessionRow)
            .where(
                SessionRow.id == session_id,
                SessionRow.generation == generation,
                *_living(now),
            )
            .values(generation=SessionRow.generation + 1, rotated_at=now, idle_until=idle_until)
            .returning(*_COLUMNS)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else SessionState(*row)

    async def mark_verified(self, session_id: UUID, epoch: int, method: str, *, now: datetime) -> SessionState | None:
        """Raise the session to verified: all earlier tokens, of both kinds, end with it.

        The generation moves by two, so that the token before it is not a predecessor within its grace.
        """
        statement = (
            update(SessionRow)
            .where(SessionRow.id == session_id, SessionRow.epoch == epoch, SessionRow.ended_at.is_(None))
            .values(
                verified_at=now,
                verified_by=method,
                epoch=SessionRow.epoch + 1,
                generation=SessionRow.generation + 2,
                rotated_at=now,
            )
            .returning(*_COLUMNS)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else SessionState(*row)

    async def drop_verification(self, session_id: UUID, verified_at: datetime) -> None:
        """The session is back at login, where it was raised at that moment: its access tokens end, it lives on."""
        await self._session.execute(
            update(SessionRow)
            .where(SessionRow.id == session_id, SessionRow.verified_at == verified_at)
            .values(verified_at=None, verified_by=None, epoch=SessionRow.epoch + 1)
        )

    async def revoke(self, session_id: UUID, reason: str, *, account_id: UUID, now: datetime) -> bool:
        """End a session of the account; False when it had ended, or is not the account's."""
        return bool(await self._end(SessionRow.id == session_id, account_id, reason, now))

    async def revoke_others(self, session_id: UUID, reason: str, *, account_id: UUID, now: datetime) -> list[UUID]:
        """End every session of the account but this one; which they were."""
        return await self._end(SessionRow.id != session_id, account_id, reason, now)

    async def revoke_all(self, account_id: UUID, reason: str, *, now: datetime) -> list[UUID]:
        """End every session of the account; which they were."""
        return await self._end(true(), account_id, reason, now)

    async def _end(self, which: ColumnElement[bool], account_id: UUID, reason: str, now: datetime) -> list[UUID]:
        statement = (
            update(SessionRow)
            .where(which, SessionRow.account_id == account_id, *_living(now))
            .values(ended_at=now, end_reason=reason)
            .returning(SessionRow.id)
        )
        return list(await self._session.scalars(statement))

    async def list_logins(
        self, account_id: UUID, *, living_at: datetime | None, before: UUID | None, most: int
    ) -> list[Login]:
        """The account's sessions, newest first; with `living_at` those that live then, else all."""
        statement = select(*_LOGIN_COLUMNS).join(Device).where(SessionRow.account_id == account_id)
        if living_at is not None:
            statement = statement.where(*_living(living_at))
        if before is not None:
            statement = statement.where(SessionRow.id < before)
        rows = await self._session.execute(statement.order_by(SessionRow.id.desc()).limit(most))
        return [Login(*row) for row in rows]

    async def opened_since(self, account_id: UUID, moment: datetime) -> bool:
        statement = select(SessionRow.id).where(SessionRow.account_id == account_id, SessionRow.created_at >= moment)
        return await self._session.scalar(statement.limit(1)) is not None

    async def knows_device(self, account_id: UUID, token_hash: bytes) -> bool:
        statement = select(Device.id).where(Device.account_id == account_id, Device.token_hash == token_hash)
        return await self._session.scalar(statement) is not None

    async def forget_devices(self, account_id: UUID, *, but_of: UUID | None = None) -> None:
        """No device that logged in to the account is known any more, but that of one session; the list stays."""
        kept = select(SessionRow.device_id).where(SessionRow.id == but_of, SessionRow.account_id == account_id)
        # No token has such a hash.
        await self._session.execute(
            update(Device)
            .where(Device.account_id == account_id, Device.id.not_in(kept))
            .values(token_hash=func.uuid_send(Device.id))
        )

    async def forget_device(self, session_id: UUID) -> None:
        """The device of this session is known no more."""
        device = select(SessionRow.device_id).where(SessionRow.id == session_id).scalar_subquery()
        await self._session.execute(
            update(Device).where(Device.id == device).values(token_hash=func.uuid_send(Device.id))
        )

    async def add_flow(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(Flow).values(**values))

    async def count_flow_try(self, secret_hash: bytes, *, most: int, now: datetime) -> FlowState | None:
        """Count a try of a living flow, or None."""
        statement = (
            update(Flow)
            .where(
                Flow.secret_hash == secret_hash,
                Flow.consumed_at.is_(None),
                Flow.expires_at > now,
                Flow.tries < most,
            )
            .values(tries=Flow.tries + 1)
            .returning(Flow.id, Flow.account_id, Flow.methods, Flow.asks, Flow.forgets)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else FlowState(*row)

    async def end_flows(self, account_id: UUID, *, now: datetime) -> None:
        """Use up whatever was begun for the account and not yet finished."""
        await self._session.execute(
            update(Flow).where(Flow.account_id == account_id, Flow.consumed_at.is_(None)).values(consumed_at=now)
        )

    async def consume_flow(self, flow_id: UUID, *, now: datetime) -> bool:
        statement = (
            update(Flow)
            .where(Flow.id == flow_id, Flow.consumed_at.is_(None), Flow.expires_at > now)
            .values(consumed_at=now)
            .returning(Flow.id)
        )
        return (await self._session.execute(statement)).first() is not None


def _living(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return SessionRow.ended_at.is_(None), SessionRow.idle_until > now, SessionRow.ends_at > now
