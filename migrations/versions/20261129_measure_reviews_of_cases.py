"""measure reviews of cases"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c71e5a90d2b4"
down_revision = "d29f4b7a31c8"
branch_labels = None
depends_on = None

_INDEX = "ix_identity_cases_decided_at"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    with op.get_context().autocommit_block():
        # A build that was interrupted leaves an index that nobody reads.
        op.drop_index(_INDEX, "identity_cases", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            _INDEX,
            "identity_cases",
            ["decided_at"],
            postgresql_where=sa.text("queued_at IS NOT NULL AND decided_at IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(_INDEX, "identity_cases")
