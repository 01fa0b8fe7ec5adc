"""Uploaded files while they are worked on, and the rejected rows of each: in a folder that nobody else may read."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from xuexin_api.core.errors import StorageFullError

_BLOCK: Final = 1 << 20
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE: Final = 0o600
_ENDINGS: Final = (".upload", ".rejected", ".rejecting")


@dataclass(frozen=True, slots=True)
class Received:
    """What has arrived."""

    sha256: bytes
    byte_size: int


class ImportFiles:
    """All servers and workers of one installation see the same folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def upload(self, job_id: UUID) -> Path:
        """Where the file of a job lies."""
        return self._folder / f"{job_id}.upload"

    def rejected(self, job_id: UUID) -> Path:
        """Where its rejected rows lie, if there were any."""
        return self._folder / f"{job_id}.rejected"

    async def receive(self, job_id: UUID, blocks: AsyncIterator[bytes]) -> Received:
        """Keep what arrives, a megabyte in memory at most; of what breaks off nothing stays."""
        self._folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        path = self.upload(job_id)
        content = hashlib.sha256()
        size = 0
        pending = bytearray()
        path.touch(mode=_PRIVATE, exist_ok=False)
        try:
            with path.open("wb", buffering=0) as stream:

                def keep(block: bytes) -> None:
                    content.update(block)
                    stream.write(block)

                async for block in blocks:
                    pending += block
                    if len(pending) >= _BLOCK:
                        size += len(pending)
                        await asyncio.to_thread(keep, bytes(pending))
                        pending.clear()
                size += len(pending)
                await asyncio.to_thread(keep, bytes(pending))
        except OSError:
            path.unlink(missing_ok=True)
            raise StorageFullError from None
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Received(content.digest(), size)

    def prepare_rejected(self, job_id: UUID) -> Path:
        """A place to write rejected rows to, beside the one where they are read."""
        path = self._folder / f"{job_id}.rejecting"
        path.unlink(missing_ok=True)
        path.touch(mode=_PRIVATE)
        return path

    def keep_rejected(self, job_id: UUID) -> None:
        """What was prepared is what is read from now on; an empty one is none."""
        path = self._folder / f"{job_id}.rejecting"
        if path.stat().st_size:
            path.replace(self.rejected(job_id))
        else:
            path.unlink()

    def delete_upload(self, job_id: UUID) -> None:
        self.upload(job_id).unlink(missing_ok=True)

    def delete(self, job_id: UUID) -> None:
        """All that there is of a job."""
        for ending in _ENDINGS:
            (self._folder / f"{job_id}{ending}").unlink(missing_ok=True)

    def list_jobs(self) -> set[UUID]:
        """The jobs that have a file here."""
        if not self._folder.is_dir():
            return set()
        return {UUID(path.stem) for path in self._folder.iterdir() if path.suffix in _ENDINGS}
