"""find what a grant gave: by either number, and where it was transferred since"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d27b90e4a6c3"
down_revision = "6c1f8e20b4d9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_former_identities_document_key", "former_identities", ["document_key"])
    op.create_index(
        "ix_transfers_enrollment_id", "transfers", ["enrollment_id"], postgresql_where=sa.text("state = 'agreed'")
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_transfers_enrollment_id", "transfers")
    op.drop_index("ix_former_identities_document_key", "former_identities")
