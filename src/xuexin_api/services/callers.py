"""Who is asking, where a service reads in steps: the account behind a token whose session lives."""

from __future__ import annotations

from uuid import UUID

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import RefusalError, TokenInvalidError
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.services.assurance import VerificationRule, refuse_unless_live


class Callers:
    """Used inside the transactions of the service that asks."""

    def __init__(
        self, *, accounts: AccountRepository, sessions: SessionRepository, rule: VerificationRule, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._rule = rule
        self._clock = clock

    async def account_of(self, claims: Claims) -> AccountRow:
        """The account of a living session, or TokenInvalidError."""
        state = await self._sessions.get(claims.session_id)
        account = await self._accounts.get(claims.account_id)
        if state is None or account is None or state.account_id != account.id:
            raise TokenInvalidError
        session = {name: getattr(state, name) for name in ("ended_at", "epoch", "idle_until", "ends_at")}
        refuse_unless_live(session | {"account_state": account.state}, claims, now=self._clock.now())
        return account

    async def verified_account_of(self, claims: Claims) -> AccountRow:
        """The account, where its verification is fresh."""
        account = await self.account_of(claims)
        await self.refuse_unless_verified(claims)
        return account

    async def student_of(self, claims: Claims, *, refusal: type[RefusalError]) -> tuple[AccountRow, UUID]:
        """The verified account and its person; `refusal` where it has none, or is not active."""
        account = await self.verified_account_of(claims)
        return account, self.person_of(account, refusal=refusal)

    async def kept_student_of(self, claims: Claims, *, refusal: type[RefusalError]) -> tuple[AccountRow, UUID]:
        """The same, and it stays so until the transaction ends: what takes the person away comes before or after."""
        await self.keep(claims.account_id)
        return await self.student_of(claims, refusal=refusal)

    async def keep(self, account_id: UUID) -> None:
        """Before anything of the account is locked: whoever takes its person away locks in this order, too."""
        await self._accounts.keep(account_id)

    def person_of(self, account: AccountRow, *, refusal: type[RefusalError]) -> UUID:
        """Whose archive the account opens; `refusal` where it opens none."""
        if account.person_id is None or account.state != "active":
            raise refusal
        return account.person_id

    async def refuse_unless_verified(self, claims: Claims) -> None:
        """The challenge to verify, where the token is not of a verification that is still fresh."""
        await self._rule.refuse_unless_met(claims, now=self._clock.now())

    def is_verified(self, claims: Claims) -> bool:
        """Whether it is of one."""
        return self._rule.is_met(claims, now=self._clock.now())
