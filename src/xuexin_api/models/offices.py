"""Where schools and provinces are told of what waits at their desks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base


class OfficeContact(Base):
    """The proven address of one office: `office` is the 10-digit code of an institution, or the 2 digits of a province.

    A row without an address stays when it is removed, for what the office was told last still counts.
    """

    __tablename__ = "office_contacts"
    __table_args__ = (
        CheckConstraint("office ~ '^([0-9]{2}|[0-9]{10})$'", name="office"),
        CheckConstraint(
            "num_nulls(email_key, email_ciphertext, proven_at, proven_by) IN (0, 4)",
            name="proven",
        ),
    )

    office: Mapped[str] = mapped_column(primary_key=True)
    email_key: Mapped[bytes | None]
    email_ciphertext: Mapped[bytes | None]
    proven_at: Mapped[datetime | None]
    proven_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    told_at: Mapped[datetime | None]
    deadlines_told_until: Mapped[datetime | None]
    """Deadlines up to this moment were near when the office was told last: only later ones are news."""
