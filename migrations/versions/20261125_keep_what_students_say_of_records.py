"""keep what students say of their records"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2e9c7a51d8b4"
down_revision = "c4a81f6d2e97"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "record_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrong_fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_record_checks_enrollment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_checks")),
    )
    op.create_index("ix_record_checks_enrollment_id_id", "record_checks", ["enrollment_id", "id"])
    op.create_table(
        "photo_proofs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("answer IN ('right', 'wrong')", name=op.f("ck_photo_proofs_answer")),
        sa.CheckConstraint("(answer = 'wrong') = (fault IS NOT NULL)", name=op.f("ck_photo_proofs_fault")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_photo_proofs_enrollment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_proofs")),
    )
    op.create_index("ix_photo_proofs_enrollment_id_id", "photo_proofs", ["enrollment_id", "id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("photo_proofs")
    op.drop_table("record_checks")
