"""Dialogues with the robot, and what it could not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.help_robot import HelpConversation, HelpMessage, UnansweredQuestion


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A dialogue."""

    id: UUID
    account_id: UUID | None
    offered: list[str]
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A question of an account, sealed, and what became of it."""

    id: UUID
    text: bytes
    reason: str
    slug: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class UnansweredRow:
    """A question that no article answered."""

    question: str
    reason: str
    nearest: str | None
    times: int
    last_at: datetime


_CONVERSATION = [getattr(HelpConversation, name) for name in ConversationRow.__slots__]
_MESSAGE = [getattr(HelpMessage, name) for name in MessageRow.__slots__]
_UNANSWERED = [getattr(UnansweredQuestion, name) for name in UnansweredRow.__slots__]


class ConversationRepository:
    """Statements on dialogues and their messages."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(HelpConversation).values(**values))

    async def get(self, conversation_id: UUID, *, now: datetime) -> ConversationRow | None:
        """A dialogue whose time has not passed."""
        statement = select(*_CONVERSATION).where(
            HelpConversation.id == conversation_id, HelpConversation.expires_at > now
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else ConversationRow(*row)

    async def list_for_account(
        self, account_id: UUID, *, before: UUID | None, most: int, now: datetime
    ) -> list[ConversationRow]:
        """Newest first."""
        statement = select(*_CONVERSATION).where(
            HelpConversation.account_id == account_id, HelpConversation.expires_at > now
        )
        if before is not None:
            statement = statement.where(HelpConversation.id < before)
        rows = await self._session.execute(statement.order_by(HelpConversation.id.desc()).limit(most))
        return [ConversationRow(*row) for row in rows]

    async def note_offered(self, conversation_id: UUID, offered: Sequence[str]) -> None:
        await self._session.execute(
            update(HelpConversation).where(HelpConversation.id == conversation_id).values(offered=list(offered))
        )

    async def delete_for_account(self, conversation_id: UUID, account_id: UUID) -> bool:
        """Whether the account had such a dialogue; its messages go with it."""
        statement = (
            delete(HelpConversation)
            .where(HelpConversation.id == conversation_id, HelpConversation.account_id == account_id)
            .returning(HelpConversation.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def add_message(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(HelpMessage).values(**values))

    async def list_messages(self, conversation_id: UUID, *, before: UUID | None, most: int) -> list[MessageRow]:
        """Newest first."""
        statement = select(*_MESSAGE).where(HelpMessage.conversation_id == conversation_id)
        if before is not None:
            statement = statement.where(HelpMessage.id < before)
        rows = await self._session.execute(statement.order_by(HelpMessage.id.desc()).limit(most))
        return [MessageRow(*row) for row in rows]


class UnansweredRepository:
    """Questions that no article answered, each once."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        """One more of this question."""
        new = upsert(UnansweredQuestion).values(**values, times=1)
        await self._session.execute(
            new.on_conflict_do_update(
                index_elements=["question_hash"],
                set_={
                    "times": UnansweredQuestion.times + 1,
                    "reason": new.excluded.reason,
                    "nearest": new.excluded.nearest,
                    "last_at": new.excluded.last_at,
                    "expires_at": new.excluded.expires_at,
                },
            )
        )

    async def list_newest(self, *, most: int) -> list[UnansweredRow]:
        statement = select(*_UNANSWERED).order_by(UnansweredQuestion.last_at.desc()).limit(most)
        return [UnansweredRow(*row) for row in await self._session.execute(statement)]
