"""know rows of rosters again

A keyed hash of the row that a record was made of, bound to the record's version.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "93d7c1f0ab52"
down_revision = "5e0c9a74d1b8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("enrollments", sa.Column("roster_fingerprint", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("enrollments", "roster_fingerprint")
