"""find accounts that go

They are few among all: those that are closing, and those in conflict.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b7e30c59d1f8"
down_revision = "a4e81b6c92d7"
branch_labels = None
depends_on = None

_OLD, _NEW = "ix_accounts_closes_at", "ix_accounts_leaving"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace(_OLD, _NEW, "id", "state IN ('closing', 'conflict')")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace(_NEW, _OLD, "closes_at", "state = 'closing'")


def _replace(old: str, new: str, column: str, where: str) -> None:
    with op.get_context().autocommit_block():
        # A build that was interrupted leaves an index that nobody reads.
        op.drop_index(new, "accounts", postgresql_concurrently=True, if_exists=True)
        op.create_index(new, "accounts", [column], postgresql_where=sa.text(where), postgresql_concurrently=True)
        op.drop_index(old, "accounts", postgresql_concurrently=True, if_exists=True)
