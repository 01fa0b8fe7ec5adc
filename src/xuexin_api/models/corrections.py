"""Corrections of records: what a student says is wrong, who decides it, and what happened to each."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, one_of


class RecordCorrection(Base):
    """What the student of a record says is wrong in it, and what it should be; the record itself changes by a decision.

    `values_sealed` holds each field as it was and as it should be. `held_since` is since when the holder has it, or it
    has ended; `due_at` until when the holder has to act, `assigned_to` the member of staff who does. `forwarded_at` is
    when it came to the province. `untold_since` is since when its desk has news of it that the office was not told.
    """

    __tablename__ = "record_corrections"
    __table_args__ = (
        one_of("record", "enrollment", "qualification", "degree"),
        one_of(
            "state",
            "submitted",
            "school_review",
            "returned",
            "forwarded",
            "province_review",
            "applied",
            "declined",
            "withdrawn",
        ),
        CheckConstraint("(due_at IS NULL) = (state IN ('applied', 'declined', 'withdrawn'))", name="open"),
        # One open correction of a record. Of an account: one that lost its person keeps nobody from asking.
        Index(
            "uq_record_corrections_account_id_enrollment_id_record",
            "account_id",
            "enrollment_id",
            "record",
            unique=True,
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_record_corrections_account_id_id", "account_id", "id"),
        Index("ix_record_corrections_enrollment_id", "enrollment_id"),
        Index(
            "ix_record_corrections_institution_code_due_at_id",
            "institution_code",
            "due_at",
            "id",
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        # The desk of a province, past all that its schools have.
        Index(
            "ix_record_corrections_province_due_at_id",
            text("substr(institution_code, 3, 2)"),
            "due_at",
            "id",
            postgresql_where=text("state IN ('forwarded', 'province_review')"),
        ),
        # What has ended, newest first.
        Index(
            "ix_record_corrections_institution_code_state_held_since_id",
            "institution_code",
            "state",
            "held_since",
            "id",
            postgresql_where=text("due_at IS NULL"),
        ),
        Index(
            "ix_record_corrections_province_state_held_since_id",
            text("substr(institution_code, 3, 2)"),
            "state",
            "held_since",
            "id",
            postgresql_where=text("due_at IS NULL AND forwarded_at IS NOT NULL"),
        ),
        # What offices are told: what came, and what is due soon.
        Index(
            "ix_record_corrections_institution_code_untold",
            "institution_code",
            postgresql_where=text("untold_since IS NOT NULL AND state IN ('submitted', 'school_review')"),
        ),
        Index(
            "ix_record_corrections_province_untold",
            text("substr(institution_code, 3, 2)"),
            postgresql_where=text("untold_since IS NOT NULL AND state IN ('forwarded', 'province_review')"),
        ),
        Index(
            "ix_record_corrections_institution_code_due_at",
            "institution_code",
            "due_at",
            postgresql_where=text("state IN ('submitted', 'school_review')"),
        ),
        Index("ix_record_corrections_due_at_id", "due_at", "id", postgresql_where=text("due_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    institution_code: Mapped[str] = mapped_column(ForeignKey("institutions.code"))
    record: Mapped[str]
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    values_sealed: Mapped[bytes]
    state: Mapped[str]
    returns: Mapped[int]
    submitted_at: Mapped[datetime]
    held_since: Mapped[datetime]
    due_at: Mapped[datetime | None]
    overdue_told_at: Mapped[datetime | None]
    """When the student was told that the province is late."""
    assigned_to: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    assigned_at: Mapped[datetime | None]
    forwarded_at: Mapped[datetime | None]
    untold_since: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    note: Mapped[str | None]


class CorrectionEvent(Base):
    """What happened to a correction, and who did it; its student reads all of it, their own words opened."""

    __tablename__ = "correction_events"
    __table_args__ = (
        one_of("actor", "student", "school", "province", "service"),
        Index("ix_correction_events_correction_id_id", "correction_id", "id"),
    )

    # Several events of one moment keep their order.
    id: Mapped[int] = mapped_column(BigInteger(), Identity(always=True), primary_key=True)
    correction_id: Mapped[UUID] = mapped_column(ForeignKey("record_corrections.id", ondelete="CASCADE"))
    kind: Mapped[str]
    actor: Mapped[str]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str | None]
    note: Mapped[str | None]
    statement: Mapped[bytes | None]
    at: Mapped[datetime]
