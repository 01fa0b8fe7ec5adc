"""What only some logins by password need: a challenge, a stronger hash, one more factor."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import LoginRejectedError
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.services.base import Service
from xuexin_api.services.challenges import ChallengeService, spend
from xuexin_api.services.login.further_factors import METHODS, PASSWORD
from xuexin_api.services.login.login_opening import Caller, LoggedIn
from xuexin_api.services.login.outcomes import LoginOutcomes, Ticket, is_over

_PURPOSE: Final = "login"


class PasswordAside(Service):
    """Made for the request that needs it."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        accounts: AccountRepository,
        codes: CodeRepository,
        challenges: ChallengeService,
        outcomes: LoginOutcomes,
        hashing: PasswordHashing,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._accounts = accounts
        self._codes = codes
        self._challenges = challenges
        self._outcomes = outcomes
        self._hashing = hashing

    async def spend_challenge(self, challenge: str) -> None:
        """Use a solved challenge up, or refuse it."""
        answered = self._challenges.read(challenge, purpose=_PURPOSE)
        async with self._transaction():
            await spend(self._codes, answered)
        await self._challenges.judge(answered)

    async def strengthen(self, account_id: UUID, password: str, stored: str) -> str:
        """The hash of a right password at today's cost, stored in place of the one that was right.

        Where another login was faster, the one that it stored; LoginRejectedError where that is another password's.
        """
        rehashed = await self._hashing.hash(password)
        async with self._transaction():
            if await self._accounts.set_password_hash(account_id, rehashed, replaces=stored):
                return rehashed
            standing = await self._accounts.get_password_hash(account_id)
        if standing is None or not await self._hashing.verify(password, standing):
            raise LoginRejectedError
        return standing

    async def go_on(
        self, account_id: UUID, *, caller: Caller, forgets: bytes, judged_hash: str | None
    ) -> LoggedIn | Ticket:
        """What the account asks for besides its password, which was right and may have been changed since."""
        async with self._transaction():
            now = self._clock.now()
            row = await self._accounts.lock(account_id)
            unchanged = await self._accounts.get_password_hash(account_id) == judged_hash
            if row is None or is_over(row, now) or not unchanged:
                raise LoginRejectedError
            known = await self._outcomes.known_device(account_id, caller) is not None
            return await self._outcomes.go_on(
                row, methods=[*METHODS[PASSWORD]], known=known, caller=caller, now=now, forgets=forgets
            )
