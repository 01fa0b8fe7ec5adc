"""Setting up and giving up an authenticator app, and the recovery codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyotp
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import CodeRejectedError, FactorNotSetError, FactorSetError
from xuexin_api.core.policies import FactorPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.second_factors import TOTP
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.login.factors import FactorRepository
from xuexin_api.repositories.login.passkeys import PasskeyRepository
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.login.factor_changes import FactorChanges, FactorConfirmations, label_of
from xuexin_api.services.login.second_factors import SecondFactor, SecondFactors, totp_context
from xuexin_api.services.messaging.outbox import OutboxDispatcher

_SECRET_CHARACTERS: Final = 32


@dataclass(frozen=True, slots=True)
class ProposedTotp:
    """The secret for an authenticator app, told once."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class FactorsView:
    """What is set, and how many recovery codes are left."""

    totp: bool
    passkeys: int
    recovery_codes_left: int


class FactorService(Service):
    """Every change is confirmed, audited and told on every channel."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        confirmations: FactorConfirmations,
        callers: Callers,
        factors: FactorRepository,
        passkeys: PasskeyRepository,
        checking: SecondFactors,
        changes: FactorChanges,
        dispatcher: OutboxDispatcher,
        sealer: Sealer,
        policy: FactorPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._confirmations = confirmations
        self._callers = callers
        self._factors = factors
        self._passkeys = passkeys
        self._checking = checking
        self._changes = changes
        self._dispatcher = dispatcher
        self._sealer = sealer
        self._policy = policy

    async def show(self, claims: Claims) -> FactorsView:
        """What the caller's account asks for besides its password."""
        async with self._read():
            account = await self._callers.account_of(claims)
            passkeys = await self._passkeys.count_for_owner(account.id)
            left = await self._factors.count_codes(account.id)
        return FactorsView(TOTP in account.second_factors, passkeys, left)

    async def propose_totp(self, claims: Claims, password: str, given: SecondFactor | None) -> ProposedTotp:
        """A secret that counts once a code of it was given; FactorSetError where one counts already."""
        async with self._read():
            if TOTP in (await self._callers.account_of(claims)).second_factors:
                raise FactorSetError
        account = await self._confirmations.confirm(claims, password, given)
        secret = pyotp.random_base32(_SECRET_CHARACTERS)
        sealed = self._sealer.seal(secret.encode(), totp_context(account.id))
        async with self._transaction():
            if not await self._factors.propose_totp(account.id, sealed, now=self._clock.now()):
                raise FactorSetError
        label = label_of(account, self._sealer)
        uri = pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=self._policy.issuer)
        return ProposedTotp(secret, uri)

    async def confirm_totp(self, claims: Claims, code: str) -> list[str]:
        """From now on logins ask for it; with the first factor the recovery codes, told once. CodeRejectedError."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            tries = await self._checking.count(account.id, None, now=now)
        self._checking.refuse_if_often(tries, now=now)
        async with self._transaction():
            locked = await self._changes.hold(account, claims)
            if not await self._checking.check_totp(account.id, code, confirmed=False, now=now):
                raise CodeRejectedError
            if not await self._factors.confirm_totp(account.id, now=now):
                raise CodeRejectedError
            codes = await self._changes.set(TOTP, locked, {}, claims, now=now)
        self._dispatcher.wake()
        return codes

    async def renew_recovery_codes(self, claims: Claims, password: str, given: SecondFactor | None) -> list[str]:
        """New recovery codes, told once; the old ones are worth nothing."""
        account = await self._confirmations.confirm(claims, password, given)
        async with self._transaction():
            locked = await self._changes.hold(account, claims)
            if not locked.second_factors:
                raise FactorNotSetError
            codes = await self._changes.renew_codes(locked.id)
            await self._changes.tell(
                locked,
                claims,
                "account:recovery_codes:renew",
                "body_recovery_codes_renewed",
                now=self._clock.now(),
            )
        self._dispatcher.wake()
        return codes

    async def remove_totp(self, claims: Claims, password: str, given: SecondFactor | None) -> None:
        """Give the authenticator app up, by one of the account's factors or a recovery code."""
        async with self._read():
            if TOTP not in (await self._callers.account_of(claims)).second_factors:
                raise FactorNotSetError
        account = await self._confirmations.confirm(claims, password, given)
        async with self._transaction():
            locked = await self._changes.hold(account, claims)
            await self._factors.remove_totp(locked.id)
            await self._changes.give_up(
                locked, claims, "account:totp:remove", "body_factor_removed", now=self._clock.now()
            )
        self._dispatcher.wake()
