"""let students claim records"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a83e5d17c2f4"
down_revision = "e4a7c1d90b52"
branch_labels = None
depends_on = None


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "record_claims",
        _id("id"),
        _id("account_id"),
        _id("person_id"),
        _id("enrollment_id"),
        _id("from_person_id"),
        sa.Column("institution_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("differing", postgresql.ARRAY(sa.Text()), nullable=False),
        _moment("opened_at"),
        _moment("expires_at"),
        _moment("state_since"),
        sa.Column("statement", sa.LargeBinary(), nullable=True),
        sa.Column("former_name", sa.LargeBinary(), nullable=True),
        sa.Column("former_document", sa.LargeBinary(), nullable=True),
        sa.Column("former_document_key", sa.LargeBinary(), nullable=True),
        _moment("submitted_at", nullable=True),
        _id("decided_by", nullable=True),
        _moment("decided_at", nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _moment("undo_until", nullable=True),
        sa.CheckConstraint("kind IN ('qualification', 'enrollment')", name=op.f("ck_record_claims_kind")),
        sa.CheckConstraint(
            "state IN ('draft', 'school_review', 'granted', 'declined', 'withdrawn', 'undone')",
            name=op.f("ck_record_claims_state"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_record_claims_account_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_record_claims_decided_by")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_record_claims_enrollment_id")),
        sa.ForeignKeyConstraint(["from_person_id"], ["persons.id"], name=op.f("fk_record_claims_from_person_id")),
        sa.ForeignKeyConstraint(
            ["institution_code"], ["institutions.code"], name=op.f("fk_record_claims_institution_code")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_record_claims_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_claims")),
    )
    op.create_index(
        "uq_record_claims_account_id_enrollment_id",
        "record_claims",
        ["account_id", "enrollment_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('draft', 'school_review')"),
    )
    op.create_index("ix_record_claims_account_id_id", "record_claims", ["account_id", "id"])
    op.create_index("ix_record_claims_institution_code_state_id", "record_claims", ["institution_code", "state", "id"])
    op.create_index("ix_record_claims_enrollment_id", "record_claims", ["enrollment_id"])
    op.create_index(
        "ix_record_claims_expires_at", "record_claims", ["expires_at"], postgresql_where=sa.text("state = 'draft'")
    )
    op.create_table(
        "claim_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _id("claim_id"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        _id("staff_id", nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _moment("at"),
        sa.CheckConstraint("actor IN ('student', 'school', 'service')", name=op.f("ck_claim_events_actor")),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["record_claims.id"], name=op.f("fk_claim_events_claim_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_claim_events_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_events")),
    )
    op.create_index("ix_claim_events_claim_id_id", "claim_events", ["claim_id", "id"])
    op.create_table(
        "former_identities",
        _id("id"),
        _id("person_id"),
        _id("from_person_id"),
        sa.Column("document_type", sa.Text(), nullable=False),
        sa.Column("document_key", sa.LargeBinary(), nullable=False),
        sa.Column("document_ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("stands_for", sa.Boolean(), nullable=False),
        _id("enrollment_id"),
        _id("claim_id", nullable=True),
        _id("decided_by"),
        _moment("decided_at"),
        _moment("undone_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["record_claims.id"], name=op.f("fk_former_identities_claim_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_former_identities_decided_by")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_former_identities_enrollment_id")),
        sa.ForeignKeyConstraint(["from_person_id"], ["persons.id"], name=op.f("fk_former_identities_from_person_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_former_identities_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_identities")),
    )
    op.create_index(
        "uq_former_identities_document_key_document_type",
        "former_identities",
        ["document_key", "document_type"],
        unique=True,
        postgresql_where=sa.text("stands_for AND undone_at IS NULL"),
    )
    op.create_index("ix_former_identities_person_id_id", "former_identities", ["person_id", "id"])
    op.create_index("ix_former_identities_claim_id", "former_identities", ["claim_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("former_identities")
    op.drop_table("claim_events")
    op.drop_table("record_claims")
