"""take imports from schools

Uploaded files as jobs; each published roster says which institutions it spoke of.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c60e2a94b7d1"
down_revision = "2e9c7a51d8b4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "roster_imports",
        sa.Column("institution_codes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.create_table(
        "import_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("institution_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("byte_size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("cancel_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("file_format", sa.Text(), nullable=True),
        sa.Column("rows_total", sa.Integer(), nullable=True),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("progress_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_started_rows", sa.Integer(), nullable=False),
        sa.Column("rows_added", sa.Integer(), nullable=True),
        sa.Column("rows_changed", sa.Integer(), nullable=True),
        sa.Column("rows_unchanged", sa.Integer(), nullable=True),
        sa.Column("rows_rejected", sa.Integer(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_params", postgresql.JSONB(), nullable=True),
        sa.Column("roster_import_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('roster', 'admission_photos', 'graduation_photos')", name=op.f("ck_import_jobs_kind")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'reading', 'judging', 'checked', 'published', 'failed', 'cancelled')",
            name=op.f("ck_import_jobs_state"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_import_jobs_staff_id")),
        sa.ForeignKeyConstraint(
            ["institution_code"], ["institutions.code"], name=op.f("fk_import_jobs_institution_code")
        ),
        sa.ForeignKeyConstraint(
            ["roster_import_id"], ["roster_imports.id"], name=op.f("fk_import_jobs_roster_import_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_jobs")),
    )
    op.create_index("ix_import_jobs_institution_code_id", "import_jobs", ["institution_code", "id"])
    op.create_index(
        "uq_import_jobs_institution_code_kind_sha256",
        "import_jobs",
        ["institution_code", "kind", "sha256"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'reading', 'judging', 'checked')"),
    )
    op.create_index(
        "ix_import_jobs_id",
        "import_jobs",
        ["id"],
        postgresql_where=sa.text("state IN ('queued', 'reading', 'judging')"),
    )
    op.create_index("ix_import_jobs_expires_at", "import_jobs", ["expires_at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("import_jobs")
    op.drop_column("roster_imports", "institution_codes")
