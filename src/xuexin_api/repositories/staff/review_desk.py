"""What the review desk asks of cases: the queue, assignments, and who has to do with a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, exists, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.models.accounts import Account
from xuexin_api.models.archive import Enrollment, Institution, Person
from xuexin_api.models.cases import CaseDecision, CaseHolder, IdentityCase, Vouching
from xuexin_api.models.staff import Staff
from xuexin_api.repositories.identity.cases import WAITS_FOR_PEOPLE

_RECORDS_AT_MOST: Final = 20
_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    IdentityCase.id,
    IdentityCase.state,
    IdentityCase.strength,
    IdentityCase.queued_at,
    IdentityCase.reviewers,
    IdentityCase.approvals,
    IdentityCase.assigned_to,
    IdentityCase.assigned_at,
)


@dataclass(frozen=True, slots=True)
class QueuedCase:
    """A case in the queue."""

    id: UUID
    state: str
    strength: str | None
    queued_at: datetime
    reviewers: int
    approvals: int
    assigned_to: UUID | None
    assigned_at: datetime | None


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A record with the claimed document, as the school registered it."""

    id: UUID
    person_id: UUID
    name: str
    sex: str
    birth_date: date
    institution_name: str
    programme_name: str
    admission_date: date


class ReviewDeskRepository:
    """Statements for reviewers."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_queue(self, *, after: UUID | None, most: int) -> list[QueuedCase]:
        """Longest waiting first; `after` is the last of the page before.

        One that left the queue meanwhile has no place in it: then the list begins anew, and nothing is passed over.
        """
        statement = self._queue()
        order = (IdentityCase.queued_at, IdentityCase.id)
        if after is not None and (last := await self.get_queued(after)) is not None:
            statement = statement.where(tuple_(*order) > tuple_(last.queued_at, last.id))
        rows = await self._session.execute(statement.order_by(*order).limit(most))
        return [QueuedCase(*row) for row in rows]

    async def get_queued(self, case_id: UUID) -> QueuedCase | None:
        row = (await self._session.execute(self._queue().where(IdentityCase.id == case_id))).first()
        return None if row is None else QueuedCase(*row)

    @staticmethod
    def _queue() -> Select[*tuple[Any, ...]]:
        return select(*_COLUMNS).where(WAITS_FOR_PEOPLE)

    async def assign(self, case_id: UUID, staff_id: UUID, *, lapsed: datetime, now: datetime) -> bool:
        """The case is theirs; False while it is another's."""
        free = or_(
            IdentityCase.assigned_to.is_(None),
            IdentityCase.assigned_to == staff_id,
            IdentityCase.assigned_at <= lapsed,
        )
        statement = (
            update(IdentityCase)
            .where(IdentityCase.id == case_id, free)
            .values(assigned_to=staff_id, assigned_at=now)
            .returning(IdentityCase.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def release(self, case_id: UUID, staff_id: UUID) -> bool:
        """The case is nobody's; False where it is not theirs (any more), or waits for nobody."""
        statement = (
            update(IdentityCase)
            .where(IdentityCase.id == case_id, WAITS_FOR_PEOPLE, IdentityCase.assigned_to == staff_id)
            .values(assigned_to=None, assigned_at=None)
            .returning(IdentityCase.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def is_involved(self, case_id: UUID, staff_id: UUID) -> bool:
        """Whether the case has to do with the member: by document or phone of anybody in it.

        Whoever has the document, or is its person, is in it before they are told.
        """
        holders = select(CaseHolder.account_id).where(CaseHolder.case_id == case_id)
        vouchers = select(Vouching.account_id).where(Vouching.case_id == case_id, Vouching.account_id.is_not(None))
        person = select(Person.id).where(Person.document_key == IdentityCase.document_key)
        in_it = or_(
            Account.document_key == IdentityCase.document_key,
            Account.person_id.in_(person),
            Account.id.in_(holders),
            Account.id.in_(vouchers),
        )
        same_account = exists().where(
            in_it, or_(Account.document_key == Staff.document_key, Account.phone_key == Staff.phone_key)
        )
        asked = exists().where(Vouching.case_id == case_id, Vouching.phone_key == Staff.phone_key)
        statement = select(Staff.id).where(
            Staff.id == staff_id,
            IdentityCase.id == case_id,
            or_(IdentityCase.document_key == Staff.document_key, same_account, asked),
        )
        return await self._session.scalar(statement) is not None

    async def has_decided(self, case_id: UUID, staff_id: UUID, *, since: int) -> bool:
        """Whether the member has decided in the case, in this round of it or a later one."""
        statement = select(CaseDecision.case_id).where(
            CaseDecision.case_id == case_id, CaseDecision.staff_id == staff_id, CaseDecision.round >= since
        )
        return await self._session.scalar(statement.limit(1)) is not None

    async def add_decision(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(CaseDecision).values(**values))

    async def list_records(self, document_key: bytes) -> list[RecordLine]:
        statement = (
            select(
                Enrollment.id,
                Enrollment.person_id,
                Enrollment.name,
                Enrollment.sex,
                Enrollment.birth_date,
                Institution.name,
                Enrollment.programme_name,
                Enrollment.admission_date,
            )
            .join(Person, Person.id == Enrollment.person_id)
            .join(Institution, Institution.code == Enrollment.institution_code)
            .where(Person.document_key == document_key)
            .order_by(Enrollment.admission_date)
            .limit(_RECORDS_AT_MOST)
        )
        return [RecordLine(*row) for row in await self._session.execute(statement)]
