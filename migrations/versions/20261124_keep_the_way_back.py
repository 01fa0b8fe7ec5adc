"""keep the way back from a change of an account"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e07d3c4b9f15"
down_revision = "c91f5b7a2e08"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "account_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undo_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('phone', 'email', 'password', 'security_questions')", name=op.f("ck_account_changes_kind")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_changes_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_changes")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_account_changes_secret_hash")),
    )
    op.create_index("ix_account_changes_account_id_created_at", "account_changes", ["account_id", "created_at"])
    op.create_index("ix_account_changes_undo_until", "account_changes", ["undo_until"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("account_changes")
