"""Logging in by a password: one answer and one amount of work for every wrong pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import LoginRejectedError, ServiceBusyError
from xuexin_api.core.passwords import canonical_password
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.services.base import Service
from xuexin_api.services.challenges import ChallengeService, spend
from xuexin_api.services.login.identifiers import classify_identifier
from xuexin_api.services.login.login_limits import LoginLimits
from xuexin_api.services.login.outcomes import Caller, LoggedIn, LoginOutcomes, Ticket, is_over
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.sessions.session_opening import DeviceTokens

_PURPOSE: Final = "login"


@dataclass(frozen=True, slots=True)
class PasswordPair:
    """A login name (phone, document number or e-mail) and its password."""

    identifier: str
    password: str
    challenge: str | None


class PasswordLogin(Service):
    """Two statements and a hash, where nothing is unusual."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        accounts: AccountRepository,
        codes: CodeRepository,
        limits: LoginLimits,
        challenges: ChallengeService,
        outcomes: LoginOutcomes,
        devices: DeviceTokens,
        hashing: PasswordHashing,
        lookups: Lookups,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._accounts = accounts
        self._codes = codes
        self._limits = limits
        self._challenges = challenges
        self._outcomes = outcomes
        self._devices = devices
        self._hashing = hashing
        self._lookups = lookups

    async def begin(self, asked: PasswordPair, caller: Caller) -> LoggedIn | Ticket:
        """A session for a right pair, or a ticket where the account asks for more; LoginRejectedError otherwise."""
        self._hashing.refuse_if_full()
        device = self._devices.read(caller.device_token)
        await self._spend_challenge(asked.challenge)
        # After the challenge: only who solved one counts against the number that ends in a refusal.
        asks = await self._limits.asks_for_challenge(caller.network, device, challenged=asked.challenge is not None)
        kind, key = classify_identifier(asked.identifier, self._lookups)
        # Counted before it is judged, so that parallel tries are all counted; a success forgets its own.
        attempt, counted = await self._limits.count(
            kind, key, caller.network, device, asks=asks, challenged=asked.challenge is not None
        )
        row, stored = attempt.account, attempt.password_hash
        password = canonical_password(asked.password)
        try:
            right = await self._hashing.verify(password, stored)
        except ServiceBusyError:
            await self._limits.take_back(counted)
            raise
        if not right or row is None or is_over(row, self._clock.now()):
            await self._limits.note_failure(caller.network)
            raise LoginRejectedError
        if stored is not None and self._hashing.outdated(stored):
            rehashed = await self._hashing.hash(password)
            async with self._transaction():
                await self._accounts.set_password_hash(row.id, rehashed, replaces=stored)
            stored = rehashed
        return await self._outcomes.go_on(
            row,
            methods=["pwd"],
            known=attempt.by_owner,
            caller=caller,
            now=self._clock.now(),
            forgets=counted,
            judged_hash=stored,
        )

    async def _spend_challenge(self, challenge: str | None) -> None:
        if challenge is None:
            return
        answered = self._challenges.read(challenge, purpose=_PURPOSE)
        async with self._transaction():
            await spend(self._codes, answered)
        await self._challenges.judge(answered)
