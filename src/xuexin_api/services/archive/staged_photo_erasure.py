"""Photos that hang on no record: erased as soon as no import can publish them, or they are kept no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.archive.earlier_photos import EarlierPhotoRepository
from xuexin_api.repositories.archive.staged_photos import StagedPhotoRepository
from xuexin_api.services.base import Service

_AT_ONCE: Final = 200
_MAY_BE_COMING: Final = timedelta(hours=1)
"""A process that was thought dead may still store what it wrote down."""
_LOG = structlog.get_logger("imports")


class StagedPhotoErasure(Service):
    """First the bytes go, then the row: what a store that is away keeps is known, and tried again."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        staged: StagedPhotoRepository,
        earlier: EarlierPhotoRepository,
        store: PhotoStore,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._staged = staged
        self._earlier = earlier
        self._store = store

    async def run(self) -> None:
        """Whatever is nobody's any more, and what records had before, whose time has passed."""
        await self._erase_all(None, self._clock.now() - _MAY_BE_COMING)
        await self._erase_earlier()

    async def erase_import(self, import_id: UUID) -> None:
        """At once, what an import left that its own process has ended."""
        await self._erase_all(import_id, self._clock.now() + _MAY_BE_COMING)

    async def _erase_all(self, import_id: UUID | None, born_before: datetime) -> None:
        last = UUID(int=0)
        while True:
            async with self._read():
                due = await self._staged.list_erasable(
                    import_id=import_id, born_before=born_before, after=last, most=_AT_ONCE
                )
            await self._erase(due, self._staged.delete)
            if len(due) < _AT_ONCE:
                return
            last = due[-1][0]

    async def _erase_earlier(self) -> None:
        now = self._clock.now()
        last: tuple[datetime, UUID] | None = None
        while True:
            async with self._read():
                due = await self._earlier.list_due(now=now, after=last, most=_AT_ONCE)
            await self._erase([(change_id, key) for _, change_id, key in due], self._earlier.delete)
            if len(due) < _AT_ONCE:
                return
            last = due[-1][:2]

    async def _erase(
        self, photos: Sequence[tuple[UUID, str | None]], forget: Callable[[Sequence[UUID]], Awaitable[None]]
    ) -> None:
        gone = []
        for photo_id, key in photos:
            try:
                if key is not None:
                    await self._store.delete(key)
            except Exception:  # noqa: BLE001 - the next round tries again
                _LOG.exception("staged_photo_not_erased", photo_id=str(photo_id))
            else:
                gone.append(photo_id)
        if gone:
            async with self._transaction():
                await forget(gone)
