"""take lists of graduates

A list of graduates, like a roster, is an import that changes records, and each of its changes has a reason.
"""

from __future__ import annotations

from alembic import op

revision = "b5c81e2f7d06"
down_revision = "6d3f0a94c7e1"
branch_labels = None
depends_on = None

_TABLE = "enrollment_changes"


def _replace(change: str, reason: str) -> None:
    for name, rule in (("change", change), ("reason", reason)):
        op.drop_constraint(op.f(f"ck_{_TABLE}_{name}"), _TABLE, type_="check")
        op.create_check_constraint(op.f(f"ck_{_TABLE}_{name}"), _TABLE, rule)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace("change <> 'roster' OR roster_import_id IS NOT NULL", "(change = 'roster') = (reason IS NULL)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # What lists of graduates changed has no place in the tables of before.
    op.execute("DELETE FROM enrollment_changes WHERE change <> 'roster' AND roster_import_id IS NOT NULL")
    _replace("(change = 'roster') = (roster_import_id IS NOT NULL)", "(staff_id IS NULL) = (reason IS NULL)")
