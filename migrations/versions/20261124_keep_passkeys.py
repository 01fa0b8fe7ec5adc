"""keep passkeys, and let the setting of a second factor be undone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b2d5e8f1a674"
down_revision = "27d5f0c3ab91"
branch_labels = None
depends_on = None

_KINDS = "'phone', 'email', 'password', 'security_questions'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("aaguid", sa.Uuid(), nullable=False),
        sa.Column("transports", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("backup_eligible", sa.Boolean(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("copy_suspected_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_passkeys_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index("ix_passkeys_account_id", "passkeys", ["account_id"])
    # Three days of changes at most: checking them again takes no time.
    op.drop_constraint(op.f("ck_account_changes_kind"), "account_changes", type_="check")
    op.create_check_constraint(
        op.f("ck_account_changes_kind"), "account_changes", f"kind IN ({_KINDS}, 'totp', 'passkey')"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM account_changes WHERE kind IN ('totp', 'passkey')")
    op.drop_constraint(op.f("ck_account_changes_kind"), "account_changes", type_="check")
    op.create_check_constraint(op.f("ck_account_changes_kind"), "account_changes", f"kind IN ({_KINDS})")
    # Whoever has a passkey alone would be asked for what no longer is.
    op.execute(
        "DELETE FROM recovery_codes WHERE account_id IN (SELECT id FROM accounts WHERE second_factors = '{passkey}')"
    )
    op.execute(
        "UPDATE accounts SET second_factors = array_remove(second_factors, 'passkey')"
        " WHERE 'passkey' = ANY (second_factors)"
    )
    op.drop_table("passkeys")
