"""take graduates from schools

Lists of graduates are imports of schools, too.
"""

from __future__ import annotations

from alembic import op

revision = "f1b64d0e8a93"
down_revision = "d83a5c1e92b6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_import_jobs_kind"), "import_jobs")
    kinds = "kind IN ('roster', 'graduates', 'admission_photos', 'graduation_photos')"
    op.create_check_constraint(op.f("ck_import_jobs_kind"), "import_jobs", kinds)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM import_jobs WHERE kind = 'graduates'")
    op.drop_constraint(op.f("ck_import_jobs_kind"), "import_jobs")
    op.create_check_constraint(
        op.f("ck_import_jobs_kind"), "import_jobs", "kind IN ('roster', 'admission_photos', 'graduation_photos')"
    )
