"""The archive: institutions, persons, what schools registered of them, and how it got here."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, Chained, one_of


class Institution(Base):
    """A school of the ministry's list."""

    __tablename__ = "institutions"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    authority: Mapped[str]
    place: Mapped[str]
    level: Mapped[str]
    remark: Mapped[str]
    updated_at: Mapped[datetime]


class Person(Base):
    """A natural person: made by a school's roster or a verification, never by typing a form.

    A passport does not tell a birth date, and no verification an ethnicity.
    """

    __tablename__ = "persons"
    __table_args__ = (Index("uq_persons_document_key_document_type", "document_key", "document_type", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_type: Mapped[str]
    document_key: Mapped[bytes]
    document_ciphertext: Mapped[bytes]
    name: Mapped[str]
    sex: Mapped[str]
    birth_date: Mapped[date | None]
    ethnicity: Mapped[str]
    created_at: Mapped[datetime]


class Enrollment(Base):
    """学籍: identity as the school registered it, and the programme: as it is now. What it was stands in its changes.

    `version` counts the changes; `registered_year` is the last school year it was registered for, by its first year.
    """

    __tablename__ = "enrollments"
    __table_args__ = (
        # One record per student number of a school; a photo is found by candidate number.
        Index(
            "uq_enrollments_institution_code_student_number",
            "institution_code",
            "student_number",
            unique=True,
        ),
        Index("ix_enrollments_candidate_number", "candidate_number"),
        Index("ix_enrollments_person_id_id", "person_id", "id"),
        # A school's own list, page by page, with what searches look through; by name, and by class.
        Index(
            "ix_enrollments_institution_code_id_with_sifted",
            "institution_code",
            "id",
            postgresql_include=["status", "grade", "programme_name"],
        ),
        Index("ix_enrollments_institution_code_name_id", "institution_code", "name", "id"),
        Index("ix_enrollments_institution_code_class_name_id", "institution_code", "class_name", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    institution_code: Mapped[str] = mapped_column(ForeignKey("institutions.code"))
    name: Mapped[str]
    sex: Mapped[str]
    birth_date: Mapped[date]
    ethnicity: Mapped[str]
    document_type: Mapped[str]
    document_key: Mapped[bytes]
    document_ciphertext: Mapped[bytes]
    level: Mapped[str]
    programme_code: Mapped[str]
    programme_name: Mapped[str]
    duration_years: Mapped[Decimal]
    category: Mapped[str]
    study_form: Mapped[str]
    branch: Mapped[str | None]
    department: Mapped[str | None]
    class_name: Mapped[str | None]
    grade: Mapped[int | None]
    student_number: Mapped[str]
    candidate_number: Mapped[str | None]
    admission_date: Mapped[date]
    status: Mapped[str]
    expected_graduation_date: Mapped[date | None]
    leaving_date: Mapped[date | None]
    registered_year: Mapped[int | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    # Of the roster's row that the record is as, XOR the version: whatever changes the record makes it another number.
    roster_fingerprint: Mapped[int | None] = mapped_column(BigInteger)
    roster_import_id: Mapped[UUID] = mapped_column(ForeignKey("roster_imports.id"))
    updated_at: Mapped[datetime]


class EnrollmentChange(Base):
    """What a school changed in a record: before and after, why, and by whom or which import. Only ever added to.

    `change` is one of core.record_life's, or `roster`, which needs no reason and takes effect when it is published, or
    `photo`, which needs one where no import brought it: before and after are digests, under the name of the photo.
    """

    __tablename__ = "enrollment_changes"
    __table_args__ = (
        Index("ix_enrollment_changes_enrollment_id_id", "enrollment_id", "id"),
        # What was corrected is few, and every roster is held against it.
        Index(
            "ix_enrollment_changes_corrected",
            "enrollment_id",
            postgresql_where=text("change = 'correct_enrollment'"),
        ),
        CheckConstraint("num_nonnulls(roster_import_id, staff_id) = 1", name="by"),
        CheckConstraint("change <> 'roster' OR roster_import_id IS NOT NULL", name="change"),
        CheckConstraint(
            "(reason IS NULL) = (change = 'roster' OR change = 'photo' AND roster_import_id IS NOT NULL)", name="reason"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    change: Mapped[str]
    roster_import_id: Mapped[UUID | None] = mapped_column(ForeignKey("roster_imports.id"))
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str | None]
    note: Mapped[str | None]
    effective_on: Mapped[date | None]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class Qualification(Base):
    """学历: how the student left that school, with the certificate, as published. Identity and programme are copies.

    No roster and no later change of the 学籍 reaches it.
    """

    __tablename__ = "qualifications"
    __table_args__ = (
        Index("ix_qualifications_person_id_id", "person_id", "id"),
        one_of("conclusion", "graduated", "completed"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    institution_code: Mapped[str] = mapped_column(ForeignKey("institutions.code"))
    name: Mapped[str]
    sex: Mapped[str]
    birth_date: Mapped[date]
    level: Mapped[str]
    programme_code: Mapped[str]
    programme_name: Mapped[str]
    duration_years: Mapped[Decimal]
    category: Mapped[str]
    study_form: Mapped[str]
    admission_date: Mapped[date]
    graduation_date: Mapped[date]
    conclusion: Mapped[str]
    president_name: Mapped[str]
    certificate_number: Mapped[str] = mapped_column(unique=True)
    exchanged_on: Mapped[date | None]
    published_at: Mapped[datetime]


class Degree(Base):
    """学位, as the awarding institution reported it."""

    __tablename__ = "degrees"
    __table_args__ = (
        Index("ix_degrees_person_id_id", "person_id", "id"),
        CheckConstraint("awarded_on >= DATE '2008-09-01'", name="awarded_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    institution_code: Mapped[str] = mapped_column(ForeignKey("institutions.code"))
    name: Mapped[str]
    certificate_number: Mapped[str] = mapped_column(unique=True)
    awarded_on: Mapped[date]
    published_at: Mapped[datetime]


class RecordAccess(Chained, Base):
    """A member of staff saw, took or changed a person's record: who, when, what for. Made to be shown to the person."""

    __tablename__ = "record_accesses"
    __table_args__ = (
        Index("ix_record_accesses_person_id_id", "person_id", "id"),
        one_of("action", "listed", "viewed", "changed", "exported"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # Not foreign keys: each would lock the row that was looked at, and so write to it.
    person_id: Mapped[UUID]
    enrollment_id: Mapped[UUID]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    action: Mapped[str]
    purpose: Mapped[str]
    at: Mapped[datetime]


class RecordPhoto(Base):
    """录取照片 or 学历照片 of one record; the bytes lie sealed in the file store."""

    __tablename__ = "record_photos"
    __table_args__ = (one_of("kind", "admission", "graduation"),)

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    object_key: Mapped[str]
    sha256: Mapped[bytes]
    byte_size: Mapped[int]
    imported_at: Mapped[datetime]


class EarlierPhoto(Base):
    """What a record had before a change of its photo, until `kept_until`: the object goes first, then the row.

    The change stays in the history.
    """

    __tablename__ = "earlier_photos"
    __table_args__ = (
        one_of("kind", "admission", "graduation"),
        Index("ix_earlier_photos_enrollment_id_kind_change_id", "enrollment_id", "kind", "change_id"),
        Index("ix_earlier_photos_kept_until_change_id", "kept_until", "change_id"),
    )

    change_id: Mapped[UUID] = mapped_column(ForeignKey("enrollment_changes.id"), primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    kind: Mapped[str]
    object_key: Mapped[str]
    sha256: Mapped[bytes]
    byte_size: Mapped[int]
    imported_at: Mapped[datetime]
    kept_until: Mapped[datetime]


class RosterImport(Base):
    """One published file of a school, a roster or another: what it was, and what became of its rows."""

    __tablename__ = "roster_imports"
    __table_args__ = (one_of("photo_kind", "admission", "graduation"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    file_name: Mapped[str]
    started_at: Mapped[datetime]
    published_at: Mapped[datetime]
    rows_read: Mapped[int]
    rows_added: Mapped[int]
    rows_changed: Mapped[int]
    rows_unchanged: Mapped[int]
    rows_rejected: Mapped[int]
    institution_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    sender_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    """The members of staff who uploaded and published it; none where an operator did, at the command line."""
    photo_kind: Mapped[str | None]
    """Of an archive of photos, which; none where it was a roster, or a list of graduates."""


class RosterError(Base):
    """A rejected row: where and why. The value stays in the school's file: it may identify somebody."""

    __tablename__ = "roster_errors"

    roster_import_id: Mapped[UUID] = mapped_column(ForeignKey("roster_imports.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    column_name: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
