"""keep who published rosters

An import is forgotten days after it ended, and what it changed in records points to the published roster alone. Who
sent those that are not forgotten yet is taken from them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "e4a90b6d72c1"
down_revision = "7d21b8e4f059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "roster_imports", sa.Column("sender_ids", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False)
    )
    op.execute(
        "UPDATE roster_imports r SET sender_ids = "
        "CASE WHEN j.publisher_id <> j.staff_id THEN ARRAY[j.staff_id, j.publisher_id] ELSE ARRAY[j.staff_id] END "
        "FROM import_jobs j WHERE j.roster_import_id = r.id"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("roster_imports", "sender_ids")
