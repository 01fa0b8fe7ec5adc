"""One statement that only a migrated database answers."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


class ReadinessRepository:
    """For readiness."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get_revision(self) -> str | None:
        """The migration that the database is at."""
        revision: str | None = await self._session.scalar(text("SELECT version_num FROM alembic_version"))
        return revision
