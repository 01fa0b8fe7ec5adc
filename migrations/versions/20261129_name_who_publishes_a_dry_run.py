"""name who publishes a dry run"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5c8e21f7a0d4"
down_revision = "3f9b7d10c5e8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("import_jobs", sa.Column("publisher_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_import_jobs_publisher_id"), "import_jobs", "staff", ["publisher_id"], ["id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_import_jobs_publisher_id"), "import_jobs", type_="foreignkey")
    op.drop_column("import_jobs", "publisher_id")
