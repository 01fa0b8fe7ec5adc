"""note when a phone was bound"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7c1e94d0a5b8"
down_revision = "7d40e8c5a91b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Empty: with the account. So nothing is rewritten.
    op.add_column("accounts", sa.Column("phone_bound_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("accounts", "phone_bound_at")
