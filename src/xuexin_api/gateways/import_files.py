"""Uploaded files while they are worked on, and the rejected rows of each: sealed, and nobody else's to read."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from xuexin_api.core.errors import StorageFullError
from xuexin_api.core.sealing import Sealer
from xuexin_api.gateways.sealed_file import SealedFile, SealedWriter

_BLOCK: Final = 1 << 20
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE: Final = 0o600
_ENDINGS: Final = (".upload", ".rejected", ".rejecting", ".sealing")


@dataclass(frozen=True, slots=True)
class Received:
    """What has arrived."""

    sha256: bytes
    byte_size: int


class ImportFiles:
    """All servers and workers of one installation see the same folder."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        self._folder = folder
        self._sealer = sealer

    def upload(self, job_id: UUID) -> SealedFile:
        """The file of a job."""
        return SealedFile(self._path(job_id, ".upload"), self._sealer, f"upload:{job_id}")

    def rejected(self, job_id: UUID) -> SealedFile:
        """Its rejected rows, if there were any."""
        return SealedFile(self._path(job_id, ".rejected"), self._sealer, f"rejected:{job_id}")

    def _path(self, job_id: UUID, ending: str) -> Path:
        return self._folder / f"{job_id}{ending}"

    async def receive(self, job_id: UUID, blocks: AsyncIterator[bytes]) -> Received:
        """Keep what arrives, a megabyte in memory at most; of what breaks off nothing stays."""
        self._folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        path = self._path(job_id, ".upload")
        content = hashlib.sha256()
        size = 0
        pending = bytearray()
        path.touch(mode=_PRIVATE, exist_ok=False)
        try:
            with path.open("wb") as stream:
                sealed = SealedWriter(stream, self._sealer, f"upload:{job_id}")

                def keep(block: bytes) -> None:
                    content.update(block)
                    sealed.write(block)

                async for block in blocks:
                    pending += block
                    if len(pending) >= _BLOCK:
                        size += len(pending)
                        await asyncio.to_thread(keep, bytes(pending))
                        pending.clear()
                size += len(pending)
                await asyncio.to_thread(keep, bytes(pending))
                await asyncio.to_thread(sealed.finish)
        except OSError:
            path.unlink(missing_ok=True)
            raise StorageFullError from None
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Received(content.digest(), size)

    def prepare_rejected(self, job_id: UUID) -> Path:
        """A place to write rejected rows to, open while they are written: formats go back in what they wrote."""
        path = self._path(job_id, ".rejecting")
        path.unlink(missing_ok=True)
        path.touch(mode=_PRIVATE)
        return path

    def keep_rejected(self, job_id: UUID) -> None:
        """What was prepared is sealed, and what is read from now on; an empty one is none."""
        path = self._path(job_id, ".rejecting")
        if path.stat().st_size:
            sealing = self._path(job_id, ".sealing")
            sealing.unlink(missing_ok=True)
            sealing.touch(mode=_PRIVATE)
            with path.open("rb") as plain, sealing.open("wb") as stream:
                sealed = SealedWriter(stream, self._sealer, f"rejected:{job_id}")
                while block := plain.read(_BLOCK):
                    sealed.write(block)
                sealed.finish()
            sealing.replace(self._path(job_id, ".rejected"))
        path.unlink()

    def delete_upload(self, job_id: UUID) -> None:
        self._path(job_id, ".upload").unlink(missing_ok=True)

    def delete(self, job_id: UUID) -> None:
        """All that there is of a job."""
        for ending in _ENDINGS:
            self._path(job_id, ending).unlink(missing_ok=True)

    def list_jobs(self) -> set[UUID]:
        """The jobs that have a file here."""
        if not self._folder.is_dir():
            return set()
        return {UUID(path.stem) for path in self._folder.iterdir() if path.suffix in _ENDINGS}
