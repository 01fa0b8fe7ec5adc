"""Imports whose time has passed, and what broken-off ones left behind."""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.gateways.import_files import ImportFiles
from xuexin_api.repositories.archive.import_jobs import ImportJobRepository
from xuexin_api.services.base import Service

_AT_ONCE: Final = 100


class ImportCleaning(Service):
    """Deletes rejected rows and dry runs after their time; staged rows and files as soon as no import needs them."""

    def __init__(self, *, session: AsyncSession, jobs: ImportJobRepository, files: ImportFiles, clock: Clock) -> None:
        super().__init__(session, clock)
        self._jobs = jobs
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
        return gone
