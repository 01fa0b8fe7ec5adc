"""hear holders of claimed records"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4e8a1c7f93d2"
down_revision = "94d6b2f70e1c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "claim_notices",
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("objected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("objection", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(objected_at IS NULL) = (objection IS NULL)", name=op.f("ck_claim_notices_objection")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_claim_notices_account_id")),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["record_claims.id"], name=op.f("fk_claim_notices_claim_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("claim_id", "account_id", name=op.f("pk_claim_notices")),
    )
    op.create_index("ix_claim_notices_account_id_claim_id", "claim_notices", ["account_id", "claim_id"])
    op.drop_constraint(op.f("ck_claim_events_actor"), "claim_events", type_="check")
    op.create_check_constraint(
        op.f("ck_claim_events_actor"),
        "claim_events",
        "actor IN ('student', 'holder', 'school', 'province', 'service')",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM claim_events WHERE actor = 'holder'")
    op.drop_constraint(op.f("ck_claim_events_actor"), "claim_events", type_="check")
    op.create_check_constraint(
        op.f("ck_claim_events_actor"), "claim_events", "actor IN ('student', 'school', 'province', 'service')"
    )
    op.drop_table("claim_notices")
