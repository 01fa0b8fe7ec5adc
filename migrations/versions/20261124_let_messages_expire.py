"""let messages expire

A code that is dead is not sent any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "f3b8a16d5c27"
down_revision = "e07d3c4b9f15"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("outbox", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("outbox", "expires_at")
