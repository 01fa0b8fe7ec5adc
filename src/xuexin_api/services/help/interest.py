"""What people open and ask: counted in memory, written now and then, weighed by day."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock, china_date
from xuexin_api.repositories.help.help_centre import HelpCountRepository

_DAYS: Final = 30
_KEPT_OF_A_DAY: Final = 0.85
_ASKING_COUNTS: Final = 2
"""Somebody who asks has the question; somebody who opens an article may only be looking around."""
_READ_AGAIN_AFTER: Final = timedelta(minutes=1)
_LOG = structlog.get_logger("help")


class HelpInterest:
    """No write while anybody waits: what a crash loses is some seconds of counts."""

    def __init__(self, *, new_session: Callable[[], AsyncSession], clock: Clock, every_seconds: float) -> None:
        self._new_session = new_session
        self._clock = clock
        self._every = every_seconds
        self._counts: dict[date, dict[str, tuple[int, int]]] = {}
        self._weights: dict[str, float] = {}
        self._read_at: datetime | None = None

    def note_opened(self, slug: str) -> None:
        self._note(slug, 1, 0)

    def note_asked(self, slug: str) -> None:
        self._note(slug, 0, 1)

    def _note(self, slug: str, opened: int, asked: int) -> None:
        day = self._counts.setdefault(china_date(self._clock.now()), {})
        before = day.get(slug, (0, 0))
        day[slug] = before[0] + opened, before[1] + asked

    async def flush(self) -> None:
        """Write what was counted; what cannot be written is counted on."""
        waiting, self._counts = self._counts, {}
        for day, counts in waiting.items():
            try:
                async with self._new_session() as session, session.begin():
                    await HelpCountRepository(session).add_interest(day, counts)
            except Exception:
                held = self._counts.setdefault(day, {})
                for slug, (opened, asked) in counts.items():
                    more = held.get(slug, (0, 0))
                    held[slug] = opened + more[0], asked + more[1]
                raise

    async def run(self) -> None:
        """Until cancelled, write every few seconds."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.flush()
            except Exception:  # noqa: BLE001 - the next round tries again
                _LOG.exception("help_interest_failed")

    async def close(self) -> None:
        """Write what is left; a database that is gone already loses some seconds of counts."""
        with contextlib.suppress(SQLAlchemyError, OSError):
            await self.flush()

    async def rank(self, slugs: Sequence[str]) -> list[str]:
        """These topics, those of most interest in the last days first; of no interest, in the order given."""
        now = self._clock.now()
        if self._read_at is None or not timedelta() <= now - self._read_at < _READ_AGAIN_AFTER:
            self._read_at = now
            self._weights = await self._weigh(china_date(now))
        return sorted(slugs, key=lambda slug: -self._weights.get(slug, 0.0))

    async def _weigh(self, today: date) -> dict[str, float]:
        async with self._new_session() as session, session.begin():
            rows = await HelpCountRepository(session).list_interest(today - timedelta(days=_DAYS))
        weights: dict[str, float] = {}
        for row in rows:
            fresh = _KEPT_OF_A_DAY ** max(0, (today - row.day).days)
            weights[row.slug] = weights.get(row.slug, 0.0) + fresh * (row.opened + _ASKING_COUNTS * row.asked)
        return weights
