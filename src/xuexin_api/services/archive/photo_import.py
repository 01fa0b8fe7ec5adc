"""Archive photos from a school: checked, sealed, stored, and hung on the records of their candidate number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.archive_photos import ArchivePhoto, PhotoRules, check_archive_photo, photo_key
from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster import is_candidate_number
from xuexin_api.gateways.photo_archive import PhotoFile
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.archive.record_photos import PhotoPlace, RecordPhotoRepository
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


async def _nobody_watches(_: int) -> None:
    pass


class PhotoImportService(Service):
    """Run twice, nothing changes; stopped, what was taken stays and the rest is taken next time."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        photos: RecordPhotoRepository,
        store: PhotoStore,
        rules: PhotoRules,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._photos = photos
        self._store = store
        self._rules = rules

    async def run(
        self,
        files: Iterable[PhotoFile],
        *,
        kind: str,
        rejected: Callable[[RejectedPhoto], None],
        progress: Callable[[int], Awaitable[None]] = _nobody_watches,
        institution_code: str | None = None,
    ) -> PhotoReport:
        """Take the files in batches; each rejected one is told at once and does not stop the others.

        `institution_code` is the only school whose records get photos, where there is one.
        """
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
                await progress(looked_at)
            if not is_candidate_number(file.candidate_number):
                reject(file, "photo_name_malformed")
                continue
            try:
                checked = _CheckedPhoto(file, check_archive_photo(file.data, self._rules))
            except BrokenRuleError as broken:
                reject(file, broken.code, broken.params)
                continue
            if file.candidate_number in taken:
                reject(file, "photo_repeated")
                continue
            taken.add(file.candidate_number)
            batch[file.candidate_number] = checked
            if len(batch) == _BATCH:
                await self._take(batch, kind, institution_code, report, reject)
                batch = {}
        if batch:
            await self._take(batch, kind, institution_code, report, reject)
        await progress(looked_at)
        return report

    async def _take(
        self,
        batch: dict[str, _CheckedPhoto],
        kind: str,
        institution_code: str | None,
        report: PhotoReport,
        reject: Callable[[PhotoFile, str], None],
    ) -> None:
        async with self._read():
            places = await self._photos.list_places(list(batch), kind, institution_code)
        by_number: dict[str, list[PhotoPlace]] = defaultdict(list)
        for place in places:
            by_number[place.candidate_number or ""].append(place)
        rows: list[dict[str, Any]] = []
        outdated: list[str] = []
        for number, photo in batch.items():
            found = by_number[number]
            if not found:
                reject(photo.file, "photo_without_record")
            elif len({place.person_id for place in found}) > 1:
                reject(photo.file, "photo_ambiguous")
            else:
                rows += await self._store_for(found, photo, kind, report, outdated)
        if rows:
            await self._keep(rows, outdated)

    async def _keep(self, rows: list[dict[str, Any]], outdated: list[str]) -> None:
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
            await self._put(key, photo.file.data)
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

    async def _put(self, key: str, data: bytes) -> None:
        await self._store.put(key, data)


class GatheredPhotoImport(PhotoImportService):
    """Nothing points at the photos until `publish`; in a dry run they are not stored at all.

    Stopped before it, there are objects in the store that the next run meets.
    """

    def __init__(self, *, dry_run: bool, **parts: Any) -> None:
        super().__init__(**parts)
        self._dry_run = dry_run
        self._rows: list[dict[str, Any]] = []
        self._outdated: list[str] = []

    async def publish(self, settle: Callable[[], Awaitable[None]]) -> None:
        """All photos in one transaction, and `settle` in it."""
        async with self._transaction():
            for first in range(0, len(self._rows), _BATCH):
                await self._photos.put(self._rows[first : first + _BATCH])
            await settle()
        for key in self._outdated:
            await self._store.delete(key)

    async def _keep(self, rows: list[dict[str, Any]], outdated: list[str]) -> None:
        if not self._dry_run:
            self._rows += rows
            self._outdated += outdated

    async def _put(self, key: str, data: bytes) -> None:
        if not self._dry_run:
            await super()._put(key, data)
