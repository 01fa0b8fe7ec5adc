"""Alembic, as a command and as a call. It is loaded where it works: a server would carry its megabytes for life."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from xuexin_api.cli.places import connecting, create_database_if_missing

if TYPE_CHECKING:
    from alembic.config import Config

PROJECT = Path(__file__).resolve().parents[3]
_MIGRATIONS: Final = PROJECT / "migrations"
_REVISION: Final = re.compile(r'^(revision|down_revision) = "(\w+)"$', re.MULTILINE)


class UnknownRevisionError(Exception):
    """Alembic knows no such revision, or no way to it; its words say why."""


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration of this checkout, on an open connection."""
    from alembic.config import Config  # noqa: PLC0415 - see the module

    config = Config(PROJECT / "alembic.ini")
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


async def migrate(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`, making it first where it does not exist."""
    from alembic import command  # noqa: PLC0415 - see the module
    from alembic.util import CommandError  # noqa: PLC0415 - see the module

    await create_database_if_missing(url)
    engine = create_async_engine(url, poolclass=NullPool)
    async with AsyncExitStack() as open_things:
        open_things.push_async_callback(engine.dispose)
        with connecting():
            connection = await open_things.enter_async_context(engine.connect())
        try:
            await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), revision))
        except CommandError as unknown:
            raise UnknownRevisionError(str(unknown)) from None
        await connection.commit()


def is_behind(revision: str | None) -> bool:
    """Whether a database at `revision` needs migrating. One that a newer program has migrated does not."""
    known, led_from = set(), set()
    for file in (_MIGRATIONS / "versions").glob("*.py"):
        named = dict(_REVISION.findall(file.read_text(encoding="utf-8")))
        known.add(named["revision"])
        led_from.add(named.get("down_revision"))
    return revision is None or (revision in known and revision in led_from)
