"""measure reviews of photos"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0b7e4d92c5f1"
down_revision = "f1b64d0e8a93"
branch_labels = None
depends_on = None

_INDEX = "ix_identity_verifications_decided_at"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    with op.get_context().autocommit_block():
        # A build that was interrupted leaves an index that nobody reads.
        op.drop_index(_INDEX, "identity_verifications", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            _INDEX,
            "identity_verifications",
            ["decided_at"],
            postgresql_where=sa.text("decided_at IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(_INDEX, "identity_verifications")
