"""What every service that writes has: a session, a clock, and transactions in sight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock


class Service:
    """Base of services. One instance serves one request."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def _transaction(self) -> AbstractAsyncContextManager[Any]:
        """All of the block or nothing of it."""
        return self._session.begin()

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[None]:
        """A pure read: statements commit themselves, which saves two round trips."""
        async with self._session.begin():
            await self._session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            yield


def seconds_until(moment: datetime, now: datetime) -> int:
    """Whole seconds to wait, at least one."""
    return max(1, -int((now - moment).total_seconds() // 1))
