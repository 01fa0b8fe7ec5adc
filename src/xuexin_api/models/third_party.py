"""Third-party login: identities that accounts linked, and logins and linkings under way."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, one_of

_PROVIDERS = ("alipay", "wechat", "weibo")


class LinkedIdentity(Base):
    """Who the owner of an account is at a provider: one of each provider, and each of one account only."""

    __tablename__ = "linked_identities"
    __table_args__ = (
        one_of("provider", *_PROVIDERS),
        Index("uq_linked_identities_provider_subject_key", "provider", "subject_key", unique=True),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    subject_key: Mapped[bytes]
    subject_ciphertext: Mapped[bytes]
    linked_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class ThirdPartyFlow(Base):
    """Somebody was sent to a provider. Without an account it is a login, with one a linking, begun in that session.

    `state_hash` stands for what went through the provider, `secret_hash` for what stayed with the client.
    """

    __tablename__ = "third_party_flows"
    __table_args__ = (
        one_of("provider", *_PROVIDERS),
        CheckConstraint("(account_id IS NULL) = (session_id IS NULL)", name="session"),
        Index("ix_third_party_flows_account_id", "account_id"),
        Index("ix_third_party_flows_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    provider: Mapped[str]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    session_id: Mapped[UUID | None]
    state_hash: Mapped[bytes] = mapped_column(unique=True)
    secret_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]
