"""Lists of graduates: the records they are about, and what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import false, func, insert, or_, select, tuple_, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.archive import (
    Degree,
    Enrollment,
    EnrollmentChange,
    Person,
    Qualification,
    RecordPhoto,
    RosterImport,
)
from xuexin_api.repositories.archive.archive import CERTIFIED_CHANGE, TRANSFERRED_IN, concerns


class GraduateRepository:
    """As many rows at once as a batch has."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_institution(self, institution_code: str) -> None:
        """Until the transaction ends no other roster or list of it is published."""
        await self._session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"roster {institution_code}"))))

    async def add_import(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(RosterImport).values(**values))

    async def complete_import(self, import_id: UUID, facts: Mapping[str, Any]) -> None:
        await self._session.execute(update(RosterImport).where(RosterImport.id == import_id).values(**facts))

    async def list_records(
        self, keys: Collection[tuple[str, str]], own_keys: Collection[bytes]
    ) -> list[dict[str, Any]]:
        """The records of these schools and student numbers, locked, each with its certificates and photo.

        `own` are those that concern whom the numbers `own_keys` are of.
        """
        photo = (
            select(func.count())
            .where(RecordPhoto.enrollment_id == Enrollment.id, RecordPhoto.kind == "graduation")
            .correlate(Enrollment)
            .scalar_subquery()
        )
        statement = (
            select(
                *Enrollment.__table__.columns,
                CERTIFIED_CHANGE,
                TRANSFERRED_IN,
                photo.label("photos"),
                Qualification.certificate_number,
                Qualification.president_name,
                Degree.name.label("degree_name"),
                Degree.certificate_number.label("degree_number"),
                or_(false(), *map(concerns, own_keys)).label("own"),
            )
            .join_from(Enrollment, Person, Person.id == Enrollment.person_id)
            .outerjoin(Qualification, Qualification.enrollment_id == Enrollment.id)
            .outerjoin(Degree, Degree.enrollment_id == Enrollment.id)
            .where(tuple_(Enrollment.institution_code, Enrollment.student_number).in_(list(keys)))
            .order_by(Enrollment.id)
            .with_for_update(of=Enrollment)
        )
        return [dict(row) for row in (await self._session.execute(statement)).mappings()]

    async def list_taken(self, numbers: Collection[str]) -> set[str]:
        """Those of these certificate numbers, of 学历 or 学位, that are registered."""
        statement = union_all(
            select(Qualification.certificate_number).where(Qualification.certificate_number.in_(list(numbers))),
            select(Degree.certificate_number).where(Degree.certificate_number.in_(list(numbers))),
        )
        return set((await self._session.execute(statement)).scalars())

    async def change(self, enrollment_id: UUID, values: Mapping[str, Any], *, now: datetime) -> None:
        """The record is locked by who read it."""
        await self._session.execute(
            update(Enrollment)
            .where(Enrollment.id == enrollment_id)
            .values(**values, version=Enrollment.version + 1, updated_at=now)
        )

    async def add_changes(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._session.execute(insert(EnrollmentChange), list(rows))

    async def add_qualifications(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._session.execute(insert(Qualification), list(rows))

    async def add_degrees(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._session.execute(insert(Degree), list(rows))
