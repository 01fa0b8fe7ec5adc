"""Behind every change of an account: its password again, and a fresh verification where there is a person to verify."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import PasswordRejectedError, TokenInvalidError, TooManyOperationsError
from xuexin_api.core.passwords import canonical_password
from xuexin_api.core.policies import ChangePolicy
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers
from xuexin_api.services.lookups import Lookups

_TRIES: Final = "confirmations"
_MINUTE: Final = 60


class Confirmations(Service):
    """A stolen access token alone changes nothing, and neither does a password alone."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        callers: Callers,
        accounts: AccountRepository,
        counters: CounterRepository,
        hashing: PasswordHashing,
        throttle: Throttle,
        lookups: Lookups,
        policy: ChangePolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._callers = callers
        self._accounts = accounts
        self._counters = counters
        self._hashing = hashing
        self._throttle = throttle
        self._lookups = lookups
        self._policy = policy

    async def confirm(self, claims: Claims, password: str) -> AccountRow:
        """The caller's account, or a refusal. Wrong passwords are counted per session, before they are judged.

        Right ones are few a minute too: they cost everybody else the time of a hash.
        """
        self._hashing.refuse_if_full()
        wait = await self._throttle.hit(
            _TRIES, str(claims.account_id), most=self._policy.confirmations_per_minute, seconds=_MINUTE
        )
        if wait is not None:
            raise TooManyOperationsError(retry_after=wait)
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            await self._refuse_unless_fresh(account, claims)
            subject = self._lookups.attempt("confirmation", claims.session_id.bytes)
            tries = await self._counters.add_one(
                _TRIES, subject, now=now, window_ends_at=now + timedelta(seconds=self._policy.confirmation_window)
            )
        if tries.count > self._policy.confirmation_tries:
            raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))
        async with self._read():
            stored = await self._accounts.get_password_hash(account.id)
        if not await self._hashing.verify(canonical_password(password), stored):
            raise PasswordRejectedError
        async with self._transaction():
            await self._counters.take_back(_TRIES, subject)
        return account

    async def hold(self, account: AccountRow, claims: Claims) -> AccountRow:
        """The account, locked in the caller's transaction, with all still as it was confirmed a moment ago.

        A recovery or a logout in between ends the session, and with it what was begun in it.
        """
        locked = await self._accounts.lock(account.id)
        present = await self._callers.account_of(claims)
        if locked is None or present.phone_key != account.phone_key or present.state != account.state:
            raise TokenInvalidError
        return locked

    async def _refuse_unless_fresh(self, account: AccountRow, claims: Claims) -> None:
        """An account that nobody ever verified has only its password and its channels to show."""
        if account.person_id is not None:
            await self._callers.refuse_unless_verified(claims)
