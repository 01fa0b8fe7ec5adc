"""What becomes of cases by the clock: drafts expire, notices run out."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.case_rules import CaseState
from xuexin_api.core.clock import Clock
from xuexin_api.repositories.identity.cases import CaseRepository, DueCase
from xuexin_api.services.base import Service
from xuexin_api.services.identity.case_log import CaseLog
from xuexin_api.services.identity.case_progress import CaseProgress

_AT_ONCE: Final = 100
_LOG = structlog.get_logger("case_deadlines")


class CaseDeadlines(Service):
    """A background step. Several processes may take it at once: each case is looked at again under its lock."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        cases: CaseRepository,
        progress: CaseProgress,
        log: CaseLog,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._cases = cases
        self._progress = progress
        self._log = log

    async def run(self) -> None:
        """Every case that is due takes its step."""
        await self._expire()
        await self._take_effect()

    async def _expire(self) -> None:
        expired = [UUID(int=0)] * _AT_ONCE
        while len(expired) == _AT_ONCE:
            now = self._clock.now()
            async with self._transaction():
                expired = await self._cases.expire_drafts(now=now, most=_AT_ONCE)
                for case_id in expired:
                    await self._log.note(case_id, "expired", "service", now=now)

    async def _take_effect(self) -> None:
        """Each in a transaction of its own: what holds up one case holds up no other."""
        last: DueCase | None = None
        more = True
        while more:
            async with self._read():
                due = await self._cases.list_due(now=self._clock.now(), after=last, most=_AT_ONCE)
            more = len(due) == _AT_ONCE
            for last in due:
                try:
                    await self._proceed(last.id, last.document_key)
                except Exception:  # noqa: BLE001 - the others go on, and the next round tries this one again
                    _LOG.exception("case_failed", case_id=str(last.id))

    async def _proceed(self, case_id: UUID, document_key: bytes) -> None:
        async with self._transaction():
            await self._cases.lock_document(document_key)
            case = await self._cases.get_for_update(case_id)
            if case is not None and case.state in {CaseState.NOTICE, CaseState.IN_REVIEW}:
                await self._progress.proceed(case, now=self._clock.now())
