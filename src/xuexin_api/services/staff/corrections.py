"""Corrections at the desks: the school's, and above it the province's. One has it at a time, and leaves a trace."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.corrections import CorrectionState, CorrectionStep, RecordKind, outcome, reasons_for
from xuexin_api.core.errors import (
    CaseTakenError,
    CertificateNumberTakenError,
    CorrectionClosedError,
    FieldProblem,
    InvalidRequestError,
    NotYoursToDecideError,
    ProvinceNeededError,
    RecordChangedError,
    StudentNumberInUseError,
    VersionNeededError,
)
from xuexin_api.core.policies import CorrectionPolicy
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.archive.corrections import CorrectionRepository, CorrectionRow
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.staff.correction_desk import CorrectionDeskRepository
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.archive.correction_log import CorrectionLog
from xuexin_api.services.base import Service
from xuexin_api.services.staff.correction_judging import CorrectionJudging
from xuexin_api.services.staff.correction_lookup import DeskLine, desk_line
from xuexin_api.services.staff.correction_reach import CorrectionReach, at_desk
from xuexin_api.services.staff.record_correcting import RecordCorrecting
from xuexin_api.services.staff.record_trace import RecordTrace

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


class CorrectionDeskService(Service):
    """Each is one member's at a time, who decides it once."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        corrections: CorrectionRepository,
        desk: CorrectionDeskRepository,
        office: RecordOfficeRepository,
        accounts: AccountRepository,
        judging: CorrectionJudging,
        reach: CorrectionReach,
        correcting: RecordCorrecting,
        log: CorrectionLog,
        trace: RecordTrace,
        policy: CorrectionPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._corrections = corrections
        self._desk = desk
        self._office = office
        self._accounts = accounts
        self._judging = judging
        self._reach = reach
        self._correcting = correcting
        self._log = log
        self._trace = trace
        self._policy = policy

    async def take(self, correction_id: UUID, claims: Claims) -> DeskLine:
        """It is this member's until decided, given back, or left for too long."""
        now = self._clock.now()
        async with self._transaction():
            member, found = await self._reach.reach(correction_id, claims)
        row = at_desk(found, member)
        async with self._transaction():
            await self._refuse_if_involved(row, member)
            # One that somebody left, or has already, only changes hands.
            state = outcome(CorrectionState(row.state), CorrectionStep.TAKE) or CorrectionState(row.state)
            if not await self._desk.assign(row, state, member.id, lapsed=self._reach.lapsed(now), now=now):
                raise CaseTakenError
            await self._log.note(row.id, "taken", _actor_of(member), now=now, staff_id=member.id)
            await self._trace.note("correction:take", member, row.id, now=now)
            return desk_line(await self._again(row), member, self._reach, now)

    async def release(self, correction_id: UUID, claims: Claims) -> None:
        """Back to the queue, for somebody else."""
        now = self._clock.now()
        async with self._transaction():
            member, found = await self._reach.reach(correction_id, claims)
        row = self._reach.assigned(found, member, now)
        async with self._transaction():
            await self._move(row, CorrectionStep.RELEASE, member, assigned_to=None, assigned_at=None)
            await self._trace.note("correction:release", member, row.id, now=now)

    async def decide(
        self, correction_id: UUID, step: CorrectionStep, reason: str, note: str | None, claims: Claims
    ) -> None:
        """Return, forward or decline: once, with a reason, and its student is told."""
        now = self._clock.now()
        async with self._transaction():
            member, found = await self._reach.reach(correction_id, claims)
        row = self._reach.assigned(found, member, now)
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
            member, found = await self._reach.reach(correction_id, claims)
        row = self._reach.assigned(found, member, now)
        _refuse_unless_reason(row, CorrectionStep.APPLY, reason)
        if expected is None:
            raise VersionNeededError
        with refused_by(_TAKEN):
            async with self._transaction():
                await self._refuse_if_involved(row, member)
                account = await self._accounts.lock(row.account_id)
                record = await self._judging.record(row)
                # The account, or the record, may have come to be somebody else's.
                if account is None or {account.person_id, record["person_id"]} != {row.person_id}:
                    raise CorrectionClosedError
                why = self._judging.why_province(row, record, member, now)
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
            values |= {
                "due_at": now + timedelta(seconds=self._policy.province),
                "forwarded_at": now,
                "untold_since": now,
            }
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


def _actor_of(member: StaffRow) -> Literal["school", "province"]:
    return "province" if member.role == Role.PROVINCE else "school"


def _refuse_unless_reason(row: CorrectionRow, step: CorrectionStep, reason: str) -> None:
    if reason not in reasons_for(step, RecordKind(row.record), row.fields):
        raise InvalidRequestError([FieldProblem("/reason", "not_in_list", {})])
