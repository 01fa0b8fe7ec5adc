"""forget whom classmates were asked by

Once the asking is over only the masked number stays, and nothing to find it by.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e08b42d7a915"
down_revision = "c82f6b0d94e1"
branch_labels = None
depends_on = None

_INDEX = "ix_vouchings_phone_kept"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.alter_column("vouchings", "phone_key", nullable=True)
    kept = sa.text("phone_key IS NOT NULL")
    with op.get_context().autocommit_block():
        # A build that was interrupted leaves an index that nobody reads.
        op.drop_index(_INDEX, "vouchings", postgresql_concurrently=True, if_exists=True)
        op.create_index(_INDEX, "vouchings", ["id"], postgresql_where=kept, postgresql_concurrently=True)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(_INDEX, "vouchings")
    # Something of its own, that no phone has.
    op.execute("UPDATE vouchings SET phone_key = uuid_send(id) WHERE phone_key IS NULL")
    op.alter_column("vouchings", "phone_key", nullable=False)
