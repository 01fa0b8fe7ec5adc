"""What becomes of corrections by the clock: a school's time ends, what was returned lapses, a province's is overdue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.corrections import (
    NOT_SUBMITTED_AGAIN,
    SCHOOL_OVERDUE,
    CorrectionHolder,
    CorrectionState,
    CorrectionStep,
    held_by,
    outcome,
    sources,
)
from xuexin_api.core.policies import CorrectionPolicy
from xuexin_api.repositories.archive.corrections import CorrectionRepository, CorrectionRow
from xuexin_api.services.archive.correction_log import CorrectionLog
from xuexin_api.services.base import Service

_AT_ONCE: Final = 100
_STEPS: Final = {
    CorrectionStep.ESCALATE: (SCHOOL_OVERDUE, "body_correction_forwarded"),
    CorrectionStep.LAPSE: (NOT_SUBMITTED_AGAIN, "body_correction_lapsed"),
}
_LOG = structlog.get_logger("correction_deadlines")


class CorrectionDeadlines(Service):
    """A background step. Several processes may take it at once: each correction moves once."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        corrections: CorrectionRepository,
        log: CorrectionLog,
        policy: CorrectionPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._corrections = corrections
        self._log = log
        self._policy = policy
        self.overdue = 0
        """Corrections that provinces had for too long when this was looked at last."""

    async def run(self) -> None:
        """Every correction that is due takes its step; what is overdue is told once, and counted."""
        for step in _STEPS:
            await self._with_each(sources(step), partial(self._take, step=step))
        states = held_by(CorrectionHolder.PROVINCE)
        await self._with_each(states, self._tell_overdue, untold=True)
        async with self._read():
            self.overdue = await self._corrections.count_due(states, now=self._clock.now())

    async def _with_each(
        self,
        states: Collection[CorrectionState],
        act: Callable[[CorrectionRow], Awaitable[None]],
        *,
        untold: bool = False,
    ) -> None:
        """Each in a transaction of its own: what holds up one correction holds up no other."""
        last: CorrectionRow | None = None
        more = True
        while more:
            async with self._read():
                due = await self._corrections.list_due(
                    states, now=self._clock.now(), after=last, most=_AT_ONCE, untold=untold
                )
            more = len(due) == _AT_ONCE
            for last in due:
                try:
                    await act(last)
                except Exception:  # noqa: BLE001 - the others go on, and the next round tries this one again
                    _LOG.exception("correction_failed", correction_id=str(last.id))

    async def _tell_overdue(self, row: CorrectionRow) -> None:
        now = self._clock.now()
        async with self._transaction():
            if not await self._corrections.note_overdue(row, now=now):
                return
            await self._log.note(row.id, "overdue", "service", now=now)
            await self._log.tell_owner(row.account_id, "body_correction_overdue", now=now, school=row.institution_name)

    async def _take(self, row: CorrectionRow, step: CorrectionStep) -> None:
        now, (reason, told) = self._clock.now(), _STEPS[step]
        state = outcome(CorrectionState(row.state), step)
        assert state is not None, "it was asked for by its state"
        values: dict[str, Any] = {"due_at": None}
        if state is CorrectionState.FORWARDED:
            values = {
                "due_at": now + timedelta(seconds=self._policy.province),
                "forwarded_at": now,
                "untold_since": now,
            }
        async with self._transaction():
            if not await self._corrections.move(
                row,
                step,
                state,
                due_by=now,
                reason=reason,
                note=None,
                held_since=now,
                assigned_to=None,
                assigned_at=None,
                **values,
            ):
                return
            await self._log.note(row.id, state, "service", now=now, reason=reason)
            await self._log.tell_owner(row.account_id, told, now=now, school=row.institution_name)
