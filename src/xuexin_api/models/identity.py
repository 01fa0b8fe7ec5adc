"""Proving who one is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from xuexin_api.models.base import Base, one_of


class IdentityVerification(Base):
    """One try of one method by one account in one session; `provider_id` is what a provider knows it by."""

    __tablename__ = "identity_verifications"
    __table_args__ = (
        one_of("method", "record_facts", "alipay_certify", "tencent_faceid"),
        one_of("status", "pending", "passed", "failed", "ended"),
        Index("ix_identity_verifications_account_id_id", "account_id", "id"),
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
