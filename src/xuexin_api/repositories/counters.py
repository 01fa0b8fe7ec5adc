"""Counted attempts, one row per scope and subject; a window that has ended starts again at nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.codes import AttemptCounter


@dataclass(frozen=True, slots=True)
class Counter:
    """How often in the running window, the last time, and when the window ends."""

    count: int
    last_at: datetime
    window_ends_at: datetime


class CounterRepository:
    """One statement per count, so that parallel attempts are all counted."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_one(self, scope: str, subject: bytes, *, now: datetime, window_ends_at: datetime) -> Counter:
        """Count one more and return the state after it."""
        new = insert(AttemptCounter).values(
            scope=scope, subject=subject, count=1, last_at=now, window_ends_at=window_ends_at
        )
        ended = AttemptCounter.window_ends_at <= now
        statement = new.on_conflict_do_update(
            index_elements=["scope", "subject"],
            set_={
                "count": case((ended, 1), else_=AttemptCounter.count + 1),
                "window_ends_at": case((ended, window_ends_at), else_=AttemptCounter.window_ends_at),
                "last_at": now,
            },
        ).returning(AttemptCounter.count, AttemptCounter.last_at, AttemptCounter.window_ends_at)
        row = (await self._session.execute(statement)).one()
        return Counter(*row)

    async def add_one_unless(
        self,
        scope: str,
        subject: bytes,
        *,
        limit: int,
        spaced: datetime | None,
        now: datetime,
        window_ends_at: datetime,
    ) -> bool:
        """Count one more unless `limit` is reached or the last was after `spaced`; whether it was counted."""
        new = insert(AttemptCounter).values(
            scope=scope, subject=subject, count=1, last_at=now, window_ends_at=window_ends_at
        )
        ended = AttemptCounter.window_ends_at <= now
        allowed = ended | (AttemptCounter.count < limit)
        if spaced is not None:
            allowed &= AttemptCounter.last_at <= spaced
        statement = new.on_conflict_do_update(
            index_elements=["scope", "subject"],
            set_={
                "count": case((ended, 1), else_=AttemptCounter.count + 1),
                "window_ends_at": case((ended, window_ends_at), else_=AttemptCounter.window_ends_at),
                "last_at": now,
            },
            where=allowed,
        ).returning(AttemptCounter.count)
        return (await self._session.execute(statement)).first() is not None

    async def get(self, scope: str, subject: bytes, *, now: datetime) -> Counter | None:
        """The running window, if one is running."""
        row = (await self._session.execute(self._running(now).where(_is(scope, subject)))).first()
        return None if row is None else Counter(*row)

    async def take_back(self, scope: str, subject: bytes) -> None:
        """The attempt counted before it was judged was a good one."""
        await self._session.execute(
            update(AttemptCounter).where(_is(scope, subject)).values(count=func.greatest(AttemptCounter.count - 1, 0))
        )

    @staticmethod
    def _running(now: datetime) -> Select[int, datetime, datetime]:
        return select(AttemptCounter.count, AttemptCounter.last_at, AttemptCounter.window_ends_at).where(
            AttemptCounter.window_ends_at > now
        )


def _is(scope: str, subject: bytes) -> ColumnElement[bool]:
    return (AttemptCounter.scope == scope) & (AttemptCounter.subject == subject)
