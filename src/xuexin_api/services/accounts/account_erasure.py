"""Accounts that go: those whose owners did not come back, and those in conflict that nobody claims by any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.policies import CasePolicy
from xuexin_api.repositories.accounts.holdings import HoldingRepository
from xuexin_api.services.base import Service

_AT_ONCE: Final = 100
_LOG = structlog.get_logger("account_erasure")


class AccountErasure(Service):
    """A background step. Several processes may take it at once: each account is looked at again under its lock."""

    def __init__(self, *, session: AsyncSession, holdings: HoldingRepository, policy: CasePolicy, clock: Clock) -> None:
        super().__init__(session, clock)
        self._holdings = holdings
        self._policy = policy

    async def run(self) -> int:
        """How many went, each in a transaction of its own: much hangs on one, and one that fails holds up no other."""
        gone, last = 0, UUID(int=0)
        while True:
            now = self._clock.now()
            abandoned_before = now - timedelta(seconds=self._policy.abandoned)
            async with self._read():
                past = await self._holdings.list_to_erase(
                    now=now, abandoned_before=abandoned_before, after=last, most=_AT_ONCE
                )
            for last in past:
                try:
                    async with self._transaction():
                        if await self._holdings.take_to_erase(last, now=now, abandoned_before=abandoned_before):
                            await self._holdings.erase(last)
                            gone += 1
                except Exception:  # noqa: BLE001 - the others go on, and the next round tries this one again
                    _LOG.exception("account_not_erased", account_id=str(last))
            if len(past) < _AT_ONCE:
                return gone
