"""Looking at what is stored."""

from __future__ import annotations

import random  # noqa: TID251 - no rule of ours hangs on it
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from xuexin_api.dependencies.wiring import Wiring


async def rows_of(parts: Wiring, table: str, statement: str | None = None) -> list[Mapping[str, Any]]:
    """All rows of a table, or what `statement` returns; shuffled, where it asks for no order.

    A table mostly gives its rows in the order they came in, and sometimes not: no test may lean on it.
    """
    statement = statement or f"SELECT * FROM {table}"
    async with parts.database.engine.begin() as connection:
        result = await connection.execute(text(statement))
        rows: list[Mapping[str, Any]] = [dict(row) for row in result.mappings()]
    if "ORDER BY" not in statement:
        random.shuffle(rows)
    return rows


async def count_rows(parts: Wiring, table: str) -> int:
    return len(await rows_of(parts, table))
