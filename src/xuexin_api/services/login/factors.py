"""Setting up and giving up second factors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import pyotp
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import CodeRejectedError, FactorNotSetError, FactorSetError
from xuexin_api.core.phones import mask_phone
from xuexin_api.core.policies import FactorPolicy
from xuexin_api.core.sealing import PHONE_CONTEXT, Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts import AccountRow
from xuexin_api.repositories.factors import FactorRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.accounts.confirmations import Confirmations
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.login.second_factors import TOTP, SecondFactors, totp_context
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher

_SECRET_CHARACTERS: Final = 32
_ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_CODE_CHARACTERS: Final = 10


@dataclass(frozen=True, slots=True)
class ProposedTotp:
    """The secret for an authenticator app, told once."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class FactorsView:
    """What is set, and how many recovery codes are left."""

    totp: bool
    recovery_codes_left: int


class FactorService(Service):
    """Every change is confirmed, audited and told on every channel."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        confirmations: Confirmations,
        callers: Callers,
        factors: FactorRepository,
        checking: SecondFactors,
        audit: AuditRepository,
        notices: Notices,
        dispatcher: OutboxDispatcher,
        sealer: Sealer,
        policy: FactorPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._confirmations = confirmations
        self._callers = callers
        self._factors = factors
        self._checking = checking
        self._audit = audit
        self._notices = notices
        self._dispatcher = dispatcher
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def show(self, claims: Claims) -> FactorsView:
        """What the caller's account asks for besides its password."""
        async with self._read():
            account = await self._callers.account_of(claims)
            left = await self._factors.count_codes(account.id)
        return FactorsView(TOTP in account.second_factors, left)

    async def propose_totp(self, claims: Claims, password: str) -> ProposedTotp:
        """A secret that counts once a code of it was given; FactorSetError where one counts already."""
        account = await self._confirmations.confirm(claims, password)
        secret = pyotp.random_base32(_SECRET_CHARACTERS)
        sealed = self._sealer.seal(secret.encode(), totp_context(account.id))
        async with self._transaction():
            if not await self._factors.propose_totp(account.id, sealed, now=self._clock.now()):
                raise FactorSetError
        uri = pyotp.TOTP(secret).provisioning_uri(name=self._label(account), issuer_name=self._policy.issuer)
        return ProposedTotp(secret, uri)

    async def confirm_totp(self, claims: Claims, code: str) -> list[str]:
        """From now on logins ask for it; the recovery codes, told once. CodeRejectedError for a wrong code."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            tries = await self._checking.count(account.id, None, now=now)
        self._checking.refuse_if_often(tries, now=now)
        codes = [self._new_code() for _ in range(self._policy.recovery_codes)]
        async with self._transaction():
            if not await self._checking.check_totp(account.id, code, confirmed=False, now=now):
                raise CodeRejectedError
            if not await self._factors.confirm_totp(account.id, now=now):
                raise CodeRejectedError
            await self._factors.note_factors(account.id, [TOTP])
            await self._replace_codes(account.id, codes)
            await self._note(account, claims, "account:totp:set", "body_factor_set", now)
        self._dispatcher.wake()
        return codes

    async def renew_recovery_codes(self, claims: Claims, password: str) -> list[str]:
        """New recovery codes, told once; the old ones are worth nothing."""
        account = await self._confirmations.confirm(claims, password)
        now = self._clock.now()
        codes = [self._new_code() for _ in range(self._policy.recovery_codes)]
        async with self._transaction():
            if not account.second_factors:
                raise FactorNotSetError
            await self._replace_codes(account.id, codes)
            await self._note(account, claims, "account:recovery_codes:renew", "body_recovery_codes_renewed", now)
        self._dispatcher.wake()
        return codes

    async def remove_totp(self, claims: Claims, password: str, factor: str, answer: str) -> None:
        """Give the second factor up, by the factor itself or a recovery code; its recovery codes go with it."""
        account = await self._confirmations.confirm(claims, password)
        now = self._clock.now()
        async with self._transaction():
            tries = await self._checking.count(account.id, None, now=now)
        self._checking.refuse_if_often(tries, now=now)
        if TOTP not in account.second_factors:
            raise FactorNotSetError
        async with self._transaction():
            if not await self._checking.check(account.id, factor, answer, None, now=now):
                raise CodeRejectedError
            await self._factors.remove_totp(account.id)
            await self._factors.replace_codes(account.id, [])
            await self._factors.note_factors(account.id, [])
            await self._note(account, claims, "account:totp:remove", "body_factor_removed", now)
        self._dispatcher.wake()

    async def _replace_codes(self, account_id: UUID, codes: list[str]) -> None:
        await self._factors.replace_codes(account_id, [self._checking.hash_of(account_id, code) for code in codes])

    async def _note(self, account: AccountRow, claims: Claims, action: str, word: str, now: datetime) -> None:
        await self._audit.add(
            self._entropy.identifier(), action, account_id=account.id, session_id=claims.session_id, now=now
        )
        await self._notices.post_everywhere(account, word, now=now)

    def _new_code(self) -> str:
        """Ten characters that nobody misreads: fifty bits."""
        return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in self._entropy.token(_CODE_CHARACTERS))

    def _label(self, account: AccountRow) -> str:
        """What the app shows; masked, for a phone lies about."""
        if account.phone_ciphertext is None:
            return str(account.id)
        return mask_phone(self._sealer.open(account.phone_ciphertext, PHONE_CONTEXT).decode())
