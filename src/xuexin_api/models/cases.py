"""Identity conflict cases: the claim, its evidence, who was told, who decided, and everything that happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base, one_of

_STATES = (
    "draft",
    "submitted",
    "notice",
    "in_review",
    "approved",
    "rejected",
    "withdrawn",
    "expired",
    "undo_review",
    "undone",
)
_KINDS = ("record_facts", "classmates", "alipay_certify", "tencent_faceid", "handheld_photo")


class IdentityCase(Base):
    """One account's claim to a document.

    `person_id` is who the evidence says the claimant is; `reviewers` must agree, `approvals` have agreed in this
    `round`; since `queued_at` people are waited for, or were last, and at `reviewed_at` enough of them had spoken.
    """

    __tablename__ = "identity_cases"
    __table_args__ = (
        one_of("state", *_STATES),
        one_of("strength", "weak", "strong"),
        Index(
            "uq_identity_cases_account_id",
            "account_id",
            unique=True,
            postgresql_where=text("state IN ('draft', 'submitted', 'notice', 'in_review')"),
        ),
        # Photos that nobody looked at wait beside a weak claim: accepted, they pre-empt it.
        Index(
            "uq_identity_cases_document_key_submitted",
            "document_key",
            unique=True,
            postgresql_where=text("state = 'submitted'"),
        ),
        Index(
            "uq_identity_cases_document_key_waiting",
            "document_key",
            unique=True,
            postgresql_where=text("state IN ('notice', 'in_review')"),
        ),
        Index("ix_identity_cases_account_id_id", "account_id", "id"),
        Index("ix_identity_cases_expires_at", "expires_at", postgresql_where=text("state = 'draft'")),
        Index("ix_identity_cases_effect_at", "effect_at", postgresql_where=text("state IN ('notice', 'in_review')")),
        Index(
            "ix_identity_cases_queued_at",
            "queued_at",
            postgresql_where=text("state IN ('submitted', 'in_review', 'undo_review')"),
        ),
        Index("ix_identity_cases_reviewed_at", "reviewed_at", postgresql_where=text("reviewed_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    document_key: Mapped[bytes]
    state: Mapped[str]
    strength: Mapped[str | None]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    reviewers: Mapped[int]
    approvals: Mapped[int]
    round: Mapped[int]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    effect_at: Mapped[datetime | None]
    queued_at: Mapped[datetime | None]
    reviewed_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    undo_until: Mapped[datetime | None]
    reason: Mapped[str | None]
    assigned_to: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    assigned_at: Mapped[datetime | None]


class CaseEvent(Base):
    """What happened to a case, and who did it; the claimant reads all of it."""

    __tablename__ = "case_events"
    __table_args__ = (
        one_of("actor", "claimant", "holder", "classmate", "staff", "service"),
        Index("ix_case_events_case_id_id", "case_id", "id"),
    )

    # Several events of one moment keep their order.
    id: Mapped[int] = mapped_column(BigInteger(), Identity(always=True), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("identity_cases.id", ondelete="CASCADE"))
    kind: Mapped[str]
    actor: Mapped[str]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str | None]
    note: Mapped[str | None]
    at: Mapped[datetime]


class CaseEvidence(Base):
    """Evidence that was accepted: by a comparison, by a provider, by classmates, by a reviewer's look."""

    __tablename__ = "case_evidence"
    __table_args__ = (one_of("kind", *_KINDS), one_of("strength", "weak", "strong"))

    case_id: Mapped[UUID] = mapped_column(ForeignKey("identity_cases.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    strength: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    at: Mapped[datetime]


class CaseHolder(Base):
    """An account that had the document when the case reached it: when it was told, what it said, what it was.

    `secret_hash` stands for the link by which it objects without a login. What it was before a grant is kept here, and
    put back from here.
    """

    __tablename__ = "case_holders"
    __table_args__ = (Index("ix_case_holders_account_id", "account_id"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("identity_cases.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    told_at: Mapped[datetime]
    reachable: Mapped[bool]
    objected_at: Mapped[datetime | None]
    objection: Mapped[bytes | None]
    undo_asked_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]
    before_state: Mapped[str | None]
    before_closes_at: Mapped[datetime | None]
    before_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    before_strength: Mapped[str | None]


class CaseDecision(Base):
    """What one reviewer decided in one round.

    An objection to what somebody has agreed to begins another, and so does the wish to undo a grant.
    """

    __tablename__ = "case_decisions"
    __table_args__ = (one_of("decision", "approve", "reject", "undo", "uphold"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("identity_cases.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    decision: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class Vouching(Base):
    """A classmate who was asked to vouch, for a case or for a verification without any conflict.

    Without an account it is a number that no classmate has. Once the asking is over there is no key, and what is sealed
    is the masked number.
    """

    __tablename__ = "vouchings"
    __table_args__ = (
        one_of("state", "asked", "vouched", "declined"),
        CheckConstraint("num_nonnulls(case_id, verification_id) = 1", name="home"),
        Index("uq_vouchings_case_id_phone_key", "case_id", "phone_key", unique=True),
        Index("uq_vouchings_verification_id_phone_key", "verification_id", "phone_key", unique=True),
        Index("ix_vouchings_account_id_id", "account_id", "id"),
        Index("ix_vouchings_phone_kept", "id", postgresql_where=text("phone_key IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_cases.id", ondelete="CASCADE"))
    verification_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_verifications.id", ondelete="CASCADE"))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    enrollment_id: Mapped[UUID | None] = mapped_column(ForeignKey("enrollments.id"))
    phone_key: Mapped[bytes | None]
    phone_ciphertext: Mapped[bytes]
    state: Mapped[str]
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Upload(Base):
    """A photo that somebody sent: hand-held, or one that proves something. Its bytes lie sealed under `object_key`.

    `storing` is written before the bytes go there, and a row outlives account and case until they are gone from there:
    no photo is forgotten in the store. Of a refused one there are no bytes; `sha256` and `byte_size` are as received;
    of one that was too large to be read the first is not known, and perhaps not the side. Only hand-held ones have one.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        one_of("side", "front", "back"),
        CheckConstraint(
            "state = 'refused' OR "
            "(sha256 IS NOT NULL AND (side IS NOT NULL OR num_nonnulls(case_id, verification_id) = 0))",
            name="read",
        ),
        one_of("state", "storing", "refused", "received", "seen", "accepted", "rejected"),
        Index(
            "uq_uploads_case_id_account_id_side",
            "case_id",
            "account_id",
            "side",
            unique=True,
            postgresql_where=text("state = 'received' AND removed_at IS NULL"),
        ),
        Index(
            "uq_uploads_verification_id_side",
            "verification_id",
            "side",
            unique=True,
            postgresql_where=text("state = 'received' AND removed_at IS NULL"),
        ),
        Index("ix_uploads_case_id_id", "case_id", "id"),
        Index("ix_uploads_verification_id_id", "verification_id", "id"),
        Index("ix_uploads_enrollment_id_id", "enrollment_id", "id", postgresql_where=text("enrollment_id IS NOT NULL")),
        Index("ix_uploads_correction_id_id", "correction_id", "id", postgresql_where=text("correction_id IS NOT NULL")),
        Index("ix_uploads_claim_id_id", "claim_id", "id", postgresql_where=text("claim_id IS NOT NULL")),
        Index("ix_uploads_account_id_id", "account_id", "id"),
        Index("ix_uploads_stored", "id", postgresql_where=text("object_key IS NOT NULL")),
        Index("ix_uploads_abandoned", "id", postgresql_where=text("account_id IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_cases.id", ondelete="SET NULL"))
    verification_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_verifications.id", ondelete="SET NULL"))
    enrollment_id: Mapped[UUID | None] = mapped_column(ForeignKey("enrollments.id"))
    """Of a picture that no correction of this record has taken along yet."""
    correction_id: Mapped[UUID | None] = mapped_column(ForeignKey("record_corrections.id", ondelete="SET NULL"))
    claim_id: Mapped[UUID | None] = mapped_column(ForeignKey("record_claims.id", ondelete="SET NULL"))
    side: Mapped[str | None]
    state: Mapped[str]
    reason: Mapped[str | None]
    object_key: Mapped[str | None]
    sha256: Mapped[bytes | None]
    byte_size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    reduced: Mapped[bool]
    rules: Mapped[list[Any]] = mapped_column(JSONB())
    hints: Mapped[list[Any]] = mapped_column(JSONB())
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
