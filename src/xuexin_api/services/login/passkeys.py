"""An account's passkeys: made, named, looked through, given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    FactorNotSetError,
    PasskeyLimitReachedError,
    PasskeyNotFoundError,
    PasskeyRejectedError,
)
from xuexin_api.core.passkeys import (
    KnownCredential,
    PasskeyChallenges,
    challenge_of,
    creation_options,
    read_registration,
)
from xuexin_api.core.policies import PasskeyPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.second_factors import PASSKEY
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.login.passkeys import PasskeyRepository, StoredPasskey
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.login.factor_changes import FactorChanges, FactorConfirmations, label_of, use_for
from xuexin_api.services.login.passkey_checking import PasskeyChecking
from xuexin_api.services.login.second_factors import SecondFactor
from xuexin_api.services.messaging.outbox import OutboxDispatcher

_REGISTRATION: Final = "registration"


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
        codes: CodeRepository,
        checking: PasskeyChecking,
        changes: FactorChanges,
        challenges: PasskeyChallenges,
        dispatcher: OutboxDispatcher,
        sealer: Sealer,
        policy: PasskeyPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._confirmations = confirmations
        self._callers = callers
        self._passkeys = passkeys
        self._codes = codes
        self._checking = checking
        self._changes = changes
        self._challenges = challenges
        self._dispatcher = dispatcher
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def list_all(self, claims: Claims) -> list[StoredPasskey]:
        """The caller's passkeys, oldest first."""
        async with self._read():
            account = await self._callers.account_of(claims)
            return await self._passkeys.list_for_account(account.id)

    async def begin(self, claims: Claims, password: str, given: SecondFactor | None) -> dict[str, Any]:
        """What a browser needs to have a passkey made. It counts once `finish` was told what came of it."""
        # Before a recovery code is used up for nothing.
        known = await self.list_all(claims)
        if len(known) >= self._policy.per_account:
            raise PasskeyLimitReachedError
        account = await self._confirmations.confirm(claims, password, given)
        expires_at = self._clock.now() + timedelta(seconds=self._policy.lifetime)
        return creation_options(
            self._policy,
            challenge=self._challenges.make(_REGISTRATION, _subject(claims, account), expires_at=expires_at),
            user_handle=self._checking.user_handle(account.id),
            user_name=label_of(account, self._sealer),
            known=[KnownCredential(one.credential_id, one.transports) for one in known],
        )

    async def finish(self, claims: Claims, credential: Mapping[str, Any], name: str) -> AddedPasskey:
        """Logins ask for a passkey from now on. PasskeyRejectedError for anything but what `begin` asked for."""
        now = self._clock.now()
        async with self._read():
            account = await self._callers.account_of(claims)
        signed = challenge_of(credential)
        made = read_registration(self._policy, credential, signed)
        challenge = self._challenges.read(signed, _REGISTRATION, _subject(claims, account), now=now)
        if made is None or challenge is None:
            raise PasskeyRejectedError
        passkey = StoredPasskey(
            id=self._entropy.identifier(),
            account_id=account.id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            aaguid=made.aaguid,
            transports=made.transports,
            backup_eligible=made.backup_eligible,
            backed_up=made.backed_up,
            name=name,
            created_at=now,
            last_used_at=None,
            copy_suspected_at=None,
        )
        with refused_by({"uq_passkeys_credential_id": PasskeyRejectedError()}):
            async with self._transaction():
                locked = await self._changes.hold(account, claims)
                if not await self._codes.spend_challenge(challenge.nonce, expires_at=challenge.expires_at):
                    raise PasskeyRejectedError
                if await self._passkeys.count_for_account(locked.id) >= self._policy.per_account:
                    raise PasskeyLimitReachedError
                await self._passkeys.add(passkey)
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


def _subject(claims: Claims, account: AccountRow) -> bytes:
    """This session, and the factors that were there when it was confirmed: where others came, it is confirmed anew."""
    return claims.session_id.bytes + ",".join(account.second_factors).encode()
