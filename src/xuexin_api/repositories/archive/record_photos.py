"""Photos of records: found by candidate number, one of each kind per record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.archive import Enrollment, RecordPhoto

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
