"""What was asked under an Idempotency-Key, and how it was answered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base


class KeyedOperation(Base):
    """One operation of one caller; `answered_at` is empty while it runs, and for ever if the process died."""

    __tablename__ = "keyed_operations"
    __table_args__ = (Index("ix_keyed_operations_expires_at", "expires_at"),)

    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    body_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    status: Mapped[int | None]
    sealed: Mapped[bytes | None]
