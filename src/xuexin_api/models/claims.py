"""Records that do not show: claims to them, what happened to each, and who somebody was before."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, one_of


class RecordClaim(Base):
    """One account's claim to one record, found and proven enough to be told what differs.

    Whoever has it is to act until `due_at`. `forwarded_at` says that it went to the province, whoever sent it there.
    `untold_since` is since when its desk has news of it that the office was not told.

    `from_person_id` is whose the record was when it was found, `person_id` who claims it. A draft past its time is
    shown as expired, and deleted some time after. What the student says of before stands sealed; the former number
    also as its hash, so that the school is told whether it is the record's.
    """

    __tablename__ = "record_claims"
    __table_args__ = (
        one_of("kind", "qualification", "enrollment"),
        one_of("state", "draft", "school_review", "province_review", "granted", "declined", "withdrawn", "undone"),
        # One living claim of an account to a record; several accounts may claim the same.
        Index(
            "uq_record_claims_account_id_enrollment_id",
            "account_id",
            "enrollment_id",
            unique=True,
            postgresql_where=text("state IN ('draft', 'school_review', 'province_review')"),
        ),
        Index("ix_record_claims_account_id_id", "account_id", "id"),
        # The desks: of a school, of a province. Longest waiting first, and the other way what is decided.
        Index(
            "ix_record_claims_institution_code_state_state_since_id", "institution_code", "state", "state_since", "id"
        ),
        Index(
            "ix_record_claims_province_state_state_since_id",
            text("substr(institution_code, 3, 2)"),
            "state",
            "state_since",
            "id",
            postgresql_where=text("forwarded_at IS NOT NULL"),
        ),
        Index(
            "ix_record_claims_state_due_at",
            "state",
            "due_at",
            postgresql_where=text("state IN ('school_review', 'province_review')"),
        ),
        # What offices are told: what came or was objected to, and what is due soon.
        Index(
            "ix_record_claims_institution_code_untold",
            "institution_code",
            postgresql_where=text("untold_since IS NOT NULL AND state IN ('school_review', 'granted')"),
        ),
        Index(
            "ix_record_claims_province_untold",
            text("substr(institution_code, 3, 2)"),
            postgresql_where=text("untold_since IS NOT NULL AND state IN ('province_review', 'granted')"),
        ),
        Index(
            "ix_record_claims_institution_code_due_at",
            "institution_code",
            "due_at",
            postgresql_where=text("state = 'school_review'"),
        ),
        Index(
            "ix_record_claims_province_due_at",
            text("substr(institution_code, 3, 2)"),
            "due_at",
            postgresql_where=text("state = 'province_review'"),
        ),
        Index("ix_record_claims_enrollment_id", "enrollment_id"),
        Index("ix_record_claims_expires_at", "expires_at", postgresql_where=text("state = 'draft'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    from_person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    institution_code: Mapped[str] = mapped_column(ForeignKey("institutions.code"))
    kind: Mapped[str]
    state: Mapped[str]
    differing: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state_since: Mapped[datetime]
    statement: Mapped[bytes | None]
    former_name: Mapped[bytes | None]
    former_document: Mapped[bytes | None]
    former_document_key: Mapped[bytes | None]
    submitted_at: Mapped[datetime | None]
    forwarded_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    untold_since: Mapped[datetime | None]
    overdue_told_at: Mapped[datetime | None]
    """When the student was told that the province is late."""
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    note: Mapped[str | None]
    undo_until: Mapped[datetime | None]


class ClaimEvent(Base):
    """What happened to a claim, and who did it; its student reads all of it."""

    __tablename__ = "claim_events"
    __table_args__ = (
        one_of("actor", "student", "holder", "school", "province", "service"),
        Index("ix_claim_events_claim_id_id", "claim_id", "id"),
    )

    # Several events of one moment keep their order.
    id: Mapped[int] = mapped_column(BigInteger(), Identity(always=True), primary_key=True)
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("record_claims.id", ondelete="CASCADE"))
    kind: Mapped[str]
    actor: Mapped[str]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str | None]
    note: Mapped[str | None]
    at: Mapped[datetime]


class ClaimNotice(Base):
    """An account that held a claimed record verified, when it was told, and what it objects, sealed."""

    __tablename__ = "claim_notices"
    __table_args__ = (
        CheckConstraint("(objected_at IS NULL) = (objection IS NULL)", name="objection"),
        Index("ix_claim_notices_account_id_claim_id", "account_id", "claim_id"),
    )

    claim_id: Mapped[UUID] = mapped_column(ForeignKey("record_claims.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    told_at: Mapped[datetime]
    objected_at: Mapped[datetime | None]
    objection: Mapped[bytes | None]


class FormerIdentity(Base):
    """Who a person was, as a school registered it: learned by a claim that it granted, or by a correction.

    It is kept when the claim is undone.

    `stands_for` says that rosters which still bring this number mean this person; of one number that is one person.
    """

    __tablename__ = "former_identities"
    __table_args__ = (
        Index(
            "uq_former_identities_document_key_document_type",
            "document_key",
            "document_type",
            unique=True,
            postgresql_where=text("stands_for AND undone_at IS NULL"),
        ),
        Index("ix_former_identities_document_key", "document_key"),
        Index("ix_former_identities_person_id_id", "person_id", "id"),
        Index("ix_former_identities_claim_id", "claim_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    from_person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    document_type: Mapped[str]
    document_key: Mapped[bytes]
    document_ciphertext: Mapped[bytes]
    name: Mapped[str]
    since: Mapped[date]
    """From the entry of the record that had it, which says that it was in use then."""
    until: Mapped[date]
    stands_for: Mapped[bool]
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    claim_id: Mapped[UUID | None] = mapped_column(ForeignKey("record_claims.id", ondelete="SET NULL"))
    decided_by: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class RosterGift(Base):
    """A record that a roster brought under a number which stood for somebody, and whose it became by that."""

    __tablename__ = "roster_gifts"
    __table_args__ = (Index("ix_roster_gifts_former_identity_id", "former_identity_id"),)

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), primary_key=True)
    former_identity_id: Mapped[UUID] = mapped_column(ForeignKey("former_identities.id"))
