"""Messages waiting to leave, and the record of what happened."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, Chained, one_of


class OutboxMessage(Base):
    """Written in the transaction that wants it, sent after it. The sealed body is erased once sent."""

    __tablename__ = "outbox"
    __table_args__ = (
        one_of("channel", "sms", "email"),
        one_of("state", "waiting", "sent", "given_up"),
        Index("ix_outbox_next_try_at", "next_try_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_outbox_created_at", "created_at", postgresql_where=text("state <> 'waiting'")),
        Index("ix_outbox_created_at_given_up", "created_at", postgresql_where=text("state = 'given_up'")),
        Index("ix_outbox_destination_key_id", "destination_key", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str]
    purpose: Mapped[str]
    destination_key: Mapped[bytes]
    sealed: Mapped[bytes | None]
    state: Mapped[str]
    tries: Mapped[int]
    next_try_at: Mapped[datetime]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class AuditHead(Base):
    """The last line of a chain: it may not go without a trace either."""

    __tablename__ = "audit_heads"

    trail: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger())
    link: Mapped[bytes]


class AuditEvent(Chained, Base):
    """What happened to whom, in ids only."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_account_id_id", "account_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    action: Mapped[str]
    account_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    at: Mapped[datetime]
