"""Where archive photos lie: a folder or a bucket, through obstore, sealed before they get there."""

from __future__ import annotations

import contextlib
from pathlib import Path

from obstore.exceptions import NotFoundError
from obstore.store import LocalStore

from xuexin_api.core.sealing import Sealer


class PhotoStore:
    """Puts and gets sealed bytes; the key is bound to the seal, so that objects cannot change places."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._store = LocalStore(prefix=str(folder.resolve()))
        self._sealer = sealer

    async def put(self, key: str, data: bytes) -> None:
        await self._store.put_async(key, self._sealer.seal(data, key.encode()))

    async def get(self, key: str) -> bytes | None:
        """The photo, or None when the object is gone."""
        try:
            result = await self._store.get_async(key)
            sealed = await result.bytes_async()
        except (NotFoundError, FileNotFoundError):
            return None
        return self._sealer.open(bytes(sealed), key.encode())

    async def delete(self, key: str) -> None:
        """Gone, also where it was not there."""
        with contextlib.suppress(NotFoundError, FileNotFoundError):
            await self._store.delete_async(key)
