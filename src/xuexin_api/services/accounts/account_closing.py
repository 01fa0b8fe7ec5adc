"""注销: a page that states the effects, time to come back, then nothing personal is left but the archive."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.documents import normalise_document_number
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import ClosingRejectedError, CodeRejectedError
from xuexin_api.core.names import name_key
from xuexin_api.core.policies import ChangePolicy
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.accounts.holdings import HoldingRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.accounts.account_changes import SentCode
from xuexin_api.services.accounts.confirmations import Confirmations
from xuexin_api.services.base import Service
from xuexin_api.services.codes.code_checking import CodeChecking
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher

EFFECTS: Final = ("sessions_end", "login_undoes", "platforms_lost", "erased_after", "archive_stays")
_PURPOSE: Final = "closing"


class AccountClosingService(Service):
    """The owner closes; a login undoes it; housekeeping erases."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        confirmations: Confirmations,
        accounts: AccountRepository,
        holdings: HoldingRepository,
        sessions: SessionRepository,
        audit: AuditRepository,
        checking: CodeChecking,
        notices: Notices,
        dispatcher: OutboxDispatcher,
        lookups: Lookups,
        policy: ChangePolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._confirmations = confirmations
        self._accounts = accounts
        self._holdings = holdings
        self._sessions = sessions
        self._audit = audit
        self._checking = checking
        self._notices = notices
        self._dispatcher = dispatcher
        self._lookups = lookups
        self._policy = policy
        self._entropy = entropy

    async def close(
        self, claims: Claims, *, password: str, name: str, document_number: str, code: SentCode
    ) -> datetime:
        """When the account will be erased; every session ends now."""
        account = await self._confirmations.confirm(claims, password)
        now = self._clock.now()
        async with self._transaction():
            tried = await self._checking.count(code.code_id, now=now)
        key = account.phone_key or b""
        if not self._checking.matches(
            tried, code_id=code.code_id, code=code.code, destination_key=key, purpose=_PURPOSE
        ):
            raise CodeRejectedError
        document_key = self._lookups.document(normalise_document_number(document_number))
        same_name = hmac.compare_digest(name_key(account.name).encode(), name_key(name).encode())
        if not hmac.compare_digest(account.document_key, document_key) or not same_name:
            raise ClosingRejectedError
        closes_at = now + timedelta(seconds=self._policy.closing)
        async with self._transaction():
            locked = await self._confirmations.hold(account, claims)
            await self._checking.consume(code.code_id, key, now=now)
            if not await self._holdings.start_closing(account.id, closes_at=closes_at):
                raise ClosingRejectedError
            await self._sessions.revoke_all(account.id, "closed", now=now)
            await self._sessions.end_flows(account.id, now=now)
            days = max(1, self._policy.closing // 86400)
            await self._notices.post_everywhere(locked, "body_closing", now=now, days=days)
            await self._audit.add(
                self._entropy.identifier(),
                "account:close",
                account_id=account.id,
                session_id=claims.session_id,
                now=now,
            )
        self._dispatcher.wake()
        return closes_at
