"""hold rosters against corrections"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e81c5a0d94b7"
down_revision = "c71e5a90d2b4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_enrollment_changes_corrected",
        "enrollment_changes",
        ["enrollment_id"],
        postgresql_where=sa.text("change = 'correct_enrollment'"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_enrollment_changes_corrected", "enrollment_changes")
