"""measure what reviewers take

A decision counts at the end of the notice, so its moment does not say when people had done their part. The column
alone, for it keeps everybody waiting: what is filled in and searched by comes after it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d5a1f83e6c20"
down_revision = "b7e30c59d1f8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("identity_cases", sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("identity_cases", "reviewed_at")
