"""What is past its time goes: codes, proofs, challenges, counters, old messages."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.messages import OutboxRepository
from xuexin_api.services.base import Service

_EVERY_SECONDS: Final = 600
_KEEP_MESSAGES: Final = timedelta(days=30)
_LOG = structlog.get_logger("housekeeping")


class HousekeepingService(Service):
    """Deletes; nothing that still counts."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        codes: CodeRepository,
        counters: CounterRepository,
        outbox: OutboxRepository,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._codes = codes
        self._counters = counters
        self._outbox = outbox

    async def purge(self) -> int:
        """How many rows went."""
        now = self._clock.now()
        async with self._transaction():
            gone = await self._codes.delete_expired(now=now)
            gone += await self._counters.delete_expired(now=now)
            gone += await self._outbox.delete_expired(before=now - _KEEP_MESSAGES)
        return gone

    async def run(self) -> None:
        """Until cancelled, every ten minutes."""
        while True:
            try:
                await self.purge()
            except Exception:  # noqa: BLE001 - the next round tries again
                _LOG.exception("purge_failed")
            await asyncio.sleep(_EVERY_SECONDS)
