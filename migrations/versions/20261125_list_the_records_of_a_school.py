"""list the records of a school

Indexes of a large table, built while others read and write it.
"""

from __future__ import annotations

from alembic import op

revision = "8b1d5e7f3a42"
down_revision = "4f8a2c6d1e93"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    with op.get_context().autocommit_block():
        for columns in (["institution_code", "id"], ["institution_code", "name", "id"]):
            name = f"ix_enrollments_{'_'.join(columns)}"
            # A build that was interrupted leaves an index that nobody reads.
            op.drop_index(name, "enrollments", postgresql_concurrently=True, if_exists=True)
            op.create_index(name, "enrollments", columns, postgresql_concurrently=True)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_enrollments_institution_code_name_id", table_name="enrollments")
    op.drop_index("ix_enrollments_institution_code_id", table_name="enrollments")
