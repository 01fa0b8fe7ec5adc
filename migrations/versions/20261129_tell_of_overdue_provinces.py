"""tell students of overdue provinces once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b2d60f4817ce"
down_revision = "e2b7904c6d1f"
branch_labels = None
depends_on = None

_TABLES = ("record_claims", "record_corrections")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in _TABLES:
        op.add_column(table, sa.Column("overdue_told_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in _TABLES:
        op.drop_column(table, "overdue_told_at")
