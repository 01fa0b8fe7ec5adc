"""verify by hand-held photos

Without any conflict: a reviewer looks at the photos, and what happened is written down as in a case.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e17b60d9a4f5"
down_revision = "c60e2a94b7d1"
branch_labels = None
depends_on = None

_TABLE = "identity_verifications"
_MOMENT = sa.DateTime(timezone=True)
_METHODS = "'record_facts', 'alipay_certify', 'tencent_faceid'"
_STATUSES = "'pending', 'passed', 'failed', 'ended'"
# A holder's photo that a reviewer looked at stays beside the next one.
_OPEN = "state = 'received' AND removed_at IS NULL"
_OPEN_BEFORE = "state IN ('received', 'seen', 'accepted') AND removed_at IS NULL"
_NEW = ("queued_at", "decided_at", "reason", "assigned_to", "assigned_at")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("queued_at", "decided_at", "assigned_at"):
        op.add_column(_TABLE, sa.Column(name, _MOMENT, nullable=True))
    op.add_column(_TABLE, sa.Column("reason", sa.Text(), nullable=True))
    op.add_column(_TABLE, sa.Column("assigned_to", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_identity_verifications_assigned_to"), _TABLE, "staff", ["assigned_to"], ["id"])
    _replace_words(methods=f"{_METHODS}, 'handheld_photo'", statuses=f"{_STATUSES}, 'in_review', 'accepted'")
    in_review = sa.text("status = 'in_review'")
    op.create_index(
        "uq_identity_verifications_account_id_in_review",
        _TABLE,
        ["account_id"],
        unique=True,
        postgresql_where=in_review,
    )
    op.create_index("ix_identity_verifications_queued_at", _TABLE, ["queued_at"], postgresql_where=in_review)
    _create_events()
    op.add_column("uploads", sa.Column("verification_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_uploads_verification_id"), "uploads", _TABLE, ["verification_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index(
        "uq_uploads_verification_id_side",
        "uploads",
        ["verification_id", "side"],
        unique=True,
        postgresql_where=sa.text(_OPEN),
    )
    _index_sides_of_cases(_OPEN)
    op.create_index("ix_uploads_verification_id_id", "uploads", ["verification_id", "id"])


def _index_sides_of_cases(where: str) -> None:
    name = "uq_uploads_case_id_account_id_side"
    op.drop_index(name, "uploads")
    op.create_index(name, "uploads", ["case_id", "account_id", "side"], unique=True, postgresql_where=sa.text(where))


def _create_events() -> None:
    op.create_table(
        "verification_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("verification_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.CheckConstraint("actor IN ('owner', 'staff')", name=op.f("ck_verification_events_actor")),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["identity_verifications.id"],
            name=op.f("fk_verification_events_verification_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_verification_events_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_events")),
    )
    op.create_index("ix_verification_events_verification_id_id", "verification_events", ["verification_id", "id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Their objects would be forgotten in the store.
    op.execute("UPDATE uploads SET removed_at = now() WHERE verification_id IS NOT NULL AND removed_at IS NULL")
    _index_sides_of_cases(_OPEN_BEFORE)
    for index in ("ix_uploads_verification_id_id", "uq_uploads_verification_id_side"):
        op.drop_index(index, "uploads")
    op.drop_constraint(op.f("fk_uploads_verification_id"), "uploads")
    op.drop_column("uploads", "verification_id")
    op.drop_table("verification_events")
    op.execute("DELETE FROM identity_verifications WHERE method = 'handheld_photo'")
    for index in ("ix_identity_verifications_queued_at", "uq_identity_verifications_account_id_in_review"):
        op.drop_index(index, _TABLE)
    _replace_words(methods=_METHODS, statuses=_STATUSES)
    op.drop_constraint(op.f("fk_identity_verifications_assigned_to"), _TABLE)
    for column in _NEW:
        op.drop_column(_TABLE, column)


def _replace_words(*, methods: str, statuses: str) -> None:
    for column, words in (("method", methods), ("status", statuses)):
        name = op.f(f"ck_identity_verifications_{column}")
        op.drop_constraint(name, _TABLE)
        op.create_check_constraint(name, _TABLE, f"{column} IN ({words})")
