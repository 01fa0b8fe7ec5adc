"""one open correction of an account, not of a person"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "94d6b2f70e1c"
down_revision = "e81c5a0d94b7"
branch_labels = None
depends_on = None

_OPEN = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Holds for all there are: an account is one person's.
    op.create_index(
        "uq_record_corrections_account_id_enrollment_id_record",
        "record_corrections",
        ["account_id", "enrollment_id", "record"],
        unique=True,
        postgresql_where=_OPEN,
    )
    op.drop_index("uq_record_corrections_person_id_enrollment_id_record", "record_corrections")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Of several that are open of one person the first stays so.
    op.execute(
        "UPDATE record_corrections c SET state = 'withdrawn', due_at = NULL, assigned_to = NULL, assigned_at = NULL"
        " WHERE due_at IS NOT NULL AND EXISTS (SELECT FROM record_corrections o WHERE o.due_at IS NOT NULL"
        " AND o.person_id = c.person_id AND o.enrollment_id = c.enrollment_id AND o.record = c.record AND o.id < c.id)"
    )
    op.create_index(
        "uq_record_corrections_person_id_enrollment_id_record",
        "record_corrections",
        ["person_id", "enrollment_id", "record"],
        unique=True,
        postgresql_where=_OPEN,
    )
    op.drop_index("uq_record_corrections_account_id_enrollment_id_record", "record_corrections")
