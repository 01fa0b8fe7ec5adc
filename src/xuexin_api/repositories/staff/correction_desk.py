"""What the desks ask of corrections: the queues, assignments, whom one has to do with, and what one changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, bindparam, exists, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from xuexin_api.core.corrected_fields import DEGREE_COLUMNS
from xuexin_api.core.corrections import CorrectionState, RecordKind
from xuexin_api.models.accounts import Account
from xuexin_api.models.archive import Degree, Enrollment, Qualification
from xuexin_api.models.corrections import CorrectionEvent, RecordCorrection
from xuexin_api.models.staff import Staff
from xuexin_api.repositories.archive.corrections import CORRECTION, CorrectionRow
from xuexin_api.repositories.archive.institutions import in_province
from xuexin_api.repositories.staff.staff import StaffRow


def _reached_by(member: StaffRow) -> ColumnElement[bool]:
    if member.province is not None:
        return in_province(RecordCorrection.institution_code, member.province)
    return RecordCorrection.institution_code == member.institution_code


class CorrectionDeskRepository:
    """Statements for registrars and provinces."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_queue(
        self, member: StaffRow, states: Collection[str], *, after: UUID | None, most: int
    ) -> list[CorrectionRow]:
        """The next to be over first; `after` is one of the page before."""
        # Written out, as the index of provinces has them.
        among: BindParameter[Any] = bindparam("states", list(states), expanding=True, literal_execute=True)
        statement = CORRECTION.where(
            _reached_by(member), RecordCorrection.state.in_(among), RecordCorrection.due_at.is_not(None)
        )
        order = (RecordCorrection.due_at, RecordCorrection.id)
        if after is not None:
            last = aliased(RecordCorrection)
            # One that left the queue meanwhile stands for when it did: nothing is passed over.
            place = select(func.coalesce(last.due_at, last.held_since), last.id).where(last.id == after)
            statement = statement.where(tuple_(*order) > place.scalar_subquery())
        rows = await self._session.execute(statement.order_by(*order).limit(most))
        return [CorrectionRow(*row) for row in rows]

    async def assign(
        self, row: CorrectionRow, state: CorrectionState, staff_id: UUID, *, lapsed: datetime, now: datetime
    ) -> bool:
        """It is theirs; False while it is another's, or when it has moved."""
        free = or_(
            RecordCorrection.assigned_to.is_(None),
            RecordCorrection.assigned_to == staff_id,
            RecordCorrection.assigned_at <= lapsed,
        )
        statement = (
            update(RecordCorrection)
            .where(RecordCorrection.id == row.id, RecordCorrection.state == row.state, free)
            .values(state=state, assigned_to=staff_id, assigned_at=now)
            .returning(RecordCorrection.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def is_of(self, row: CorrectionRow, member: StaffRow) -> bool:
        """Whether the account has the member's document or phone."""
        asker = exists().where(
            Account.id == row.account_id,
            or_(Account.document_key == member.document_key, Account.phone_key == member.phone_key),
        )
        return bool(await self._session.scalar(select(asker)))

    async def has_acted(self, row: CorrectionRow, document_key: bytes) -> bool:
        """Whether whose document this is decided at the school about it, or about another of this account and record.

        By whichever login.
        """
        statement = select(
            exists().where(
                RecordCorrection.account_id == row.account_id,
                RecordCorrection.enrollment_id == row.enrollment_id,
                CorrectionEvent.correction_id == RecordCorrection.id,
                CorrectionEvent.actor == "school",
                CorrectionEvent.kind != "taken",
                Staff.id == CorrectionEvent.staff_id,
                Staff.document_key == document_key,
            )
        )
        return bool(await self._session.scalar(statement))

    async def lock_numbers(self, institution_code: str) -> None:
        """No roster of the school is published, and no number of its students changes, until this transaction ends."""
        await self._session.execute(select(func.pg_advisory_xact_lock(func.hashtext("roster " + institution_code))))

    async def has_candidate_number(self, institution_code: str, number: str) -> bool:
        """Whether some student of the school has it."""
        statement = select(
            exists().where(Enrollment.candidate_number == number, Enrollment.institution_code == institution_code)
        )
        return bool(await self._session.scalar(statement))

    async def correct(self, kind: RecordKind, enrollment_id: UUID, values: Mapping[str, Any]) -> None:
        """学历 or 学位: who changes it has the version of its 学籍."""
        table = Qualification if kind is RecordKind.QUALIFICATION else Degree
        columns = {DEGREE_COLUMNS.get(name, name): value for name, value in values.items()}
        await self._session.execute(update(table).where(table.enrollment_id == enrollment_id).values(**columns))
