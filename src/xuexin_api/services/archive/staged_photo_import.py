"""A school's photo archive comes in: checked and stored batch by batch, then hung on the records at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.archive_photos import ArchivePhoto, photo_key
from xuexin_api.core.clock import Clock, china_date
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.imports import Senders
from xuexin_api.core.policies import RecordPolicy
from xuexin_api.core.record_life import frozen_year
from xuexin_api.core.roster_cells import is_candidate_number
from xuexin_api.gateways.photo_archive import PhotoZip
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.archive.record_photos import PhotoPlace, RecordPhotoRepository
from xuexin_api.repositories.archive.staged_photos import PhotoChange, RejectedPlace, StagedPhotoRepository
from xuexin_api.services.archive.photo_checking import PhotoChecking
from xuexin_api.services.archive.photo_import import PhotoReport, import_values, places_by_number, require_one_person
from xuexin_api.services.base import Service

_MOST_AT_ONCE: Final = 200
_CERTIFIED: Final = "graduation"
"""What a certificate bears."""
_FOUND: Final = ("enrollment_id", "candidate_number", "person_id")
_PHOTO_OF: Final = {"admission_photos": "admission", "graduation_photos": _CERTIFIED}


class StagedPhotoImport(Service):
    """One archive of one institution. A row is there before its object: stopped anywhere, no object is nobody's."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        import_id: UUID,
        institution_code: str,
        import_kind: str,
        file_name: str,
        staged: StagedPhotoRepository,
        photos: RecordPhotoRepository,
        store: PhotoStore,
        checking: PhotoChecking,
        at_once: int,
        record_policy: RecordPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._import_id = import_id
        self._institution_code = institution_code
        self._kind = _PHOTO_OF[import_kind]
        self._file_name = file_name
        self._staged = staged
        self._photos = photos
        self._store = store
        self._checking = checking
        self._record_policy = record_policy
        self._at_once = min(_MOST_AT_ONCE, at_once)
        self._entropy = entropy

    async def stage(
        self,
        archive: PhotoZip,
        *,
        done: int,
        progress: Callable[[int], Awaitable[None]],
        confirm: Callable[[], Awaitable[object]],
    ) -> None:
        """Judge the files behind the first `done`, which were staged before, and store what is good.

        `confirm` raises where the import is another process's by now: one thought dead must not stage beside it.
        """
        async with self._transaction():
            await confirm()
            # Begun by a process that ended before it said so: its objects may be there or not.
            await self._staged.abandon_from(self._import_id, done)
        met = {archive.candidate_number(place) for place in range(done)}
        for first in range(done, len(archive), self._at_once):
            places = range(first, min(first + self._at_once, len(archive)))
            await self._stage_some(archive, places, met, confirm)
            await progress(places.stop)

    async def _stage_some(
        self, archive: PhotoZip, places: range, met: set[str], confirm: Callable[[], Awaitable[object]]
    ) -> None:
        rows: list[dict[str, Any]] = []
        good: dict[str, tuple[int, bytes, ArchivePhoto]] = {}
        for place in places:
            number = archive.candidate_number(place)
            data = archive.read(place, limit=self._checking.largest).data
            try:
                good[number] = (place, data, await self._check(number, data, met))
            except BrokenRuleError as broken:
                rows.append(self._row(place, "rejected", code=broken.code, params=dict(broken.params)))
        async with self._read():
            found = await self._photos.list_places(list(good), self._kind, self._institution_code)
        records = places_by_number(found)
        objects: dict[str, bytes] = {}
        for number, (place, data, facts) in good.items():
            try:
                for record in require_one_person(records[number]):
                    row = self._judged(place, record, data, facts)
                    rows.append(row)
                    if row["object_key"] is not None:
                        objects[row["object_key"]] = data
            except BrokenRuleError as broken:
                rows.append(self._row(place, "rejected", code=broken.code))
        async with self._transaction():
            await confirm()
            await self._staged.add(rows)
        for key, data in objects.items():
            await self._store.put(key, data)

    async def _check(self, number: str, data: bytes, met: set[str]) -> ArchivePhoto:
        """Of a number the first file counts, whatever is in it."""
        if not is_candidate_number(number):
            raise BrokenRuleError("photo_name_malformed")
        if number in met:
            raise BrokenRuleError("photo_repeated")
        met.add(number)
        return await self._checking.check(data)

    def _judged(self, place: int, record: PhotoPlace, data: bytes, facts: ArchivePhoto) -> dict[str, Any]:
        found = {name: getattr(record, name) for name in _FOUND}
        if record.sha256 == facts.sha256:
            return self._row(place, "unchanged", **found)
        row = self._row(
            place,
            "added" if record.object_key is None else "replaced",
            **found,
            sha256=facts.sha256,
            byte_size=len(data),
        )
        return row | {"object_key": photo_key(record.enrollment_id, self._kind, row["id"])}

    def _row(self, place: int, outcome: str, **facts: Any) -> dict[str, Any]:
        names = (*_FOUND, "object_key", "sha256", "byte_size", "code", "params")
        own = {"id": self._entropy.identifier(), "import_id": self._import_id, "place": place, "outcome": outcome}
        return dict.fromkeys(names) | own | facts

    async def judge_together(self, senders: Senders) -> None:
        """All of it has been staged: each belongs to its record still.

        And nobody brings a photo of themselves, nor one in the place of a certified one.
        """
        async with self._transaction():
            await self._staged.reject_unfit(self._import_id)
            await self._staged.reject_own(self._import_id, senders.document_keys)
            await self._reject_certified()

    async def _reject_certified(self) -> bool:
        if self._kind != _CERTIFIED:
            return False
        year = frozen_year(china_date(self._clock.now()), self._record_policy)
        return await self._staged.reject_certified(self._import_id, frozen_year=year)

    async def tell_rejected(self, tell: Callable[[RejectedPlace], None]) -> None:
        """Each file that was not taken, in the order of the archive."""
        async with self._transaction():
            async for rejected in self._staged.list_rejected(self._import_id):
                tell(rejected)

    async def finish(self, *, dry_run: bool, settle: Callable[[PhotoReport, UUID | None], Awaitable[None]]) -> bool:
        """All photos in one transaction, with their lines in the histories, and `settle` in it.

        False, and nothing of it, where one may hang no more: then all are judged together once more.
        """
        try:
            async with self._transaction():
                report = PhotoReport(**await self._staged.count_outcomes(self._import_id))
                published = None if dry_run else await self._publish(report)
                await settle(report, published)
        except _UnfitError:
            return False
        return True

    async def _publish(self, report: PhotoReport) -> UUID:
        """What is known of the import when its job is long forgotten; who sent it is told by whoever settles it."""
        await self._photos.lock()
        if self._kind == _CERTIFIED:
            await self._staged.hold_records(self._import_id)
        if await self._reject_certified():
            raise _UnfitError
        now, published = self._clock.now(), self._entropy.identifier()
        await self._staged.note_import(
            import_values(
                published, report, kind=self._kind, file_name=self._file_name, schools=[self._institution_code], now=now
            )
        )
        change = PhotoChange(self._kind, self._entropy.identifier(), now, self._record_policy, import_id=published)
        if await self._staged.hang_import(self._import_id, change, institution_code=self._institution_code):
            raise _UnfitError
        return published


class _UnfitError(Exception):
    """A number or a record became another's, or a photo certified, since the photos were judged."""
