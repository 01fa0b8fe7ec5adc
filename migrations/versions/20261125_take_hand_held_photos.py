"""take hand-held photos

Whose a photo is, what was found in it, and when its owner took it back. No upload was taken before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "c4a81f6d2e97"
down_revision = "8b1d5e7f3a42"
branch_labels = None
depends_on = None

_TABLE = "uploads"
_CREATED = "ix_uploads_created_at"
_INDEXES = (
    "ix_uploads_stored",
    "ix_uploads_abandoned",
    "ix_uploads_account_id_id",
    "uq_uploads_case_id_account_id_side",
)
_NEW = ("account_id", "reduced", "rules", "hints", "removed_at")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM uploads")
    op.add_column(_TABLE, sa.Column("account_id", sa.Uuid(), nullable=True))
    op.add_column(_TABLE, sa.Column("reduced", sa.Boolean(), nullable=False))
    op.add_column(_TABLE, sa.Column("rules", JSONB(), nullable=False))
    op.add_column(_TABLE, sa.Column("hints", JSONB(), nullable=False))
    op.add_column(_TABLE, sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    for column in ("object_key", "width", "height"):
        op.alter_column(_TABLE, column, nullable=True)
    _replace_states("'storing', 'refused', 'received', 'seen', 'accepted', 'rejected'")
    op.create_foreign_key(op.f("fk_uploads_account_id"), _TABLE, "accounts", ["account_id"], ["id"])
    op.create_index(
        "uq_uploads_case_id_account_id_side",
        _TABLE,
        ["case_id", "account_id", "side"],
        unique=True,
        postgresql_where=sa.text("state IN ('received', 'seen', 'accepted') AND removed_at IS NULL"),
    )
    op.create_index("ix_uploads_account_id_id", _TABLE, ["account_id", "id"])
    op.create_index("ix_uploads_abandoned", _TABLE, ["id"], postgresql_where=sa.text("account_id IS NULL"))
    op.create_index("ix_uploads_stored", _TABLE, ["id"], postgresql_where=sa.text("object_key IS NOT NULL"))
    op.drop_index(_CREATED, _TABLE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM uploads")
    op.create_index(_CREATED, _TABLE, ["created_at"], postgresql_where=sa.text("erased_at IS NULL"))
    for index in _INDEXES:
        op.drop_index(index, _TABLE)
    op.drop_constraint(op.f("fk_uploads_account_id"), _TABLE)
    _replace_states("'received', 'accepted', 'rejected'")
    for column in ("object_key", "width", "height"):
        op.alter_column(_TABLE, column, nullable=False)
    for column in _NEW:
        op.drop_column(_TABLE, column)


def _replace_states(words: str) -> None:
    name = op.f("ck_uploads_state")
    op.drop_constraint(name, _TABLE)
    op.create_check_constraint(name, _TABLE, f"state IN ({words})")
