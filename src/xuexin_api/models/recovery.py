"""Recoveries of a password that are under way."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from xuexin_api.models.base import Base


class Recovery(Base):
    """One begun recovery. Without an account it is a wrong triple's, and walks the same road to no end.

    `subject` stands for the triple that was typed, `document_key` for its document. `proven_by` is the way that
    proved the owner, `complete_from` when the new password may be set.
    """

    __tablename__ = "recoveries"
    __table_args__ = (Index("ix_recoveries_expires_at", "expires_at"), Index("ix_recoveries_account_id", "account_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    subject: Mapped[bytes]
    document_key: Mapped[bytes]
    ways: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    code_id: Mapped[UUID | None]
    tries: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    proven_by: Mapped[str | None]
    proven_at: Mapped[datetime | None]
    complete_from: Mapped[datetime | None]
    consumed_at: Mapped[datetime | None]
