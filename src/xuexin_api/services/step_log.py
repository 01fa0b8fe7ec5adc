"""What happened to something that people decide step by step: its log, the account's own trail, the words to owners."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from xuexin_api.core.entropy import Entropy
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.messaging.notices import Notices

Actor = TypeVar("Actor", bound=str)


@dataclass(frozen=True, slots=True)
class LogKind:
    """What the lines are about, as their table names it and as the trails of accounts do."""

    subject: str
    trail: str


class StepLog(Generic[Actor]):
    """Works inside the transaction of the step that it writes down. `Actor` are the words for who took a step."""

    def __init__(
        self,
        *,
        kind: LogKind,
        add_event: Callable[[Mapping[str, Any]], Awaitable[None]],
        accounts: AccountRepository,
        audit: AuditRepository,
        notices: Notices,
        entropy: Entropy,
    ) -> None:
        self._kind = kind
        self._add_event = add_event
        self._accounts = accounts
        self._audit = audit
        self._notices = notices
        self._entropy = entropy

    async def note(
        self,
        subject_id: UUID,
        kind: str,
        actor: Actor,
        *,
        now: datetime,
        staff_id: UUID | None = None,
        reason: str | None = None,
        note: str | None = None,
        **more: Any,
    ) -> None:
        """One line of the log; `more` is what only this kind of log keeps."""
        line = {"kind": kind, "actor": actor, "staff_id": staff_id, "reason": reason, "note": note, "at": now}
        await self._add_event({self._kind.subject: subject_id} | line | more)

    async def audit(self, action: str, account_id: UUID, *, now: datetime, session_id: UUID | None = None) -> None:
        """The same in the account's own trail."""
        await self._audit.add(
            self._entropy.identifier(),
            f"{self._kind.trail}:{action}",
            account_id=account_id,
            session_id=session_id,
            now=now,
        )

    async def tell(self, account: AccountRow, code: str, *, now: datetime, **words: Any) -> None:
        """A message on every channel of the account."""
        await self._notices.post_everywhere(account, code, now=now, **words)

    async def tell_owner(self, account_id: UUID, code: str, *, now: datetime, **words: Any) -> None:
        """The same, where the account is still somebody's."""
        account = await self._accounts.get(account_id)
        if account is not None:
            await self.tell(account, code, now=now, **words)

    async def tell_or_pretend(self, account: AccountRow | None, code: str, *, now: datetime, **words: Any) -> None:
        """A message on every channel; as many rows, which nobody gets, where there is no such account."""
        await self._notices.post_or_pretend(account, code, now=now, **words)
