"""link identities of third parties"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b7e2d94c1a60"
down_revision = "c5e2f8074a36"
branch_labels = None
depends_on = None

_PROVIDERS = "provider IN ('alipay', 'wechat', 'weibo')"
_KINDS = "'phone', 'email', 'password', 'security_questions', 'totp', 'passkey'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "linked_identities",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.LargeBinary(), nullable=False),
        sa.Column("subject_ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_PROVIDERS, name=op.f("ck_linked_identities_provider")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_linked_identities_account_id")),
        sa.PrimaryKeyConstraint("account_id", "provider", name=op.f("pk_linked_identities")),
    )
    op.create_index(
        "uq_linked_identities_provider_subject_key", "linked_identities", ["provider", "subject_key"], unique=True
    )
    op.create_table(
        "third_party_flows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_PROVIDERS, name=op.f("ck_third_party_flows_provider")),
        sa.CheckConstraint("(account_id IS NULL) = (session_id IS NULL)", name=op.f("ck_third_party_flows_session")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_third_party_flows_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_third_party_flows")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_third_party_flows_state_hash")),
    )
    op.create_index("ix_third_party_flows_account_id", "third_party_flows", ["account_id"])
    op.create_index("ix_third_party_flows_expires_at", "third_party_flows", ["expires_at"])
    _let_changes_be(f"{_KINDS}, 'identity_linked', 'identity_released'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM account_changes WHERE kind IN ('identity_linked', 'identity_released')")
    _let_changes_be(_KINDS)
    op.drop_table("third_party_flows")
    op.drop_table("linked_identities")


def _let_changes_be(kinds: str) -> None:
    """The table is small: a change stays three days."""
    op.drop_constraint(op.f("ck_account_changes_kind"), "account_changes")
    op.create_check_constraint(op.f("ck_account_changes_kind"), "account_changes", f"kind IN ({kinds})")
