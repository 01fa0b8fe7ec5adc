"""What the robot could not answer, for those who write articles."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.help.likeness import Asked, Group, group_alike
from xuexin_api.repositories.help.help_robot import UnansweredRepository
from xuexin_api.services.base import Service
from xuexin_api.services.help.library import HelpLibrary


class UnansweredService(Service):
    """Reads; an article in the folder is the answer."""

    def __init__(
        self, *, session: AsyncSession, unanswered: UnansweredRepository, library: HelpLibrary, clock: Clock
    ) -> None:
        super().__init__(session, clock)
        self._unanswered = unanswered
        self._library = library

    async def list_groups(self, *, newest: int) -> list[Group]:
        """Of the questions that came last: alike ones together, the most asked first."""
        async with self._read():
            rows = await self._unanswered.list_newest(most=newest)
        return group_alike([Asked(row.question, row.times) for row in rows], self._library.matcher())
