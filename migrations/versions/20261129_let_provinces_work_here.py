"""let provinces work here"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "6c1f8e20b4d9"
down_revision = "5b7e90c4d1a6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("staff", sa.Column("province", sa.Text(), nullable=True))
    op.drop_constraint(op.f("ck_staff_role"), "staff", type_="check")
    op.create_check_constraint(
        op.f("ck_staff_role"), "staff", "role IN ('registrar', 'province', 'reviewer', 'operator')"
    )
    op.create_check_constraint(op.f("ck_staff_province"), "staff", "(role = 'province') = (province IS NOT NULL)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Their decisions name them, so they stay as members who can do nothing.
    op.execute(
        "UPDATE staff SET role = 'operator', province = NULL, state = 'disabled', password_hash = NULL,"
        " totp_sealed = NULL, invitation_hash = NULL, invitation_expires_at = NULL WHERE role = 'province'"
    )
    op.drop_constraint(op.f("ck_staff_province"), "staff", type_="check")
    op.drop_constraint(op.f("ck_staff_role"), "staff", type_="check")
    op.create_check_constraint(op.f("ck_staff_role"), "staff", "role IN ('registrar', 'reviewer', 'operator')")
    op.drop_column("staff", "province")
