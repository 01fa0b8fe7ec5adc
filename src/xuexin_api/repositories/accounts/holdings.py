"""Everything that hangs on an account: for its owner's copy of it, and for its erasure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, exists, false, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.core.case_rules import LIVING
from xuexin_api.models.accounts import Account, Consent, Credential, Device, Flow, SecurityAnswers
from xuexin_api.models.accounts import Session as SessionRow
from xuexin_api.models.archive import Degree, Enrollment, Qualification, RecordAccess
from xuexin_api.models.base import Base
from xuexin_api.models.cases import CaseHolder, IdentityCase, Upload, Vouching
from xuexin_api.models.changes import AccountChange
from xuexin_api.models.claims import ClaimNotice, FormerIdentity, RecordClaim
from xuexin_api.models.corrections import CorrectionEvent, RecordCorrection
from xuexin_api.models.factors import Passkey, RecoveryCode, TotpSecret
from xuexin_api.models.help_requests import HelpRequest
from xuexin_api.models.help_robot import HelpConversation, HelpMessage
from xuexin_api.models.identity import IdentityVerification
from xuexin_api.models.messages import AuditEvent, OutboxMessage
from xuexin_api.models.proofs import PhotoProof, RecordCheck
from xuexin_api.models.recovery import Recovery
from xuexin_api.models.third_party import LinkedIdentity, ThirdPartyFlow
from xuexin_api.repositories.archive.proofs import said_by_whose_it_is

ERASED_WITH_ACCOUNT: Final[tuple[type[Base], ...]] = (
    HelpRequest,
    RecordCorrection,
    ClaimNotice,
    RecordClaim,
    CaseHolder,
    Vouching,
    IdentityCase,
    HelpMessage,
    HelpConversation,
    IdentityVerification,
    AccountChange,
    Recovery,
    RecoveryCode,
    Passkey,
    TotpSecret,
    ThirdPartyFlow,
    LinkedIdentity,
    Flow,
    SessionRow,
    Device,
    Consent,
    SecurityAnswers,
    Credential,
)
"""Rows that go with their account, in an order that foreign keys allow."""

_SECTIONS: Final[Mapping[str, tuple[tuple[InstrumentedAttribute[Any], ...], InstrumentedAttribute[Any]]]] = {
    "consents": ((Consent.kind, Consent.version, Consent.given, Consent.at), Consent.id),
    "sessions": (
        (
            SessionRow.id,
            SessionRow.created_at,
            SessionRow.rotated_at,
            SessionRow.address,
            SessionRow.methods,
            SessionRow.verified_at,
            SessionRow.ended_at,
            SessionRow.end_reason,
        ),
        SessionRow.id,
    ),
    "devices": ((Device.platform, Device.created_at, Device.last_seen_at), Device.id),
    "passkeys": (
        (Passkey.name, Passkey.created_at, Passkey.last_used_at, Passkey.backed_up, Passkey.copy_suspected_at),
        Passkey.id,
    ),
    "changes": ((AccountChange.kind, AccountChange.created_at, AccountChange.undone_at), AccountChange.id),
    "identity_verifications": (
        (
            IdentityVerification.method,
            IdentityVerification.status,
            IdentityVerification.created_at,
            IdentityVerification.passed_at,
        ),
        IdentityVerification.id,
    ),
    "identity_cases": (
        (
            IdentityCase.id,
            IdentityCase.state,
            IdentityCase.strength,
            IdentityCase.opened_at,
            IdentityCase.submitted_at,
            IdentityCase.decided_at,
        ),
        IdentityCase.id,
    ),
    "identity_objections": (
        (CaseHolder.case_id, CaseHolder.told_at, CaseHolder.objected_at, CaseHolder.undo_asked_at),
        CaseHolder.case_id,
    ),
    "handheld_photos": (
        (
            Upload.id,
            Upload.case_id,
            Upload.verification_id,
            Upload.enrollment_id,
            Upload.correction_id,
            Upload.side,
            Upload.state,
            Upload.reason,
            Upload.byte_size,
            Upload.created_at,
            Upload.removed_at,
            Upload.erased_at,
        ),
        Upload.id,
    ),
    "vouchings": ((Vouching.id, Vouching.state, Vouching.created_at, Vouching.answered_at), Vouching.id),
    "recoveries": ((Recovery.created_at, Recovery.proven_by, Recovery.consumed_at), Recovery.id),
    "audit_events": ((AuditEvent.action, AuditEvent.at), AuditEvent.id),
}
SECTIONS: Final = tuple(_SECTIONS)
_OF_PERSON: Final[Mapping[str, tuple[type[Base], tuple[InstrumentedAttribute[Any], ...]]]] = {
    "enrollments": (
        Enrollment,
        (
            Enrollment.id,
            Enrollment.name,
            Enrollment.sex,
            Enrollment.birth_date,
            Enrollment.ethnicity,
            Enrollment.institution_code,
            Enrollment.level,
            Enrollment.programme_code,
            Enrollment.programme_name,
            Enrollment.duration_years,
            Enrollment.category,
            Enrollment.study_form,
            Enrollment.branch,
            Enrollment.department,
            Enrollment.class_name,
            Enrollment.grade,
            Enrollment.student_number,
            Enrollment.candidate_number,
            Enrollment.admission_date,
            Enrollment.status,
            Enrollment.registered_year,
            Enrollment.expected_graduation_date,
            Enrollment.leaving_date,
        ),
    ),
    "qualifications": (
        Qualification,
        (
            Qualification.enrollment_id,
            Qualification.name,
            Qualification.sex,
            Qualification.birth_date,
            Qualification.institution_code,
            Qualification.level,
            Qualification.programme_code,
            Qualification.programme_name,
            Qualification.duration_years,
            Qualification.category,
            Qualification.study_form,
            Qualification.admission_date,
            Qualification.graduation_date,
            Qualification.conclusion,
            Qualification.president_name,
            Qualification.certificate_number,
            Qualification.exchanged_on,
        ),
    ),
    "degrees": (
        Degree,
        (Degree.enrollment_id, Degree.institution_code, Degree.name, Degree.certificate_number, Degree.awarded_on),
    ),
    "record_checks": (
        RecordCheck,
        (RecordCheck.enrollment_id, RecordCheck.version, RecordCheck.wrong_fields, RecordCheck.at),
    ),
    "photo_proofs": (
        PhotoProof,
        (
            PhotoProof.enrollment_id,
            PhotoProof.answer,
            PhotoProof.fault,
            PhotoProof.created_at,
            PhotoProof.confirmed_at,
        ),
    ),
    "record_accesses": (
        RecordAccess,
        (RecordAccess.enrollment_id, RecordAccess.staff_id, RecordAccess.action, RecordAccess.purpose, RecordAccess.at),
    ),
}
_SAID_AT: Final = {"record_checks": "at", "photo_proofs": "created_at"}
"""What has no person of its own, and when it was said: it is theirs whose the record was then."""
SECTIONS_OF_PERSON: Final = tuple(_OF_PERSON)
"""What schools keep of the person whom an account was verified as, and what was said of it."""


class HoldingRepository:
    """Reads and deletes by account."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_section(self, section: str, account_id: UUID, *, most: int) -> list[dict[str, Any]]:
        """The newest rows of a section, without what is secret or another's."""
        columns, order = _SECTIONS[section]
        table = columns[0].class_
        statement = select(*columns).where(table.account_id == account_id).order_by(order.desc()).limit(most)
        return await self._rows(statement)

    async def list_messages(self, since: Mapping[bytes, datetime], *, most: int) -> list[dict[str, Any]]:
        """When which message went to a destination since it is the account's; before, it may have been another's."""
        went_to = [
            and_(OutboxMessage.destination_key == destination, OutboxMessage.created_at >= moment)
            for destination, moment in since.items()
        ]
        statement = (
            select(OutboxMessage.channel, OutboxMessage.purpose, OutboxMessage.state, OutboxMessage.created_at)
            .where(or_(false(), *went_to))
            .order_by(OutboxMessage.id.desc())
            .limit(most)
        )
        return await self._rows(statement)

    async def list_help_requests(self, account_id: UUID, *, most: int) -> list[dict[str, Any]]:
        """What the account asked people and was answered, sealed."""
        columns = (
            HelpRequest.state,
            HelpRequest.created_at,
            HelpRequest.question,
            HelpRequest.contact,
            HelpRequest.answer,
        )
        statement = select(*columns).where(HelpRequest.account_id == account_id)
        return await self._rows(statement.order_by(HelpRequest.id.desc()).limit(most))

    async def list_help_messages(self, account_id: UUID, *, most: int) -> list[dict[str, Any]]:
        """What the account asked the robot, sealed."""
        columns = (HelpMessage.at, HelpMessage.text, HelpMessage.reason, HelpMessage.slug)
        statement = select(*columns).where(HelpMessage.account_id == account_id)
        return await self._rows(statement.order_by(HelpMessage.id.desc()).limit(most))

    async def list_claims(self, account_id: UUID, *, most: int) -> list[dict[str, Any]]:
        """Which records the account asked for and what it said, sealed."""
        columns = (
            RecordClaim.id,
            RecordClaim.kind,
            RecordClaim.state,
            RecordClaim.institution_code,
            RecordClaim.opened_at,
            RecordClaim.submitted_at,
            RecordClaim.decided_at,
            RecordClaim.reason,
            RecordClaim.note,
            RecordClaim.statement,
            RecordClaim.former_name,
            RecordClaim.former_document,
        )
        statement = select(*columns).where(RecordClaim.account_id == account_id)
        return await self._rows(statement.order_by(RecordClaim.id.desc()).limit(most))

    async def list_corrections(self, account_id: UUID, *, most: int) -> list[dict[str, Any]]:
        """Which records the account called wrong, and what it said should stand there, sealed."""
        columns = (
            RecordCorrection.id,
            RecordCorrection.enrollment_id,
            RecordCorrection.record,
            RecordCorrection.state,
            RecordCorrection.institution_code,
            RecordCorrection.submitted_at,
            RecordCorrection.decided_at,
            RecordCorrection.reason,
            RecordCorrection.note,
            RecordCorrection.values_sealed.label("values"),
        )
        statement = select(*columns).where(RecordCorrection.account_id == account_id)
        return await self._rows(statement.order_by(RecordCorrection.id.desc()).limit(most))

    async def list_correction_statements(self, account_id: UUID, *, most: int) -> list[dict[str, Any]]:
        """What the account said in its corrections, sealed."""
        statement = (
            select(CorrectionEvent.correction_id, CorrectionEvent.kind, CorrectionEvent.at, CorrectionEvent.statement)
            .join(RecordCorrection, RecordCorrection.id == CorrectionEvent.correction_id)
            .where(RecordCorrection.account_id == account_id, CorrectionEvent.statement.is_not(None))
        )
        return await self._rows(statement.order_by(CorrectionEvent.id.desc()).limit(most))

    async def list_claim_notices(self, account_id: UUID, *, most: int) -> list[dict[str, Any]]:
        """Of which claims to its records the account was told, and what it objected, sealed."""
        columns = (ClaimNotice.claim_id, ClaimNotice.told_at, ClaimNotice.objected_at, ClaimNotice.objection)
        statement = select(*columns).where(ClaimNotice.account_id == account_id)
        return await self._rows(statement.order_by(ClaimNotice.claim_id.desc()).limit(most))

    async def list_former_identities(self, person_id: UUID, *, most: int) -> list[dict[str, Any]]:
        """Who the person was before, the number sealed."""
        columns = (
            FormerIdentity.name,
            FormerIdentity.document_type,
            FormerIdentity.document_ciphertext.label("document_number"),
            FormerIdentity.since,
            FormerIdentity.until,
            FormerIdentity.undone_at,
        )
        statement = select(*columns).where(FormerIdentity.person_id == person_id)
        return await self._rows(statement.order_by(FormerIdentity.id.desc()).limit(most))

    async def list_section_of_person(self, section: str, person_id: UUID, *, most: int) -> list[dict[str, Any]]:
        """The newest rows of a section of the archive."""
        table, columns = _OF_PERSON[section]
        kept = table.__table__.c
        if "person_id" in kept:
            own = kept.person_id == person_id
        else:
            own = and_(
                kept.enrollment_id.in_(select(Enrollment.id).where(Enrollment.person_id == person_id)),
                said_by_whose_it_is(kept.enrollment_id, kept[_SAID_AT[section]]),
            )
        return await self._rows(select(*columns).where(own).order_by(kept.id.desc()).limit(most))

    async def _rows(self, statement: Select[*tuple[Any, ...]]) -> list[dict[str, Any]]:
        return [dict(row) for row in (await self._session.execute(statement)).mappings()]

    async def start_closing(self, account_id: UUID, *, closes_at: datetime) -> bool:
        """Active becomes closing, once."""
        statement = (
            update(Account)
            .where(Account.id == account_id, Account.state == "active")
            .values(state="closing", closes_at=closes_at)
            .returning(Account.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def list_to_erase(self, *, now: datetime, abandoned_before: datetime, after: UUID, most: int) -> list[UUID]:
        """Accounts whose time to come back has passed, and those in conflict without a living case for too long.

        In the order of their ids, after the last of the list before.
        """
        statement = select(Account.id).where(_is_to_erase(now, abandoned_before), Account.id > after)
        return list(await self._session.scalars(statement.order_by(Account.id).limit(most)))

    async def take_to_erase(self, account_id: UUID, *, now: datetime, abandoned_before: datetime) -> bool:
        """Whether it still is to be erased; no other process takes it then, and no login reopens it."""
        statement = select(Account.id).where(Account.id == account_id, _is_to_erase(now, abandoned_before))
        return await self._session.scalar(statement.with_for_update(skip_locked=True)) is not None

    async def erase(self, account_id: UUID) -> None:
        """Nothing of the account stays that says whose it was; the archive stays as it is.

        Photos are nobody's from now on, and their rows go when the file store has lost them.
        """
        await self._session.execute(update(Upload).where(Upload.account_id == account_id).values(account_id=None))
        for table in ERASED_WITH_ACCOUNT:
            await self._session.execute(delete(table).where(_account_of(table) == account_id))
        await self._session.execute(
            update(Account)
            .where(Account.id == account_id)
            .values(
                state="closed",
                name="",
                sex="",
                birth_date=None,
                document_type="",
                document_key=b"",
                document_ciphertext=b"",
                phone_key=None,
                phone_ciphertext=None,
                phone_bound_at=None,
                email_key=None,
                email_ciphertext=None,
                email_verified_at=None,
                person_id=None,
                verified_strength=None,
                second_factors=[],
            )
        )


def _is_to_erase(now: datetime, abandoned_before: datetime) -> ColumnElement[bool]:
    """What a case or a claim granted stays as long as the grant can be undone: erased, there is nothing to undo."""
    undoable = exists().where(
        IdentityCase.account_id == Account.id,
        or_(
            IdentityCase.state == "undo_review",
            and_(IdentityCase.state == "approved", IdentityCase.undo_until > now),
        ),
    )
    given = exists().where(
        RecordClaim.account_id == Account.id, RecordClaim.state == "granted", RecordClaim.undo_until > now
    )
    recent = exists().where(
        IdentityCase.account_id == Account.id,
        or_(IdentityCase.state.in_(LIVING), IdentityCase.decided_at > abandoned_before),
    )
    closed = and_(Account.state == "closing", Account.closes_at <= now, ~undoable, ~given)
    abandoned = and_(Account.state == "conflict", Account.created_at <= abandoned_before, ~recent)
    # The first is what the index on accounts that may go holds.
    return and_(Account.state.in_(("closing", "conflict")), or_(closed, abandoned))


def _account_of(table: type[Base]) -> ColumnElement[UUID]:
    column: ColumnElement[UUID] = table.__table__.c.account_id
    return column
