"""The other side of a request: people who answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import HelpRequestNotFoundError
from xuexin_api.core.sealing import Sealer
from xuexin_api.repositories.help.help_requests import HelpRequestRepository, HelpRequestRow
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.base import Service
from xuexin_api.services.help.requests import ANSWER_CONTEXT, CONTACT_CONTEXT, QUESTION_CONTEXT

_OPEN: Final = ("open",)
_NOT_CLOSED: Final = ("open", "answered")


@dataclass(frozen=True, slots=True)
class DeskView:
    """A request as an operator sees it."""

    id: UUID
    state: str
    with_account: bool
    question: str
    contact: str | None
    answer: str | None
    created_at: datetime


class HelpDeskService(Service):
    """Used by the command line; each answer and closing is noted."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        requests: HelpRequestRepository,
        audit: AuditRepository,
        sealer: Sealer,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._requests = requests
        self._audit = audit
        self._sealer = sealer
        self._entropy = entropy

    async def list_for_state(self, state: str, *, most: int) -> list[DeskView]:
        """Requests in this state, those that wait longest first."""
        async with self._read():
            rows = await self._requests.list_for_state(state, most=most, now=self._clock.now())
        return [self._view(row) for row in rows]

    async def answer(self, request_id: UUID, text: str) -> DeskView:
        """Answer an open request; of two operators the first does it."""
        sealed = self._sealer.seal(text.encode(), ANSWER_CONTEXT)
        return await self._finish(request_id, "answered", among=_OPEN, answer=sealed)

    async def close(self, request_id: UUID) -> DeskView:
        """Close a request, answered or not."""
        return await self._finish(request_id, "closed", among=_NOT_CLOSED, answer=None)

    async def _finish(self, request_id: UUID, state: str, *, among: tuple[str, ...], answer: bytes | None) -> DeskView:
        now = self._clock.now()
        async with self._transaction():
            row = await self._requests.finish(request_id, state, among=among, answer=answer, now=now)
            if row is None:
                raise HelpRequestNotFoundError
            await self._audit.add(
                self._entropy.identifier(), f"help:request:{state}", account_id=row.account_id, session_id=None, now=now
            )
        return self._view(row)

    def _view(self, row: HelpRequestRow) -> DeskView:
        return DeskView(
            id=row.id,
            state=row.state,
            with_account=row.account_id is not None,
            question=self._sealer.open(row.question, QUESTION_CONTEXT).decode(),
            contact=None if row.contact is None else self._sealer.open(row.contact, CONTACT_CONTEXT).decode(),
            answer=None if row.answer is None else self._sealer.open(row.answer, ANSWER_CONTEXT).decode(),
            created_at=row.created_at,
        )
