"""let students change schools"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "6d3f0a94c7e1"
down_revision = "93d7c1f0ab52"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("from_code", sa.Text(), nullable=False),
        sa.Column("to_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("new_enrollment_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('requested', 'agreed', 'refused', 'taken_back', 'expired')", name=op.f("ck_transfers_state")
        ),
        sa.CheckConstraint(
            "(state = 'agreed') = (new_enrollment_id IS NOT NULL)", name=op.f("ck_transfers_new_enrollment_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_transfers_decided_by")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_transfers_enrollment_id")),
        sa.ForeignKeyConstraint(["from_code"], ["institutions.code"], name=op.f("fk_transfers_from_code")),
        sa.ForeignKeyConstraint(["new_enrollment_id"], ["enrollments.id"], name=op.f("fk_transfers_new_enrollment_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["staff.id"], name=op.f("fk_transfers_requested_by")),
        sa.ForeignKeyConstraint(["to_code"], ["institutions.code"], name=op.f("fk_transfers_to_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index(
        "uq_transfers_enrollment_id",
        "transfers",
        ["enrollment_id"],
        unique=True,
        postgresql_where=sa.text("state = 'requested'"),
    )
    op.create_index("ix_transfers_from_code_id", "transfers", ["from_code", "id"])
    op.create_index("ix_transfers_to_code_id", "transfers", ["to_code", "id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("transfers")
