"""ask for further factors, and close accounts after a time"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c91f5b7a2e08"
down_revision = "a4c7e9d2b163"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # A default fills what is there without rewriting the table; from now on the service says it.
    texts = postgresql.ARRAY(sa.Text())
    op.add_column("accounts", sa.Column("second_factors", texts, server_default="{}", nullable=False))
    op.alter_column("accounts", "second_factors", server_default=None)
    op.add_column("accounts", sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_accounts_closes_at", "accounts", ["closes_at"], postgresql_where=sa.text("state = 'closing'"))
    # Tickets of before were all for a password after a phone code.
    op.add_column("flows", sa.Column("methods", texts, server_default="{sms}", nullable=False))
    op.add_column("flows", sa.Column("asks", texts, server_default="{password}", nullable=False))
    op.add_column("flows", sa.Column("forgets", sa.LargeBinary(), nullable=True))
    op.alter_column("flows", "methods", server_default=None)
    op.alter_column("flows", "asks", server_default=None)
    op.create_table(
        "totp_secrets",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_totp_secrets_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_totp_secrets")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_recovery_codes_account_id")),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name=op.f("pk_recovery_codes")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("recovery_codes")
    op.drop_table("totp_secrets")
    op.drop_column("flows", "forgets")
    op.drop_column("flows", "asks")
    op.drop_column("flows", "methods")
    op.drop_index("ix_accounts_closes_at", table_name="accounts")
    op.drop_column("accounts", "closes_at")
    op.drop_column("accounts", "second_factors")
