"""Where photos lie: a folder or a bucket, through obstore, sealed before they get there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from xuexin_api.core.errors import NotReadyError, StoredPhotoDamagedError
from xuexin_api.core.sealing import SealBrokenError, Sealer

_GONE: Final = (NotFoundError, FileNotFoundError)
_TRIES_AGAIN: Final = 2
_RETRY_AFTER: Final = 5
_LOG = structlog.get_logger("photo_store")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Of an S3-compatible service, and how to be let in."""

    name: str
    endpoint: str
    region: str
    key_id: str
    key_secret: str = field(repr=False)
    in_host: bool
    """Whether the bucket's name stands in the host (`https://NAME.endpoint`) and not in the path."""


def in_folder(folder: Path) -> LocalStore:
    """Objects as files, in a folder that is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return LocalStore(prefix=str(folder.resolve()))


def in_bucket(bucket: Bucket, prefix: str, *, seconds: float) -> S3Store:
    """Objects of a bucket whose keys begin with `prefix`; no answer is waited for longer than `seconds`."""
    endpoint = bucket.endpoint
    if bucket.in_host:
        endpoint = endpoint.replace("://", f"://{bucket.name}.", 1)
    return S3Store(
        bucket.name,
        prefix=prefix,
        config={
            "endpoint": endpoint,
            "region": bucket.region,
            "access_key_id": bucket.key_id,
            "secret_access_key": bucket.key_secret,
            "virtual_hosted_style_request": bucket.in_host,
        },
        client_options={"timeout": f"{seconds}s", "allow_http": endpoint.startswith("http://")},
        retry_config={"max_retries": _TRIES_AGAIN},
    )


class PhotoStore:
    """Puts and gets sealed bytes; the key is bound to the seal, so that objects cannot change places.

    NotReadyError where the bucket does not answer, or lets nobody in.
    """

    def __init__(self, store: LocalStore | S3Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer
        self.damaged = 0
        """How often something was asked for that could not be opened; for metrics."""

    async def put(self, key: str, data: bytes) -> None:
        try:
            await self._store.put_async(key, self._sealer.seal(data, key.encode()))
        except (BaseError, *_GONE):
            # What is not there when something is put is the bucket.
            raise NotReadyError(retry_after=_RETRY_AFTER) from None

    async def get(self, key: str) -> bytes | None:
        """The photo, or None when the object is gone; StoredPhotoDamagedError when it is not what was put there."""
        try:
            result = await self._store.get_async(key)
            sealed = await result.bytes_async()
        except _GONE:
            return None
        except BaseError:
            raise NotReadyError(retry_after=_RETRY_AFTER) from None
        try:
            return self._sealer.open(bytes(sealed), key.encode())
        except SealBrokenError as broken:
            self.damaged += 1
            _LOG.error("stored_photo_damaged", place=f"{self._store.prefix}/{key}", why=str(broken))
            raise StoredPhotoDamagedError from None

    async def delete(self, key: str) -> None:
        """Gone, also where it was not there, or where a crash left it half written."""
        self._delete_half_written(key)
        try:
            await self._store.delete_async(key)
        except _GONE:
            return
        except BaseError:
            raise NotReadyError(retry_after=_RETRY_AFTER) from None

    def _delete_half_written(self, key: str) -> None:
        """Files are written beside their place, under this name, and moved there when they are whole."""
        if isinstance(self._store, LocalStore):
            Path(f"{self._store.prefix}/{key}#1").unlink(missing_ok=True)
