"""Waiting imports get a process: started beside the server, so that no request waits for a roster."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.repositories.archive.import_jobs import ImportJobRepository

_LOG = structlog.get_logger("imports")


class ImportDispatcher:
    """Starts as many processes as it may; which of them does what, they settle in the database."""

    def __init__(
        self,
        *,
        new_session: Callable[[], AsyncSession],
        work: Callable[[], Awaitable[None]],
        processes: int,
        every_seconds: float,
        clock: Clock,
    ) -> None:
        self._new_session = new_session
        self._work = work
        self._processes = processes
        self._every = every_seconds
        self._clock = clock
        self._poked = asyncio.Event()

    def poke(self) -> None:
        """There is something to do now."""
        self._poked.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._processes):
                group.create_task(self._run())

    async def _run(self) -> None:
        while True:
            try:
                if await self._has_due():
                    await self._work()
            except Exception:  # noqa: BLE001 - the next round tries again
                _LOG.exception("import_dispatch_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), self._every)
            self._poked.clear()

    async def _has_due(self) -> bool:
        async with self._new_session() as session, session.begin():
            return await ImportJobRepository(session).has_due(now=self._clock.now())
