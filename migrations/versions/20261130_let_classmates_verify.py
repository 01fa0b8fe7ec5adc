"""let classmates verify

Without any conflict, too: a request to vouch is of a case, or of a verification.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b5d90c3e71fa"
down_revision = "9d27c4e8b1f0"
branch_labels = None
depends_on = None

_METHODS = "'record_facts', 'alipay_certify', 'tencent_faceid', 'handheld_photo'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("vouchings", sa.Column("verification_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_vouchings_verification_id"),
        "vouchings",
        "identity_verifications",
        ["verification_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.alter_column("vouchings", "case_id", nullable=True)
    op.create_check_constraint(op.f("ck_vouchings_home"), "vouchings", "num_nonnulls(case_id, verification_id) = 1")
    op.create_index(
        "uq_vouchings_verification_id_phone_key", "vouchings", ["verification_id", "phone_key"], unique=True
    )
    _replace_words(f"{_METHODS}, 'classmates'", "'owner', 'classmate', 'staff'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # The service before does not know the word, and could not refresh these.
    op.execute(
        "UPDATE sessions SET verified_at = NULL, verified_by = NULL, epoch = epoch + 1 WHERE verified_by = 'classmates'"
    )
    op.execute("DELETE FROM identity_verifications WHERE method = 'classmates'")
    _replace_words(_METHODS, "'owner', 'staff'")
    op.drop_index("uq_vouchings_verification_id_phone_key", "vouchings")
    op.drop_constraint(op.f("ck_vouchings_home"), "vouchings", type_="check")
    op.drop_constraint(op.f("fk_vouchings_verification_id"), "vouchings", type_="foreignkey")
    op.drop_column("vouchings", "verification_id")
    op.alter_column("vouchings", "case_id", nullable=False)


def _replace_words(methods: str, actors: str) -> None:
    for table, column, words in (
        ("identity_verifications", "method", methods),
        ("verification_events", "actor", actors),
    ):
        op.drop_constraint(op.f(f"ck_{table}_{column}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"{column} IN ({words})")
