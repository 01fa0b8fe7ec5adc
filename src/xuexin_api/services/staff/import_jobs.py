"""Files that schools upload: taken at once, looked at while they are worked on, cancelled, published."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock, china_date
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    ImportEndedError,
    ImportNotFoundError,
    ImportsWaitingError,
    NothingRejectedError,
    TooManyOperationsError,
)
from xuexin_api.core.imports import OPEN, ImportKind, ImportState
from xuexin_api.core.policies import ImportPolicy, RecordPolicy
from xuexin_api.core.record_life import school_year_of
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.import_files import ImportFiles
from xuexin_api.gateways.sealed_file import SealedFile
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.archive.import_jobs import ImportJobRepository, ImportJobRow
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow
from xuexin_api.services.archive.import_dispatch import ImportDispatcher
from xuexin_api.services.base import Service
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.staff.staff_callers import StaffCallers

_HOUR: Final = 3600
_RETRY_AFTER: Final = 60


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became, or in a dry run would become, of the rows."""

    added: int
    changed: int
    unchanged: int
    rejected: int


@dataclass(frozen=True, slots=True)
class ImportView:
    """An import as its school sees it."""

    id: UUID
    kind: str
    state: str
    dry_run: bool
    file_name: str
    format: str | None
    byte_size: int
    sha256: str
    percent: int
    rows_read: int
    rows_total: int | None
    rows_per_second: int | None
    seconds_left: int | None
    result: ImportResult | None
    error_code: str | None
    error_params: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None
    kept_until: datetime | None


@dataclass(frozen=True, slots=True)
class ImportPage:
    """Some imports, newest first, and where the next ones start."""

    items: list[ImportView]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """The rejected rows, in the format that they came in."""

    file: SealedFile
    name: str
    format: str


class ImportJobService(Service):
    """Registrars only, each for their own institution: another's import is not there, and the try is written down."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        jobs: ImportJobRepository,
        staff: StaffRepository,
        callers: StaffCallers,
        files: ImportFiles,
        dispatcher: ImportDispatcher,
        throttle: Throttle,
        policy: ImportPolicy,
        record_policy: RecordPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._jobs = jobs
        self._staff = staff
        self._callers = callers
        self._files = files
        self._dispatcher = dispatcher
        self._throttle = throttle
        self._policy = policy
        self._record_policy = record_policy
        self._entropy = entropy

    async def upload(
        self, claims: Claims, *, kind: ImportKind, file_name: str, dry_run: bool, content: AsyncIterator[bytes]
    ) -> ImportView:
        """Keep the file and leave the work to a process. Nothing of it is read before the asker is known."""
        async with self._read():
            member, institution = await self._registrar(claims)
        wait = await self._throttle.hit("imports", institution, most=self._policy.per_institution_hour, seconds=_HOUR)
        if wait is not None:
            raise TooManyOperationsError(retry_after=wait)
        job_id = self._entropy.identifier()
        received = await self._files.receive(job_id, content)
        kept = False
        try:
            async with self._transaction():
                # Who was disabled while the file came brings nothing.
                member, institution = await self._registrar(claims)
                # Of several that come at once each sees those before it, and what they hold.
                await self._jobs.lock_institution(institution)
                job = await self._known(member, institution, kind, received.sha256, dry_run=dry_run)
                if job is None:
                    if await self._jobs.count_open(institution) >= self._policy.most_open:
                        raise ImportsWaitingError(retry_after=_RETRY_AFTER)
                    now = self._clock.now()
                    job = await self._jobs.add(
                        {
                            "id": job_id,
                            "staff_id": member.id,
                            "institution_code": institution,
                            "kind": kind,
                            "file_name": file_name,
                            "byte_size": received.byte_size,
                            "sha256": received.sha256,
                            "state": ImportState.QUEUED,
                            "dry_run": dry_run,
                            "attempts": 0,
                            "rows_read": 0,
                            "run_started_rows": 0,
                            "created_at": now,
                            "expires_at": now + timedelta(seconds=self._policy.kept),
                        }
                    )
                    await self._note(member, "import:upload", job_id)
            kept = job.id == job_id
        finally:
            if not kept:
                self._files.delete_upload(job_id)
        self._dispatcher.poke()
        return self._view(job)

    async def _known(
        self, member: StaffRow, institution: str, kind: ImportKind, sha256: bytes, *, dry_run: bool
    ) -> ImportJobRow | None:
        """The import of the same content that is under way, or whose outcome still stands."""
        known = await self._jobs.get_open_by_content(institution, kind, sha256)
        if known is None:
            known = await self._jobs.get_standing_by_content(institution, kind, sha256)
            return known if known is not None and self._of_this_year(known) else None
        if not known.dry_run or dry_run:
            return known
        published = await self._publish(known.id, member)
        return published if published is not None and published.state in OPEN else None

    async def _publish(self, job_id: UUID, member: StaffRow) -> ImportJobRow | None:
        """As it is now: a colleague may have been faster."""
        published = await self._jobs.ask_to_publish(job_id, member.id)
        if published is None:
            return await self._jobs.get(job_id)
        await self._note(member, "import:publish", job_id)
        return published

    def _of_this_year(self, job: ImportJobRow) -> bool:
        """In another school year, the same roster registers its students anew."""
        assert job.finished_at is not None, "it was published"
        then, now = (
            school_year_of(china_date(moment), self._record_policy) for moment in (job.finished_at, self._clock.now())
        )
        return then == now

    async def list_own(self, claims: Claims, *, cursor: str | None, most: int) -> ImportPage:
        """Those of the institution."""
        before = None if cursor is None else read_cursor(cursor)
        async with self._read():
            _, institution = await self._registrar(claims)
            rows = await self._jobs.list_for_institution(institution, before=before, most=most + 1)
        views = [self._view(row) for row in rows[:most]]
        return ImportPage(views, write_cursor(views[-1].id) if len(rows) > most else None)

    async def view(self, job_id: UUID, claims: Claims) -> ImportView:
        """How far it is, and what became of it."""
        async with self._transaction():
            _, job = await self._reach(job_id, claims)
        if job is None:
            raise ImportNotFoundError
        return self._view(job)

    async def cancel(self, job_id: UUID, claims: Claims) -> ImportView:
        """Nothing of it is published. A process that works on it stops at the next rows."""
        async with self._transaction():
            member, known = await self._reach(job_id, claims)
            job = None if known is None else await self._jobs.cancel(job_id, now=self._clock.now())
            if job is not None:
                await self._note(member, "import:cancel", job_id)
        if known is None:
            raise ImportNotFoundError
        if job is None:
            raise ImportEndedError
        if job.state == ImportState.CANCELLED:
            # What was staged goes with the next cleaning.
            self._files.delete(job_id)
        return self._view(job)

    async def publish(self, job_id: UUID, claims: Claims) -> ImportView:
        """A dry run becomes the real thing; what it staged is not read again."""
        async with self._transaction():
            member, job = await self._reach(job_id, claims)
            if job is not None and job.dry_run:
                job = await self._publish(job_id, member)
        if job is None:
            raise ImportNotFoundError
        if job.dry_run or job.state not in OPEN:
            raise ImportEndedError
        self._dispatcher.poke()
        return self._view(job)

    async def rejected_file(self, job_id: UUID, claims: Claims) -> RejectedFile:
        """Once all rows are judged."""
        async with self._transaction():
            _, job = await self._reach(job_id, claims)
        if job is None:
            raise ImportNotFoundError
        file = self._files.rejected(job_id)
        if not job.rows_rejected or job.file_format is None or not file.exists():
            raise NothingRejectedError
        return RejectedFile(file, f"rejected-{job_id}.{job.file_format}", job.file_format)

    async def watch(self, job_id: UUID, claims: Claims) -> AsyncIterator[ImportView | None]:
        """Its views as they change, None where it did not, until it, or the session, has ended or the stream is old."""
        async with self._transaction():
            _, job = await self._reach(job_id, claims)
        if job is None:
            raise ImportNotFoundError
        return self._changes(job, claims)

    async def _changes(self, job: ImportJobRow, claims: Claims) -> AsyncIterator[ImportView | None]:
        yield self._view(job)
        for _ in range(int(self._policy.stream / self._policy.poll)):
            if job.state not in OPEN or job.state == ImportState.CHECKED:
                return
            await asyncio.sleep(self._policy.poll)
            async with self._read():
                found = await self._jobs.get(job.id) if await self._callers.is_logged_in(claims) else None
            if found is None:
                return
            yield self._view(found) if found != job else None
            job = found

    async def _registrar(self, claims: Claims) -> tuple[StaffRow, str]:
        member = await self._callers.member_of(claims, Role.REGISTRAR)
        assert member.institution_code is not None, "the table gives every registrar an institution"
        return member, member.institution_code

    async def _reach(self, job_id: UUID, claims: Claims) -> tuple[StaffRow, ImportJobRow | None]:
        """The member, and the import if it is their school's. Reaching for another's is a line in the trail."""
        member, institution = await self._registrar(claims)
        job = await self._jobs.get(job_id)
        if job is not None and job.institution_code == institution:
            return member, job
        await self._note(member, "import:out_of_reach", job_id)
        return member, None

    async def _note(self, member: StaffRow, action: str, job_id: UUID) -> None:
        await self._staff.add_event(
            self._entropy.identifier(), action, staff_id=member.id, subject_id=job_id, now=self._clock.now()
        )

    def _view(self, job: ImportJobRow) -> ImportView:
        speed = _speed(job)
        judged = job.state in {ImportState.CHECKED, ImportState.PUBLISHED}
        return ImportView(
            id=job.id,
            kind=job.kind,
            state=job.state,
            dry_run=job.dry_run,
            file_name=job.file_name,
            format=job.file_format,
            byte_size=job.byte_size,
            sha256=job.sha256.hex(),
            percent=_percent(job),
            rows_read=job.rows_read,
            rows_total=job.rows_total,
            rows_per_second=speed,
            seconds_left=_seconds_left(job, speed),
            result=ImportResult(
                job.rows_added or 0, job.rows_changed or 0, job.rows_unchanged or 0, job.rows_rejected or 0
            )
            if judged
            else None,
            error_code=job.error_code,
            error_params=job.error_params or {},
            created_at=job.created_at,
            finished_at=job.finished_at,
            kept_until=None if job.finished_at is None else job.expires_at,
        )


def _percent(job: ImportJobRow) -> int:
    """Of the rows that are read; 100 when all is done and not before. A file may announce too few."""
    if job.state in {ImportState.CHECKED, ImportState.PUBLISHED}:
        return 100
    return min(99, 100 * job.rows_read // max(1, job.rows_total or 1)) if job.rows_read else 0


def _speed(job: ImportJobRow) -> int | None:
    """Rows a second of the process that reads them now, or read them last."""
    if job.progress_at is None or job.run_started_at is None:
        return None
    seconds = (job.progress_at - job.run_started_at).total_seconds()
    own = job.rows_read - job.run_started_rows
    return int(own / seconds) if seconds > 0 and own > 0 else None


def _seconds_left(job: ImportJobRow, speed: int | None) -> int | None:
    """Until the rows are read, at this speed."""
    if job.state != ImportState.READING or not speed or job.rows_total is None:
        return None
    return max(0, job.rows_total - job.rows_read) // speed + 1
