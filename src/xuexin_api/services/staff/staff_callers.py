"""Which member of staff is asking, and whether their role may."""

from __future__ import annotations

from datetime import datetime, timedelta

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import RoleNotAllowedError, TokenInvalidError
from xuexin_api.core.policies import StaffPolicy
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow


class StaffCallers:
    """Used inside the transactions of the service that asks."""

    def __init__(self, *, staff: StaffRepository, policy: StaffPolicy, clock: Clock) -> None:
        self._staff = staff
        self._policy = policy
        self._clock = clock

    async def member_of(self, claims: Claims, *roles: Role) -> StaffRow:
        """The member behind a living session, in one of these roles (any, where none is named)."""
        now = self._clock.now()
        member = await self._staff.get_by_session(claims.session_id, unused_since=self._unused_since(now), now=now)
        if member is None or member.id != claims.account_id:
            raise TokenInvalidError
        if roles and member.role not in roles:
            raise RoleNotAllowedError
        return member

    async def is_logged_in(self, claims: Claims) -> bool:
        """Whether the session still lives: for what goes on for some time after it was asked."""
        now = self._clock.now()
        return await self._staff.has_session(claims.session_id, unused_since=self._unused_since(now), now=now)

    def _unused_since(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self._policy.idle)
