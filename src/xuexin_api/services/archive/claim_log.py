"""What happened to a claim: its log, the account's own trail, and the words to its student."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from xuexin_api.core.entropy import Entropy
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.archive.claims import ClaimRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.messaging.notices import Notices

Actor = Literal["student", "school", "service"]


class ClaimLog:
    """Works inside the transaction of the step that it writes down."""

    def __init__(
        self,
        *,
        claims: ClaimRepository,
        accounts: AccountRepository,
        audit: AuditRepository,
        notices: Notices,
        entropy: Entropy,
    ) -> None:
        self._claims = claims
        self._accounts = accounts
        self._audit = audit
        self._notices = notices
        self._entropy = entropy

    async def note(
        self,
        claim_id: UUID,
        kind: str,
        actor: Actor,
        *,
        now: datetime,
        staff_id: UUID | None = None,
        reason: str | None = None,
        note: str | None = None,
    ) -> None:
        """One line of the claim's log."""
        await self._claims.add_event(
            {
                "claim_id": claim_id,
                "kind": kind,
                "actor": actor,
                "staff_id": staff_id,
                "reason": reason,
                "note": note,
                "at": now,
            }
        )

    async def audit(self, action: str, account_id: UUID, *, session_id: UUID, now: datetime) -> None:
        """The same in the account's own trail."""
        await self._audit.add(
            self._entropy.identifier(), f"archive:claim:{action}", account_id=account_id, session_id=session_id, now=now
        )

    async def tell(self, account_id: UUID, code: str, institution_name: str, *, now: datetime) -> None:
        """A message on every channel of the account, where it is still somebody's."""
        account = await self._accounts.get(account_id)
        if account is not None:
            await self._notices.post_everywhere(account, code, now=now, school=institution_name)
