"""find messages that were given up

Operators see how many. The index is built while messages are written and leave.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e3b8f06a5d17"
down_revision = "b7d20f4c81ea"
branch_labels = None
depends_on = None

_INDEX = "ix_outbox_created_at_given_up"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    with op.get_context().autocommit_block():
        # A build that was interrupted leaves an index that nobody reads.
        op.drop_index(_INDEX, "outbox", postgresql_concurrently=True, if_exists=True)
        where = sa.text("state = 'given_up'")
        op.create_index(_INDEX, "outbox", ["created_at"], postgresql_concurrently=True, postgresql_where=where)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(_INDEX, "outbox")
