"""Photos of an import: judged and stored, until they hang on records or are erased."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.entropy import uuid7
from xuexin_api.core.imports import OPEN
from xuexin_api.models.archive import Enrollment, Person, Qualification, RecordPhoto
from xuexin_api.models.imports import ImportJob, StagedPhoto
from xuexin_api.repositories.archive.archive import concerns

# What a record had before takes the place of what it has now, as nobody's: it is erased with its row.
_PUBLISH: Final = text("""
WITH staged AS (
    SELECT p.id, p.enrollment_id, p.object_key, p.sha256, p.byte_size
    FROM staged_photos p JOIN enrollments e ON e.id = p.enrollment_id
    WHERE p.import_id = :import_id AND p.object_key IS NOT NULL AND p.outcome <> 'rejected'
      AND e.institution_code = :institution_code
), replaced AS (
    SELECT s.id, r.object_key FROM staged s JOIN record_photos r ON r.enrollment_id = s.enrollment_id AND r.kind = :kind
), hung AS (
    INSERT INTO record_photos (enrollment_id, kind, object_key, sha256, byte_size, imported_at)
    SELECT enrollment_id, :kind, object_key, sha256, byte_size, :now FROM staged
    ON CONFLICT (enrollment_id, kind) DO UPDATE SET
        object_key = excluded.object_key, sha256 = excluded.sha256,
        byte_size = excluded.byte_size, imported_at = excluded.imported_at
), outdated AS (
    UPDATE staged_photos p SET import_id = NULL, object_key = r.object_key FROM replaced r WHERE p.id = r.id
    RETURNING p.id
), done AS (
    DELETE FROM staged_photos p USING staged s
    WHERE p.id = s.id AND NOT EXISTS (SELECT FROM replaced r WHERE r.id = s.id)
)
SELECT id FROM outdated
""")
_PUBLICATION: Final = "photos of records"


class RejectedPlace(NamedTuple):
    """Which file of the archive breaks which rule."""

    place: int
    code: str
    params: dict[str, Any]


class StagedPhotoRepository:
    """Statements on staged photos."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._session.execute(insert(StagedPhoto), list(rows))

    async def abandon_from(self, import_id: UUID, place: int) -> None:
        """What was staged of this file and those behind it is nobody's."""
        mine = (StagedPhoto.import_id == import_id, StagedPhoto.place >= place)
        await self._session.execute(update(StagedPhoto).where(*mine).values(import_id=None))

    async def reject_own(self, import_id: UUID, document_keys: Collection[bytes]) -> None:
        """Photos of whom one of these numbers is of. What they stored goes when the import has ended."""
        await self._session.execute(
            update(StagedPhoto)
            .where(
                StagedPhoto.import_id == import_id,
                Enrollment.id == StagedPhoto.enrollment_id,
                Person.id == Enrollment.person_id,
                or_(*map(concerns, document_keys)),
            )
            .values(outcome="rejected", code="row_about_yourself", params={})
        )

    async def reject_certified(self, import_id: UUID, *, frozen_year: int | None) -> None:
        """Graduation photos in the place of one that a certificate bears, or will bear once it is published."""
        has_one = exists().where(
            RecordPhoto.enrollment_id == StagedPhoto.enrollment_id, RecordPhoto.kind == "graduation"
        )
        published = exists().where(Qualification.enrollment_id == StagedPhoto.enrollment_id)
        frozen = exists().where(
            Enrollment.id == StagedPhoto.enrollment_id,
            func.extract("year", Enrollment.expected_graduation_date) == frozen_year,
        )
        await self._session.execute(
            update(StagedPhoto)
            .where(
                StagedPhoto.import_id == import_id,
                StagedPhoto.object_key.is_not(None),
                has_one,
                published if frozen_year is None else or_(published, frozen),
            )
            .values(outcome="rejected", code="photo_certified", params={})
        )

    async def count_outcomes(self, import_id: UUID) -> dict[str, int]:
        statement = (
            select(StagedPhoto.outcome, func.count())
            .where(StagedPhoto.import_id == import_id)
            .group_by(StagedPhoto.outcome)
        )
        return {row.outcome: row[1] for row in await self._session.execute(statement)}

    async def list_rejected(self, import_id: UUID) -> AsyncIterator[RejectedPlace]:
        """In the order of the archive, a few at a time."""
        statement = (
            select(StagedPhoto.place, StagedPhoto.code, StagedPhoto.params)
            .where(StagedPhoto.import_id == import_id, StagedPhoto.outcome == "rejected")
            .order_by(StagedPhoto.place)
        )
        async for place, code, params in await self._session.stream(statement):
            yield RejectedPlace(place, code or "", params or {})

    async def publish(self, import_id: UUID, *, institution_code: str, kind: str, now: datetime) -> list[UUID]:
        """Hang what is staged on the records that are still the institution's; the ids of what they had before."""
        await self._session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(_PUBLICATION, 0))))
        values = {"import_id": import_id, "institution_code": institution_code, "kind": kind, "now": now}
        return list(await self._session.scalars(_PUBLISH, values))

    async def list_by_id(self, ids: Sequence[UUID]) -> list[tuple[UUID, str | None]]:
        """Their objects."""
        statement = select(StagedPhoto.id, StagedPhoto.object_key).where(StagedPhoto.id.in_(ids))
        return [(one, key) for one, key in await self._session.execute(statement)]

    async def list_erasable(
        self, *, import_id: UUID | None = None, born_before: datetime, after: UUID, most: int
    ) -> list[tuple[UUID, str | None]]:
        """What no import has any more that could publish it, of one import or of any, by id."""
        statement = (
            select(StagedPhoto.id, StagedPhoto.object_key)
            .outerjoin(ImportJob)
            .where(
                or_(StagedPhoto.import_id.is_(None), ImportJob.state.not_in(OPEN)),
                StagedPhoto.id < uuid7(int(born_before.timestamp() * 1000), bytes(10)),
                StagedPhoto.id > after,
            )
            .order_by(StagedPhoto.id)
            .limit(most)
        )
        if import_id is not None:
            statement = statement.where(StagedPhoto.import_id == import_id)
        return [(one, key) for one, key in await self._session.execute(statement)]

    async def delete(self, ids: Sequence[UUID]) -> None:
        await self._session.execute(delete(StagedPhoto).where(StagedPhoto.id.in_(ids)))
