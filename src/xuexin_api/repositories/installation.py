"""The one row that says which keys the database was filled under."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.installation import Installation


class InstallationRepository:
    """For the check at each start."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self) -> tuple[bytes, bytes] | None:
        """(hash, seal) of the known word."""
        found = (await self._session.execute(select(Installation.lookup_mark, Installation.sealed_mark))).first()
        return None if found is None else (found.lookup_mark, found.sealed_mark)

    async def add(self, lookup_mark: bytes, sealed_mark: bytes) -> None:
        """The first of several processes wins."""
        row = {"id": 1, "lookup_mark": lookup_mark, "sealed_mark": sealed_mark}
        await self._session.execute(insert(Installation).values(row).on_conflict_do_nothing())
