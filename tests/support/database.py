"""One event loop and one set of connections for all tests of a worker: statements are compiled and prepared once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from support.server import EMPTY_ALL
from xuexin_api.repositories.database import Database

T = TypeVar("T")


class KeptLoop:
    """The loop that all asynchronous tests run in, held open by the task that makes this."""

    def __init__(self) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._runner: Final = asyncio.current_task()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def end_what_goes_on(self) -> None:
        """A test's tasks end with it, as they would with a loop of its own."""
        self.run(self._end_others())

    async def _end_others(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task(), self._runner}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


class LentDatabase(Database):
    """The connections of another one, which stay open when an application has done with this; sessions of its own."""

    def __init__(self, kept: Database) -> None:
        self.__dict__.update(kept.__dict__)
        self.sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(**kept.sessions.kw)

    async def open(self) -> None:
        """They are open."""

    async def close(self) -> None:
        """They stay open."""


def new_database(url: str) -> Database:
    return Database(url, write_connections=10, hot_connections=4)


async def empty(database: Database) -> None:
    """Every table, for the next test."""
    assert database.engine.pool.checkedout() == 0, "a connection was not given back"  # type: ignore[attr-defined]
    async with database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute(EMPTY_ALL)
