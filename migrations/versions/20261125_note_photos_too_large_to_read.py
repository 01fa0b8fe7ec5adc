"""note photos that were too large to be read"""

from __future__ import annotations

from alembic import op

revision = "f1c6d03b8a27"
down_revision = "8d3f60a1c27e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.alter_column("uploads", "side", nullable=True)
    op.alter_column("uploads", "sha256", nullable=True)
    # Holds for every row there is: the columns were mandatory.
    op.create_check_constraint(
        op.f("ck_uploads_read"), "uploads", "state = 'refused' OR (side IS NOT NULL AND sha256 IS NOT NULL)"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM uploads WHERE side IS NULL OR sha256 IS NULL")
    op.drop_constraint(op.f("ck_uploads_read"), "uploads", type_="check")
    op.alter_column("uploads", "sha256", nullable=False)
    op.alter_column("uploads", "side", nullable=False)
