"""What waits, what did not leave, and where the logs end: for operators, at one look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.audit_trails import AuditTrailRepository
from xuexin_api.repositories.staff.overview import COUNTED_TO, OverviewRepository, Waiting
from xuexin_api.services.audit.sealing import written
from xuexin_api.services.base import Service
from xuexin_api.services.staff.staff_callers import StaffCallers


@dataclass(frozen=True, slots=True)
class WaitingView:
    """How many of a kind wait, whether there are more than were counted, and since when the oldest."""

    what: str
    count: int
    more: bool
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class OverviewView:
    """The service at a moment; heads as `xuexin audit verify` prints them."""

    waiting: list[WaitingView]
    heads: list[str]


class OverviewService(Service):
    """In numbers only: of whom anything is stands nowhere in it."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        overview: OverviewRepository,
        trails: AuditTrailRepository,
        callers: StaffCallers,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._overview = overview
        self._trails = trails
        self._callers = callers

    async def get(self, claims: Claims) -> OverviewView:
        """Three statements, however much waits."""
        async with self._transaction():
            await self._callers.member_of(claims, Role.OPERATOR)
            waiting = await self._overview.list_waiting(now=self._clock.now())
            heads = await self._trails.list_heads()
        return OverviewView([_view(one) for one in waiting], [written(trail, head) for trail, head in heads.items()])


def _view(one: Waiting) -> WaitingView:
    return WaitingView(one.what, min(one.count, COUNTED_TO), one.count > COUNTED_TO, one.oldest_at)
