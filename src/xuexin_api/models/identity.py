"""Proving who one is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from xuexin_api.models.base import Base, one_of


class IdentityVerification(Base):
    """One try of one method by one account in one session; `provider_id` is what a provider knows it by.

    Hand-held photos are `in_review` from when they are handed in, and `accepted` until the session takes its tokens.
    """

    __tablename__ = "identity_verifications"
    __table_args__ = (
        one_of("method", "record_facts", "alipay_certify", "tencent_faceid", "handheld_photo", "classmates"),
        one_of("status", "pending", "in_review", "accepted", "passed", "failed", "ended"),
        Index("ix_identity_verifications_account_id_id", "account_id", "id"),
        Index(
            "uq_identity_verifications_account_id_in_review",
            "account_id",
            unique=True,
            postgresql_where=text("status = 'in_review'"),
        ),
        Index("ix_identity_verifications_queued_at", "queued_at", postgresql_where=text("status = 'in_review'")),
        Index("ix_identity_verifications_decided_at", "decided_at", postgresql_where=text("decided_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    session_id: Mapped[UUID]
    """Without a foreign key: the session is forgotten before what was proven in it."""
    method: Mapped[str]
    status: Mapped[str]
    questions: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    tries: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    passed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    provider_id: Mapped[str | None]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    queued_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    assigned_to: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    assigned_at: Mapped[datetime | None]


class VerificationEvent(Base):
    """What happened to a verification by photos or by classmates, and who did it; its owner reads all of it."""

    __tablename__ = "verification_events"
    __table_args__ = (
        one_of("actor", "owner", "classmate", "staff"),
        Index("ix_verification_events_verification_id_id", "verification_id", "id"),
    )

    # Several events of one moment keep their order.
    id: Mapped[int] = mapped_column(BigInteger(), Identity(always=True), primary_key=True)
    verification_id: Mapped[UUID] = mapped_column(ForeignKey("identity_verifications.id", ondelete="CASCADE"))
    kind: Mapped[str]
    actor: Mapped[str]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str | None]
    note: Mapped[str | None]
    at: Mapped[datetime]
