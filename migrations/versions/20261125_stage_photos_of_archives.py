"""stage photos of archives

What a photo archive brings is written down before its object is stored, so that no object is without a row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "8d3f60a1c27e"
down_revision = "a83e5d17c2f4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "staged_photos",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=True),
        sa.Column("object_key", sa.Text(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("byte_size", sa.Integer(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("params", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('added', 'replaced', 'unchanged', 'rejected')", name=op.f("ck_staged_photos_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["import_jobs.id"], name=op.f("fk_staged_photos_import_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_staged_photos_enrollment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_photos")),
    )
    op.create_index("ix_staged_photos_import_id_place", "staged_photos", ["import_id", "place"])
    op.create_index("ix_staged_photos_enrollment_id", "staged_photos", ["enrollment_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("staged_photos")
