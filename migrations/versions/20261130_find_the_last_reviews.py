"""find the last reviews

Those of before are measured by their last decision. The index is built while others read and write.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c82f6b0d94e1"
down_revision = "e3b8f06a5d17"
branch_labels = None
depends_on = None

_OLD, _NEW = "ix_identity_cases_decided_at", "ix_identity_cases_reviewed_at"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "UPDATE identity_cases c SET reviewed_at = d.last"
        " FROM (SELECT case_id, max(at) AS last FROM case_decisions GROUP BY case_id) d"
        " WHERE d.case_id = c.id AND c.decided_at IS NOT NULL AND c.reviewed_at IS NULL"
    )
    _replace(_OLD, _NEW, "reviewed_at", "reviewed_at IS NOT NULL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace(_NEW, _OLD, "decided_at", "queued_at IS NOT NULL AND decided_at IS NOT NULL")


def _replace(old: str, new: str, column: str, where: str) -> None:
    with op.get_context().autocommit_block():
        # A build that was interrupted leaves an index that nobody reads.
        op.drop_index(new, "identity_cases", postgresql_concurrently=True, if_exists=True)
        op.create_index(new, "identity_cases", [column], postgresql_where=sa.text(where), postgresql_concurrently=True)
        op.drop_index(old, "identity_cases", postgresql_concurrently=True, if_exists=True)
