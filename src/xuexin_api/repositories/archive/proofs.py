"""What students say of their own records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.models.archive import Enrollment, EnrollmentChange, RecordPhoto
from xuexin_api.models.proofs import PhotoProof, RecordCheck


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """What decides whether something can be said of a record; `photo` names the graduation photo."""

    id: UUID
    status: str
    expected_graduation_date: date | None
    version: int
    photo: bytes | None


@dataclass(frozen=True, slots=True)
class CheckRow:
    """The last thing that was said of a record."""

    id: UUID
    version: int
    wrong_fields: list[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class PhotoProofRow:
    """The last thing that was said of a graduation photo."""

    id: UUID
    sha256: bytes
    answer: str
    fault: str | None
    created_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None


class ProofRepository:
    """Statements on checks and photo proofs; none changes a record."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get_own(self, enrollment_id: UUID, person_id: UUID) -> OwnRecord | None:
        """The record, if it is this person's."""
        statement = (
            select(
                Enrollment.id,
                Enrollment.status,
                Enrollment.expected_graduation_date,
                Enrollment.version,
                RecordPhoto.sha256,
            )
            .outerjoin(RecordPhoto, and_(RecordPhoto.enrollment_id == Enrollment.id, RecordPhoto.kind == "graduation"))
            .where(Enrollment.id == enrollment_id, Enrollment.person_id == person_id)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else OwnRecord(*row)

    async def add_check(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(RecordCheck).values(**values))

    async def get_last_check(self, enrollment_id: UUID) -> CheckRow | None:
        columns = (RecordCheck.id, RecordCheck.version, RecordCheck.wrong_fields, RecordCheck.at)
        statement = (
            select(*columns)
            .where(RecordCheck.enrollment_id == enrollment_id, said_by_whose_it_is(enrollment_id, RecordCheck.at))
            .order_by(RecordCheck.id.desc())
            .limit(1)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else CheckRow(*row)

    async def add_photo_proof(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(PhotoProof).values(**values))

    async def get_last_photo_proof(self, enrollment_id: UUID, *, confirmed: bool) -> PhotoProofRow | None:
        """What was said last; `confirmed`: of that which counts."""
        statement = (
            select(
                PhotoProof.id,
                PhotoProof.sha256,
                PhotoProof.answer,
                PhotoProof.fault,
                PhotoProof.created_at,
                PhotoProof.expires_at,
                PhotoProof.confirmed_at,
            )
            .where(PhotoProof.enrollment_id == enrollment_id, said_by_whose_it_is(enrollment_id, PhotoProof.created_at))
            .order_by((PhotoProof.confirmed_at if confirmed else PhotoProof.id).desc())
            .limit(1)
        )
        if confirmed:
            statement = statement.where(PhotoProof.confirmed_at.is_not(None))
        row = (await self._session.execute(statement)).first()
        return None if row is None else PhotoProofRow(*row)

    async def confirm_photo_proof(self, proof_id: UUID, enrollment_id: UUID, *, now: datetime) -> bool:
        """Once, in time, and while the photo is the one that was looked at."""
        seen = (
            select(RecordPhoto.sha256)
            .where(RecordPhoto.enrollment_id == enrollment_id, RecordPhoto.kind == "graduation")
            .scalar_subquery()
        )
        statement = (
            update(PhotoProof)
            .where(
                PhotoProof.id == proof_id,
                PhotoProof.enrollment_id == enrollment_id,
                PhotoProof.confirmed_at.is_(None),
                PhotoProof.expires_at > now,
                PhotoProof.sha256 == seen,
                said_by_whose_it_is(enrollment_id, PhotoProof.created_at),
            )
            .values(confirmed_at=now)
            .returning(PhotoProof.id)
        )
        return (await self._session.execute(statement)).first() is not None


def said_by_whose_it_is(
    enrollment_id: UUID | ColumnElement[UUID], at: ColumnElement[datetime] | InstrumentedAttribute[datetime]
) -> ColumnElement[bool]:
    """Whether the record was whose it is when it was said: each grant of it since was undone."""
    step = case((EnrollmentChange.change == "claim_granted", 1), else_=-1)
    handed_over = (
        select(func.coalesce(func.sum(step), 0))
        .where(
            EnrollmentChange.enrollment_id == enrollment_id,
            EnrollmentChange.change.in_(("claim_granted", "claim_undone")),
            EnrollmentChange.at > at,
        )
        .scalar_subquery()
    )
    return handed_over == 0
