"""Migrations: up, down, up again, and then exactly the models."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from support.server import run_on, url_of, worker_database
from support.waiting import until
from xuexin_api.cli.migration import PROJECT, alembic_config, migrate


@pytest.fixture
def empty_database(server_url: str) -> str:
    return url_of(server_url, f"xuexin_test_migrations_{uuid.uuid4().hex[:8]}")  # noqa: TID251 - a name


def test_every_migration_goes_up_and_down_and_ends_at_the_models(server_url: str, empty_database: str) -> None:
    async def round_trip() -> None:
        await migrate(empty_database)
        engine = create_async_engine(empty_database, poolclass=NullPool)
        async with engine.connect() as connection:
            await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "base"))
            await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
            await connection.run_sync(lambda sync: command.check(alembic_config(sync)))
            await connection.commit()
        await engine.dispose()
        name = empty_database.partition("?")[0].rpartition("/")[2]
        await run_on(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')

    asyncio.run(round_trip())


_INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
_WAITS_FOR = "SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"
_EVERY_TABLE = "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"


def test_nobody_waits_for_an_index_that_is_built_and_one_that_was_cut_off_is_built_anew(
    server_url: str, database_url: str, testrun_uid: str, worker_id: str
) -> None:
    scripts = list(reversed(list(ScriptDirectory(str(PROJECT / "migrations")).walk_revisions())))
    building = [script for script in scripts if "postgresql_concurrently" in Path(script.path).read_text("utf-8")]

    async def cut_off(url: str, revision: str) -> None:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        reader, other = await asyncpg.connect(plain), await asyncpg.connect(plain)
        # Before it is valid an index waits for whoever looked before it was there.
        looking = reader.transaction(isolation="repeatable_read")
        await looking.start()
        held_by = await reader.fetchval("SELECT pg_backend_pid()")
        migrating = asyncio.create_task(migrate(url, revision))
        await until(lambda: other.fetchval(_WAITS_FOR, held_by))
        async with other.transaction():
            await other.execute(f"LOCK TABLE {await other.fetchval(_EVERY_TABLE)} IN ROW EXCLUSIVE MODE NOWAIT")
        assert await other.fetchval("SELECT pg_cancel_backend($1)", await other.fetchval(_WAITS_FOR, held_by))
        with pytest.raises(DBAPIError):
            await migrating
        assert await other.fetchval(_INVALID) == 1, f"{revision} was not cut off in the middle"
        await looking.rollback()
        await migrate(url, revision)
        assert await other.fetchval(_INVALID) == 0, revision
        await reader.close()
        await other.close()

    async def story(url: str) -> None:
        await _down_to(url, str(building[0].down_revision))
        for script in building:
            await migrate(url, str(script.down_revision))
            await cut_off(url, script.revision)
        await migrate(url)

    assert building
    # The template of the run is there, and gone with it, for the sake of `database_url`.
    with worker_database(server_url, testrun_uid[:12], f"{worker_id}_cut_off") as url:
        asyncio.run(story(url))


async def _down_to(url: str, revision: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), revision))
        await connection.commit()
    await engine.dispose()


def test_migrations_stand_in_one_line_and_wait_little_for_locks() -> None:
    scripts = ScriptDirectory(str(PROJECT / "migrations"))
    assert len(scripts.get_heads()) == 1
    for script in scripts.walk_revisions():
        text = (PROJECT / "migrations" / "versions" / script.path.rpartition("/")[2]).read_text(encoding="utf-8")
        assert text.count("SET LOCAL lock_timeout") == 2, script.path
        assert "xuexin_api" not in text, script.path
