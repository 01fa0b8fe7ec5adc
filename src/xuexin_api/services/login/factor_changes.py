"""What every setting and giving up of a second factor has in common: the confirmation before, the telling after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import CodeRejectedError, SecondFactorNeededError
from xuexin_api.core.phones import mask_phone
from xuexin_api.core.policies import FactorPolicy
from xuexin_api.core.sealing import PHONE_CONTEXT, Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.login.factors import FactorRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.accounts.change_log import ChangeLog
from xuexin_api.services.accounts.confirmations import Confirmations
from xuexin_api.services.base import Service
from xuexin_api.services.login.passkey_checking import Use
from xuexin_api.services.login.second_factors import SecondFactor, SecondFactors, options_of
from xuexin_api.services.messaging.notices import Notices

_ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_CODE_CHARACTERS: Final = 10


class FactorConfirmations(Service):
    """A password alone, and a stolen session with it, neither adds a second factor beside one nor takes it away."""

    def __init__(
        self, *, session: AsyncSession, confirmations: Confirmations, checking: SecondFactors, clock: Clock
    ) -> None:
        super().__init__(session, clock)
        self._confirmations = confirmations
        self._checking = checking

    async def confirm(self, claims: Claims, password: str, given: SecondFactor | None) -> AccountRow:
        """The caller's account, by its password and, where it has a second factor, by that; a refusal otherwise."""
        account = await self._confirmations.confirm(claims, password)
        if not account.second_factors:
            return account
        if given is None:
            raise SecondFactorNeededError(options=options_of(account))
        now = self._clock.now()
        use = use_for(claims)
        async with self._transaction():
            tries = await self._checking.count_for(account.id, given, use, None, now=now)
        self._checking.refuse_if_often(tries, now=now)
        async with self._transaction():
            if not await self._checking.check(account.id, given, use, None, now=now):
                raise CodeRejectedError
        return account


class FactorChanges:
    """Works inside the transaction that changes, under the account's lock."""

    def __init__(
        self,
        *,
        confirmations: Confirmations,
        factors: FactorRepository,
        checking: SecondFactors,
        log: ChangeLog,
        audit: AuditRepository,
        notices: Notices,
        policy: FactorPolicy,
        entropy: Entropy,
    ) -> None:
        self._confirmations = confirmations
        self._factors = factors
        self._checking = checking
        self._log = log
        self._audit = audit
        self._notices = notices
        self._policy = policy
        self._entropy = entropy

    async def hold(self, account: AccountRow, claims: Claims) -> AccountRow:
        """The account, locked; a factor that came since the confirmation was not asked, and must be."""
        locked = await self._confirmations.hold(account, claims)
        if not set(locked.second_factors) <= set(account.second_factors):
            raise SecondFactorNeededError(options=options_of(locked))
        return locked

    async def set(
        self, kind: str, account: AccountRow, way_back: Mapping[str, Any], claims: Claims, *, now: datetime
    ) -> list[str]:
        """Logins ask for it from now on, and every channel gets a link that undoes it. The codes, with the first."""
        # Whoever proposed a secret before was not asked for this factor.
        await self._factors.drop_proposed_totp(account.id)
        await self._factors.note_factors(account.id)
        await self._log.note(kind, account, way_back, session_id=claims.session_id, now=now)
        return [] if account.second_factors else await self.renew_codes(account.id)

    async def give_up(self, account: AccountRow, claims: Claims, action: str, word: str, *, now: datetime) -> None:
        """Note what is left; with the last factor go the recovery codes."""
        if not await self._factors.note_factors(account.id):
            await self._factors.replace_codes(account.id, [])
        await self.tell(account, claims, action, word, now=now)

    async def renew_codes(self, account_id: UUID) -> list[str]:
        """New recovery codes, told once, in the place of all others."""
        codes = [self._new_code() for _ in range(self._policy.recovery_codes)]
        await self._factors.replace_codes(account_id, [self._checking.hash_of(account_id, code) for code in codes])
        return codes

    async def tell(self, account: AccountRow, claims: Claims, action: str, word: str, *, now: datetime) -> None:
        """In the audit, and on every channel."""
        await self._audit.add(
            self._entropy.identifier(), action, account_id=account.id, session_id=claims.session_id, now=now
        )
        await self._notices.post_everywhere(account, word, now=now)

    def _new_code(self) -> str:
        """Ten characters that nobody misreads: fifty bits."""
        return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in self._entropy.token(_CODE_CHARACTERS))


def use_for(claims: Claims) -> Use:
    """What a passkey signs to confirm a change of factors: for this session, and no other's."""
    return Use("factors", claims.session_id.bytes)


def label_of(account: AccountRow, sealer: Sealer) -> str:
    """What an authenticator shows as the account; masked, for a phone lies about."""
    if account.phone_ciphertext is None:
        return str(account.id)
    return mask_phone(sealer.open(account.phone_ciphertext, PHONE_CONTEXT).decode())
