"""What the undoing of a grant asks: which records came of it, what was changed in them, and whose numbers are whose."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, exists, select, union, update
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.record_claims import HOLDERS, ClaimState
from xuexin_api.core.record_undoing import CORRECTIONS, TELL_APART, PastChange
from xuexin_api.models.archive import Degree, Enrollment, EnrollmentChange, Qualification
from xuexin_api.models.claims import FormerIdentity, RecordClaim, RosterGift
from xuexin_api.models.transfers import Transfer

_TOLD: Final = ("roster", *CORRECTIONS)


class RecordUndoingRepository:
    """Statements of whoever gives back what a claim gave."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_given_by_rosters(self, claim_id: UUID) -> list[UUID]:
        """Records that rosters gave by what the claim taught, whatever they say by now."""
        return list(await self._session.scalars(_given(claim_id).order_by(RosterGift.enrollment_id)))

    async def is_granted(self, enrollment_id: UUID, person_id: UUID) -> bool:
        """Whether a claim to this very record gave it to the person."""
        granted = (
            RecordClaim.enrollment_id == enrollment_id,
            RecordClaim.person_id == person_id,
            RecordClaim.state == ClaimState.GRANTED,
        )
        return bool(await self._session.scalar(select(exists().where(*granted))))

    async def list_schools_of_corrected_numbers(self, claim_id: UUID, enrollment_id: UUID) -> list[str]:
        """Of all that came of the claim to this record, where a number was corrected in it; in the order of imports."""
        roots = union(select(Enrollment.id).where(Enrollment.id == enrollment_id), _given(claim_id)).subquery()
        linked = select(roots.c[0].label("id")).cte("linked", recursive=True)
        became = select(Transfer.new_enrollment_id).where(
            Transfer.enrollment_id == linked.c.id, Transfer.state == "agreed"
        )
        linked = linked.union(became)
        corrected = exists().where(
            EnrollmentChange.enrollment_id.in_(select(linked.c.id)),
            EnrollmentChange.change.in_(CORRECTIONS),
            EnrollmentChange.before.has_any(array(sorted(TELL_APART))),
        )
        statement = select(Enrollment.institution_code).distinct().join(linked, linked.c.id == Enrollment.id)
        return list(await self._session.scalars(statement.where(corrected).order_by(Enrollment.institution_code)))

    async def list_changes(
        self, enrollment_id: UUID, *, since: datetime | None, until: datetime | None
    ) -> list[PastChange]:
        """What rosters and corrections changed in the record between, newest first."""
        statement = select(EnrollmentChange.change, EnrollmentChange.before, EnrollmentChange.after).where(
            EnrollmentChange.enrollment_id == enrollment_id, EnrollmentChange.change.in_(_TOLD)
        )
        if since is not None:
            statement = statement.where(EnrollmentChange.at >= since)
        if until is not None:
            statement = statement.where(EnrollmentChange.at <= until)
        rows = await self._session.execute(statement.order_by(EnrollmentChange.at.desc(), EnrollmentChange.id.desc()))
        return [PastChange(*row) for row in rows]

    async def is_anothers(self, enrollment_id: UUID, field: str, number: str) -> bool:
        """Whether the number, one that tells records apart, is another record's by now."""
        columns: dict[str, tuple[Any, Any]] = {
            "student_number": (Enrollment.student_number, Enrollment.id),
            "candidate_number": (Enrollment.candidate_number, Enrollment.id),
            "certificate_number": (Qualification.certificate_number, Qualification.enrollment_id),
            "degree_certificate_number": (Degree.certificate_number, Degree.enrollment_id),
        }
        column, of_record = columns[field]
        condition = exists().where(column == number, of_record != enrollment_id)
        if of_record is Enrollment.id:
            school = select(Enrollment.institution_code).where(Enrollment.id == enrollment_id).scalar_subquery()
            condition = condition.where(Enrollment.institution_code == school)
        return bool(await self._session.scalar(select(condition)))

    async def point_claims_back(
        self, enrollment_ids: Collection[UUID], *, from_person_id: UUID, to_person_id: UUID
    ) -> None:
        """Whoever claims these records, or was granted them since, has them of whose they are again."""
        await self._session.execute(
            update(RecordClaim)
            .where(
                RecordClaim.enrollment_id.in_(enrollment_ids),
                RecordClaim.from_person_id == from_person_id,
                RecordClaim.state.in_([*HOLDERS, ClaimState.GRANTED]),
            )
            .values(from_person_id=to_person_id)
        )


def _given(claim_id: UUID) -> Select[*tuple[Any, ...]]:
    return (
        select(RosterGift.enrollment_id)
        .join(FormerIdentity, FormerIdentity.id == RosterGift.former_identity_id)
        .where(FormerIdentity.claim_id == claim_id)
    )
