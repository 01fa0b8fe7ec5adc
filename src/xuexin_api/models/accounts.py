"""Accounts: what their owners claim, how they log in, and where they are logged in."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from xuexin_api.models.base import Base, one_of

_LIVING = text("state IN ('active', 'closing')")


class Account(Base):
    """A claim to be somebody; `person_id` stays empty until a verification succeeds.

    `verified_strength` is the best of the evidence that bound the person.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        one_of("state", "active", "conflict", "superseded", "closing", "closed"),
        one_of("verified_strength", "weak", "strong"),
        Index("uq_accounts_phone_key", "phone_key", unique=True),
        # By number alone: the same number under another type would be a way around the check.
        Index("uq_accounts_document_key", "document_key", unique=True, postgresql_where=_LIVING),
        Index("uq_accounts_person_id", "person_id", unique=True, postgresql_where=_LIVING),
        Index("ix_accounts_leaving", "id", postgresql_where=text("state IN ('closing', 'conflict')")),
        Index("ix_accounts_document_key_created_at", "document_key", "created_at"),
        Index(
            "uq_accounts_email_key",
            "email_key",
            unique=True,
            postgresql_where=text("email_verified_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    name: Mapped[str]
    sex: Mapped[str]
    birth_date: Mapped[date | None]
    document_type: Mapped[str]
    document_key: Mapped[bytes]
    document_ciphertext: Mapped[bytes]
    phone_key: Mapped[bytes | None]
    phone_ciphertext: Mapped[bytes | None]
    phone_bound_at: Mapped[datetime | None]
    """Empty: with the account."""
    email_key: Mapped[bytes | None]
    email_ciphertext: Mapped[bytes | None]
    email_verified_at: Mapped[datetime | None]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    verified_strength: Mapped[str | None]
    second_factors: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    closes_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Credential(Base):
    """The password of an account."""

    __tablename__ = "credentials"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    password_hash: Mapped[str]
    changed_at: Mapped[datetime]


class SecurityAnswers(Base):
    """密保: which questions, and one slow hash over all answers, so that they can only be guessed together."""

    __tablename__ = "security_answers"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    question_ids: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    answers_hash: Mapped[str]
    changed_at: Mapped[datetime]


class Consent(Base):
    """What was agreed to or declined, in which version, when."""

    __tablename__ = "consents"
    __table_args__ = (
        one_of("kind", "user_agreement", "privacy_policy", "service_messages"),
        Index("ix_consents_account_id_kind_at", "account_id", "kind", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]
    version: Mapped[str]
    given: Mapped[bool]
    at: Mapped[datetime]


class Device(Base):
    """A device that logged in before; its token is kept as a hash, and of its kind only the family of systems."""

    __tablename__ = "devices"
    __table_args__ = (Index("uq_devices_account_id_token_hash", "account_id", "token_hash", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    token_hash: Mapped[bytes]
    platform: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class Session(Base):
    """One login. `generation` counts refresh tokens, `epoch` dies with all access tokens at once."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_account_id_id", "account_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id"))
    generation: Mapped[int]
    rotated_at: Mapped[datetime]
    epoch: Mapped[int]
    methods: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    address: Mapped[str]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[str | None]
    idle_until: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class Flow(Base):
    """Something begun and not yet finished that a secret continues: today the ticket of a login.

    `methods` are the factors that were right, `asks` those of which the next must be one; `forgets` is the counter of
    failures that ends when the login is complete.
    """

    __tablename__ = "flows"
    __table_args__ = (one_of("kind", "login"), Index("ix_flows_expires_at", "expires_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    methods: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    asks: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    forgets: Mapped[bytes | None]
    tries: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]
