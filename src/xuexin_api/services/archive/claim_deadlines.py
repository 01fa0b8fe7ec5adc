"""What becomes of claims by the clock: what a school leaves goes to its province, and what that leaves is counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.policies import ClaimPolicy
from xuexin_api.repositories.archive.claims import ClaimRepository
from xuexin_api.services.archive.claim_holders import ClaimHolders
from xuexin_api.services.archive.claim_log import ClaimLog
from xuexin_api.services.base import Service

_AT_ONCE: Final = 100


class ClaimDeadlines(Service):
    """A background step. Several processes may take it at once: each takes claims that nobody else has in hand."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        claims: ClaimRepository,
        holders: ClaimHolders,
        log: ClaimLog,
        policy: ClaimPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._claims = claims
        self._holders = holders
        self._log = log
        self._policy = policy
        self.overdue = 0
        """With the provinces for too long, as last counted; for metrics."""

    async def run(self) -> None:
        """Every claim that is due is in its province, and its student told; told once more where that is late."""
        moved = _AT_ONCE
        while moved == _AT_ONCE:
            now = self._clock.now()
            async with self._transaction():
                left = await self._claims.escalate(
                    now=now, due_at=now + timedelta(seconds=self._policy.province), most=_AT_ONCE
                )
                for claim in left:
                    await self._holders.tell(claim, now=now)
                    await self._log.note(claim.id, "escalated", "service", now=now)
                    await self._log.tell_owner(
                        claim.account_id, "body_claim_escalated", now=now, school=claim.institution_name
                    )
            moved = len(left)
        told = _AT_ONCE
        while told == _AT_ONCE:
            now = self._clock.now()
            async with self._transaction():
                late = await self._claims.note_overdue(now=now, most=_AT_ONCE)
                for claim in late:
                    await self._log.note(claim.id, "overdue", "service", now=now)
                    await self._log.tell_owner(
                        claim.account_id, "body_claim_overdue", now=now, school=claim.institution_name
                    )
            told = len(late)
        async with self._read():
            self.overdue = await self._claims.count_overdue(now=self._clock.now())
