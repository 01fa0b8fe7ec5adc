"""tell offices of what waits at their desks

The columns alone, for they keep everybody waiting: what is marked and searched by comes after them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5c0e91d7a3f8"
down_revision = "e4a90b6d72c1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "office_contacts",
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("email_key", sa.LargeBinary(), nullable=True),
        sa.Column("email_ciphertext", sa.LargeBinary(), nullable=True),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proven_by", sa.Uuid(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadlines_told_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("office ~ '^([0-9]{2}|[0-9]{10})$'", name=op.f("ck_office_contacts_office")),
        sa.CheckConstraint(
            "num_nulls(email_key, email_ciphertext, proven_at, proven_by) IN (0, 4)",
            name=op.f("ck_office_contacts_proven"),
        ),
        sa.ForeignKeyConstraint(["proven_by"], ["staff.id"], name=op.f("fk_office_contacts_proven_by")),
        sa.PrimaryKeyConstraint("office", name=op.f("pk_office_contacts")),
    )
    for table in ("record_corrections", "record_claims"):
        op.add_column(table, sa.Column("untold_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("record_claims", "record_corrections"):
        op.drop_column(table, "untold_since")
    op.drop_table("office_contacts")
