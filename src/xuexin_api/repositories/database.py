"""Connections: an engine for transactions, and a fair pool of bare connections for the hottest statements."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from xuexin_api.repositories.hot_connections import HotConnections

# A statement that waits longer has met a lock or a lost index: better a refusal than a pile of waiters.
_SERVER_SETTINGS: Final = {"statement_timeout": "15000", "jit": "off"}
# Classes of SQLSTATE: connection, authorisation, no such database, rolled back for two that waited for each other,
# resources, closed or locked, shutdown or time-out.
_UNAVAILABLE_STATES: Final = frozenset({"08", "28", "3D", "40", "53", "55", "57"})


def is_unavailable(error: BaseException) -> bool:
    """Whether what we asked was away, full, or took too long, rather than the question wrong."""
    if isinstance(error, DBAPIError):
        driver = error.orig.__cause__ if error.orig is not None else None
        return error.connection_invalidated or (driver is not None and is_unavailable(driver))
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "")[:2] in _UNAVAILABLE_STATES
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error)
    # The driver's own word for a connection whose end arrives while it is being used.
    away = ConnectionError | TimeoutError | socket.gaierror | PoolTimeoutError | asyncpg.InternalClientError
    return isinstance(error, away)


class HotStatement:
    """A Core statement compiled once and run on a bare connection: 0.60 of bare asyncpg instead of 0.48.

    Alone it commits itself, so what changes something is one statement.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        compiled = statement.compile(dialect=dialect.dialect())  # type: ignore[no-untyped-call]
        self.sql = str(compiled)
        self._order: Sequence[str] = compiled.positiontup or ()
        self._defaults: Mapping[str, Any] = compiled.params

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the statement's order; constants of the statement fill the rest."""
        return [values[name] if name in values else self._defaults[name] for name in self._order]

    async def row_in(self, session: AsyncSession, **values: Any) -> Mapping[str, Any] | None:
        """The first row of the statement as part of the session's transaction, or None."""
        connection = await session.connection()
        result = await connection.exec_driver_sql(self.sql, tuple(self.arguments(values)))
        row = result.mappings().first()
        return None if row is None else dict(row)


class Database:
    """The engine, its sessions and the hot connections of one process."""

    def __init__(self, url: str, *, write_connections: int, hot_connections: int) -> None:
        self.url: Final = url
        self._hot = HotConnections(hot_connections)
        self.engine: AsyncEngine = create_async_engine(
            url,
            # An error's text is logged by whoever waits it out; what people sent is not for logs.
            hide_parameters=True,
            pool_size=write_connections,
            max_overflow=0,
            pool_timeout=10,
            connect_args={"server_settings": _SERVER_SETTINGS},
        )
        # No query outside a transaction that stands in sight; nothing reloads behind our back.
        self.sessions = async_sessionmaker(self.engine, autobegin=False, expire_on_commit=False)

    async def open(self) -> None:
        """Open the hot connections; the engine opens by itself."""
        url = make_url(self.url).set(drivername="postgresql")
        await self._hot.open(url.render_as_string(hide_password=False), _SERVER_SETTINGS)

    async def ping(self) -> None:
        """Returns when the server lets us in."""
        async with self.engine.connect():
            pass

    async def close(self) -> None:
        """Close everything."""
        await self._hot.close()
        await self.engine.dispose()

    async def row(self, statement: HotStatement, **values: Any) -> Mapping[str, Any] | None:
        """The first row, or None."""
        return await self._hot.row(statement.sql, statement.arguments(values))

    async def rows(self, statement: HotStatement, **values: Any) -> list[Mapping[str, Any]]:
        """All rows; the statement carries its own bound."""
        return await self._hot.rows(statement.sql, statement.arguments(values))

    def session(self) -> AsyncSession:
        """A session for one request; it holds a connection only while a transaction is open."""
        return self.sessions()
