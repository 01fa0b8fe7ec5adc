"""tell offices of what waits at their desks

What waits there already is news to them too: nobody was told of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5c0e91d7a3f8"
down_revision = "e4a90b6d72c1"
branch_labels = None
depends_on = None

_PROVINCE = sa.text("substr(institution_code, 3, 2)")
_INDEXES: tuple[tuple[str, str, list[str | sa.TextClause], str], ...] = (
    (
        "ix_record_corrections_institution_code_untold",
        "record_corrections",
        ["institution_code"],
        "untold_since IS NOT NULL AND state IN ('submitted', 'school_review')",
    ),
    (
        "ix_record_corrections_province_untold",
        "record_corrections",
        [_PROVINCE],
        "untold_since IS NOT NULL AND state IN ('forwarded', 'province_review')",
    ),
    (
        "ix_record_corrections_institution_code_due_at",
        "record_corrections",
        ["institution_code", "due_at"],
        "state IN ('submitted', 'school_review')",
    ),
    (
        "ix_record_claims_institution_code_untold",
        "record_claims",
        ["institution_code"],
        "untold_since IS NOT NULL AND state IN ('school_review', 'granted')",
    ),
    (
        "ix_record_claims_province_untold",
        "record_claims",
        [_PROVINCE],
        "untold_since IS NOT NULL AND state IN ('province_review', 'granted')",
    ),
    (
        "ix_record_claims_institution_code_due_at",
        "record_claims",
        ["institution_code", "due_at"],
        "state = 'school_review'",
    ),
    ("ix_record_claims_province_due_at", "record_claims", [_PROVINCE, "due_at"], "state = 'province_review'"),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "office_contacts",
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("email_key", sa.LargeBinary(), nullable=True),
        sa.Column("email_ciphertext", sa.LargeBinary(), nullable=True),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proven_by", sa.Uuid(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadlines_told_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("office ~ '^([0-9]{2}|[0-9]{10})$'", name=op.f("ck_office_contacts_office")),
        sa.CheckConstraint(
            "num_nulls(email_key, email_ciphertext, proven_at, proven_by) IN (0, 4)",
            name=op.f("ck_office_contacts_proven"),
        ),
        sa.ForeignKeyConstraint(["proven_by"], ["staff.id"], name=op.f("fk_office_contacts_proven_by")),
        sa.PrimaryKeyConstraint("office", name=op.f("pk_office_contacts")),
    )
    for table in ("record_corrections", "record_claims"):
        op.add_column(table, sa.Column("untold_since", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE record_corrections SET untold_since = held_since"
        " WHERE state IN ('submitted', 'school_review', 'forwarded', 'province_review')"
    )
    op.execute(
        "UPDATE record_claims SET untold_since = state_since WHERE state IN ('school_review', 'province_review')"
    )
    for name, table, columns, where in _INDEXES:
        op.create_index(name, table, columns, postgresql_where=sa.text(where))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table)
    for table in ("record_claims", "record_corrections"):
        op.drop_column(table, "untold_since")
    op.drop_table("office_contacts")
