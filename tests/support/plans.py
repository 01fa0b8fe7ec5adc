"""How the database goes about what a request asks of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import make_url

from xuexin_api.dependencies.wiring import Wiring

_INDEX = re.compile(r"Index (?:Only )?Scan(?: Backward)?(?: using| on) (\w+)")


@contextmanager
def statements_on(parts: Wiring, table: str) -> Iterator[list[str]]:
    """What is asked of this table meanwhile, as the driver gets it."""
    heard: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if f"FROM {table}" in statement:
            heard.append(statement)

    engine = parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def indexes_for(parts: Wiring, statement: str) -> set[str]:
    """Those that are read for it, in their order, where its values are not known before and every table is large."""
    plain = make_url(parts.database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        # What costs too much on large tables: no table of a test is large.
        for way in ("seqscan", "bitmapscan", "sort"):
            await connection.execute(f"SET enable_{way} = off")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE asked AS {statement}")
        values = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", statement))))
        plan = await connection.fetch(f"EXPLAIN EXECUTE asked ({values})")
    finally:
        await connection.close()
    lines = [row[0] for row in plan]
    assert not any("Seq Scan" in line for line in lines), "\n".join(lines)
    return {found[1] for line in lines if (found := _INDEX.search(line))}
