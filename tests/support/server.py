"""The database of a test run: a template migrated once, and a copy of it for each worker."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import fasteners
from sqlalchemy.engine import make_url

from xuexin_api.cli.migration import PROJECT, migrate
from xuexin_api.cli.places import normal_url
from xuexin_api.gateways.embedded_postgres import start_embedded
from xuexin_api.models import Base

DATA = PROJECT / "var" / "tests"


def free_port() -> int:
    """A port of this machine that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def url_of(server_url: str, database: str) -> str:
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)


async def run_on(url: str, *statements: str) -> None:
    """Run statements one by one, outside any transaction."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def database_server() -> Iterator[str]:
    """The address of a server to test on: the one of XUEXIN_DATABASE_URL, or the embedded one."""
    given = os.environ.get("XUEXIN_DATABASE_URL")
    if given:
        yield normal_url(given)
        return
    DATA.mkdir(parents=True, exist_ok=True)
    server = start_embedded(DATA, lambda _: None)
    try:
        url = server.url("postgres")
        # Tests need not survive a power cut.
        asyncio.run(run_on(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"))
        yield url
    finally:
        server.close()


@contextmanager
def worker_database(server_url: str, run: str, worker: str) -> Iterator[str]:
    """A migrated database for one worker of one run; gone afterwards."""
    template, name = f"xuexin_test_{run}", f"xuexin_test_{run}_{worker}"
    with fasteners.InterProcessLock(_lock_file()):
        if not asyncio.run(_exists(server_url, template)):
            asyncio.run(migrate(url_of(server_url, template)))
        asyncio.run(run_on(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    try:
        yield url_of(server_url, name)
    finally:
        asyncio.run(run_on(server_url, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def drop_template(server_url: str, run: str) -> None:
    await run_on(server_url, f'DROP DATABASE IF EXISTS "xuexin_test_{run}"')


def _lock_file() -> Path:
    DATA.mkdir(parents=True, exist_ok=True)
    return DATA / "template.lock"


async def _exists(server_url: str, database: str) -> bool:
    plain = make_url(server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        return await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", database) is True
    finally:
        await connection.close()


EMPTY_ALL = "; ".join(f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables))
