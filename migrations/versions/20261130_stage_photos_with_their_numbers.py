"""stage photos with the numbers that they came by

A photo is published on the record that it found, if that still has the number and is still the same person's.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b7d20f4c81ea"
down_revision = "d5a1f83e6c20"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("staged_photos", sa.Column("candidate_number", sa.Text(), nullable=True))
    op.add_column("staged_photos", sa.Column("person_id", sa.Uuid(), nullable=True))
    # What waits found its record before: as it is now is the best that is known of it.
    op.execute(
        "UPDATE staged_photos p SET candidate_number = e.candidate_number, person_id = e.person_id "
        "FROM enrollments e WHERE e.id = p.enrollment_id AND p.import_id IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("staged_photos", "person_id")
    op.drop_column("staged_photos", "candidate_number")
