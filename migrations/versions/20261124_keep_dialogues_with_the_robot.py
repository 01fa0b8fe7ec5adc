"""keep dialogues with the robot

Messages only of accounts, masked and sealed; of everybody the questions that no article answered, masked.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c5e2f8074a36"
down_revision = "c3f7a90e5d12"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "help_conversations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("offered", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_help_conversations_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_conversations")),
    )
    op.create_index("ix_help_conversations_account_id_id", "help_conversations", ["account_id", "id"])
    op.create_index("ix_help_conversations_expires_at", "help_conversations", ["expires_at"])
    op.create_table(
        "help_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_help_messages_account_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["help_conversations.id"],
            name=op.f("fk_help_messages_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_messages")),
    )
    op.create_index("ix_help_messages_conversation_id_id", "help_messages", ["conversation_id", "id"])
    op.create_index("ix_help_messages_account_id_id", "help_messages", ["account_id", "id"])
    op.create_table(
        "help_unanswered",
        sa.Column("question_hash", sa.LargeBinary(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("nearest", sa.Text(), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason IN ('ambiguous', 'unknown')", name=op.f("ck_help_unanswered_reason")),
        sa.PrimaryKeyConstraint("question_hash", name=op.f("pk_help_unanswered")),
    )
    op.create_index("ix_help_unanswered_expires_at", "help_unanswered", ["expires_at"])
    op.create_index("ix_help_unanswered_last_at", "help_unanswered", ["last_at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("help_unanswered")
    op.drop_table("help_messages")
    op.drop_table("help_conversations")
