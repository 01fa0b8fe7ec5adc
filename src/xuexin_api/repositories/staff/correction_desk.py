"""What the desks ask of corrections: the lists, assignments, whom one has to do with, and what one changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.corrected_fields import DEGREE_COLUMNS
from xuexin_api.core.corrections import HOLDERS, CorrectionState, RecordKind
from xuexin_api.models.accounts import Account
from xuexin_api.models.archive import Degree, Enrollment, Qualification
from xuexin_api.models.corrections import CorrectionEvent, RecordCorrection
from xuexin_api.models.staff import Staff
from xuexin_api.repositories.archive.corrections import CORRECTION, CorrectionRow
from xuexin_api.repositories.archive.institutions import in_province
from xuexin_api.repositories.staff.staff import StaffRow


def _reached_by(member: StaffRow) -> ColumnElement[bool]:
    if member.province is not None:
        return and_(
            in_province(RecordCorrection.institution_code, member.province), RecordCorrection.forwarded_at.is_not(None)
        )
    return RecordCorrection.institution_code == member.institution_code


class CorrectionDeskRepository:
    """Statements for registrars and provinces."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_in_states(
        self, member: StaffRow, states: Collection[CorrectionState], *, after: UUID | None, most: int
    ) -> list[CorrectionRow]:
        """What waits for somebody, the next to be over first; what has ended, newest first. Not some of either.

        `after` is the last of the page before. One that left the list meanwhile has no place in it: then the list
        begins anew, and nothing is passed over.
        """
        waits = HOLDERS.keys() >= set(states)
        # Written out, as the index of provinces has them.
        among: BindParameter[Any] = bindparam("states", list(states), expanding=True, literal_execute=True)
        listed = (
            RecordCorrection.state.in_(among),
            RecordCorrection.due_at.is_not(None) if waits else RecordCorrection.due_at.is_(None),
        )
        since = RecordCorrection.due_at if waits else RecordCorrection.held_since
        order = (since, RecordCorrection.id)
        statement = CORRECTION.where(_reached_by(member), *listed)
        if after is not None:
            last = await self._session.execute(select(*order).where(RecordCorrection.id == after, *listed))
            if (place := last.first()) is not None:
                statement = statement.where(
                    tuple_(*order) > tuple_(*place) if waits else tuple_(*order) < tuple_(*place)
                )
        ordered = statement.order_by(*(order if waits else (column.desc() for column in order)))
        return [CorrectionRow(*row) for row in await self._session.execute(ordered.limit(most))]

    async def assign(
        self, row: CorrectionRow, state: CorrectionState, staff_id: UUID, *, lapsed: datetime, now: datetime
    ) -> bool:
        """It is theirs, and no news to the office any more; False while it is another's, or when it has moved."""
        free = or_(
            RecordCorrection.assigned_to.is_(None),
            RecordCorrection.assigned_to == staff_id,
            RecordCorrection.assigned_at <= lapsed,
        )
        statement = (
            update(RecordCorrection)
            .where(RecordCorrection.id == row.id, RecordCorrection.state == row.state, free)
            .values(state=state, assigned_to=staff_id, assigned_at=now, untold_since=None)
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
