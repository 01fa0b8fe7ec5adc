"""Questions to a person, where no article answers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, one_of


class HelpRequest(Base):
    """Of an account, or of whoever has the secret. What was written is sealed: people write more than they need to."""

    __tablename__ = "help_requests"
    __table_args__ = (
        one_of("state", "open", "answered", "closed"),
        Index("ix_help_requests_account_id_id", "account_id", "id"),
        Index("ix_help_requests_state_id", "state", "id"),
        Index("ix_help_requests_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    secret_hash: Mapped[bytes | None]
    state: Mapped[str]
    question: Mapped[bytes]
    contact: Mapped[bytes | None]
    answer: Mapped[bytes | None]
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
