"""Corrections of records, as their students and the desks see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.corrections import CorrectionState, CorrectionStep, sources
from xuexin_api.models.archive import Institution
from xuexin_api.models.cases import Upload
from xuexin_api.models.corrections import CorrectionEvent, RecordCorrection


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A correction as it is stored, sealed values sealed, with the name of its school."""

    id: UUID
    account_id: UUID
    person_id: UUID
    enrollment_id: UUID
    institution_code: str
    institution_name: str
    record: str
    fields: list[str]
    values_sealed: bytes
    state: str
    returns: int
    submitted_at: datetime
    held_since: datetime
    due_at: datetime | None
    assigned_to: UUID | None
    assigned_at: datetime | None
    forwarded_at: datetime | None
    decided_at: datetime | None
    reason: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class CorrectionEventRow:
    """One line of a correction's log; the student's words sealed."""

    kind: str
    actor: str
    reason: str | None
    note: str | None
    statement: bytes | None
    at: datetime


CORRECTION: Final[Select[*tuple[Any, ...]]] = select(
    RecordCorrection.id,
    RecordCorrection.account_id,
    RecordCorrection.person_id,
    RecordCorrection.enrollment_id,
    RecordCorrection.institution_code,
    Institution.name,
    RecordCorrection.record,
    RecordCorrection.fields,
    RecordCorrection.values_sealed,
    RecordCorrection.state,
    RecordCorrection.returns,
    RecordCorrection.submitted_at,
    RecordCorrection.held_since,
    RecordCorrection.due_at,
    RecordCorrection.assigned_to,
    RecordCorrection.assigned_at,
    RecordCorrection.forwarded_at,
    RecordCorrection.decided_at,
    RecordCorrection.reason,
    RecordCorrection.note,
).join_from(RecordCorrection, Institution, Institution.code == RecordCorrection.institution_code)


class CorrectionRepository:
    """Statements on corrections; what moves one says from which states."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> bool:
        """False while one of this account and record is open."""
        statement = insert_or(RecordCorrection).values(**values).on_conflict_do_nothing().returning(RecordCorrection.id)
        return (await self._session.execute(statement)).first() is not None

    async def attach(
        self, correction_id: UUID, photo_ids: Collection[UUID], *, account_id: UUID, enrollment_id: UUID
    ) -> int:
        """Pictures that this account sent for this record are this correction's from now on; how many."""
        statement = (
            update(Upload)
            .where(
                Upload.id.in_(photo_ids),
                Upload.account_id == account_id,
                Upload.enrollment_id == enrollment_id,
                Upload.state == "received",
                Upload.removed_at.is_(None),
            )
            .values(correction_id=correction_id, enrollment_id=None)
            .returning(Upload.id)
        )
        return len(list(await self._session.scalars(statement)))

    async def get(self, correction_id: UUID) -> CorrectionRow | None:
        """Whosever it is."""
        return await self._one(CORRECTION.where(RecordCorrection.id == correction_id))

    async def get_for_account(self, correction_id: UUID, account_id: UUID) -> CorrectionRow | None:
        mine = CORRECTION.where(RecordCorrection.id == correction_id, RecordCorrection.account_id == account_id)
        return await self._one(mine)

    async def list_for_account(self, account_id: UUID, *, before_id: UUID, most: int) -> list[CorrectionRow]:
        """Newest first."""
        statement = CORRECTION.where(RecordCorrection.account_id == account_id, RecordCorrection.id < before_id)
        rows = await self._session.execute(statement.order_by(RecordCorrection.id.desc()).limit(most))
        return [CorrectionRow(*row) for row in rows]

    async def list_open_of_person(
        self, person_id: UUID, enrollment_ids: Collection[UUID], *, most: int
    ) -> list[CorrectionRow]:
        """Of these records, by this person; nobody else moves them until this transaction ends."""
        of_records = RecordCorrection.person_id == person_id, RecordCorrection.enrollment_id.in_(enrollment_ids)
        return await self._open_for_update(CORRECTION.where(*of_records), most)

    async def list_open_of_account(self, account_id: UUID, *, most: int) -> list[CorrectionRow]:
        """The same, of whatever records."""
        return await self._open_for_update(CORRECTION.where(RecordCorrection.account_id == account_id), most)

    async def move(
        self,
        row: CorrectionRow,
        step: CorrectionStep,
        state: CorrectionState,
        *,
        held_by: UUID | None = None,
        due_by: datetime | None = None,
        **values: Any,
    ) -> bool:
        """Once, out of the state that was read, where the step leads from it.

        Only while it is assigned to `held_by`, or past its time at `due_by`, where one is said.
        """
        statement = update(RecordCorrection).where(
            RecordCorrection.id == row.id,
            RecordCorrection.state == row.state,
            RecordCorrection.state.in_(sources(step)),
        )
        if held_by is not None:
            statement = statement.where(RecordCorrection.assigned_to == held_by)
        if due_by is not None:
            statement = statement.where(RecordCorrection.due_at <= due_by)
        statement = statement.values(state=state, **values).returning(RecordCorrection.id)
        return (await self._session.execute(statement)).first() is not None

    async def list_due(
        self, states: Collection[str], *, now: datetime, after: CorrectionRow | None, most: int, untold: bool = False
    ) -> list[CorrectionRow]:
        """In these states and past their time, the longest past it first; `after` ended the list before.

        `untold`: where the student does not know so.
        """
        statement = CORRECTION.where(RecordCorrection.due_at <= now, RecordCorrection.state.in_(states))
        if untold:
            statement = statement.where(RecordCorrection.overdue_told_at.is_(None))
        order = (RecordCorrection.due_at, RecordCorrection.id)
        if after is not None:
            statement = statement.where(tuple_(*order) > tuple_(after.due_at, after.id))
        rows = await self._session.execute(statement.order_by(*order).limit(most))
        return [CorrectionRow(*row) for row in rows]

    async def note_overdue(self, row: CorrectionRow, *, now: datetime) -> bool:
        """That its student is told so: once, and while it is where it was read."""
        statement = (
            update(RecordCorrection)
            .where(
                RecordCorrection.id == row.id,
                RecordCorrection.due_at == row.due_at,
                RecordCorrection.overdue_told_at.is_(None),
            )
            .values(overdue_told_at=now)
            .returning(RecordCorrection.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def count_due(self, states: Collection[str], *, now: datetime) -> int:
        """In these states and past their time."""
        statement = (
            select(func.count())
            .select_from(RecordCorrection)
            .where(RecordCorrection.due_at <= now, RecordCorrection.state.in_(states))
        )
        return int(await self._session.scalar(statement) or 0)

    async def add_event(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(CorrectionEvent).values(**values))

    async def list_events(self, correction_id: UUID, *, most: int) -> list[CorrectionEventRow]:
        """The latest, oldest first."""
        columns = (
            CorrectionEvent.kind,
            CorrectionEvent.actor,
            CorrectionEvent.reason,
            CorrectionEvent.note,
            CorrectionEvent.statement,
            CorrectionEvent.at,
        )
        statement = select(*columns).where(CorrectionEvent.correction_id == correction_id)
        rows = await self._session.execute(statement.order_by(CorrectionEvent.id.desc()).limit(most))
        return [CorrectionEventRow(*row) for row in rows][::-1]

    async def _open_for_update(self, statement: Select[*tuple[Any, ...]], most: int) -> list[CorrectionRow]:
        locked = statement.where(RecordCorrection.due_at.is_not(None)).with_for_update(of=RecordCorrection)
        rows = await self._session.execute(locked.order_by(RecordCorrection.id).limit(most))
        return [CorrectionRow(*row) for row in rows]

    async def _one(self, statement: Select[*tuple[Any, ...]]) -> CorrectionRow | None:
        row = (await self._session.execute(statement)).first()
        return None if row is None else CorrectionRow(*row)
