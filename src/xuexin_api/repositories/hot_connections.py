"""Bare connections for the hottest statements, borrowed from the driver's pool and kept between requests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final

import asyncpg


async def _nothing_to_reset(_: asyncpg.Connection) -> None:
    """A hot statement commits itself and leaves nothing behind: the usual clean-up is a round trip for nothing."""


class HotConnections:
    """At most so many connections; who waits for one is served in turn, so slow answers stay short.

    The pool opens, mends and closes. Taking a connection from it and giving it back at each statement would cost
    a task and three futures, about a tenth of a read; so a connection goes back only when something went wrong.
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._turns = asyncio.Semaphore(most)
        self._idle: list[asyncpg.pool.PoolConnectionProxy] = []
        self._pool: asyncpg.Pool | None = None

    async def open(self, url: str, server_settings: Mapping[str, str]) -> None:
        """Connect for the first time; the others are opened when they are needed."""
        self._pool = await asyncpg.create_pool(
            url, min_size=1, max_size=self._most, reset=_nothing_to_reset, server_settings=dict(server_settings)
        )

    async def close(self) -> None:
        """Close all, after the statements that run."""
        if self._pool is None:
            return
        for _ in range(self._most):
            await self._turns.acquire()
        while self._idle:
            await self._pool.release(self._idle.pop())
        await self._pool.close()
        # Who comes now is told that it is closed.
        for _ in range(self._most):
            self._turns.release()

    async def row(self, sql: str, arguments: Sequence[Any]) -> Mapping[str, Any] | None:
        """The first row, or None."""
        async with self._turns, _Lease(self) as connection:
            row: Mapping[str, Any] | None = await connection.fetchrow(sql, *arguments)
            return row

    async def rows(self, sql: str, arguments: Sequence[Any]) -> list[Mapping[str, Any]]:
        """All rows."""
        async with self._turns, _Lease(self) as connection:
            rows: list[Mapping[str, Any]] = await connection.fetch(sql, *arguments)
            return rows

    async def take(self) -> asyncpg.pool.PoolConnectionProxy:
        """One that nobody uses, the last used first; for whose turn it is, so the pool has one for sure."""
        assert self._pool is not None, "the database was not opened"
        while self._idle:
            connection = self._idle.pop()
            if _lives(connection):
                return connection
            await self._pool.release(connection)
        return await self._pool.acquire()

    def keep(self, connection: asyncpg.pool.PoolConnectionProxy) -> None:
        """For the next one."""
        self._idle.append(connection)

    async def give_back(self, connection: asyncpg.pool.PoolConnectionProxy) -> None:
        """After a failure or an end in the middle: the pool waits for what was cancelled, or opens another one."""
        assert self._pool is not None, "the database was not opened"
        await self._pool.release(connection)


class _Lease:
    """A connection for one statement."""

    __slots__ = ("_connection", "_owner")

    def __init__(self, owner: HotConnections) -> None:
        self._owner = owner

    async def __aenter__(self) -> asyncpg.pool.PoolConnectionProxy:
        self._connection = await self._owner.take()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._owner.keep(self._connection)
        else:
            await self._owner.give_back(self._connection)


def _lives(connection: asyncpg.pool.PoolConnectionProxy) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # the pool took it back when the server hung up
        return False
