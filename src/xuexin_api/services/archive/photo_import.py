"""Archive photos from a school: checked, sealed, stored, and hung on the records of their candidate number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.archive_photos import ArchivePhoto, photo_key
from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.policies import RecordPolicy
from xuexin_api.core.roster_cells import is_candidate_number
from xuexin_api.gateways.photo_archive import PhotoFile
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.archive.record_photos import PhotoPlace, RecordPhotoRepository
from xuexin_api.repositories.archive.staged_photos import PhotoChange, StagedPhotoRepository
from xuexin_api.services.archive.photo_checking import PhotoChecking
from xuexin_api.services.base import Service

_BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class RejectedPhoto:
    """A file that was not taken, and the rule it breaks."""

    name: str
    code: str
    params: dict[str, Any]


@dataclass(slots=True)
class PhotoReport:
    """What became of the files."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class _CheckedPhoto:
    file: PhotoFile
    facts: ArchivePhoto


@dataclass(slots=True)
class _Run:
    """What the histories will point to, and how far it is."""

    import_id: UUID
    file_name: str
    kind: str
    began: datetime
    report: PhotoReport
    schools: set[str]


def import_values(
    import_id: UUID, report: PhotoReport, *, kind: str, file_name: str, schools: Iterable[str], now: datetime
) -> dict[str, Any]:
    """An archive of photos as it is told beside the rosters that were published."""
    return {
        "id": import_id,
        "file_name": file_name,
        "started_at": now,
        "published_at": now,
        "rows_read": report.added + report.replaced + report.unchanged + report.rejected,
        "rows_added": report.added,
        "rows_changed": report.replaced,
        "rows_unchanged": report.unchanged,
        "rows_rejected": report.rejected,
        "institution_codes": sorted(schools),
        "photo_kind": kind,
    }


def places_by_number(places: Iterable[PhotoPlace]) -> dict[str, list[PhotoPlace]]:
    """The records of each candidate number."""
    found: dict[str, list[PhotoPlace]] = defaultdict(list)
    for place in places:
        found[place.candidate_number or ""].append(place)
    return found


def require_one_person(places: Sequence[PhotoPlace]) -> Sequence[PhotoPlace]:
    """The records of a photo: some, and all of one person."""
    if not places:
        raise BrokenRuleError("photo_without_record")
    if len({place.person_id for place in places}) > 1:
        raise BrokenRuleError("photo_ambiguous")
    return places


class PhotoImportService(Service):
    """Run twice, nothing changes; stopped, what was taken stays and the rest is taken next time.

    What it replaces is told in the histories as an operator's import: nobody's who sent it is known.
    """

    def __init__(
        self,
        *,
        session: AsyncSession,
        staged: StagedPhotoRepository,
        photos: RecordPhotoRepository,
        store: PhotoStore,
        checking: PhotoChecking,
        policy: RecordPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._staged = staged
        self._photos = photos
        self._store = store
        self._checking = checking
        self._policy = policy
        self._entropy = entropy

    async def run(
        self,
        files: Iterable[PhotoFile],
        *,
        kind: str,
        file_name: str,
        rejected: Callable[[RejectedPhoto], None],
        progress: Callable[[int], None] = lambda _: None,
    ) -> PhotoReport:
        """Take the files in batches; each rejected one is told at once and does not stop the others."""
        report = PhotoReport()
        run = _Run(self._entropy.identifier(), file_name, kind, self._clock.now(), report, set())
        batch: dict[str, _CheckedPhoto] = {}
        # Of the whole run: a later photo of the same number would replace the first, and at each run anew.
        taken: set[str] = set()

        def reject(file: PhotoFile, code: str, params: dict[str, object] | None = None) -> None:
            report.rejected += 1
            rejected(RejectedPhoto(file.name, code, params or {}))

        looked_at = 0
        for looked_at, file in enumerate(files, start=1):
            if looked_at % _BATCH == 0:
                progress(looked_at)
            if not is_candidate_number(file.candidate_number):
                reject(file, "photo_name_malformed")
                continue
            try:
                checked = _CheckedPhoto(file, await self._checking.check(file.data))
            except BrokenRuleError as broken:
                reject(file, broken.code, broken.params)
                continue
            if file.candidate_number in taken:
                reject(file, "photo_repeated")
                continue
            taken.add(file.candidate_number)
            batch[file.candidate_number] = checked
            if len(batch) == _BATCH:
                await self._take(batch, run, reject)
                batch = {}
        if batch:
            await self._take(batch, run, reject)
        if run.schools:
            async with self._transaction():
                await self._note(run)
        progress(looked_at)
        return report

    async def _take(self, batch: dict[str, _CheckedPhoto], run: _Run, reject: Callable[[PhotoFile, str], None]) -> None:
        async with self._read():
            by_number = places_by_number(await self._photos.list_places(list(batch), run.kind))
        rows: list[dict[str, Any]] = []
        files: dict[UUID, PhotoFile] = {}
        objects: dict[str, bytes] = {}
        for number, photo in batch.items():
            try:
                places = require_one_person(by_number[number])
            except BrokenRuleError as broken:
                reject(photo.file, broken.code)
                continue
            for place in places:
                if place.sha256 == photo.facts.sha256:
                    run.report.unchanged += 1
                    continue
                row = self._row(place, photo, run)
                rows.append(row)
                files[row["id"]] = photo.file
                objects[row["object_key"]] = photo.file.data
        if not rows:
            return
        # A row is there before its object: stopped in between, it is nobody's, and both are erased.
        async with self._transaction():
            await self._staged.add(rows)
        for key, data in objects.items():
            await self._store.put(key, data)
        async with self._transaction():
            await self._photos.lock()
            change = PhotoChange(
                run.kind, self._entropy.identifier(), self._clock.now(), self._policy, import_id=run.import_id
            )
            await self._note(run)
            unfit = await self._staged.hang_some(list(files), change)
        outcomes = {row["id"]: row["outcome"] for row in rows}
        for one in unfit:
            _count(run.report, outcomes[one.id], -1)
            reject(files[one.id], one.code)

    def _row(self, place: PhotoPlace, photo: _CheckedPhoto, run: _Run) -> dict[str, Any]:
        photo_id = self._entropy.identifier()
        run.schools.add(place.institution_code)
        outcome = "added" if place.object_key is None else "replaced"
        _count(run.report, outcome, 1)
        return {
            "id": photo_id,
            "place": 0,
            "outcome": outcome,
            "enrollment_id": place.enrollment_id,
            "candidate_number": place.candidate_number,
            "person_id": place.person_id,
            "object_key": photo_key(place.enrollment_id, run.kind, photo_id),
            "sha256": photo.facts.sha256,
            "byte_size": len(photo.file.data),
        }

    async def _note(self, run: _Run) -> None:
        values = import_values(
            run.import_id,
            run.report,
            kind=run.kind,
            file_name=run.file_name,
            schools=run.schools,
            now=self._clock.now(),
        )
        await self._staged.note_import(values | {"started_at": run.began})


def _count(report: PhotoReport, outcome: str, more: int) -> None:
    setattr(report, outcome, getattr(report, outcome) + more)
