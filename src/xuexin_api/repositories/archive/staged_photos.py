"""Photos of an import: judged and stored, until they hang on records or are erased."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, delete, exists, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.entropy import uuid7
from xuexin_api.core.imports import OPEN
from xuexin_api.core.policies import RecordPolicy
from xuexin_api.models.archive import Enrollment, Person, Qualification, RecordPhoto, RosterImport
from xuexin_api.models.imports import ImportJob, StagedPhoto
from xuexin_api.repositories.archive.archive import concerns

# Why a photo that was judged belongs to its record no more; null where it does.
_UNFIT: Final = """
CASE WHEN p.candidate_number <> e.candidate_number OR p.candidate_number IS NOT NULL AND e.candidate_number IS NULL
     THEN 'photo_number_changed'
     WHEN p.person_id <> e.person_id THEN 'photo_record_changed_hands' END
"""
# A photo that the record has already is none that comes: nothing is told, and it is erased with its row. A line of the
# history is born when it is written; what else its id says is the staged row's. What a record had before is kept beside
# that line; of those from before, the oldest beyond the bound fall due (the statement does not see its own row yet).
_HANG: Final = """
WITH judged AS MATERIALIZED (
    SELECT p.id, p.enrollment_id, p.object_key, p.sha256, p.byte_size, {unfit} AS unfit
    FROM staged_photos p JOIN enrollments e ON e.id = p.enrollment_id
    WHERE {which}
), brought AS MATERIALIZED (
    SELECT p.id, p.enrollment_id, p.object_key, p.sha256, p.byte_size,
           r.object_key AS former_key, r.sha256 AS former_sha256,
           r.byte_size AS former_size, r.imported_at AS former_at,
           encode(substr(uuid_send(CAST(:born AS uuid)), 1, 6) || substr(uuid_send(p.id), 7), 'hex')::uuid AS change_id
    FROM judged p LEFT JOIN record_photos r ON r.enrollment_id = p.enrollment_id AND r.kind = :kind
    WHERE p.unfit IS NULL AND p.object_key IS NOT NULL AND r.sha256 IS DISTINCT FROM p.sha256
), hung AS (
    INSERT INTO record_photos (enrollment_id, kind, object_key, sha256, byte_size, imported_at)
    SELECT enrollment_id, :kind, object_key, sha256, byte_size, :now FROM brought
    ON CONFLICT (enrollment_id, kind) DO UPDATE SET
        object_key = excluded.object_key, sha256 = excluded.sha256,
        byte_size = excluded.byte_size, imported_at = excluded.imported_at
), told AS (
    INSERT INTO enrollment_changes (id, enrollment_id, change, roster_import_id, staff_id, reason, before, after, at)
    SELECT change_id, enrollment_id, 'photo', CAST(:import_id AS uuid), CAST(:staff_id AS uuid), CAST(:reason AS text),
           jsonb_build_object(CAST(:field AS text), encode(former_sha256, 'hex')),
           jsonb_build_object(CAST(:field AS text), encode(sha256, 'hex')), :now
    FROM brought
), kept AS (
    INSERT INTO earlier_photos
        (change_id, enrollment_id, kind, object_key, sha256, byte_size, imported_at, kept_until)
    SELECT change_id, enrollment_id, :kind, former_key, former_sha256, former_size, former_at, :kept_until
    FROM brought WHERE former_key IS NOT NULL
), beyond AS (
    UPDATE earlier_photos SET kept_until = :now
    WHERE change_id IN (
        SELECT one.change_id FROM brought b CROSS JOIN LATERAL (
            SELECT k.change_id FROM earlier_photos k
            WHERE k.enrollment_id = b.enrollment_id AND k.kind = :kind AND k.kept_until > :now
            ORDER BY k.change_id DESC OFFSET :others
        ) one
        WHERE b.former_key IS NOT NULL
    )
), done AS (
    DELETE FROM staged_photos p USING brought b WHERE p.id = b.id
)
SELECT id, unfit FROM judged WHERE unfit IS NOT NULL
"""
_HANG_IMPORT: Final = text(
    _HANG.format(
        unfit=_UNFIT,
        which="p.import_id = :job_id AND p.outcome <> 'rejected' AND e.institution_code = :institution_code",
    )
)
_HANG_SOME: Final = text(_HANG.format(unfit=_UNFIT, which="p.id = ANY(CAST(:ids AS uuid[]))"))
_REJECT: Final = """
UPDATE staged_photos p SET outcome = 'rejected', code = {unfit}, params = '{{}}'
FROM enrollments e
WHERE e.id = p.enrollment_id AND p.import_id = :job_id AND p.outcome <> 'rejected' AND {unfit} IS NOT NULL
"""
_REJECT_UNFIT: Final = text(_REJECT.format(unfit=_UNFIT))


@dataclass(frozen=True, slots=True)
class PhotoChange:
    """What the histories say of photos that come: which import brought them, or which member of staff why.

    And how long what they replace is kept.
    """

    kind: str
    born: UUID
    at: datetime
    policy: RecordPolicy
    import_id: UUID | None = None
    staff_id: UUID | None = None
    reason: str | None = None

    def values(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in ("kind", "born", "import_id", "staff_id", "reason")}
        kept_until = self.at + timedelta(seconds=self.policy.earlier_photo_kept)
        bounds = {"kept_until": kept_until, "others": self.policy.earlier_photos - 1}
        return told | bounds | {"field": f"{self.kind}_photo", "now": self.at}


class UnfitPhoto(NamedTuple):
    """A staged photo that belongs to its record no more, and why."""

    id: UUID
    code: str


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

    async def reject_unfit(self, import_id: UUID) -> None:
        """Photos of numbers that are not their records' any more, or of records that are other persons' by now."""
        await self._session.execute(_REJECT_UNFIT, {"job_id": import_id})

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

    async def hold_records(self, import_id: UUID) -> None:
        """Nobody certifies a record that one of these photos is for until this transaction ends."""
        of_photos = select(StagedPhoto.enrollment_id).where(
            StagedPhoto.import_id == import_id, StagedPhoto.object_key.is_not(None), StagedPhoto.outcome != "rejected"
        )
        held = select(Enrollment.id).where(Enrollment.id.in_(of_photos)).order_by(Enrollment.id)
        await self._session.execute(select(func.count()).select_from(held.with_for_update(key_share=True).subquery()))

    async def reject_certified(self, import_id: UUID, *, frozen_year: int | None) -> bool:
        """Graduation photos in the place of one that a certificate bears, or will bear once it is published.

        Whether there were any that nothing else is wrong with.
        """
        has_one = exists().where(
            RecordPhoto.enrollment_id == StagedPhoto.enrollment_id, RecordPhoto.kind == "graduation"
        )
        published = exists().where(Qualification.enrollment_id == StagedPhoto.enrollment_id)
        frozen = exists().where(
            Enrollment.id == StagedPhoto.enrollment_id,
            func.extract("year", Enrollment.expected_graduation_date) == frozen_year,
        )
        rejected = await self._session.execute(
            update(StagedPhoto)
            .where(
                StagedPhoto.import_id == import_id,
                StagedPhoto.object_key.is_not(None),
                StagedPhoto.outcome != "rejected",
                has_one,
                published if frozen_year is None else or_(published, frozen),
            )
            .values(outcome="rejected", code="photo_certified", params={})
            .returning(StagedPhoto.id)
        )
        return rejected.first() is not None

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
            .ext(distinct_on(StagedPhoto.place))
            .where(StagedPhoto.import_id == import_id, StagedPhoto.outcome == "rejected")
            .order_by(StagedPhoto.place, StagedPhoto.id)
        )
        async for place, code, params in await self._session.stream(statement):
            yield RejectedPlace(place, code or "", params or {})

    async def note_import(self, values: Mapping[str, Any]) -> None:
        """What is published by it: a new one, or how far one is."""
        new = upsert(RosterImport).values(**values)
        told = [name for name in values if name.startswith("rows_") or name in {"published_at", "institution_codes"}]
        await self._session.execute(
            new.on_conflict_do_update(index_elements=["id"], set_={name: new.excluded[name] for name in told})
        )

    async def hang_import(self, job_id: UUID, change: PhotoChange, *, institution_code: str) -> list[UnfitPhoto]:
        """Hang what is staged on the records that are still the institution's, with a line in the history of each.

        What they replace is kept for a while. Whoever hangs photos has locked them (RecordPhotoRepository.lock). What
        belongs to its record no more is not hung.
        """
        return await self._hang(_HANG_IMPORT, change, job_id=job_id, institution_code=institution_code)

    async def hang_some(self, ids: Sequence[UUID], change: PhotoChange) -> list[UnfitPhoto]:
        """The same with these, whichever school's."""
        return await self._hang(_HANG_SOME, change, ids=list(ids))

    async def _hang(self, statement: TextClause, change: PhotoChange, **which: Any) -> list[UnfitPhoto]:
        return [UnfitPhoto(*row) for row in await self._session.execute(statement, change.values() | which)]

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
