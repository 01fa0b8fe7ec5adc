"""Dialogues with the robot, and what it could not answer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from xuexin_api.models.base import Base, one_of


class HelpConversation(Base):
    """A dialogue. Without an account nothing that is said in it is kept but what it was offered last."""

    __tablename__ = "help_conversations"
    __table_args__ = (
        Index("ix_help_conversations_account_id_id", "account_id", "id"),
        Index("ix_help_conversations_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    offered: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class HelpMessage(Base):
    """What an account asked, masked and sealed, and which article it got."""

    __tablename__ = "help_messages"
    __table_args__ = (
        Index("ix_help_messages_conversation_id_id", "conversation_id", "id"),
        Index("ix_help_messages_account_id_id", "account_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("help_conversations.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    text: Mapped[bytes]
    reason: Mapped[str]
    slug: Mapped[str | None]
    at: Mapped[datetime]


class UnansweredQuestion(Base):
    """A question that no article answered, masked, and how often it came. Of whom is not kept."""

    __tablename__ = "help_unanswered"
    __table_args__ = (
        one_of("reason", "ambiguous", "unknown"),
        Index("ix_help_unanswered_expires_at", "expires_at"),
        Index("ix_help_unanswered_last_at", "last_at"),
    )

    question_hash: Mapped[bytes] = mapped_column(primary_key=True)
    question: Mapped[str]
    reason: Mapped[str]
    nearest: Mapped[str | None]
    times: Mapped[int]
    last_at: Mapped[datetime]
    expires_at: Mapped[datetime]
