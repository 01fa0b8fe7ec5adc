"""keep which records rosters give to whom their numbers stand for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7a41c9e26d05"
down_revision = "5c8e21f7a0d4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "roster_gifts",
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("former_identity_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_roster_gifts_enrollment_id")),
        sa.ForeignKeyConstraint(
            ["former_identity_id"], ["former_identities.id"], name=op.f("fk_roster_gifts_former_identity_id")
        ),
        sa.PrimaryKeyConstraint("enrollment_id", name=op.f("pk_roster_gifts")),
    )
    op.create_index("ix_roster_gifts_former_identity_id", "roster_gifts", ["former_identity_id"])
    # What was given before: no claim gave it, no transfer made it, and it has, or had until a correction, the number.
    op.execute("""
        INSERT INTO roster_gifts (enrollment_id, former_identity_id)
        SELECT DISTINCT ON (e.id) e.id, f.id
        FROM former_identities f JOIN enrollments e ON e.person_id = f.person_id
        WHERE f.stands_for AND f.undone_at IS NULL AND e.id <> f.enrollment_id
          AND (
              (e.document_key = f.document_key AND e.document_type = f.document_type)
              OR EXISTS (SELECT FROM enrollment_changes c WHERE c.enrollment_id = e.id
                         AND c.change = 'correct_enrollment' AND c.before ? 'document_number_masked')
          )
          AND NOT EXISTS (SELECT FROM record_claims r WHERE r.enrollment_id = e.id AND r.state = 'granted')
          AND NOT EXISTS (SELECT FROM transfers t WHERE t.new_enrollment_id = e.id)
        ORDER BY e.id, f.id
    """)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("roster_gifts")
