"""Looking at what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from xuexin_api.dependencies.wiring import Wiring


async def rows_of(parts: Wiring, table: str, statement: str | None = None) -> list[Mapping[str, Any]]:
    """All rows of a table, or what `statement` returns."""
    async with parts.database.engine.begin() as connection:
        result = await connection.execute(text(statement or f"SELECT * FROM {table}"))
        return [dict(row) for row in result.mappings()]


async def count_rows(parts: Wiring, table: str) -> int:
    return len(await rows_of(parts, table))
