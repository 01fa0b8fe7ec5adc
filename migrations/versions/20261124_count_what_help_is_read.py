"""count what of the help centre is read, asked and found helpful

By day and topic, so that hot questions are what people ask now; nobody's name is in it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1c6f0b9d2e73"
down_revision = "1f6c2b90ae37"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "help_interest",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "slug", name=op.f("pk_help_interest")),
    )
    op.create_table(
        "help_feedback",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("helped", sa.Integer(), nullable=False),
        sa.Column("not_helped", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "slug", name=op.f("pk_help_feedback")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("help_feedback")
    op.drop_table("help_interest")
