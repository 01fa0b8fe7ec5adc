"""Claims to records, as their students and the schools see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, exists, func, insert, literal_column, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from xuexin_api.core.record_claims import HOLDERS, REVIEWS, ClaimState, ClaimStep, IdentityFields, sources
from xuexin_api.models.accounts import Account
from xuexin_api.models.archive import Enrollment, Institution, Qualification
from xuexin_api.models.claims import ClaimEvent, RecordClaim
from xuexin_api.models.staff import Staff
from xuexin_api.repositories.archive.institutions import in_province


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record by its numbers: what else had to be right, whose it is, and who the school says that is."""

    enrollment_id: UUID
    person_id: UUID
    institution_code: str
    year: int
    identity: IdentityFields


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim as it is stored, sealed values sealed, with the name of its school."""

    id: UUID
    account_id: UUID
    person_id: UUID
    enrollment_id: UUID
    from_person_id: UUID
    institution_code: str
    institution_name: str
    kind: str
    state: str
    differing: list[str]
    opened_at: datetime
    expires_at: datetime
    state_since: datetime
    statement: bytes | None
    former_name: bytes | None
    former_document: bytes | None
    former_document_key: bytes | None
    submitted_at: datetime | None
    forwarded_at: datetime | None
    due_at: datetime | None
    decided_at: datetime | None
    reason: str | None
    note: str | None
    undo_until: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimEventRow:
    """One line of a claim's log."""

    kind: str
    actor: str
    reason: str | None
    note: str | None
    at: datetime


_ROWS: Final[Select[*tuple[Any, ...]]] = select(
    RecordClaim.id,
    RecordClaim.account_id,
    RecordClaim.person_id,
    RecordClaim.enrollment_id,
    RecordClaim.from_person_id,
    RecordClaim.institution_code,
    Institution.name,
    RecordClaim.kind,
    RecordClaim.state,
    RecordClaim.differing,
    RecordClaim.opened_at,
    RecordClaim.expires_at,
    RecordClaim.state_since,
    RecordClaim.statement,
    RecordClaim.former_name,
    RecordClaim.former_document,
    RecordClaim.former_document_key,
    RecordClaim.submitted_at,
    RecordClaim.forwarded_at,
    RecordClaim.due_at,
    RecordClaim.decided_at,
    RecordClaim.reason,
    RecordClaim.note,
    RecordClaim.undo_until,
).join_from(RecordClaim, Institution, Institution.code == RecordClaim.institution_code)
_LIVING: Final = list(HOLDERS)
_HOLDS: Final = Account.state.in_(("active", "closing"))
_IDENTITY: Final = ("name", "sex", "birth_date", "document_type", "document_key")


class ClaimRepository:
    """Statements on claims; what moves one says from which states."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get_claimant(self, account_id: UUID) -> IdentityFields:
        """Who the account was verified as."""
        columns = (getattr(Account, name) for name in _IDENTITY)
        return IdentityFields(*(await self._session.execute(select(*columns).where(Account.id == account_id))).one())

    async def get_by_certificate(self, number: str) -> FoundRecord | None:
        """The record of a 学历."""
        year = func.date_part("year", Qualification.graduation_date)
        statement = self._found(year).join(Qualification, Qualification.enrollment_id == Enrollment.id)
        return await self._first(statement.where(Qualification.certificate_number == number))

    async def get_by_candidate_number(self, number: str, institution_code: str) -> FoundRecord | None:
        """The record of one school by 考生号."""
        return await self._of_school(Enrollment.candidate_number == number, institution_code)

    async def get_by_student_number(self, number: str, institution_code: str) -> FoundRecord | None:
        """The record of one school by 学号."""
        return await self._of_school(Enrollment.student_number == number, institution_code)

    async def _of_school(self, same_number: Any, institution_code: str) -> FoundRecord | None:
        statement = self._found(func.date_part("year", Enrollment.admission_date))
        return await self._first(statement.where(Enrollment.institution_code == institution_code, same_number))

    @staticmethod
    def _found(year: Any) -> Select[*tuple[Any, ...]]:
        """With the identity that stands in the record: the school's word, and not its person's."""
        identity = (getattr(Enrollment, name) for name in _IDENTITY)
        return select(Enrollment.id, Enrollment.person_id, Enrollment.institution_code, year, *identity).select_from(
            Enrollment
        )

    async def _first(self, statement: Select[*tuple[Any, ...]]) -> FoundRecord | None:
        row = (await self._session.execute(statement.order_by(Enrollment.id).limit(1))).first()
        if row is None:
            return None
        enrollment_id, person_id, institution_code, year, *identity = row
        return FoundRecord(enrollment_id, person_id, institution_code, int(year), IdentityFields(*identity))

    async def add_draft(self, values: Mapping[str, Any]) -> None:
        """A draft; the one that the account has to this record already begins anew, and what was handed in stays."""
        renewed = ("person_id", "from_person_id", "differing", "opened_at", "expires_at", "state_since")
        await self._session.execute(
            insert_or(RecordClaim)
            .values(**values, state=ClaimState.DRAFT)
            .on_conflict_do_update(
                index_elements=["account_id", "enrollment_id"],
                # Written out: a plan that is kept for any value would not see that it is the index's own condition.
                index_where=RecordClaim.state.in_([literal_column(f"'{state}'") for state in _LIVING]),
                set_={name: values[name] for name in renewed},
                where=RecordClaim.state == ClaimState.DRAFT,
            )
        )

    async def get_living(self, account_id: UUID, enrollment_id: UUID) -> ClaimRow | None:
        """The claim of this account to this record that somebody still has to act on."""
        return await self._one(
            _ROWS.where(
                RecordClaim.account_id == account_id,
                RecordClaim.enrollment_id == enrollment_id,
                RecordClaim.state.in_(_LIVING),
            )
        )

    async def get_for_account(self, claim_id: UUID, account_id: UUID) -> ClaimRow | None:
        return await self._one(_ROWS.where(RecordClaim.id == claim_id, RecordClaim.account_id == account_id))

    async def get_owner_kept(self, enrollment_id: UUID) -> UUID:
        """Whose the record is; no claim to it is granted or undone until this transaction ends."""
        kept = select(Enrollment.person_id).where(Enrollment.id == enrollment_id)
        return (await self._session.execute(kept.with_for_update(read=True, key_share=True))).scalar_one()

    async def lock(self, claim_id: UUID) -> None:
        """Nobody moves it until this transaction ends."""
        await self._session.execute(
            select(RecordClaim.id).where(RecordClaim.id == claim_id).with_for_update(key_share=True)
        )

    async def list_for_account(self, account_id: UUID, *, before_id: UUID, most: int) -> list[ClaimRow]:
        """Newest first."""
        statement = _ROWS.where(RecordClaim.account_id == account_id, RecordClaim.id < before_id)
        return await self._page(statement, most)

    async def get_handed_in(self, claim_id: UUID) -> ClaimRow | None:
        """A claim of whatever school."""
        return await self._one(_ROWS.where(RecordClaim.id == claim_id, RecordClaim.submitted_at.is_not(None)))

    async def list_for_institution(
        self, institution_code: str, state: ClaimState, *, after: UUID | None, most: int
    ) -> list[ClaimRow]:
        """Handed in to one school and in this state."""
        of_school = RecordClaim.institution_code == institution_code, RecordClaim.submitted_at.is_not(None)
        return await self._queue(_ROWS.where(*of_school), state, after, most)

    async def list_for_province(
        self, province: str, state: ClaimState, *, after: UUID | None, most: int
    ) -> list[ClaimRow]:
        """Gone to one province and in this state."""
        of_province = in_province(RecordClaim.institution_code, province), RecordClaim.forwarded_at.is_not(None)
        return await self._queue(_ROWS.where(*of_province), state, after, most)

    async def _queue(
        self, statement: Select[*tuple[Any, ...]], state: ClaimState, after: UUID | None, most: int
    ) -> list[ClaimRow]:
        """What waits, longest waiting first; what is decided, newest first. `after` is the last of the page before."""
        place = tuple_(RecordClaim.state_since, RecordClaim.id)
        waits = state in HOLDERS
        statement = statement.where(RecordClaim.state == state)
        if after is not None:
            last = aliased(RecordClaim)
            # One that was decided meanwhile stands where it stood while it waited: nothing is passed over.
            came = {ClaimState.SCHOOL_REVIEW: last.submitted_at, ClaimState.PROVINCE_REVIEW: last.forwarded_at}
            there = select(came.get(state, last.state_since), last.id).where(last.id == after).scalar_subquery()
            statement = statement.where(place > there if waits else place < there)
        columns = (RecordClaim.state_since, RecordClaim.id)
        order = columns if waits else [column.desc() for column in columns]
        return [ClaimRow(*row) for row in await self._session.execute(statement.order_by(*order).limit(most))]

    async def count_overdue(self, *, now: datetime) -> int:
        """In all provinces."""
        statement = select(func.count()).where(
            RecordClaim.state == ClaimState.PROVINCE_REVIEW, RecordClaim.due_at <= now
        )
        return await self._session.scalar(statement) or 0

    async def escalate(self, *, now: datetime, due_at: datetime, most: int) -> list[ClaimRow]:
        """What schools left for too long goes to their provinces; what somebody decides at this moment does not."""
        left = (
            select(RecordClaim.id)
            .where(RecordClaim.state.in_(sources(ClaimStep.ESCALATE)), RecordClaim.due_at <= now)
            .order_by(RecordClaim.due_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        return await self._update(
            left, state=ClaimState.PROVINCE_REVIEW, state_since=now, forwarded_at=now, due_at=due_at, untold_since=now
        )

    async def note_overdue(self, *, now: datetime, most: int) -> list[ClaimRow]:
        """What provinces left for too long, each once; what somebody decides at this moment is not."""
        left = (
            select(RecordClaim.id)
            .where(
                RecordClaim.state == ClaimState.PROVINCE_REVIEW,
                RecordClaim.due_at <= now,
                RecordClaim.overdue_told_at.is_(None),
            )
            .order_by(RecordClaim.due_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        return await self._update(left, overdue_told_at=now)

    async def _update(self, which: Select[*tuple[Any, ...]], **values: Any) -> list[ClaimRow]:
        statement = update(RecordClaim).where(RecordClaim.id.in_(which)).values(**values).returning(RecordClaim.id)
        updated = list(await self._session.scalars(statement))
        return [ClaimRow(*row) for row in await self._session.execute(_ROWS.where(RecordClaim.id.in_(updated)))]

    async def has_acted(self, claim: ClaimRow, document_key: bytes) -> bool:
        """Whether a human with this document worked on the student's claims to the record at the school."""
        statement = select(
            exists().where(
                RecordClaim.account_id == claim.account_id,
                RecordClaim.enrollment_id == claim.enrollment_id,
                ClaimEvent.claim_id == RecordClaim.id,
                ClaimEvent.actor == "school",
                Staff.id == ClaimEvent.staff_id,
                Staff.document_key == document_key,
            )
        )
        return bool(await self._session.scalar(statement))

    async def move(
        self, claim_id: UUID, out_of: Sequence[ClaimState], state: ClaimState, *, now: datetime, **values: Any
    ) -> bool:
        """Once, and out of one of these states."""
        statement = (
            update(RecordClaim)
            .where(RecordClaim.id == claim_id, RecordClaim.state.in_(out_of))
            .values(state=state, state_since=now, **values)
            .returning(RecordClaim.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def end_others(
        self, claim: ClaimRow, enrollment_ids: Collection[UUID], reason: str, *, now: datetime
    ) -> list[tuple[UUID, UUID]]:
        """These records are given: what others claim of them is declined; each claim with its account."""
        statement = (
            update(RecordClaim)
            .where(
                RecordClaim.enrollment_id.in_(enrollment_ids),
                RecordClaim.account_id != claim.account_id,
                RecordClaim.state.in_(_LIVING),
            )
            .values(state=ClaimState.DECLINED, state_since=now, decided_at=now, reason=reason)
            .returning(RecordClaim.id, RecordClaim.account_id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(statement)]

    async def list_waiting_of_person(
        self, person_id: UUID, enrollment_ids: Collection[UUID], *, most: int
    ) -> list[ClaimRow]:
        """With a desk, to these records, by this person; nobody else moves them until this transaction ends."""
        to_records = RecordClaim.person_id == person_id, RecordClaim.enrollment_id.in_(enrollment_ids)
        return await self._waiting_for_update(_ROWS.where(*to_records), most)

    async def list_waiting_of_account(self, account_id: UUID, *, most: int) -> list[ClaimRow]:
        """The same, to whatever records."""
        return await self._waiting_for_update(_ROWS.where(RecordClaim.account_id == account_id), most)

    async def list_others_of_account(
        self, claim: ClaimRow, enrollment_ids: Collection[UUID], *, most: int
    ) -> list[ClaimRow]:
        """Other claims of whose this one is, to these records, drafts too; nobody else moves them meanwhile."""
        to_records = RecordClaim.account_id == claim.account_id, RecordClaim.enrollment_id.in_(enrollment_ids)
        return await self._waiting_for_update(_ROWS.where(*to_records, RecordClaim.id != claim.id), most, _LIVING)

    async def add_event(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(ClaimEvent).values(**values))

    async def list_events(self, claim_ids: Sequence[UUID], *, most: int) -> dict[UUID, list[ClaimEventRow]]:
        """Of each claim the latest, oldest first."""
        columns = (ClaimEvent.kind, ClaimEvent.actor, ClaimEvent.reason, ClaimEvent.note, ClaimEvent.at)
        place = func.row_number().over(partition_by=ClaimEvent.claim_id, order_by=ClaimEvent.id.desc())
        ranked = (
            select(ClaimEvent.claim_id, ClaimEvent.id, *columns, place.label("place"))
            .where(ClaimEvent.claim_id.in_(claim_ids))
            .subquery()
            .c
        )
        statement = (
            select(ranked.claim_id, *(ranked[column.key] for column in columns))
            .where(ranked.place <= most)
            .order_by(ranked.id)
        )
        found: dict[UUID, list[ClaimEventRow]] = {claim_id: [] for claim_id in claim_ids}
        for claim_id, *line in await self._session.execute(statement):
            found[claim_id].append(ClaimEventRow(*line))
        return found

    async def list_held(self, person_ids: Sequence[UUID]) -> set[UUID]:
        """As which of these persons a living account was verified."""
        statement = select(Account.person_id).where(Account.person_id.in_(person_ids), _HOLDS)
        return {person_id for person_id in await self._session.scalars(statement) if person_id is not None}

    async def get_holder_id(self, person_id: UUID) -> UUID | None:
        """The living account that was verified as this person."""
        statement = select(Account.id).where(Account.person_id == person_id, _HOLDS)
        return await self._session.scalar(statement)

    async def _waiting_for_update(
        self, statement: Select[*tuple[Any, ...]], most: int, states: Sequence[ClaimState] = REVIEWS
    ) -> list[ClaimRow]:
        locked = statement.where(RecordClaim.state.in_(states)).with_for_update(of=RecordClaim)
        rows = await self._session.execute(locked.order_by(RecordClaim.id).limit(most))
        return [ClaimRow(*row) for row in rows]

    async def _one(self, statement: Select[*tuple[Any, ...]]) -> ClaimRow | None:
        row = (await self._session.execute(statement)).first()
        return None if row is None else ClaimRow(*row)

    async def _page(self, statement: Select[*tuple[Any, ...]], most: int) -> list[ClaimRow]:
        rows = await self._session.execute(statement.order_by(RecordClaim.id.desc()).limit(most))
        return [ClaimRow(*row) for row in rows]
