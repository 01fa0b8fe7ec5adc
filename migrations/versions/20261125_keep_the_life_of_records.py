"""keep the life of records

Changes by the school with their reasons; 学历 and 学位; who of the staff saw or changed a record.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4f8a2c6d1e93"
down_revision = "90b3d7e4f126"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # A constant default is kept beside the table: no row is rewritten.
    op.add_column("enrollments", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("enrollments", sa.Column("registered_year", sa.Integer(), nullable=True))
    op.add_column("enrollment_changes", sa.Column("change", sa.Text(), server_default="roster", nullable=False))
    op.alter_column("enrollment_changes", "change", server_default=None)
    op.add_column("enrollment_changes", sa.Column("staff_id", sa.Uuid(), nullable=True))
    op.add_column("enrollment_changes", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("enrollment_changes", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("enrollment_changes", sa.Column("effective_on", sa.Date(), nullable=True))
    op.alter_column("enrollment_changes", "roster_import_id", nullable=True)
    op.create_foreign_key(op.f("fk_enrollment_changes_staff_id"), "enrollment_changes", "staff", ["staff_id"], ["id"])
    for name, rule in (
        ("by", "num_nonnulls(roster_import_id, staff_id) = 1"),
        ("change", "(change = 'roster') = (roster_import_id IS NOT NULL)"),
        ("reason", "(staff_id IS NULL) = (reason IS NULL)"),
    ):
        op.create_check_constraint(op.f(f"ck_enrollment_changes_{name}"), "enrollment_changes", rule)
    op.create_table(
        "qualifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("institution_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("programme_code", sa.Text(), nullable=False),
        sa.Column("programme_name", sa.Text(), nullable=False),
        sa.Column("duration_years", sa.Numeric(3, 1), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("study_form", sa.Text(), nullable=False),
        sa.Column("admission_date", sa.Date(), nullable=False),
        sa.Column("graduation_date", sa.Date(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("president_name", sa.Text(), nullable=False),
        sa.Column("certificate_number", sa.Text(), nullable=False),
        sa.Column("exchanged_on", sa.Date(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("conclusion IN ('graduated', 'completed')", name=op.f("ck_qualifications_conclusion")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_qualifications_enrollment_id")),
        sa.ForeignKeyConstraint(
            ["institution_code"], ["institutions.code"], name=op.f("fk_qualifications_institution_code")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_qualifications_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qualifications")),
        sa.UniqueConstraint("certificate_number", name=op.f("uq_qualifications_certificate_number")),
        sa.UniqueConstraint("enrollment_id", name=op.f("uq_qualifications_enrollment_id")),
    )
    op.create_index("ix_qualifications_person_id_id", "qualifications", ["person_id", "id"])
    op.create_table(
        "degrees",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("institution_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("certificate_number", sa.Text(), nullable=False),
        sa.Column("awarded_on", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("awarded_on >= DATE '2008-09-01'", name=op.f("ck_degrees_awarded_on")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_degrees_enrollment_id")),
        sa.ForeignKeyConstraint(["institution_code"], ["institutions.code"], name=op.f("fk_degrees_institution_code")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_degrees_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_degrees")),
        sa.UniqueConstraint("certificate_number", name=op.f("uq_degrees_certificate_number")),
        sa.UniqueConstraint("enrollment_id", name=op.f("uq_degrees_enrollment_id")),
    )
    op.create_index("ix_degrees_person_id_id", "degrees", ["person_id", "id"])
    op.create_table(
        "record_accesses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("action IN ('listed', 'viewed', 'changed')", name=op.f("ck_record_accesses_action")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_record_accesses_enrollment_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_record_accesses_person_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_record_accesses_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_accesses")),
    )
    op.create_index("ix_record_accesses_person_id_id", "record_accesses", ["person_id", "id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("record_accesses")
    op.drop_table("degrees")
    op.drop_table("qualifications")
    # What staff changed has no place in the tables of before.
    op.execute("DELETE FROM enrollment_changes WHERE roster_import_id IS NULL")
    for name in ("by", "change", "reason"):
        op.drop_constraint(op.f(f"ck_enrollment_changes_{name}"), "enrollment_changes", type_="check")
    op.alter_column("enrollment_changes", "roster_import_id", nullable=False)
    for name in ("effective_on", "note", "reason", "staff_id", "change"):
        op.drop_column("enrollment_changes", name)
    op.drop_column("enrollments", "registered_year")
    op.drop_column("enrollments", "version")
