"""Where this process finds its database: the server of the settings, or the embedded one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from xuexin_api.gateways.embedded_home import EmbeddedPostgresError
from xuexin_api.gateways.embedded_postgres import start_embedded
from xuexin_api.settings import Settings, SettingsError, read_settings

_DATABASE = "xuexin"
# What a server that is not there, or does not let us in, raises before anything was asked of it.
_NO_CONNECTION = (OSError, DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True)
class Places:
    """Settings and the address of a database that is running."""

    settings: Settings
    database_url: str


def say(line: str) -> None:
    """To people, on standard error: standard output belongs to results."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the command line's voice


def printable(text: str) -> str:
    """What a stranger wrote, in one line that cannot steer a terminal: no escapes, no turned direction."""
    return "".join(one if one.isprintable() else " " for one in text)


@contextmanager
def open_places() -> Iterator[Places]:
    """The settings of the environment, with a running database while the block lasts."""
    settings = read_settings()
    settings.refuse_unfit()
    if settings.database_url is not None:
        yield Places(settings, normal_url(settings.database_url.get_secret_value()))
        return
    try:
        server = start_embedded(settings.data_dir, say)
    except EmbeddedPostgresError as unfit:
        raise SettingsError(str(unfit)) from None
    try:
        yield Places(settings, server.url(_DATABASE))
    finally:
        server.close()


@contextmanager
def connecting() -> Iterator[None]:
    """A database that does not let us in is one sentence, without the address: it holds a password."""
    try:
        yield
    except _NO_CONNECTION as failure:
        cause = failure.orig if isinstance(failure, DBAPIError) else failure
        raise SettingsError(f"the database does not answer: {str(cause).partition(chr(10))[0]}") from None


def normal_url(url: str) -> str:
    """`postgresql://` as operators write it, with the driver this service uses; nothing else is accepted."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError("XUEXIN_DATABASE_URL is no address: postgresql://user:password@host:5432/name") from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise SettingsError("XUEXIN_DATABASE_URL must be a postgresql:// address: PostgreSQL only")
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


async def create_database_if_missing(url: str) -> None:
    """Make the database named by `url`, as `migrate` does on a new server that lets us."""
    target = make_url(url)
    engine = create_async_engine(target.set(database="postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            known = await connection.scalar(
                text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": target.database}
            )
            if known is None:
                name = engine.dialect.identifier_preparer.quote(str(target.database))
                await connection.execute(text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
    except (DBAPIError, OSError):
        # A server of somebody else may not let us look into `postgres`: then the database must be there.
        return
    finally:
        await engine.dispose()
