"""list the corrections of a province"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3f9b7d10c5e8"
down_revision = "9d5c2b80e7a1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_record_corrections_province_due_at_id",
        "record_corrections",
        [sa.text("substr(institution_code, 3, 2)"), "due_at", "id"],
        postgresql_where=sa.text("state IN ('forwarded', 'province_review')"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_record_corrections_province_due_at_id", "record_corrections")
