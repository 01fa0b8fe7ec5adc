"""Corrections at the desks: the school's, and above it the province's. One has it at a time, and leaves a trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock, china_date
from xuexin_api.core.corrections import (
    CorrectionHolder,
    CorrectionState,
    CorrectionStep,
    RecordKind,
    WhyProvince,
    decisions,
    held_by,
    outcome,
    reasons_for,
    why_province,
)
from xuexin_api.core.errors import (
    CaseNotAssignedError,
    CaseTakenError,
    CertificateNumberTakenError,
    CorrectionClosedError,
    CorrectionNotFoundError,
    FieldProblem,
    InvalidRequestError,
    NotYoursToDecideError,
    ProvinceNeededError,
    RecordChangedError,
    StudentNumberInUseError,
    UploadNotFoundError,
    VersionNeededError,
)
from xuexin_api.core.policies import CorrectionPolicy, RecordPolicy, StaffPolicy
from xuexin_api.core.record_life import frozen_year, registration_ends
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.archive.corrections import CorrectionRepository, CorrectionRow
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.sent_photos import PhotoPlace, PhotoRepository
from xuexin_api.repositories.staff.correction_desk import CorrectionDeskRepository
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.archive.archive import EnrollmentView, enrollment_view
from xuexin_api.services.archive.correction_log import CorrectionLog
from xuexin_api.services.archive.correction_view import (
    CorrectionView,
    correction_view,
    open_values,
)
from xuexin_api.services.base import Service
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.staff.record_correcting import RecordCorrecting
from xuexin_api.services.staff.record_trace import RecordTrace
from xuexin_api.services.staff.staff_callers import StaffCallers

_MOST_EVENTS: Final = 200
_PURPOSE: Final = "correction"
_PURPOSE_OF_PROOFS: Final = "correction_proof"
_ENTERED: Final = "admission_date"
_LEAVES: Final = "expected_graduation_date"
_TOLD: Final = {
    CorrectionStep.RETURN: "body_correction_returned",
    CorrectionStep.FORWARD: "body_correction_forwarded",
    CorrectionStep.APPLY: "body_correction_applied",
    CorrectionStep.DECLINE: "body_correction_declined",
}
_TAKEN: Final = {
    "uq_enrollments_institution_code_student_number": StudentNumberInUseError(),
    "uq_qualifications_certificate_number": CertificateNumberTakenError(),
    "uq_degrees_certificate_number": CertificateNumberTakenError(),
}


@dataclass(frozen=True, slots=True)
class WaitingCorrection:
    """A correction in a queue; `mine` is assigned to the asker."""

    id: UUID
    record: str
    fields: list[str]
    institution_code: str
    institution_name: str
    state: str
    submitted_at: datetime
    since: datetime
    deadline: datetime
    overdue: bool
    assigned: bool
    mine: bool


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """Some of a queue, the next to be over first."""

    items: list[WaitingCorrection]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose account it is, as it was verified."""

    name: str
    verified_strength: str | None


@dataclass(frozen=True, slots=True)
class DeskCorrection:
    """All that decides a correction; `province_needed` is why the school may not apply it by itself."""

    correction: CorrectionView
    enrollment: EnrollmentView
    version: int
    certificate: Mapping[str, Any] | None
    degree: Mapping[str, Any] | None
    asker: Asker
    province_needed: WhyProvince | None
    decisions: dict[str, list[str]]


class CorrectionDeskService(Service):
    """A registrar has those of one school, a province those of its schools that came so far; others' are none."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        corrections: CorrectionRepository,
        desk: CorrectionDeskRepository,
        office: RecordOfficeRepository,
        accounts: AccountRepository,
        photos: PhotoRepository,
        store: PhotoStore,
        correcting: RecordCorrecting,
        log: CorrectionLog,
        trace: RecordTrace,
        callers: StaffCallers,
        sealer: Sealer,
        policy: CorrectionPolicy,
        record_policy: RecordPolicy,
        staff_policy: StaffPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._corrections = corrections
        self._desk = desk
        self._office = office
        self._accounts = accounts
        self._photos = photos
        self._store = store
        self._correcting = correcting
        self._log = log
        self._trace = trace
        self._callers = callers
        self._sealer = sealer
        self._policy = policy
        self._record_policy = record_policy
        self._staff_policy = staff_policy

    async def list_queue(self, claims: Claims, *, cursor: str | None, most: int) -> WaitingPage:
        """What waits for this desk, without a word of whom it is about."""
        after = None if cursor is None else read_cursor(cursor)
        async with self._transaction():
            member = await self._member(claims)
            found = await self._desk.list_queue(member, held_by(_desk_of(member)), after=after, most=most + 1)
        now = self._clock.now()
        items = [self._item(row, member, now) for row in found[:most]]
        return WaitingPage(items, write_cursor(items[-1].id) if len(found) > most else None)

    async def take(self, correction_id: UUID, claims: Claims) -> WaitingCorrection:
        """It is this member's until decided, given back, or left for too long."""
        now = self._clock.now()
        async with self._transaction():
            member, found = await self._reach(correction_id, claims)
        row = _found(found)
        async with self._transaction():
            await self._refuse_if_involved(row, member)
            # One that somebody left, or has already, only changes hands.
            state = outcome(CorrectionState(row.state), CorrectionStep.TAKE) or CorrectionState(row.state)
            if not await self._desk.assign(row, state, member.id, lapsed=self._lapsed(now), now=now):
                raise CaseTakenError
            await self._log.note(row.id, "taken", _actor_of(member), now=now, staff_id=member.id)
            await self._trace.note("correction:take", member, row.id, now=now)
            return self._item(await self._again(row), member, now)

    async def release(self, correction_id: UUID, claims: Claims) -> None:
        """Back to the queue, for somebody else."""
        now = self._clock.now()
        async with self._transaction():
            member, found = await self._reach(correction_id, claims)
        row = self._assigned(_found(found), member, now)
        async with self._transaction():
            await self._move(row, CorrectionStep.RELEASE, member, assigned_to=None, assigned_at=None)
            await self._trace.note("correction:release", member, row.id, now=now)

    async def view(self, correction_id: UUID, claims: Claims) -> DeskCorrection:
        """All of it. Each look is written down, and its student can read that."""
        now = self._clock.now()
        async with self._transaction():
            member, found = await self._reach(correction_id, claims)
        row = self._assigned(_found(found), member, now)
        async with self._transaction():
            record = await self._record(row)
            await self._trace.looked([record], member, "viewed", _PURPOSE, now=now)
            await self._trace.note("correction:view", member, row.id, now=now)
            return await self._show(row, record, member, now)

    async def view_proof(self, correction_id: UUID, photo_id: UUID, claims: Claims) -> bytes:
        """One picture. Who looked, when and what for is written down before it is read."""
        now = self._clock.now()
        async with self._transaction():
            member, found = await self._reach(correction_id, claims)
        row = self._assigned(_found(found), member, now)
        async with self._transaction():
            photo = await self._photos.get_shown(photo_id, PhotoPlace(correction_id=row.id))
            if photo is None or photo.object_key is None:
                raise UploadNotFoundError
            await self._trace.looked([await self._record(row)], member, "viewed", _PURPOSE_OF_PROOFS, now=now)
            await self._trace.note("correction:proof:view", member, photo_id, now=now)
        data = await self._store.get(photo.object_key)
        if data is None:
            raise UploadNotFoundError
        async with self._transaction():
            await self._photos.note_seen(photo_id)
        return data

    async def decide(
        self, correction_id: UUID, step: CorrectionStep, reason: str, note: str | None, claims: Claims
    ) -> None:
        """Return, forward or decline: once, with a reason, and its student is told."""
        now = self._clock.now()
        async with self._transaction():
            member, found = await self._reach(correction_id, claims)
        row = self._assigned(_found(found), member, now)
        _refuse_unless_reason(row, step, reason)
        async with self._transaction():
            await self._refuse_if_involved(row, member)
            await self._settle(row, step, reason, note, member, now)

    async def apply(
        self, correction_id: UUID, reason: str, note: str | None, expected: str | None, claims: Claims
    ) -> None:
        """The record becomes as it should be, at the version that was seen. What it was stays in its history."""
        now = self._clock.now()
        async with self._transaction():
            member, found = await self._reach(correction_id, claims)
        row = self._assigned(_found(found), member, now)
        _refuse_unless_reason(row, CorrectionStep.APPLY, reason)
        if expected is None:
            raise VersionNeededError
        with refused_by(_TAKEN):
            async with self._transaction():
                await self._refuse_if_involved(row, member)
                account = await self._accounts.lock(row.account_id)
                record = await self._record(row)
                # The account, or the record, may have come to be somebody else's.
                if account is None or {account.person_id, record["person_id"]} != {row.person_id}:
                    raise CorrectionClosedError
                why = self._why_province(row, record, member, now)
                if why is not None:
                    raise ProvinceNeededError(params={"why": why})
                if expected.strip() != f'"{record["version"]}"':
                    raise RecordChangedError
                held = await self._correcting.lock(row)
                await self._settle(row, CorrectionStep.APPLY, reason, note, member, now)
                await self._correcting.apply(
                    row, held, account, member, reason, note, version=record["version"], now=now
                )

    async def _settle(
        self, row: CorrectionRow, step: CorrectionStep, reason: str, note: str | None, member: StaffRow, now: datetime
    ) -> None:
        """The correction's new state and its log, and the word to its student."""
        values: dict[str, Any] = {"held_since": now, "due_at": None, "assigned_to": None, "assigned_at": None}
        if step is CorrectionStep.RETURN:
            if row.returns >= self._policy.returns:
                raise CorrectionClosedError
            values |= {"due_at": now + timedelta(seconds=self._policy.returned), "returns": row.returns + 1}
        elif step is CorrectionStep.FORWARD:
            values |= {"due_at": now + timedelta(seconds=self._policy.province), "forwarded_by": member.id}
        else:
            values |= {"decided_by": member.id, "decided_at": now}
        state = await self._move(row, step, member, reason=reason, note=note, **values)
        await self._log.note(row.id, state, _actor_of(member), now=now, staff_id=member.id, reason=reason, note=note)
        await self._log.tell_owner(row.account_id, _TOLD[step], now=now, school=row.institution_name)
        await self._trace.note(f"correction:{step}", member, row.id, now=now)

    async def _move(self, row: CorrectionRow, step: CorrectionStep, member: StaffRow, **values: Any) -> CorrectionState:
        state = outcome(CorrectionState(row.state), step)
        if state is None or not await self._corrections.move(row, step, state, held_by=member.id, **values):
            raise CorrectionClosedError
        return state

    async def _reach(self, correction_id: UUID, claims: Claims) -> tuple[StaffRow, CorrectionRow | None]:
        """The member, and what waits for their desk. Reaching for another's is a line in the trail."""
        member = await self._member(claims)
        row = await self._corrections.get(correction_id)
        if row is not None and member.reaches(row.institution_code):
            return member, row if row.state in held_by(_desk_of(member)) else None
        await self._trace.note("correction:out_of_reach", member, correction_id, now=self._clock.now())
        return member, None

    async def _member(self, claims: Claims) -> StaffRow:
        return await self._callers.member_of(claims, Role.REGISTRAR, Role.PROVINCE)

    async def _again(self, row: CorrectionRow) -> CorrectionRow:
        moved = await self._corrections.get(row.id)
        assert moved is not None, "it was moved just now"
        return moved

    async def _refuse_if_involved(self, row: CorrectionRow, member: StaffRow) -> None:
        """Nobody decides about themselves, or as the province about what they decided at the school."""
        own = await self._office.is_of(row.enrollment_id, member.document_key)
        if own or await self._desk.is_of(row, member):
            raise NotYoursToDecideError
        if member.role == Role.PROVINCE and await self._desk.has_acted(row, member.document_key):
            raise NotYoursToDecideError

    def _assigned(self, row: CorrectionRow, member: StaffRow, now: datetime) -> CorrectionRow:
        """Only while it is the asker's; a lapsed assignment is nobody's."""
        if row.assigned_to != member.id or row.assigned_at is None or row.assigned_at <= self._lapsed(now):
            raise CaseNotAssignedError
        return row

    def _lapsed(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self._staff_policy.assignment)

    async def _record(self, row: CorrectionRow) -> Mapping[str, Any]:
        record = await self._office.get(row.enrollment_id)
        assert record is not None, "a record is never deleted"
        return {**record, "certificate": await self._office.get_qualification(row.enrollment_id)}

    def _why_province(
        self, row: CorrectionRow, record: Mapping[str, Any], member: StaffRow, now: datetime
    ) -> WhyProvince | None:
        """Why this member may not apply it; None for a province."""
        if member.role == Role.PROVINCE:
            return None
        asked = {field: after for field, (_, after) in open_values(row.values_sealed, self._sealer).items()}
        leaves, entered = (_day(asked.get(field)) for field in (_LEAVES, _ENTERED))
        leaving, today = {record[_LEAVES], leaves}, china_date(now)
        frozen = frozen_year(today, self._record_policy)
        earlier = entered if entered is not None and entered < record[_ENTERED] else None
        late = earlier is not None and today > registration_ends(earlier, self._record_policy)
        return why_province(
            RecordKind(row.record),
            row.fields,
            published=record["certificate"] is not None,
            frozen=frozen in {day.year for day in leaving if day is not None},
            late=late,
            moved=record["institution_code"] != row.institution_code,
        )

    async def _show(
        self, row: CorrectionRow, record: Mapping[str, Any], member: StaffRow, now: datetime
    ) -> DeskCorrection:
        photos = await self._photos.list_shown(PhotoPlace(correction_id=row.id))
        log = await self._corrections.list_events(row.id, most=_MOST_EVENTS)
        account = await self._accounts.get(row.account_id)
        if account is None:
            # Erased since, and its corrections with it.
            raise CorrectionNotFoundError
        why, kind = self._why_province(row, record, member, now), RecordKind(row.record)
        may_return = row.returns < self._policy.returns
        return DeskCorrection(
            correction=correction_view(row, photos, log, self._sealer, now=now),
            enrollment=enrollment_view(record, self._sealer),
            version=record["version"],
            certificate=record["certificate"],
            degree=await self._office.get_degree(row.enrollment_id),
            asker=Asker(account.name, account.verified_strength),
            province_needed=why,
            decisions=decisions(CorrectionState(row.state), kind, row.fields, applies=why is None, returns=may_return),
        )

    def _item(self, row: CorrectionRow, member: StaffRow, now: datetime) -> WaitingCorrection:
        assigned = row.assigned_to is not None and row.assigned_at is not None and row.assigned_at > self._lapsed(now)
        assert row.due_at is not None, "it waits"
        return WaitingCorrection(
            id=row.id,
            record=row.record,
            fields=row.fields,
            institution_code=row.institution_code,
            institution_name=row.institution_name,
            state=row.state,
            submitted_at=row.submitted_at,
            since=row.held_since,
            deadline=row.due_at,
            overdue=row.due_at <= now,
            assigned=assigned,
            mine=assigned and row.assigned_to == member.id,
        )


def _actor_of(member: StaffRow) -> Literal["school", "province"]:
    return "province" if member.role == Role.PROVINCE else "school"


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _desk_of(member: StaffRow) -> CorrectionHolder:
    return CorrectionHolder.PROVINCE if member.role == Role.PROVINCE else CorrectionHolder.SCHOOL


def _found(row: CorrectionRow | None) -> CorrectionRow:
    if row is None:
        raise CorrectionNotFoundError
    return row


def _refuse_unless_reason(row: CorrectionRow, step: CorrectionStep, reason: str) -> None:
    if reason not in reasons_for(step, RecordKind(row.record), row.fields):
        raise InvalidRequestError([FieldProblem("/reason", "not_in_list", {})])
