"""Who is asking, where a service reads in steps: the account behind a token whose session lives."""

from __future__ import annotations

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import TokenInvalidError
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.services.assurance import refuse_unless_live


class Callers:
    """Used inside the transactions of the service that asks."""

    def __init__(self, *, accounts: AccountRepository, sessions: SessionRepository, clock: Clock) -> None:
        self._accounts = accounts
        self._sessions = sessions
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
