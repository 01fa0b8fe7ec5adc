"""An account's passkeys: made, named, looked through, given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import (
    FactorNotSetError,
    PasskeyLimitReachedError,
    PasskeyNotFoundError,
)
from xuexin_api.core.policies import PasskeyPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.second_factors import PASSKEY
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.login.passkeys import PasskeyRepository, StoredPasskey
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.login.factor_changes import FactorChanges, FactorConfirmations, label_of, use_for
from xuexin_api.services.login.passkey_checking import PasskeyChecking, Use
from xuexin_api.services.login.passkey_making import PasskeyMaking
from xuexin_api.services.login.second_factors import SecondFactor
from xuexin_api.services.messaging.outbox import OutboxDispatcher


@dataclass(frozen=True, slots=True)
class AddedPasskey:
    """A new passkey and, with an account's first factor, its recovery codes, told once."""

    passkey: StoredPasskey
    recovery_codes: list[str]


class PasskeyService(Service):
    """Every change but a name is confirmed, audited and told on every channel."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        confirmations: FactorConfirmations,
        callers: Callers,
        passkeys: PasskeyRepository,
        checking: PasskeyChecking,
        making: PasskeyMaking,
        changes: FactorChanges,
        dispatcher: OutboxDispatcher,
        sealer: Sealer,
        policy: PasskeyPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._confirmations = confirmations
        self._callers = callers
        self._passkeys = passkeys
        self._checking = checking
        self._making = making
        self._changes = changes
        self._dispatcher = dispatcher
        self._sealer = sealer
        self._policy = policy

    async def list_all(self, claims: Claims) -> list[StoredPasskey]:
        """The caller's passkeys, oldest first."""
        async with self._read():
            account = await self._callers.account_of(claims)
            return await self._passkeys.list_for_owner(account.id)

    async def begin(self, claims: Claims, password: str, given: SecondFactor | None) -> dict[str, Any]:
        """What a browser needs to have a passkey made. It counts once `finish` was told what came of it."""
        # Before a recovery code is used up for nothing.
        if len(await self.list_all(claims)) >= self._policy.per_account:
            raise PasskeyLimitReachedError
        account = await self._confirmations.confirm(claims, password, given)
        async with self._read():
            return await self._making.offer(
                _making(claims, account),
                account.id,
                label=label_of(account, self._sealer),
                now=self._clock.now(),
            )

    async def finish(self, claims: Claims, credential: Mapping[str, Any], name: str) -> AddedPasskey:
        """Logins ask for a passkey from now on. PasskeyRejectedError for anything but what `begin` asked for."""
        now = self._clock.now()
        async with self._read():
            account = await self._callers.account_of(claims)
        made = self._making.read(credential, _making(claims, account), now=now)
        async with self._transaction():
            locked = await self._changes.hold(account, claims)
            passkey = await self._making.keep(made, locked.id, name, now=now)
            codes = await self._changes.set(PASSKEY, locked, {"id": str(passkey.id)}, claims, now=now)
        self._dispatcher.wake()
        return AddedPasskey(passkey, codes)

    async def ask(self, claims: Claims) -> dict[str, Any]:
        """What a browser has one of the caller's passkeys sign, to confirm a change of the account's factors."""
        async with self._read():
            account = await self._callers.account_of(claims)
            if PASSKEY not in account.second_factors:
                raise FactorNotSetError
            return await self._checking.ask(use_for(claims), account.id, now=self._clock.now())

    async def rename(self, claims: Claims, passkey_id: UUID, name: str) -> StoredPasskey:
        """A name is for its owner's eyes only."""
        async with self._transaction():
            account = await self._callers.account_of(claims)
            renamed = await self._passkeys.rename(account.id, passkey_id, name)
            if renamed is None:
                raise PasskeyNotFoundError
        return renamed

    async def remove(self, claims: Claims, passkey_id: UUID, password: str, given: SecondFactor | None) -> None:
        """Give a passkey up, by one of the account's factors or a recovery code."""
        if passkey_id not in {one.id for one in await self.list_all(claims)}:
            raise PasskeyNotFoundError
        account = await self._confirmations.confirm(claims, password, given)
        async with self._transaction():
            locked = await self._changes.hold(account, claims)
            if not await self._passkeys.remove(locked.id, passkey_id):
                raise PasskeyNotFoundError
            await self._changes.give_up(
                locked, claims, "account:passkey:remove", "body_passkey_removed", now=self._clock.now()
            )
        self._dispatcher.wake()


def _making(claims: Claims, account: AccountRow) -> Use:
    """This session, and the factors that were there when it was confirmed: where others came, it is confirmed anew."""
    return Use("registration", claims.session_id.bytes + ",".join(account.second_factors).encode())
