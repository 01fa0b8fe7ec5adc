"""let students have records corrected"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d29f4b7a31c8"
down_revision = "b94e07d5f1a8"
branch_labels = None
depends_on = None

_OPEN = sa.text("due_at IS NOT NULL")


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "record_corrections",
        _id("id"),
        _id("account_id"),
        _id("person_id"),
        _id("enrollment_id"),
        sa.Column("institution_code", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("values_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        _moment("submitted_at"),
        _moment("held_since"),
        _moment("due_at", nullable=True),
        _id("assigned_to", nullable=True),
        _moment("assigned_at", nullable=True),
        _id("forwarded_by", nullable=True),
        _id("decided_by", nullable=True),
        _moment("decided_at", nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "record IN ('enrollment', 'qualification', 'degree')", name=op.f("ck_record_corrections_record")
        ),
        sa.CheckConstraint(
            "state IN ('submitted', 'school_review', 'returned', 'forwarded', 'province_review', 'applied',"
            " 'declined', 'withdrawn')",
            name=op.f("ck_record_corrections_state"),
        ),
        sa.CheckConstraint(
            "(due_at IS NULL) = (state IN ('applied', 'declined', 'withdrawn'))",
            name=op.f("ck_record_corrections_open"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_record_corrections_account_id")),
        sa.ForeignKeyConstraint(["assigned_to"], ["staff.id"], name=op.f("fk_record_corrections_assigned_to")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_record_corrections_decided_by")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk_record_corrections_enrollment_id")
        ),
        sa.ForeignKeyConstraint(["forwarded_by"], ["staff.id"], name=op.f("fk_record_corrections_forwarded_by")),
        sa.ForeignKeyConstraint(
            ["institution_code"], ["institutions.code"], name=op.f("fk_record_corrections_institution_code")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_record_corrections_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_corrections")),
    )
    op.create_index(
        "uq_record_corrections_person_id_enrollment_id_record",
        "record_corrections",
        ["person_id", "enrollment_id", "record"],
        unique=True,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_record_corrections_account_id_id", "record_corrections", ["account_id", "id"])
    op.create_index("ix_record_corrections_enrollment_id", "record_corrections", ["enrollment_id"])
    op.create_index(
        "ix_record_corrections_institution_code_due_at_id",
        "record_corrections",
        ["institution_code", "due_at", "id"],
        postgresql_where=_OPEN,
    )
    op.create_index("ix_record_corrections_due_at_id", "record_corrections", ["due_at", "id"], postgresql_where=_OPEN)
    op.create_table(
        "correction_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _id("correction_id"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        _id("staff_id", nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("statement", sa.LargeBinary(), nullable=True),
        _moment("at"),
        sa.CheckConstraint(
            "actor IN ('student', 'school', 'province', 'service')", name=op.f("ck_correction_events_actor")
        ),
        sa.ForeignKeyConstraint(
            ["correction_id"],
            ["record_corrections.id"],
            name=op.f("fk_correction_events_correction_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_correction_events_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_events")),
    )
    op.create_index("ix_correction_events_correction_id_id", "correction_events", ["correction_id", "id"])
    op.add_column("uploads", _id("enrollment_id", nullable=True))
    op.add_column("uploads", _id("correction_id", nullable=True))
    op.create_foreign_key(op.f("fk_uploads_enrollment_id"), "uploads", "enrollments", ["enrollment_id"], ["id"])
    op.create_foreign_key(
        op.f("fk_uploads_correction_id"),
        "uploads",
        "record_corrections",
        ["correction_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "ix_uploads_enrollment_id_id",
        "uploads",
        ["enrollment_id", "id"],
        postgresql_where=sa.text("enrollment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_uploads_correction_id_id",
        "uploads",
        ["correction_id", "id"],
        postgresql_where=sa.text("correction_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Rows that know an object in the store stay, of no home: housekeeping erases that first.
    op.drop_column("uploads", "correction_id")
    op.drop_column("uploads", "enrollment_id")
    op.drop_table("correction_events")
    op.drop_table("record_corrections")
