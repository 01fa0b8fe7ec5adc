"""The dialogues of an account: read again, and erased, by their owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import ConversationNotFoundError
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.help.help_robot import ConversationRepository
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.help.robot import MESSAGE_CONTEXT
from xuexin_api.services.paging import read_cursor, write_cursor

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A dialogue in a list."""

    id: UUID
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MessageView:
    """A question as it was kept, and which article answered it."""

    id: UUID
    text: str
    reason: str
    slug: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class OwnPage(Generic[_Item]):
    """Some of one's own, newest first, and where the next ones start."""

    items: list[_Item]
    next_cursor: str | None


class DialogueService(Service):
    """A stranger's dialogue, and one without account, is not there."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        conversations: ConversationRepository,
        callers: Callers,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._conversations = conversations
        self._callers = callers
        self._sealer = sealer

    async def list_own(self, claims: Claims, *, cursor: str | None, most: int) -> OwnPage[ConversationView]:
        """The dialogues of the account."""
        before = None if cursor is None else read_cursor(cursor)
        async with self._read():
            account = await self._callers.account_of(claims)
            rows = await self._conversations.list_for_account(
                account.id, before=before, most=most + 1, now=self._clock.now()
            )
        views = [ConversationView(row.id, row.created_at, row.expires_at) for row in rows[:most]]
        return OwnPage(views, write_cursor(views[-1].id) if len(rows) > most else None)

    async def list_messages(
        self, conversation_id: UUID, claims: Claims, *, cursor: str | None, most: int
    ) -> OwnPage[MessageView]:
        """What was asked in one of them."""
        before = None if cursor is None else read_cursor(cursor)
        async with self._read():
            account = await self._callers.account_of(claims)
            found = await self._conversations.get(conversation_id, now=self._clock.now())
            if found is None or found.account_id != account.id:
                raise ConversationNotFoundError
            rows = await self._conversations.list_messages(conversation_id, before=before, most=most + 1)
        views = [
            MessageView(row.id, self._sealer.open(row.text, MESSAGE_CONTEXT).decode(), row.reason, row.slug, row.at)
            for row in rows[:most]
        ]
        return OwnPage(views, write_cursor(views[-1].id) if len(rows) > most else None)

    async def erase(self, conversation_id: UUID, claims: Claims) -> None:
        """Delete one of them with all that was said in it."""
        async with self._transaction():
            account = await self._callers.account_of(claims)
            if not await self._conversations.delete_for_account(conversation_id, account.id):
                raise ConversationNotFoundError
