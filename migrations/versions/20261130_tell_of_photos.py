"""tell of photos in the history of records

A photo that comes, or takes the place of another, is a change like others, and the archive that brought it stands
beside the rosters. Photos that came before have no line. The rule about reasons is set anew without a look at lines:
they are looked at afterwards, while others read and write.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "f7c3d85a0e19"
down_revision = "b5d90c3e71fa"
branch_labels = None
depends_on = None

_RULE = "ck_enrollment_changes_reason"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("roster_imports", sa.Column("photo_kind", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_roster_imports_photo_kind"), "roster_imports", "photo_kind IN ('admission', 'graduation')"
    )
    _replace("(reason IS NULL) = (change = 'roster' OR change = 'photo' AND roster_import_id IS NOT NULL)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM enrollment_changes WHERE change = 'photo'")
    op.execute("UPDATE roster_imports SET institution_codes = '{}' WHERE photo_kind IS NOT NULL")
    op.drop_constraint(op.f("ck_roster_imports_photo_kind"), "roster_imports", type_="check")
    op.drop_column("roster_imports", "photo_kind")
    _replace("(change = 'roster') = (reason IS NULL)")


def _replace(rule: str) -> None:
    op.drop_constraint(op.f(_RULE), "enrollment_changes", type_="check")
    op.execute(f"ALTER TABLE enrollment_changes ADD CONSTRAINT {_RULE} CHECK ({rule}) NOT VALID")
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE enrollment_changes VALIDATE CONSTRAINT {_RULE}")
