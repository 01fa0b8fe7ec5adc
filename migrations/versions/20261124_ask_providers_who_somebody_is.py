"""ask providers who somebody is, and end results"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "90b3d7e4f126"
down_revision = "b7e2d94c1a60"
branch_labels = None
depends_on = None

_TABLE = "identity_verifications"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(_TABLE, sa.Column("provider_id", sa.Text(), nullable=True))
    op.add_column(_TABLE, sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    _replace_words(
        methods="'record_facts', 'alipay_certify', 'tencent_faceid'", statuses="'pending', 'passed', 'failed', 'ended'"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM identity_verifications WHERE method <> 'record_facts' OR status = 'failed'")
    op.execute("UPDATE identity_verifications SET status = 'passed' WHERE status = 'ended'")
    _replace_words(methods="'record_facts'", statuses="'pending', 'passed'")
    op.drop_column(_TABLE, "ended_at")
    op.drop_column(_TABLE, "provider_id")


def _replace_words(*, methods: str, statuses: str) -> None:
    for column, words in (("method", methods), ("status", statuses)):
        name = op.f(f"ck_identity_verifications_{column}")
        op.drop_constraint(name, _TABLE)
        op.create_check_constraint(name, _TABLE, f"{column} IN ({words})")
