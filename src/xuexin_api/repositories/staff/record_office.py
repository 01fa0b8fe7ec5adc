"""Records as their school keeps them: found, changed with a trace, and who looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Result, Uuid, exists, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.archive import (
    Degree,
    Enrollment,
    EnrollmentChange,
    Institution,
    Person,
    Qualification,
    RecordAccess,
    RecordPhoto,
)
from xuexin_api.repositories.archive.archive import (
    CERTIFIED_CHANGE,
    CHANGE,
    RECORD,
    TRANSFERRED_IN,
    concerns,
    photo_until,
)

_KEPT: Final = (
    *RECORD,
    Enrollment.person_id,
    Enrollment.document_type,
    Enrollment.document_key,
    Enrollment.grade,
    Enrollment.registered_year,
    Enrollment.version,
    CERTIFIED_CHANGE,
    TRANSFERRED_IN,
    select(RecordPhoto.sha256)
    .where(RecordPhoto.enrollment_id == Enrollment.id, RecordPhoto.kind == "graduation")
    .correlate(Enrollment)
    .scalar_subquery()
    .label("graduation_photo"),
)
_QUALIFICATION: Final = tuple(
    column
    for column in Qualification.__table__.columns
    if column.name not in {"id", "person_id", "enrollment_id", "published_at"}
)


class RecordOfficeRepository:
    """Statements of registrars. What is added is never changed; the record itself only at the version that was read."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, enrollment_id: UUID) -> Mapping[str, Any] | None:
        """The record, whichever school's."""
        rows = await self._session.execute(
            select(*_KEPT)
            .join_from(Enrollment, Institution, Institution.code == Enrollment.institution_code)
            .where(Enrollment.id == enrollment_id)
        )
        return _first(rows)

    async def is_of(self, enrollment_id: UUID, document_key: bytes) -> bool:
        """Whether the record concerns whom the number is of."""
        statement = select(
            exists().where(Enrollment.id == enrollment_id, Person.id == Enrollment.person_id, concerns(document_key))
        )
        return bool(await self._session.scalar(statement))

    async def get_qualification(self, enrollment_id: UUID) -> Mapping[str, Any] | None:
        """The 学历 of a record: its certificate, and what it says of student and programme."""
        rows = await self._session.execute(select(*_QUALIFICATION).where(Qualification.enrollment_id == enrollment_id))
        return _first(rows)

    async def get_degree(self, enrollment_id: UUID) -> Mapping[str, Any] | None:
        """The 学位 of a record."""
        columns = (Degree.name, Degree.certificate_number, Degree.awarded_on)
        rows = await self._session.execute(select(*columns).where(Degree.enrollment_id == enrollment_id))
        return _first(rows)

    async def list_changes(self, enrollment_id: UUID, *, before_id: UUID, most: int) -> Sequence[Mapping[str, Any]]:
        """Of one record, newest first."""
        statement = (
            select(*CHANGE, photo_until())
            .where(EnrollmentChange.enrollment_id == enrollment_id, EnrollmentChange.id < before_id)
            .order_by(EnrollmentChange.id.desc())
            .limit(most)
        )
        return [dict(row) for row in (await self._session.execute(statement)).mappings()]

    async def change(self, enrollment_id: UUID, version: int, values: Mapping[str, Any], *, now: datetime) -> bool:
        """False when the record is not at this version any more."""
        statement = (
            update(Enrollment)
            .where(Enrollment.id == enrollment_id, Enrollment.version == version)
            .values(**values, version=Enrollment.version + 1, updated_at=now)
            .returning(Enrollment.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def add_change(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(EnrollmentChange).values(**values))

    async def add_qualification(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(Qualification).values(**values))

    async def exchange_qualification(self, enrollment_id: UUID, *, exchanged_on: date) -> None:
        """结业换毕业: the certificate keeps its number."""
        await self._session.execute(
            update(Qualification)
            .where(Qualification.enrollment_id == enrollment_id, Qualification.conclusion == "completed")
            .values(conclusion="graduated", exchanged_on=exchanged_on)
        )

    async def add_degree(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(Degree).values(**values))

    async def add_accesses(
        self, seen: Sequence[tuple[UUID, UUID, UUID]], *, staff_id: UUID, action: str, purpose: str, now: datetime
    ) -> None:
        """Who saw or changed which records: a line (its id, person, record) for each, in one statement."""
        lists = (func.unnest(literal(list(values), ARRAY(Uuid()))) for values in zip(*seen, strict=True))
        columns = ["id", "person_id", "enrollment_id", "staff_id", "action", "purpose", "at"]
        rows = select(*lists, literal(staff_id), literal(action), literal(purpose), literal(now))
        await self._session.execute(insert(RecordAccess).from_select(columns, rows))


def _first(rows: Result[*tuple[Any, ...]]) -> dict[str, Any] | None:
    row = rows.mappings().first()
    return None if row is None else dict(row)
