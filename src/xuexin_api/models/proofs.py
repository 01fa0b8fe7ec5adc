"""What students say of their records: right, or what is wrong. Only ever added to; the records do not change by it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, one_of


class RecordCheck(Base):
    """核对: the student looked at this version of the record. `wrong_fields` is empty where all of it is right."""

    __tablename__ = "record_checks"
    __table_args__ = (Index("ix_record_checks_enrollment_id_id", "enrollment_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    version: Mapped[int]
    wrong_fields: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    at: Mapped[datetime]


class PhotoProof(Base):
    """图像校对 of one graduation photo, which its hash names. It counts once it was confirmed."""

    __tablename__ = "photo_proofs"
    __table_args__ = (
        Index("ix_photo_proofs_enrollment_id_id", "enrollment_id", "id"),
        one_of("answer", "right", "wrong"),
        CheckConstraint("(answer = 'wrong') = (fault IS NOT NULL)", name="fault"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    sha256: Mapped[bytes]
    answer: Mapped[str]
    fault: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
