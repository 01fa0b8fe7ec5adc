"""send claims to provinces"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b94e07d5f1a8"
down_revision = "d27b90e4a6c3"
branch_labels = None
depends_on = None

_LIVING = "uq_record_claims_account_id_enrollment_id"
_OF_SCHOOL = "ix_record_claims_institution_code_state_id"
_ENDS = "'granted', 'declined', 'withdrawn', 'undone'"
_ADDED = ", 'province_review'"


def _state(added: str) -> None:
    op.drop_constraint(op.f("ck_record_claims_state"), "record_claims", type_="check")
    op.create_check_constraint(
        op.f("ck_record_claims_state"), "record_claims", f"state IN ('draft', 'school_review'{added}, {_ENDS})"
    )
    op.drop_index(_LIVING, "record_claims")
    op.create_index(
        _LIVING,
        "record_claims",
        ["account_id", "enrollment_id"],
        unique=True,
        postgresql_where=sa.text(f"state IN ('draft', 'school_review'{added})"),
    )


def _actor(added: str) -> None:
    op.drop_constraint(op.f("ck_claim_events_actor"), "claim_events", type_="check")
    op.create_check_constraint(
        op.f("ck_claim_events_actor"), "claim_events", f"actor IN ('student', 'school'{added}, 'service')"
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("record_claims", sa.Column("forwarded_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("record_claims", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    # What waits with a school has its time from now on: no school knew of it before.
    op.execute("UPDATE record_claims SET due_at = now() + interval '15 days' WHERE state = 'school_review'")
    _state(_ADDED)
    _actor(", 'province'")
    op.drop_index(_OF_SCHOOL, "record_claims")
    op.create_index(
        "ix_record_claims_institution_code_state_state_since_id",
        "record_claims",
        ["institution_code", "state", "state_since", "id"],
    )
    op.create_index(
        "ix_record_claims_province_state_state_since_id",
        "record_claims",
        [sa.text("substr(institution_code, 3, 2)"), "state", "state_since", "id"],
        postgresql_where=sa.text("forwarded_at IS NOT NULL"),
    )
    op.create_index(
        "ix_record_claims_state_due_at",
        "record_claims",
        ["state", "due_at"],
        postgresql_where=sa.text("state IN ('school_review', 'province_review')"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_record_claims_state_due_at", "record_claims")
    op.drop_index("ix_record_claims_province_state_state_since_id", "record_claims")
    op.drop_index("ix_record_claims_institution_code_state_state_since_id", "record_claims")
    op.create_index(_OF_SCHOOL, "record_claims", ["institution_code", "state", "id"])
    # They go back to their schools, and what a province said stands as the service's word.
    op.execute("UPDATE record_claims SET state = 'school_review' WHERE state = 'province_review'")
    op.execute("UPDATE claim_events SET actor = 'service' WHERE actor = 'province'")
    _actor("")
    _state("")
    op.drop_column("record_claims", "due_at")
    op.drop_column("record_claims", "forwarded_at")
