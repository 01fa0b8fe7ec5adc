"""Photos are kept no longer than they are needed: taken back, came to nothing, decided long enough ago."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.policies import PhotoPolicy
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.sent_photos import PhotoRepository
from xuexin_api.services.base import Service

_AT_ONCE: Final = 100
_HALF_STORED: Final = timedelta(hours=1)
"""Longer than any request runs: what is half stored then was left by a crash."""
_LOG = structlog.get_logger("photo_erasure")


class PhotoErasure(Service):
    """First the bytes go, then the row says so. In between the row still knows them, and the next round tries again."""

    def __init__(
        self, *, session: AsyncSession, photos: PhotoRepository, store: PhotoStore, policy: PhotoPolicy, clock: Clock
    ) -> None:
        super().__init__(session, clock)
        self._photos = photos
        self._store = store
        self._policy = policy

    async def run(self) -> int:
        """How many photos were erased; whatever of the store is nobody's any more."""
        gone, last = 0, UUID(int=0)
        while True:
            now = self._clock.now()
            waiting_before = now - timedelta(seconds=self._policy.draft)
            async with self._read():
                due = await self._photos.list_to_erase(
                    decided_before=now - timedelta(seconds=self._policy.kept),
                    stored_before=now - _HALF_STORED,
                    waiting_before=waiting_before,
                    now=now,
                    after=last,
                    most=_AT_ONCE,
                )
            for photo_id, key in due:
                gone += await self._try_to_erase(photo_id, key)
            if len(due) < _AT_ONCE:
                break
            last = due[-1][0]
        await self._delete_abandoned()
        return gone

    async def erase_removed(self, photo_ids: Iterable[UUID]) -> None:
        """At once, what its owner took back; what fails is left to the next round."""
        for photo_id in photo_ids:
            async with self._read():
                key = await self._photos.get_object(photo_id)
            if key is not None:
                await self._try_to_erase(photo_id, key)

    async def _try_to_erase(self, photo_id: UUID, key: str) -> bool:
        try:
            await self._store.delete(key)
        except Exception:  # noqa: BLE001 - a store that is away keeps no other photo, and nobody waiting
            _LOG.exception("photo_not_erased", photo_id=str(photo_id))
            return False
        async with self._transaction():
            await self._photos.note_erased(photo_id, now=self._clock.now())
        return True

    async def _delete_abandoned(self) -> None:
        waiting_before = self._clock.now() - timedelta(seconds=self._policy.draft)
        deleted = _AT_ONCE
        while deleted == _AT_ONCE:
            async with self._transaction():
                deleted = await self._photos.delete_abandoned(waiting_before=waiting_before, most=_AT_ONCE)
