"""What everybody may know of a case: its log, and the words to those whom it concerns."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from xuexin_api.core.entropy import Entropy
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.messaging.notices import Notices

Actor = Literal["claimant", "holder", "classmate", "staff", "service"]


class CaseLog:
    """Works inside the transaction of the step that it writes down."""

    def __init__(self, *, cases: CaseRepository, audit: AuditRepository, notices: Notices, entropy: Entropy) -> None:
        self._cases = cases
        self._audit = audit
        self._notices = notices
        self._entropy = entropy

    async def note(
        self,
        case_id: UUID,
        kind: str,
        actor: Actor,
        *,
        now: datetime,
        staff_id: UUID | None = None,
        reason: str | None = None,
        note: str | None = None,
    ) -> None:
        """One line of the case's log."""
        await self._cases.add_event(
            {
                "case_id": case_id,
                "kind": kind,
                "actor": actor,
                "staff_id": staff_id,
                "reason": reason,
                "note": note,
                "at": now,
            }
        )

    async def audit(self, action: str, account_id: UUID, *, now: datetime, session_id: UUID | None = None) -> None:
        """The same in the account's own trail."""
        await self._audit.add(
            self._entropy.identifier(), f"identity:case:{action}", account_id=account_id, session_id=session_id, now=now
        )

    async def tell_or_pretend(self, account: AccountRow | None, code: str, *, now: datetime, **words: Any) -> None:
        """A message on every channel; as many rows, which nobody gets, where there is no such account."""
        await self._notices.post_or_pretend(account, code, now=now, **words)

    async def tell(self, account: AccountRow, code: str, *, now: datetime, **words: Any) -> None:
        """A message on every channel of the account."""
        await self._notices.post_everywhere(account, code, now=now, **words)
