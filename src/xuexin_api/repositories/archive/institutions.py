"""The ministry's list of institutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.core.institutions import PROVINCE_PLACE
from xuexin_api.models.archive import Institution


def in_province(
    institution_code: InstrumentedAttribute[str], province: str | InstrumentedAttribute[str]
) -> ColumnElement[bool]:
    """Of an institution of this province: `province_of`, asked of a column."""
    # As the indexes have it: a place that is a parameter would lead past them.
    return func.substr(institution_code, literal_column(str(PROVINCE_PLACE + 1)), literal_column("2")) == province


class InstitutionRepository:
    """Read whole, written whole: the list has some thousand rows."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_codes_and_names(self) -> list[tuple[str, str]]:
        """All of them; the list is bounded by the number of schools in the country."""
        rows = await self._session.execute(select(Institution.code, Institution.name).limit(100_000))
        return [(row[0], row[1]) for row in rows]

    async def exists(self, code: str) -> bool:
        return await self._session.scalar(select(Institution.code).where(Institution.code == code)) is not None

    async def exists_in(self, province: str) -> bool:
        """Whether the list has a school of this province."""
        statement = select(Institution.code).where(in_province(Institution.code, province)).limit(1)
        return await self._session.scalar(statement) is not None

    async def add_or_change(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Add new ones and change what differs; how many rows that were."""
        new = insert(Institution)
        values = ("name", "authority", "place", "level", "remark")
        differs = [getattr(Institution, name).is_distinct_from(new.excluded[name]) for name in values]
        condition = differs[0]
        for term in differs[1:]:
            condition |= term
        statement = new.values(list(rows)).on_conflict_do_update(
            index_elements=["code"],
            set_={name: new.excluded[name] for name in (*values, "updated_at")},
            where=condition,
        )
        result = await self._session.execute(statement.returning(Institution.code))
        return len(result.all())
