"""prove claims by pictures"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "9d5c2b80e7a1"
down_revision = "4e8a1c7f93d2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("uploads", sa.Column("claim_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_uploads_claim_id"), "uploads", "record_claims", ["claim_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index(
        "ix_uploads_claim_id_id", "uploads", ["claim_id", "id"], postgresql_where=sa.text("claim_id IS NOT NULL")
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Without a home they are nobody's, and the next round of the erasure takes their bytes.
    op.drop_index("ix_uploads_claim_id_id", "uploads")
    op.drop_constraint(op.f("fk_uploads_claim_id"), "uploads", type_="foreignkey")
    op.drop_column("uploads", "claim_id")
