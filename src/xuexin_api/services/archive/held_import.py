"""An import that a process holds: told how far it is, kept alive, and ended, while it is this process's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.imports import SENDER_GONE, ImportCancelledError, ImportState, LeaseLostError, Senders
from xuexin_api.core.policies import ImportPolicy
from xuexin_api.repositories.archive.import_jobs import ImportJobRepository, ImportJobRow
from xuexin_api.repositories.archive.roster_imports import Counts, RosterStaging
from xuexin_api.repositories.staff.staff import StaffRepository

_BEATS: Final = 3
"""Signs of life within a lease."""
Note = Callable[[UUID, UUID, Mapping[str, Any]], Awaitable[ImportJobRow | None]]


class HeldImport:
    """Each word about it extends the lease, and learns whether somebody wants it to stop."""

    def __init__(self, job: ImportJobRow, owner: UUID, *, note: Note, policy: ImportPolicy, clock: Clock) -> None:
        self.job = job
        self._owner = owner
        self._note = note
        self._policy = policy
        self._clock = clock

    async def note(self, **values: Any) -> ImportJobRow:
        """Write down what is known; LeaseLostError, or ImportCancelledError."""
        lease = {"lease_until": self._clock.now() + timedelta(seconds=self._policy.lease)}
        job = await self._note(self.job.id, self._owner, values | lease)
        if job is None:
            raise LeaseLostError
        if job.cancel_asked_at is not None:
            raise ImportCancelledError
        return job

    async def note_rows(self, read: int, *, passed_over: int) -> None:
        """So many rows are read; some of them were staged by a process before this one."""
        await self.note(rows_read=read, run_started_rows=passed_over, progress_at=self._clock.now())

    async def is_dry_run(self) -> bool:
        """All rows are read: whether they are only judged.

        As it was wanted when this process began: who publishes it meanwhile brings it, too, and was not asked about.
        """
        await self.note(state=ImportState.JUDGING)
        return self.job.dry_run

    async def settle_roster(self, staging: RosterStaging, read: int, counts: Counts, import_id: UUID | None) -> None:
        """The end, in the transaction that publishes: with it or not at all."""
        if not await staging.are_registrars(self.job.sender_ids, self.job.institution_code):
            raise ImportCancelledError(SENDER_GONE)
        now = self._clock.now()
        ended = await staging.end_job(
            self.job.id,
            self._owner,
            import_id=import_id,
            sender_ids=self.job.sender_ids,
            rows_read=read,
            counts=counts,
            now=now,
            expires_at=now + timedelta(seconds=self._policy.kept),
        )
        if not ended:
            # It says why.
            await self.note()
            raise LeaseLostError

    async def confirm(self, jobs: ImportJobRepository) -> ImportJobRow:
        """This process's still, and until the session's transaction ends; LeaseLostError, or ImportCancelledError."""
        job = await jobs.note(self.job.id, self._owner, {"progress_at": self._clock.now()})
        if job is None:
            raise LeaseLostError
        if job.cancel_asked_at is not None:
            raise ImportCancelledError
        return job

    async def list_senders(self, staff: StaffRepository) -> Senders:
        """Who brings it; ImportCancelledError where one of them is no registrar of the school any more.

        Until the session's transaction ends none of them is disabled.
        """
        found = await staff.list_registrars_for_share(self.job.sender_ids, self.job.institution_code)
        if len(found) < len(self.job.sender_ids):
            raise ImportCancelledError(SENDER_GONE)
        return Senders(self.job.institution_code, [member.document_key for member in found])

    async def settle(
        self,
        session: AsyncSession,
        counts: Counts,
        rejected: int,
        *,
        dry_run: bool,
        roster_import_id: UUID | None = None,
    ) -> None:
        """The same with statements of a session's transaction."""
        now = self._clock.now()
        await self.list_senders(StaffRepository(session))
        jobs = ImportJobRepository(session)
        job = await self.confirm(jobs)
        # A dry run that meanwhile became the real thing waits for a process again.
        state = ImportState.PUBLISHED if not dry_run else ImportState.CHECKED if job.dry_run else ImportState.QUEUED
        outcome = {
            "state": state,
            "roster_import_id": roster_import_id,
            "rows_added": counts.added,
            "rows_changed": counts.changed,
            "rows_unchanged": counts.unchanged,
            "rows_rejected": rejected,
            "attempts": 0,
            "finished_at": now,
            "expires_at": now + timedelta(seconds=self._policy.kept),
            "lease_owner": None,
            "lease_until": None,
        }
        await jobs.note(self.job.id, self._owner, outcome)
        if roster_import_id is not None:
            await jobs.name_senders(roster_import_id, self.job.sender_ids)

    async def end(self, state: ImportState, **values: Any) -> None:
        """It is over, and nothing of it was published; unless it is another's by now."""
        now = self._clock.now()
        ended = {
            "state": state,
            "finished_at": now,
            "expires_at": now + timedelta(seconds=self._policy.kept),
            "lease_owner": None,
            "lease_until": None,
        }
        await self._note(self.job.id, self._owner, values | ended)

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """Signs of life while the block lasts, also while one long statement runs."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._policy.lease / _BEATS)
            with contextlib.suppress(LeaseLostError, ImportCancelledError):
                await self.note()
