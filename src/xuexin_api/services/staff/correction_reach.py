"""Which corrections a desk reaches, and whose each is just now."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from xuexin_api.core.clock import Clock
from xuexin_api.core.corrections import CorrectionHolder, CorrectionState, held_by
from xuexin_api.core.errors import CaseNotAssignedError, CorrectionNotFoundError
from xuexin_api.core.policies import StaffPolicy
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.archive.corrections import CorrectionRepository, CorrectionRow
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.staff.record_trace import RecordTrace
from xuexin_api.services.staff.staff_callers import StaffCallers


class CorrectionReach:
    """A registrar has those of one school, a province those of its schools that came so far; others' are none.

    Used inside the transactions of the service that asks.
    """

    def __init__(
        self,
        *,
        corrections: CorrectionRepository,
        callers: StaffCallers,
        trace: RecordTrace,
        policy: StaffPolicy,
        clock: Clock,
    ) -> None:
        self._corrections = corrections
        self._callers = callers
        self._trace = trace
        self._policy = policy
        self._clock = clock

    async def member(self, claims: Claims) -> StaffRow:
        """Who is asking, of a school or of a province."""
        return await self._callers.member_of(claims, Role.REGISTRAR, Role.PROVINCE)

    async def reach(self, correction_id: UUID, claims: Claims) -> tuple[StaffRow, CorrectionRow | None]:
        """The member, and what came to their desk, wherever it is by now, unless its student took it back.

        Reaching for another's, or for what did not come to the province yet, is a line in the trail.
        """
        member = await self.member(claims)
        row = await self._corrections.get(correction_id)
        if row is not None and _has_come_to(row, member):
            return member, row if row.state != CorrectionState.WITHDRAWN else None
        await self._trace.note("correction:out_of_reach", member, correction_id, now=self._clock.now())
        return member, None

    def lapsed(self, now: datetime) -> datetime:
        """An assignment of this moment, or of one before it, is nobody's."""
        return now - timedelta(seconds=self._policy.assignment)

    def holds(self, row: CorrectionRow, member: StaffRow, now: datetime) -> bool:
        """Whether it is assigned to the member."""
        return row.assigned_to == member.id and row.assigned_at is not None and row.assigned_at > self.lapsed(now)

    def assigned(self, found: CorrectionRow | None, member: StaffRow, now: datetime) -> CorrectionRow:
        """Only while it is at the member's desk, and theirs there."""
        row = at_desk(found, member)
        if not self.holds(row, member, now):
            raise CaseNotAssignedError
        return row


def desk_of(member: StaffRow) -> CorrectionHolder:
    """Whose desk the member works at."""
    return CorrectionHolder.PROVINCE if member.role == Role.PROVINCE else CorrectionHolder.SCHOOL


def _has_come_to(row: CorrectionRow, member: StaffRow) -> bool:
    """Whether it is, or once was, for this desk: a province's begins where a school or the clock sends it on."""
    return member.reaches(row.institution_code) and (
        desk_of(member) is CorrectionHolder.SCHOOL or row.forwarded_at is not None
    )


def waits_for(row: CorrectionRow, member: StaffRow) -> bool:
    """Whether it is this desk's move."""
    return row.state in held_by(desk_of(member))


def at_desk(found: CorrectionRow | None, member: StaffRow) -> CorrectionRow:
    """Only while it is this desk's move."""
    if found is None or not waits_for(found, member):
        raise CorrectionNotFoundError
    return found
