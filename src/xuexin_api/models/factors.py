"""Second factors: what an account asks for besides its password."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base


class TotpSecret(Base):
    """A time-based code generator (RFC 6238); `last_step` is the time step that was used last."""

    __tablename__ = "totp_secrets"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int]


class RecoveryCode(Base):
    """A code for the day the second factor is lost; kept as a keyed hash, good once."""

    __tablename__ = "recovery_codes"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


class Credential:
    """A credential of an authenticator (WebAuthn): what it signs is checked by its public key.

    `sign_count` is the highest that was seen; one that fell is the mark of a copy, and `copy_suspected_at` says when.
    """

    id: Mapped[UUID] = mapped_column(primary_key=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger())
    aaguid: Mapped[UUID]
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    backup_eligible: Mapped[bool]
    backed_up: Mapped[bool]
    name: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    copy_suspected_at: Mapped[datetime | None]


class Passkey(Credential, Base):
    """A passkey of an account."""

    __tablename__ = "passkeys"
    __table_args__ = (Index("ix_passkeys_account_id", "account_id"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
