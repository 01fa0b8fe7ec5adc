"""The other side of a request: people who answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import HelpRequestNotFoundError, HelpRequestOverError
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.help.help_requests import HelpRequestRepository, HelpRequestRow
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow
from xuexin_api.services.base import Service
from xuexin_api.services.help.requests import ANSWER_CONTEXT, CONTACT_CONTEXT, QUESTION_CONTEXT
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.staff.staff_callers import StaffCallers

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
    answered_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DeskLine:
    """A request in the list: how old it is, and nothing of what was written."""

    id: UUID
    state: str
    with_account: bool
    created_at: datetime
    age_seconds: int


@dataclass(frozen=True, slots=True)
class DeskPage:
    """Some of the requests, longest waiting first."""

    items: list[DeskLine]
    next_cursor: str | None


class HelpDeskService(Service):
    """Used by operators, with their claims, and by the command line; each answer and closing is noted.

    Which operator it was stands in the trail of staff. The asker reads the answer, and of nobody.
    """

    def __init__(
        self,
        *,
        session: AsyncSession,
        requests: HelpRequestRepository,
        audit: AuditRepository,
        staff: StaffRepository,
        callers: StaffCallers,
        sealer: Sealer,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._requests = requests
        self._audit = audit
        self._staff = staff
        self._callers = callers
        self._sealer = sealer
        self._entropy = entropy

    async def list_for_state(self, state: str, *, most: int) -> list[DeskView]:
        """Requests in this state, those that wait longest first."""
        async with self._read():
            rows = await self._requests.list_for_state(state, most=most, now=self._clock.now())
        return [self._view(row) for row in rows]

    async def list_requests(self, state: str, claims: Claims, *, cursor: str | None, most: int) -> DeskPage:
        """Requests in this state for an operator, those that wait longest first; what was written stands inside."""
        after = None if cursor is None else read_cursor(cursor)
        now = self._clock.now()
        async with self._transaction():
            await self._callers.member_of(claims, Role.OPERATOR)
            found = await self._requests.list_for_state(state, after=after, most=most + 1, now=now)
        items = [
            DeskLine(row.id, row.state, row.account_id is not None, row.created_at, _age(row, now))
            for row in found[:most]
        ]
        return DeskPage(items, write_cursor(items[-1].id) if len(found) > most else None)

    async def view(self, request_id: UUID, claims: Claims) -> DeskView:
        """All of a request, for an operator. Each look is written down."""
        now = self._clock.now()
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.OPERATOR)
            row = await self._requests.get(request_id, now=now)
            if row is None:
                raise HelpRequestNotFoundError
            await self._note("view", member, request_id, now)
        return self._view(row)

    async def answer(self, request_id: UUID, text: str, claims: Claims | None = None) -> DeskView:
        """Answer an open request; of two operators the first does it."""
        sealed = self._sealer.seal(text.encode(), ANSWER_CONTEXT)
        return await self._finish(request_id, "answered", claims, among=_OPEN, answer=sealed)

    async def close(self, request_id: UUID, claims: Claims | None = None) -> DeskView:
        """Close a request, answered or not."""
        return await self._finish(request_id, "closed", claims, among=_NOT_CLOSED, answer=None)

    async def _finish(
        self, request_id: UUID, state: str, claims: Claims | None, *, among: tuple[str, ...], answer: bytes | None
    ) -> DeskView:
        now = self._clock.now()
        async with self._transaction():
            member = None if claims is None else await self._callers.member_of(claims, Role.OPERATOR)
            row = await self._requests.finish(request_id, state, among=among, answer=answer, now=now)
            if row is None:
                known = await self._requests.get(request_id, now=now)
                raise HelpRequestNotFoundError if known is None else HelpRequestOverError
            await self._audit.add(
                self._entropy.identifier(), f"help:request:{state}", account_id=row.account_id, session_id=None, now=now
            )
            if member is not None:
                await self._note(state, member, request_id, now)
        return self._view(row)

    async def _note(self, action: str, member: StaffRow, request_id: UUID, now: datetime) -> None:
        await self._staff.add_event(
            self._entropy.identifier(), f"help:request:{action}", staff_id=member.id, subject_id=request_id, now=now
        )

    def _view(self, row: HelpRequestRow) -> DeskView:
        return DeskView(
            id=row.id,
            state=row.state,
            with_account=row.account_id is not None,
            question=self._sealer.open(row.question, QUESTION_CONTEXT).decode(),
            contact=None if row.contact is None else self._sealer.open(row.contact, CONTACT_CONTEXT).decode(),
            answer=None if row.answer is None else self._sealer.open(row.answer, ANSWER_CONTEXT).decode(),
            created_at=row.created_at,
            answered_at=row.answered_at,
            expires_at=row.expires_at,
        )


def _age(row: HelpRequestRow, now: datetime) -> int:
    return max(0, int((now - row.created_at).total_seconds()))
