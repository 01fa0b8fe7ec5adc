"""mark the keys of the database"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1f6c2b90ae37"
down_revision = "f3b8a16d5c27"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("lookup_mark", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("installation")
