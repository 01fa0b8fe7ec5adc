"""search and export records

By class, too; and who is in an export can read it.
"""

from __future__ import annotations

from alembic import op

revision = "d83a5c1e92b6"
down_revision = "f1c6d03b8a27"
branch_labels = None
depends_on = None

_INDEX = "ix_enrollments_institution_code_class_name_id"
_ACTIONS = "'listed', 'viewed', 'changed'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace_actions(f"{_ACTIONS}, 'exported'")
    with op.get_context().autocommit_block():
        columns = ["institution_code", "class_name", "id"]
        # A build that was interrupted leaves an index that nobody reads.
        op.drop_index(_INDEX, "enrollments", postgresql_concurrently=True, if_exists=True)
        op.create_index(_INDEX, "enrollments", columns, postgresql_concurrently=True)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(_INDEX, "enrollments")
    # Lines of exports stay as they are: they are chained.
    _replace_actions(_ACTIONS, not_valid=True)


def _replace_actions(words: str, *, not_valid: bool = False) -> None:
    name = op.f("ck_record_accesses_action")
    op.drop_constraint(name, "record_accesses")
    op.create_check_constraint(name, "record_accesses", f"action IN ({words})", postgresql_not_valid=not_valid)
