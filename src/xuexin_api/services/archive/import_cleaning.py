"""Imports whose time has passed, and what broken-off ones left behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import born_at
from xuexin_api.gateways.import_files import ImportFiles
from xuexin_api.repositories.archive.import_jobs import ImportJobRepository
from xuexin_api.services.archive.staged_photo_erasure import StagedPhotoErasure
from xuexin_api.services.base import Service

_AT_ONCE: Final = 100
_LONGEST_ARRIVAL: Final = timedelta(days=1)
"""A file that is arriving has no import yet."""


class ImportCleaning(Service):
    """Deletes rejected rows and dry runs after their time; staged rows as soon as no import needs them; stray files."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        jobs: ImportJobRepository,
        files: ImportFiles,
        photos: StagedPhotoErasure,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._jobs = jobs
        self._photos = photos
        self._files = files

    async def run(self) -> int:
        """How many imports went."""
        gone = 0
        while True:
            async with self._transaction():
                deleted = await self._jobs.delete_expired(now=self._clock.now(), most=_AT_ONCE)
            for job_id in deleted:
                self._files.delete(job_id)
            gone += len(deleted)
            if len(deleted) < _AT_ONCE:
                break
        async with self._read():
            staged = await self._jobs.list_staged()
            needed = await self._jobs.list_open_among(staged)
        for job_id in set(staged) - needed:
            async with self._transaction():
                await self._jobs.drop_staging(job_id)
        await self._photos.run()
        await self._delete_stray_files()
        return gone

    async def _delete_stray_files(self) -> None:
        """What a crash left: a file that had arrived before its import was written down, or outlived it."""
        arrived_before = self._clock.now() - _LONGEST_ARRIVAL
        found = sorted(job_id for job_id in self._files.list_jobs() if born_at(job_id) <= arrived_before)
        for start in range(0, len(found), _AT_ONCE):
            some = found[start : start + _AT_ONCE]
            async with self._read():
                known = await self._jobs.list_among(some)
            for job_id in set(some) - known:
                self._files.delete(job_id)
