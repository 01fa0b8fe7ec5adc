"""Waiting for what another task brings about, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

_LONGEST = 30


async def until(comes: Callable[[], Awaitable[object]]) -> None:
    """Let others run until this is so; TimeoutError where it never is."""
    async with asyncio.timeout(_LONGEST):
        while not await comes():
            await asyncio.sleep(0)


async def until_blocked(parts: Wiring, *, waiting: int = 1) -> None:
    """Let others run until so many of them wait for a lock of this database: others' tests have their own."""
    blocked = (
        "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
        " WHERE NOT granted AND datname = current_database()"
        " UNION SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )

    async def enough() -> bool:
        return len(await rows_of(parts, "", blocked)) >= waiting

    await until(enough)
