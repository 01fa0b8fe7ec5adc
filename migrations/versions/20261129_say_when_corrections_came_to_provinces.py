"""say when corrections came to provinces; who sent them on stands in their events"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e2b7904c6d1f"
down_revision = "7a41c9e26d05"
branch_labels = None
depends_on = None

_BY = "fk_record_corrections_forwarded_by"
_OF_SCHOOL = "ix_record_corrections_institution_code_state_held_since_id"
_OF_PROVINCE = "ix_record_corrections_province_state_held_since_id"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("record_corrections", sa.Column("forwarded_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE record_corrections c SET forwarded_at = e.at FROM correction_events e"
        " WHERE e.correction_id = c.id AND e.kind = 'forwarded'"
    )
    op.drop_constraint(op.f(_BY), "record_corrections", type_="foreignkey")
    op.drop_column("record_corrections", "forwarded_by")
    op.create_index(
        _OF_SCHOOL,
        "record_corrections",
        ["institution_code", "state", "held_since", "id"],
        postgresql_where=sa.text("due_at IS NULL"),
    )
    op.create_index(
        _OF_PROVINCE,
        "record_corrections",
        [sa.text("substr(institution_code, 3, 2)"), "state", "held_since", "id"],
        postgresql_where=sa.text("due_at IS NULL AND forwarded_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(_OF_PROVINCE, "record_corrections")
    op.drop_index(_OF_SCHOOL, "record_corrections")
    op.add_column("record_corrections", sa.Column("forwarded_by", sa.Uuid(), nullable=True))
    # None where the clock sent it on.
    op.execute(
        "UPDATE record_corrections c SET forwarded_by = e.staff_id FROM correction_events e"
        " WHERE e.correction_id = c.id AND e.kind = 'forwarded'"
    )
    op.create_foreign_key(op.f(_BY), "record_corrections", "staff", ["forwarded_by"], ["id"])
    op.drop_column("record_corrections", "forwarded_at")
