"""Alembic, as a command and as a call."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from xuexin_api.cli.places import connecting, create_database_if_missing

PROJECT = Path(__file__).resolve().parents[3]


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration of this checkout, on an open connection."""
    config = Config(PROJECT / "alembic.ini")
    config.set_main_option("script_location", str(PROJECT / "migrations"))
    config.attributes["connection"] = connection
    return config


async def migrate(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`, making it first where it does not exist."""
    await create_database_if_missing(url)
    engine = create_async_engine(url, poolclass=NullPool)
    async with AsyncExitStack() as open_things:
        open_things.push_async_callback(engine.dispose)
        with connecting():
            connection = await open_things.enter_async_context(engine.connect())
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), revision))
        await connection.commit()


def is_behind(revision: str | None) -> bool:
    """Whether a database at `revision` needs migrating. One that a newer program has migrated does not."""
    scripts = ScriptDirectory(str(PROJECT / "migrations"))
    known = {script.revision for script in scripts.walk_revisions()}
    return revision is None or (revision in known and revision != scripts.get_current_head())
