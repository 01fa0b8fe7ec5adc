"""chain the logs

Each line gets its place and a link to the line before; those there already are chained by the first round.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5e0c9a74d1b8"
down_revision = "e17b60d9a4f5"
branch_labels = None
depends_on = None

_TRAILS = ("audit_events", "staff_events", "record_accesses")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "audit_heads",
        sa.Column("trail", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("trail", name=op.f("pk_audit_heads")),
    )
    for trail in _TRAILS:
        op.add_column(trail, sa.Column("position", sa.BigInteger()))
        op.add_column(trail, sa.Column("link", sa.LargeBinary()))
        op.create_unique_constraint(op.f(f"uq_{trail}_position"), trail, ["position"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for trail in _TRAILS:
        op.drop_constraint(op.f(f"uq_{trail}_position"), trail)
        op.drop_column(trail, "link")
        op.drop_column(trail, "position")
    op.drop_table("audit_heads")
