"""转学: a school asks, the other agrees, and only then the student has left the one and is in the other."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, one_of


class Transfer(Base):
    """One request. `new_enrollment_id` is the record at the other school, once it agreed."""

    __tablename__ = "transfers"
    __table_args__ = (
        Index("uq_transfers_enrollment_id", "enrollment_id", unique=True, postgresql_where=text("state = 'requested'")),
        Index("ix_transfers_enrollment_id", "enrollment_id", postgresql_where=text("state = 'agreed'")),
        Index("ix_transfers_from_code_id", "from_code", "id"),
        Index("ix_transfers_to_code_id", "to_code", "id"),
        one_of("state", "requested", "agreed", "refused", "taken_back", "expired"),
        CheckConstraint("(state = 'agreed') = (new_enrollment_id IS NOT NULL)", name="new_enrollment_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    from_code: Mapped[str] = mapped_column(ForeignKey("institutions.code"))
    to_code: Mapped[str] = mapped_column(ForeignKey("institutions.code"))
    state: Mapped[str]
    reason: Mapped[str]
    note: Mapped[str | None]
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    new_enrollment_id: Mapped[UUID | None] = mapped_column(ForeignKey("enrollments.id"))
