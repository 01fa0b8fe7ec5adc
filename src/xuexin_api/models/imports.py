"""Files that schools upload, and what becomes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, one_of


class ImportJob(Base):
    """An uploaded file on its way into the archive. Its staged rows stand in a schema of the job's own."""

    __tablename__ = "import_jobs"
    __table_args__ = (
        one_of("kind", "roster", "graduates", "admission_photos", "graduation_photos"),
        one_of("state", "queued", "reading", "judging", "checked", "published", "failed", "cancelled"),
        Index("ix_import_jobs_institution_code_id", "institution_code", "id"),
        # The same content comes once at a time.
        Index(
            "uq_import_jobs_institution_code_kind_sha256",
            "institution_code",
            "kind",
            "sha256",
            unique=True,
            postgresql_where=text("state IN ('queued', 'reading', 'judging', 'checked')"),
        ),
        # What waits for a process is a few of all that there ever were.
        Index("ix_import_jobs_id", "id", postgresql_where=text("state IN ('queued', 'reading', 'judging')")),
        Index("ix_import_jobs_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    # Who made a dry run the real thing.
    publisher_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    institution_code: Mapped[str] = mapped_column(ForeignKey("institutions.code"))
    kind: Mapped[str]
    file_name: Mapped[str]
    byte_size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes]
    state: Mapped[str]
    dry_run: Mapped[bool]
    cancel_asked_at: Mapped[datetime | None]
    # Whose work it is, and until when nobody else takes it over.
    lease_owner: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]
    # How far it is, and where the process that works on it began.
    file_format: Mapped[str | None]
    rows_total: Mapped[int | None]
    rows_read: Mapped[int]
    progress_at: Mapped[datetime | None]
    run_started_at: Mapped[datetime | None]
    run_started_rows: Mapped[int]
    # What became of it.
    rows_added: Mapped[int | None]
    rows_changed: Mapped[int | None]
    rows_unchanged: Mapped[int | None]
    rows_rejected: Mapped[int | None]
    error_code: Mapped[str | None]
    error_params: Mapped[dict[str, Any] | None]
    roster_import_id: Mapped[UUID | None] = mapped_column(ForeignKey("roster_imports.id"))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class StagedPhoto(Base):
    """A file of a photo archive as it was judged.

    Where it has an object, the row is there before the object and goes after it. Without an import it is nobody's.
    """

    __tablename__ = "staged_photos"
    __table_args__ = (
        one_of("outcome", "added", "replaced", "unchanged", "rejected"),
        Index("ix_staged_photos_import_id_place", "import_id", "place"),
        Index("ix_staged_photos_enrollment_id", "enrollment_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("import_jobs.id", ondelete="SET NULL"))
    # In the archive, from 0.
    place: Mapped[int]
    outcome: Mapped[str]
    enrollment_id: Mapped[UUID | None] = mapped_column(ForeignKey("enrollments.id"))
    # By which number it found its record, and whose that was: no foreign key, which would lock who hands records over.
    candidate_number: Mapped[str | None]
    person_id: Mapped[UUID | None]
    object_key: Mapped[str | None]
    sha256: Mapped[bytes | None]
    byte_size: Mapped[int | None]
    code: Mapped[str | None]
    params: Mapped[dict[str, Any] | None]
