"""Telling the owner of an account that one of its passkeys may have been copied."""

from __future__ import annotations

from datetime import datetime

from xuexin_api.core.entropy import Entropy
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.login.passkeys import StoredPasskey
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.messaging.notices import Notices


class AccountPasskeyCopies:
    """On every channel, and in the audit."""

    def __init__(
        self, *, accounts: AccountRepository, audit: AuditRepository, notices: Notices, entropy: Entropy
    ) -> None:
        self._accounts = accounts
        self._audit = audit
        self._notices = notices
        self._entropy = entropy

    async def tell(self, passkey: StoredPasskey, *, now: datetime) -> None:
        account = await self._accounts.get(passkey.owner_id)
        if account is None:
            return
        await self._notices.post_everywhere(account, "body_passkey_copied", now=now)
        await self._audit.add(
            self._entropy.identifier(), "account:passkey:copied", account_id=account.id, session_id=None, now=now
        )
