"""Use-once things and the counters that guard them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import LargeBinary

from xuexin_api.models.base import Base, one_of


class OneTimeCode(Base):
    """A code that was sent; only its keyed hash is kept."""

    __tablename__ = "one_time_codes"
    __table_args__ = (one_of("channel", "sms", "email"), Index("ix_one_time_codes_expires_at", "expires_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    channel: Mapped[str]
    destination_key: Mapped[bytes]
    code_hash: Mapped[bytes]
    tries: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]


class PhoneProof(Base):
    """Somebody held this phone a moment ago; good for one registration and few documents."""

    __tablename__ = "phone_proofs"
    __table_args__ = (Index("ix_phone_proofs_expires_at", "expires_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    phone_key: Mapped[bytes]
    phone_ciphertext: Mapped[bytes]
    tried_documents: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary()))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]


class SpentChallenge(Base):
    """The nonce of an answered challenge: it has many valid answers, and the first one counts."""

    __tablename__ = "spent_challenges"
    __table_args__ = (Index("ix_spent_challenges_expires_at", "expires_at"),)

    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class AttemptCounter(Base):
    """How often something was tried in a window, under a keyed hash of what was tried."""

    __tablename__ = "attempt_counters"
    __table_args__ = (Index("ix_attempt_counters_window_ends_at", "window_ends_at"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[bytes] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
    window_ends_at: Mapped[datetime]
