"""People who work here: their accounts, their two factors, their sessions. Students' tables know nothing of them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, Chained, one_of
from xuexin_api.models.factors import Credential


class Staff(Base):
    """A member of staff. Without a password and a confirmed authenticator app, or a passkey, nobody is logged in.

    `document_key` and `phone_key` are the member's own: a case that has to do with either is not theirs to decide.
    """

    __tablename__ = "staff"
    __table_args__ = (
        one_of("role", "registrar", "province", "reviewer", "operator"),
        one_of("state", "invited", "active", "disabled"),
        CheckConstraint("(role = 'registrar') = (institution_code IS NOT NULL)", name="institution"),
        CheckConstraint("(role = 'province') = (province IS NOT NULL)", name="province"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    login_name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    institution_code: Mapped[str | None] = mapped_column(ForeignKey("institutions.code"))
    province: Mapped[str | None]
    document_key: Mapped[bytes]
    phone_key: Mapped[bytes]
    state: Mapped[str]
    password_hash: Mapped[str | None]
    totp_sealed: Mapped[bytes | None]
    totp_step: Mapped[int]
    invitation_hash: Mapped[bytes | None] = mapped_column(unique=True)
    invitation_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class StaffPasskey(Credential, Base):
    """A passkey of a member of staff."""

    __tablename__ = "staff_passkeys"
    __table_args__ = (Index("ix_staff_passkeys_staff_id", "staff_id"),)

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))


class StaffSession(Base):
    """One login of a member of staff; read at every request."""

    __tablename__ = "staff_sessions"
    __table_args__ = (Index("ix_staff_sessions_staff_id_id", "staff_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    address: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class StaffEvent(Chained, Base):
    """What a member of staff did, in ids only."""

    __tablename__ = "staff_events"
    __table_args__ = (Index("ix_staff_events_staff_id_id", "staff_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    action: Mapped[str]
    subject_id: Mapped[UUID | None]
    at: Mapped[datetime]
