"""keep the photos that records had before

What a photo replaces is kept for a while, beside the line of the history that tells of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a4e81b6c92d7"
down_revision = "f7c3d85a0e19"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "earlier_photos",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("byte_size", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('admission', 'graduation')", name=op.f("ck_earlier_photos_kind")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["enrollment_changes.id"], name=op.f("fk_earlier_photos_change_id_enrollment_changes")
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk_earlier_photos_enrollment_id_enrollments")
        ),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_earlier_photos")),
    )
    op.create_index(
        "ix_earlier_photos_enrollment_id_kind_change_id", "earlier_photos", ["enrollment_id", "kind", "change_id"]
    )
    op.create_index("ix_earlier_photos_kept_until_change_id", "earlier_photos", ["kept_until", "change_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # As nobody's photos they are erased by what knows no earlier ones.
    op.execute(
        "INSERT INTO staged_photos (id, place, outcome, object_key) "
        "SELECT change_id, 0, 'replaced', object_key FROM earlier_photos"
    )
    op.drop_table("earlier_photos")
