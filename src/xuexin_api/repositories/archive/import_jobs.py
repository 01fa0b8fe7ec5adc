"""Imports of schools: waiting, taken by one process under a lease, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Update,
    and_,
    any_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from xuexin_api.core.imports import OPEN, RUNNING, ImportKind, ImportState
from xuexin_api.models.archive import RosterImport
from xuexin_api.models.imports import ImportJob

_Later = aliased(ImportJob)
_SCHEMA: Final = "import_"


@dataclass(frozen=True, slots=True)
class ImportJobRow:
    """An import as it is stored."""

    id: UUID
    staff_id: UUID
    publisher_id: UUID | None
    institution_code: str
    kind: str
    file_name: str
    byte_size: int
    sha256: bytes
    state: str
    dry_run: bool
    cancel_asked_at: datetime | None
    attempts: int
    file_format: str | None
    rows_total: int | None
    rows_read: int
    progress_at: datetime | None
    run_started_at: datetime | None
    run_started_rows: int
    rows_added: int | None
    rows_changed: int | None
    rows_unchanged: int | None
    rows_rejected: int | None
    error_code: str | None
    error_params: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime

    @property
    def sender_ids(self) -> list[UUID]:
        """Who answers for what is published."""
        return sorted({self.staff_id, self.publisher_id or self.staff_id})


_COLUMNS: Final = [getattr(ImportJob, name) for name in ImportJobRow.__slots__]


def staging_schema(job_id: UUID) -> str:
    """Where the rows of a job wait."""
    return f"{_SCHEMA}{job_id.hex}"


class ImportJobRepository:
    """Statements on import jobs."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_institution(self, institution_code: str) -> None:
        """Until the transaction ends no other import of it is added."""
        key = func.hashtextextended(f"imports {institution_code}", 0)
        await self._session.execute(select(func.pg_advisory_xact_lock(key)))

    async def add(self, values: Mapping[str, Any]) -> ImportJobRow:
        """A new one, as it is stored."""
        row = (await self._session.execute(insert(ImportJob).values(**values).returning(*_COLUMNS))).one()
        return ImportJobRow(*row)

    async def get(self, job_id: UUID) -> ImportJobRow | None:
        return await self._first(select(*_COLUMNS).where(ImportJob.id == job_id))

    async def get_open_by_content(self, institution_code: str, kind: str, sha256: bytes) -> ImportJobRow | None:
        """The one that has not ended."""
        same = _same_content(institution_code, kind, sha256)
        return await self._first(select(*_COLUMNS).where(same, ImportJob.state.in_(OPEN)))

    async def get_standing_by_content(self, institution_code: str, kind: str, sha256: bytes) -> ImportJobRow | None:
        """The publication of this content, while nothing was published for the institution after it."""
        later_job = exists().where(
            _Later.institution_code == institution_code,
            _Later.kind == kind,
            _Later.state == ImportState.PUBLISHED,
            _Later.finished_at > ImportJob.finished_at,
        )
        # Also the operators' imports, which are no jobs: of rosters and graduates the one after the other, of photos
        # those of the same kind.
        later_import = exists().where(
            case(
                (RosterImport.photo_kind.is_(None), ImportJob.kind.in_((ImportKind.ROSTER, ImportKind.GRADUATES))),
                else_=ImportJob.kind == RosterImport.photo_kind + "_photos",
            ),
            literal(institution_code) == any_(RosterImport.institution_codes),
            RosterImport.published_at > ImportJob.finished_at,
        )
        statement = (
            select(*_COLUMNS)
            .where(
                _same_content(institution_code, kind, sha256),
                ImportJob.state == ImportState.PUBLISHED,
                ~later_job,
                ~later_import,
            )
            .order_by(ImportJob.id.desc())
            .limit(1)
        )
        return await self._first(statement)

    async def count_open(self, institution_code: str) -> int:
        statement = select(func.count()).where(
            ImportJob.institution_code == institution_code, ImportJob.state.in_(OPEN)
        )
        return int(await self._session.scalar(statement) or 0)

    async def list_for_institution(
        self, institution_code: str, *, before: UUID | None, most: int
    ) -> list[ImportJobRow]:
        """Newest first."""
        statement = select(*_COLUMNS).where(ImportJob.institution_code == institution_code)
        if before is not None:
            statement = statement.where(ImportJob.id < before)
        rows = await self._session.execute(statement.order_by(ImportJob.id.desc()).limit(most))
        return [ImportJobRow(*row) for row in rows]

    async def ask_to_publish(self, job_id: UUID, publisher_id: UUID) -> ImportJobRow | None:
        """A dry run becomes the real thing; None when it was none, or has ended."""
        statement = (
            update(ImportJob)
            .where(ImportJob.id == job_id, ImportJob.dry_run, ImportJob.state.in_(OPEN))
            .values(
                dry_run=False,
                publisher_id=publisher_id,
                # What a process has as a dry run just now is taken up again when that is through.
                state=case((ImportJob.state == ImportState.CHECKED, ImportState.QUEUED), else_=ImportJob.state),
                finished_at=None,
            )
        )
        return await self._changed(statement)

    async def cancel(self, job_id: UUID, *, now: datetime) -> ImportJobRow | None:
        """Ended at once where no process works on it, else asked for; None when it has ended."""
        waiting = (ImportState.QUEUED, ImportState.CHECKED)
        ended = await self._changed(
            update(ImportJob)
            .where(ImportJob.id == job_id, ImportJob.state.in_(waiting))
            .values(state=ImportState.CANCELLED, cancel_asked_at=now, finished_at=now)
        )
        return ended or await self._changed(
            update(ImportJob)
            .where(ImportJob.id == job_id, ImportJob.state.in_(RUNNING))
            .values(cancel_asked_at=func.coalesce(ImportJob.cancel_asked_at, now))
        )

    async def cancel_waiting_of(self, staff_id: UUID, error_code: str, *, now: datetime) -> None:
        """What this member brings and no process works on; what one works on asks for its senders itself."""
        await self._session.execute(
            update(ImportJob)
            .where(
                or_(ImportJob.staff_id == staff_id, ImportJob.publisher_id == staff_id),
                ImportJob.state.in_((ImportState.QUEUED, ImportState.CHECKED)),
            )
            .values(state=ImportState.CANCELLED, error_code=error_code, finished_at=now)
        )

    async def has_due(self, *, now: datetime) -> bool:
        return bool(await self._session.scalar(select(exists().where(_due(now)))))

    async def claim(self, owner: UUID, *, lease_until: datetime, now: datetime) -> ImportJobRow | None:
        """The oldest that waits, or whose process is gone; of two processes one gets it."""
        found = select(ImportJob.id).where(_due(now)).order_by(ImportJob.id).limit(1).with_for_update(skip_locked=True)
        return await self._changed(
            update(ImportJob)
            .where(ImportJob.id == found.scalar_subquery())
            .values(
                state=ImportState.READING,
                lease_owner=owner,
                lease_until=lease_until,
                attempts=ImportJob.attempts + 1,
                progress_at=now,
                run_started_at=now,
                run_started_rows=ImportJob.rows_read,
            )
        )

    async def note(self, job_id: UUID, owner: UUID, values: Mapping[str, Any]) -> ImportJobRow | None:
        """Set what the process knows of its import; None when it is another's by now."""
        return await self._changed(
            update(ImportJob)
            .where(ImportJob.id == job_id, ImportJob.lease_owner == owner, ImportJob.state.in_(RUNNING))
            .values(**values)
        )

    async def name_senders(self, roster_import_id: UUID, staff_ids: list[UUID]) -> None:
        """Who answers for what was published, which is known when the import is long forgotten."""
        statement = update(RosterImport).where(RosterImport.id == roster_import_id).values(sender_ids=staff_ids)
        await self._session.execute(statement)

    async def delete_expired(self, *, now: datetime, most: int) -> list[UUID]:
        """What has ended, and what was never asked to be published, when its time has passed."""
        found = (
            select(ImportJob.id)
            .where(ImportJob.expires_at <= now, ImportJob.state.not_in((ImportState.QUEUED, *RUNNING)))
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        statement = delete(ImportJob).where(ImportJob.id.in_(found)).returning(ImportJob.id)
        return list(await self._session.scalars(statement))

    async def list_staged(self) -> list[UUID]:
        """The jobs that have rows waiting, as their schemas say."""
        names = await self._session.scalars(
            text("SELECT nspname FROM pg_namespace WHERE nspname ~ '^import_[0-9a-f]{32}$' LIMIT 1000")
        )
        return [UUID(hex=name.removeprefix(_SCHEMA)) for name in names]

    async def list_open_among(self, job_ids: Sequence[UUID]) -> set[UUID]:
        """Those of them that have not ended."""
        statement = select(ImportJob.id).where(ImportJob.id.in_(job_ids), ImportJob.state.in_(OPEN))
        return set(await self._session.scalars(statement))

    async def list_among(self, job_ids: Sequence[UUID]) -> set[UUID]:
        """Those of them that are imports."""
        return set(await self._session.scalars(select(ImportJob.id).where(ImportJob.id.in_(job_ids))))

    async def drop_staging(self, job_id: UUID) -> None:
        await self._session.execute(text(f"DROP SCHEMA IF EXISTS {staging_schema(job_id)} CASCADE"))

    async def _first(self, statement: Any) -> ImportJobRow | None:
        row = (await self._session.execute(statement)).first()
        return None if row is None else ImportJobRow(*row)

    async def _changed(self, statement: Update) -> ImportJobRow | None:
        return await self._first(statement.returning(*_COLUMNS))


def _same_content(institution_code: str, kind: str, sha256: bytes) -> ColumnElement[bool]:
    return and_(ImportJob.institution_code == institution_code, ImportJob.kind == kind, ImportJob.sha256 == sha256)


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(
        ImportJob.state == ImportState.QUEUED,
        and_(ImportJob.state.in_(RUNNING), ImportJob.lease_until <= now),
    )
