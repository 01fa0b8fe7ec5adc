"""let pictures that prove something have no side"""

from __future__ import annotations

from alembic import op

revision = "5b7e90c4d1a6"
down_revision = "0b7e4d92c5f1"
branch_labels = None
depends_on = None

_BEFORE = "state = 'refused' OR (side IS NOT NULL AND sha256 IS NOT NULL)"
_AFTER = (
    "state = 'refused' OR (sha256 IS NOT NULL AND (side IS NOT NULL OR num_nonnulls(case_id, verification_id) = 0))"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_uploads_read"), "uploads", type_="check")
    # Holds for every row there is: it asks for less.
    op.create_check_constraint(op.f("ck_uploads_read"), "uploads", _AFTER)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM uploads WHERE state <> 'refused' AND side IS NULL")
    op.drop_constraint(op.f("ck_uploads_read"), "uploads", type_="check")
    op.create_check_constraint(op.f("ck_uploads_read"), "uploads", _BEFORE)
