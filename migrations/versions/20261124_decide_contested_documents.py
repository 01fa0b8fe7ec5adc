"""decide contested documents: cases, their evidence, classmates, photos, and the staff who decide"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "27d5f0c3ab91"
down_revision = "7c1e94d0a5b8"
branch_labels = None
depends_on = None

_LIVING = "state IN ('draft', 'submitted', 'notice', 'in_review')"
_STATES = (
    "'draft', 'submitted', 'notice', 'in_review', 'approved', 'rejected', 'withdrawn', 'expired', 'undo_review', "
    "'undone'"
)
_KINDS = "'record_facts', 'classmates', 'alipay_certify', 'tencent_faceid', 'handheld_photo'"
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("accounts", sa.Column("verified_strength", sa.Text(), nullable=True))
    # Whoever was verified until now was so by facts of the record.
    op.execute("UPDATE accounts SET verified_strength = 'weak' WHERE person_id IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_accounts_verified_strength"), "accounts", "verified_strength IN ('weak', 'strong')"
    )
    # A verification may make a person whose document tells no birth date.
    op.alter_column("persons", "birth_date", existing_type=sa.Date(), nullable=True)
    _create_staff()
    op.create_table(
        "identity_cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("document_key", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("strength", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("reviewers", sa.Integer(), nullable=False),
        sa.Column("approvals", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("submitted_at", _MOMENT, nullable=True),
        sa.Column("effect_at", _MOMENT, nullable=True),
        sa.Column("queued_at", _MOMENT, nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("undo_until", _MOMENT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("assigned_to", sa.Uuid(), nullable=True),
        sa.Column("assigned_at", _MOMENT, nullable=True),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_identity_cases_state")),
        sa.CheckConstraint("strength IN ('weak', 'strong')", name=op.f("ck_identity_cases_strength")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_identity_cases_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_identity_cases_person_id")),
        sa.ForeignKeyConstraint(["assigned_to"], ["staff.id"], name=op.f("fk_identity_cases_assigned_to")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_cases")),
    )
    for name, columns, unique, where in (
        ("uq_identity_cases_account_id", ["account_id"], True, _LIVING),
        ("uq_identity_cases_document_key_submitted", ["document_key"], True, "state = 'submitted'"),
        ("uq_identity_cases_document_key_waiting", ["document_key"], True, "state IN ('notice', 'in_review')"),
        ("ix_identity_cases_account_id_id", ["account_id", "id"], False, None),
        ("ix_identity_cases_expires_at", ["expires_at"], False, "state = 'draft'"),
        ("ix_identity_cases_effect_at", ["effect_at"], False, "state IN ('notice', 'in_review')"),
        ("ix_identity_cases_queued_at", ["queued_at"], False, "state IN ('submitted', 'in_review', 'undo_review')"),
    ):
        condition = None if where is None else sa.text(where)
        op.create_index(name, "identity_cases", columns, unique=unique, postgresql_where=condition)
    _create_children()
    _create_vouchings()
    _create_uploads()


def _create_staff() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("institution_code", sa.Text(), nullable=True),
        sa.Column("document_key", sa.LargeBinary(), nullable=False),
        sa.Column("phone_key", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=False),
        sa.Column("invitation_hash", sa.LargeBinary(), nullable=True),
        sa.Column("invitation_expires_at", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('registrar', 'reviewer', 'operator')", name=op.f("ck_staff_role")),
        sa.CheckConstraint("state IN ('invited', 'active', 'disabled')", name=op.f("ck_staff_state")),
        sa.CheckConstraint("(role = 'registrar') = (institution_code IS NOT NULL)", name=op.f("ck_staff_institution")),
        sa.ForeignKeyConstraint(["institution_code"], ["institutions.code"], name=op.f("fk_staff_institution_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login_name", name=op.f("uq_staff_login_name")),
        sa.UniqueConstraint("invitation_hash", name=op.f("uq_staff_invitation_hash")),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
    )
    op.create_index("ix_staff_sessions_staff_id_id", "staff_sessions", ["staff_id", "id"])
    op.create_table(
        "staff_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_events_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_events")),
    )
    op.create_index("ix_staff_events_staff_id_id", "staff_events", ["staff_id", "id"])


def _of_case(table: str, *, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["case_id"], ["identity_cases.id"], name=op.f(f"fk_{table}_case_id"), ondelete=ondelete
    )


def _create_children() -> None:
    op.create_table(
        "case_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "actor IN ('claimant', 'holder', 'classmate', 'staff', 'service')", name=op.f("ck_case_events_actor")
        ),
        _of_case("case_events"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_events_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
    )
    op.create_index("ix_case_events_case_id_id", "case_events", ["case_id", "id"])
    op.create_table(
        "case_evidence",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("strength", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_case_evidence_kind")),
        sa.CheckConstraint("strength IN ('weak', 'strong')", name=op.f("ck_case_evidence_strength")),
        _of_case("case_evidence"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_case_evidence_person_id")),
        sa.PrimaryKeyConstraint("case_id", "kind", name=op.f("pk_case_evidence")),
    )
    op.create_table(
        "case_holders",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("told_at", _MOMENT, nullable=False),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("objected_at", _MOMENT, nullable=True),
        sa.Column("objection", sa.LargeBinary(), nullable=True),
        sa.Column("undo_asked_at", _MOMENT, nullable=True),
        sa.Column("superseded_at", _MOMENT, nullable=True),
        sa.Column("before_state", sa.Text(), nullable=True),
        sa.Column("before_closes_at", _MOMENT, nullable=True),
        sa.Column("before_person_id", sa.Uuid(), nullable=True),
        sa.Column("before_strength", sa.Text(), nullable=True),
        _of_case("case_holders"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_case_holders_account_id")),
        sa.ForeignKeyConstraint(["before_person_id"], ["persons.id"], name=op.f("fk_case_holders_before_person_id")),
        sa.PrimaryKeyConstraint("case_id", "account_id", name=op.f("pk_case_holders")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_case_holders_secret_hash")),
    )
    op.create_index("ix_case_holders_account_id", "case_holders", ["account_id"])
    op.create_table(
        "case_decisions",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "decision IN ('approve', 'reject', 'undo', 'uphold')", name=op.f("ck_case_decisions_decision")
        ),
        _of_case("case_decisions"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_decisions_staff_id")),
        sa.PrimaryKeyConstraint("case_id", "round", "staff_id", name=op.f("pk_case_decisions")),
    )


def _create_vouchings() -> None:
    op.create_table(
        "vouchings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("enrollment_id", sa.Uuid(), nullable=True),
        sa.Column("phone_key", sa.LargeBinary(), nullable=False),
        sa.Column("phone_ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("answered_at", _MOMENT, nullable=True),
        sa.CheckConstraint("state IN ('asked', 'vouched', 'declined')", name=op.f("ck_vouchings_state")),
        _of_case("vouchings"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_vouchings_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_vouchings_person_id")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_vouchings_enrollment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vouchings")),
    )
    op.create_index("uq_vouchings_case_id_phone_key", "vouchings", ["case_id", "phone_key"], unique=True)
    op.create_index("ix_vouchings_account_id_id", "vouchings", ["account_id", "id"])


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("byte_size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("erased_at", _MOMENT, nullable=True),
        sa.CheckConstraint("side IN ('front', 'back')", name=op.f("ck_uploads_side")),
        sa.CheckConstraint("state IN ('received', 'accepted', 'rejected')", name=op.f("ck_uploads_state")),
        # A row outlives its case, so that no photo is forgotten in the store.
        _of_case("uploads", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_case_id_id", "uploads", ["case_id", "id"])
    op.create_index("ix_uploads_created_at", "uploads", ["created_at"], postgresql_where=sa.text("erased_at IS NULL"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("uploads", "vouchings", "case_decisions", "case_holders", "case_evidence", "case_events"):
        op.drop_table(table)
    op.drop_table("identity_cases")
    for table in ("staff_events", "staff_sessions", "staff"):
        op.drop_table(table)
    # Nobody whose birth date is unknown has a record; what an account is to such a person ends with the person.
    op.execute(
        "UPDATE accounts SET person_id = NULL WHERE person_id IN (SELECT id FROM persons WHERE birth_date IS NULL)"
    )
    op.execute(
        "UPDATE identity_verifications SET person_id = NULL WHERE person_id IN "
        "(SELECT id FROM persons WHERE birth_date IS NULL)"
    )
    op.execute("DELETE FROM persons WHERE birth_date IS NULL")
    op.alter_column("persons", "birth_date", existing_type=sa.Date(), nullable=False)
    op.drop_constraint(op.f("ck_accounts_verified_strength"), "accounts")
    op.drop_column("accounts", "verified_strength")
