"""Archive photos from a school: checked, sealed, stored, and hung on the records of their candidate number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.archive_photos import ArchivePhoto, photo_key
from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster_cells import is_candidate_number
from xuexin_api.gateways.photo_archive import PhotoFile
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.archive.record_photos import PhotoPlace, RecordPhotoRepository
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
    """Run twice, nothing changes; stopped, what was taken stays and the rest is taken next time."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        photos: RecordPhotoRepository,
        store: PhotoStore,
        checking: PhotoChecking,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._photos = photos
        self._store = store
        self._checking = checking

    async def run(
        self,
        files: Iterable[PhotoFile],
        *,
        kind: str,
        rejected: Callable[[RejectedPhoto], None],
        progress: Callable[[int], None] = lambda _: None,
    ) -> PhotoReport:
        """Take the files in batches; each rejected one is told at once and does not stop the others."""
        report = PhotoReport()
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
                await self._take(batch, kind, report, reject)
                batch = {}
        if batch:
            await self._take(batch, kind, report, reject)
        progress(looked_at)
        return report

    async def _take(
        self,
        batch: dict[str, _CheckedPhoto],
        kind: str,
        report: PhotoReport,
        reject: Callable[[PhotoFile, str], None],
    ) -> None:
        async with self._read():
            by_number = places_by_number(await self._photos.list_places(list(batch), kind))
        rows: list[dict[str, Any]] = []
        outdated: list[str] = []
        for number, photo in batch.items():
            try:
                places = require_one_person(by_number[number])
            except BrokenRuleError as broken:
                reject(photo.file, broken.code)
            else:
                rows += await self._store_for(places, photo, kind, report, outdated)
        if not rows:
            return
        async with self._transaction():
            await self._photos.put(rows)
        # Only now nothing points at them any more.
        for key in outdated:
            await self._store.delete(key)

    async def _store_for(
        self,
        places: Sequence[PhotoPlace],
        photo: _CheckedPhoto,
        kind: str,
        report: PhotoReport,
        outdated: list[str],
    ) -> list[dict[str, Any]]:
        """Store the bytes before a row points at them; a stop in between leaves an object that the next run meets."""
        rows: list[dict[str, Any]] = []
        for place in places:
            if place.sha256 == photo.facts.sha256:
                report.unchanged += 1
                continue
            key = photo_key(place.enrollment_id, kind, photo.facts.sha256)
            await self._store.put(key, photo.file.data)
            if place.object_key is None:
                report.added += 1
            else:
                report.replaced += 1
                outdated.append(place.object_key)
            rows.append(
                {
                    "enrollment_id": place.enrollment_id,
                    "kind": kind,
                    "object_key": key,
                    "sha256": photo.facts.sha256,
                    "byte_size": len(photo.file.data),
                    "imported_at": self._clock.now(),
                }
            )
        return rows
