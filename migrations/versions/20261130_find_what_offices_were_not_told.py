"""find what offices were not told

What waits at their desks already is news to them too: nobody was told of it. Its indexes are built while others read
and write.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "9d27c4e8b1f0"
down_revision = "5c0e91d7a3f8"
branch_labels = None
depends_on = None

_PROVINCE = sa.text("substr(institution_code, 3, 2)")
_INDEXES: tuple[tuple[str, str, list[str | sa.TextClause], str], ...] = (
    (
        "ix_record_corrections_institution_code_untold",
        "record_corrections",
        ["institution_code"],
        "untold_since IS NOT NULL AND state IN ('submitted', 'school_review')",
    ),
    (
        "ix_record_corrections_province_untold",
        "record_corrections",
        [_PROVINCE],
        "untold_since IS NOT NULL AND state IN ('forwarded', 'province_review')",
    ),
    (
        "ix_record_corrections_institution_code_due_at",
        "record_corrections",
        ["institution_code", "due_at"],
        "state IN ('submitted', 'school_review')",
    ),
    (
        "ix_record_claims_institution_code_untold",
        "record_claims",
        ["institution_code"],
        "untold_since IS NOT NULL AND state IN ('school_review', 'granted')",
    ),
    (
        "ix_record_claims_province_untold",
        "record_claims",
        [_PROVINCE],
        "untold_since IS NOT NULL AND state IN ('province_review', 'granted')",
    ),
    (
        "ix_record_claims_institution_code_due_at",
        "record_claims",
        ["institution_code", "due_at"],
        "state = 'school_review'",
    ),
    ("ix_record_claims_province_due_at", "record_claims", [_PROVINCE, "due_at"], "state = 'province_review'"),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "UPDATE record_corrections SET untold_since = held_since"
        " WHERE untold_since IS NULL AND state IN ('submitted', 'school_review', 'forwarded', 'province_review')"
    )
    op.execute(
        "UPDATE record_claims SET untold_since = state_since"
        " WHERE untold_since IS NULL AND state IN ('school_review', 'province_review')"
    )
    with op.get_context().autocommit_block():
        for name, table, columns, where in _INDEXES:
            # A build that was interrupted leaves an index that nobody reads.
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
            op.create_index(name, table, columns, postgresql_concurrently=True, postgresql_where=sa.text(where))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table)
