"""name the platform of devices

A list of sessions is of use only where one can tell the devices apart.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5d0c3a1f7e42"
down_revision = "b1701e70bff0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Devices of before did not say: the default fills them without rewriting the table.
    op.add_column("devices", sa.Column("platform", sa.Text(), server_default="unknown", nullable=False))
    op.alter_column("devices", "platform", server_default=None)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("devices", "platform")
