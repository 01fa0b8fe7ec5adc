"""Migrations: up, down, up again, and then exactly the models."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from support.server import run_on, url_of
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


def test_migrations_stand_in_one_line_and_wait_little_for_locks() -> None:
    scripts = ScriptDirectory(str(PROJECT / "migrations"))
    assert len(scripts.get_heads()) == 1
    for script in scripts.walk_revisions():
        text = (PROJECT / "migrations" / "versions" / script.path.rpartition("/")[2]).read_text(encoding="utf-8")
        assert text.count("SET LOCAL lock_timeout") == 2, script.path
        assert "xuexin_api" not in text, script.path
