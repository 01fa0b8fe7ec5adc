"""One's own account."""

from __future__ import annotations

from xuexin_api.core.clock import Clock
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import ACCOUNT_COLUMNS, AccountReads, AccountRow
from xuexin_api.services.account_view import AccountView, view_account
from xuexin_api.services.assurance import refuse_unless_live


class AccountService:
    """The account for one caller: a pure read of session and account in one statement."""

    def __init__(self, *, claims: Claims, reads: AccountReads, sealer: Sealer, clock: Clock) -> None:
        self._claims = claims
        self._reads = reads
        self._sealer = sealer
        self._clock = clock

    async def get_mine(self) -> AccountView:
        """The account of the token."""
        row = await self._reads.get_mine(session_id=self._claims.session_id, account_id=self._claims.account_id)
        refuse_unless_live(row, self._claims, now=self._clock.now())
        assert row is not None, "refused where there is none"
        return view_account(AccountRow(*(row[column.key] for column in ACCOUNT_COLUMNS)), self._sealer)
