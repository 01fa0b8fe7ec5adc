"""Photos of records: found by candidate number, one of each kind per record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.archive import Enrollment, EnrollmentChange, Qualification, RecordPhoto

_WHICH_PHOTOS: Final = "photos of records"


@dataclass(frozen=True, slots=True)
class PhotoPlace:
    """A record that a photo belongs to, and the photo it has now."""

    candidate_number: str | None
    enrollment_id: UUID
    institution_code: str
    person_id: UUID
    sha256: bytes | None
    object_key: str | None


@dataclass(frozen=True, slots=True)
class PresentPhoto:
    """A photo of a record: where it lies sealed, and when it came."""

    enrollment_id: UUID
    kind: str
    object_key: str
    sha256: bytes
    byte_size: int
    imported_at: datetime


class RecordPhotoRepository:
    """Statements on photos."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_places(
        self, candidate_numbers: Sequence[str], kind: str, institution_code: str | None = None
    ) -> list[PhotoPlace]:
        """The records with one of these candidate numbers (of one institution, or of any); few more than photos."""
        statement = (
            select(
                Enrollment.candidate_number,
                Enrollment.id,
                Enrollment.institution_code,
                Enrollment.person_id,
                RecordPhoto.sha256,
                RecordPhoto.object_key,
            )
            .outerjoin(RecordPhoto, and_(RecordPhoto.enrollment_id == Enrollment.id, RecordPhoto.kind == kind))
            .where(Enrollment.candidate_number.in_(candidate_numbers))
            .limit(20 * len(candidate_numbers))
        )
        if institution_code is not None:
            statement = statement.where(Enrollment.institution_code == institution_code)
        return [PhotoPlace(*row) for row in await self._session.execute(statement)]

    async def lock(self) -> None:
        """Nobody else changes which photos records have until this transaction ends; before any record is locked."""
        await self._session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(_WHICH_PHOTOS, 0))))

    async def get(self, enrollment_id: UUID, kind: str) -> Mapping[str, Any] | None:
        """The photo of a record, and whose the record is."""
        columns = (RecordPhoto.object_key, RecordPhoto.sha256, RecordPhoto.byte_size, RecordPhoto.imported_at)
        statement = (
            select(*columns, Enrollment.person_id)
            .join(Enrollment, Enrollment.id == RecordPhoto.enrollment_id)
            .where(RecordPhoto.enrollment_id == enrollment_id, RecordPhoto.kind == kind)
        )
        row = (await self._session.execute(statement)).mappings().first()
        return None if row is None else dict(row)

    async def list_for_record(self, enrollment_id: UUID) -> list[Mapping[str, Any]]:
        """Which photos a record has, since when: one of each kind at most."""
        columns = (RecordPhoto.kind, RecordPhoto.sha256, RecordPhoto.imported_at)
        statement = select(*columns).where(RecordPhoto.enrollment_id == enrollment_id).order_by(RecordPhoto.kind)
        return [dict(row) for row in (await self._session.execute(statement)).mappings()]

    async def list_uncertified(self, enrollment_id: UUID, *, since: datetime | None) -> list[PresentPhoto]:
        """Photos of a record that came since then, or ever, without one that a certificate bears."""
        certified = and_(
            RecordPhoto.kind == "graduation", exists().where(Qualification.enrollment_id == RecordPhoto.enrollment_id)
        )
        statement = select(*(getattr(RecordPhoto, name) for name in PresentPhoto.__slots__)).where(
            RecordPhoto.enrollment_id == enrollment_id, ~certified
        )
        if since is not None:
            statement = statement.where(RecordPhoto.imported_at >= since)
        return [PresentPhoto(*row) for row in await self._session.execute(statement.order_by(RecordPhoto.kind))]

    async def get_digest_at(self, enrollment_id: UUID, kind: str, moment: datetime) -> bytes | None:
        """Of what the record had then, as its history says: what the first photo since took the place of."""
        field = f"{kind}_photo"
        statement = (
            select(EnrollmentChange.before[field].astext)
            .where(
                EnrollmentChange.enrollment_id == enrollment_id,
                EnrollmentChange.at >= moment,
                EnrollmentChange.after.has_key(field),
            )
            .order_by(EnrollmentChange.at, EnrollmentChange.id)
            .limit(1)
        )
        first = (await self._session.execute(statement)).first()
        if first is not None:
            return None if first[0] is None else bytes.fromhex(first[0])
        found: bytes | None = await self._session.scalar(
            select(RecordPhoto.sha256).where(
                RecordPhoto.enrollment_id == enrollment_id, RecordPhoto.kind == kind, RecordPhoto.imported_at < moment
            )
        )
        return found

    async def put_back(self, photo: PresentPhoto) -> None:
        """In the place of the one that the record has now."""
        await self._session.execute(
            update(RecordPhoto)
            .where(RecordPhoto.enrollment_id == photo.enrollment_id, RecordPhoto.kind == photo.kind)
            .values({name: getattr(photo, name) for name in PresentPhoto.__slots__})
        )

    async def delete(self, enrollment_id: UUID, kind: str) -> None:
        await self._session.execute(
            delete(RecordPhoto).where(RecordPhoto.enrollment_id == enrollment_id, RecordPhoto.kind == kind)
        )
