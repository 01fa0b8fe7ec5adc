"""let sessions be forgotten

Who logged in from where is not kept for ever; that somebody was verified, is.
"""

from __future__ import annotations

from alembic import op

revision = "c3f7a90e5d12"
down_revision = "b2d5e8f1a674"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_identity_verifications_session_id"), "identity_verifications", type_="foreignkey")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Those of sessions that are forgotten cannot point at them again.
    op.execute(
        "DELETE FROM identity_verifications v WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = v.session_id)"
    )
    op.create_foreign_key(
        op.f("fk_identity_verifications_session_id"), "identity_verifications", "sessions", ["session_id"], ["id"]
    )
