"""Changes of an account that can still be undone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, one_of


class AccountChange(Base):
    """What was there before a change, sealed, for as long as the old channel may undo it; then it is deleted."""

    __tablename__ = "account_changes"
    __table_args__ = (
        one_of(
            "kind",
            "phone",
            "email",
            "password",
            "security_questions",
            "totp",
            "passkey",
            "identity_linked",
            "identity_released",
        ),
        Index("ix_account_changes_account_id_created_at", "account_id", "created_at"),
        Index("ix_account_changes_undo_until", "undo_until"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]
    before: Mapped[bytes]
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    undo_until: Mapped[datetime]
    undone_at: Mapped[datetime | None]
