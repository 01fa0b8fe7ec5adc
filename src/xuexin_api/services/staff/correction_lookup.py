"""Corrections as the desks read them: what waits there, what has left, and each with all that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.corrections import CorrectionState, RecordKind, WhyProvince, decisions, held_by
from xuexin_api.core.errors import CorrectionNotFoundError, UploadNotFoundError
from xuexin_api.core.policies import CorrectionPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.archive.corrections import CorrectionRepository, CorrectionRow
from xuexin_api.repositories.sent_photos import PhotoPlace, PhotoRepository
from xuexin_api.repositories.staff.correction_desk import CorrectionDeskRepository
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.archive.archive import EnrollmentView, enrollment_view
from xuexin_api.services.archive.correction_view import CorrectionView, correction_view
from xuexin_api.services.base import Service
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.staff.correction_judging import CorrectionJudging
from xuexin_api.services.staff.correction_reach import CorrectionReach, desk_of, waits_for
from xuexin_api.services.staff.record_trace import RecordTrace

_MOST_EVENTS: Final = 200
_PURPOSE: Final = "correction"
_PURPOSE_OF_PROOFS: Final = "correction_proof"


@dataclass(frozen=True, slots=True)
class DeskLine:
    """A correction in a desk's list; `mine` is assigned to the asker."""

    id: UUID
    record: str
    fields: list[str]
    institution_code: str
    institution_name: str
    state: str
    submitted_at: datetime
    since: datetime
    deadline: datetime | None
    overdue: bool
    assigned: bool
    mine: bool
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeskPage:
    """Some of a desk's list."""

    items: list[DeskLine]
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


class CorrectionLookup(Service):
    """What waits is opened by whoever has it; what has left, by everybody of the desk, and nothing is decided there."""

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
        judging: CorrectionJudging,
        reach: CorrectionReach,
        trace: RecordTrace,
        sealer: Sealer,
        policy: CorrectionPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._corrections = corrections
        self._desk = desk
        self._office = office
        self._accounts = accounts
        self._photos = photos
        self._store = store
        self._judging = judging
        self._reach = reach
        self._trace = trace
        self._sealer = sealer
        self._policy = policy

    async def list_corrections(
        self, state: CorrectionState | None, claims: Claims, *, cursor: str | None, most: int
    ) -> DeskPage:
        """In this state, or what waits for this desk; without a word of whom it is about."""
        after = None if cursor is None else read_cursor(cursor)
        async with self._transaction():
            member = await self._reach.member(claims)
            states = held_by(desk_of(member)) if state is None else [state]
            found = await self._desk.list_in_states(member, states, after=after, most=most + 1)
        now = self._clock.now()
        items = [desk_line(row, member, self._reach, now) for row in found[:most]]
        return DeskPage(items, write_cursor(items[-1].id) if len(found) > most else None)

    async def view(self, correction_id: UUID, claims: Claims) -> DeskCorrection:
        """All of it. Each look is written down, and its student can read that."""
        now = self._clock.now()
        async with self._transaction():
            member, row = await self._reach.reach(correction_id, claims)
        if row is None:
            raise CorrectionNotFoundError
        waits = waits_for(row, member)
        if waits:
            self._reach.assigned(row, member, now)
        async with self._transaction():
            record = await self._judging.record(row)
            # Who has left with the record is the other school's to look at.
            if not waits and not member.reaches(record["institution_code"]):
                raise CorrectionNotFoundError
            # Who asked may have lost the record since: what they said of it is read as well.
            people = sorted({record["person_id"], row.person_id})
            subjects = [{"id": row.enrollment_id, "person_id": person_id} for person_id in people]
            await self._trace.looked(subjects, member, "viewed", _PURPOSE, now=now)
            await self._trace.note("correction:view", member, row.id, now=now)
            return await self._show(row, record, member, now, waits=waits)

    async def view_proof(self, correction_id: UUID, photo_id: UUID, claims: Claims) -> bytes:
        """One picture, for whoever has the correction. Who looked, when and what for is written before it is read."""
        now = self._clock.now()
        async with self._transaction():
            member, found = await self._reach.reach(correction_id, claims)
        row = self._reach.assigned(found, member, now)
        async with self._transaction():
            photo = await self._photos.get_shown(photo_id, PhotoPlace(correction_id=row.id))
            if photo is None or photo.object_key is None:
                raise UploadNotFoundError
            record = await self._judging.record(row)
            await self._trace.looked([record], member, "viewed", _PURPOSE_OF_PROOFS, now=now)
            await self._trace.note("correction:proof:view", member, photo_id, now=now)
        data = await self._store.get(photo.object_key)
        if data is None:
            raise UploadNotFoundError
        async with self._transaction():
            await self._photos.note_seen(photo_id)
        return data

    async def _show(
        self, row: CorrectionRow, record: Mapping[str, Any], member: StaffRow, now: datetime, *, waits: bool
    ) -> DeskCorrection:
        photos = await self._photos.list_shown(PhotoPlace(correction_id=row.id))
        log = await self._corrections.list_events(row.id, most=_MOST_EVENTS)
        account = await self._accounts.get(row.account_id)
        if account is None:
            # Erased since, and its corrections with it.
            raise CorrectionNotFoundError
        why = self._judging.why_province(row, record, member, now) if waits else None
        may_return = row.returns < self._policy.returns
        state, kind = CorrectionState(row.state), RecordKind(row.record)
        return DeskCorrection(
            correction=correction_view(row, photos, log, self._sealer, now=now),
            enrollment=enrollment_view(record, self._sealer),
            version=record["version"],
            certificate=record["certificate"],
            degree=await self._office.get_degree(row.enrollment_id),
            asker=Asker(account.name, account.verified_strength),
            province_needed=why,
            decisions=decisions(state, kind, row.fields, applies=why is None, returns=may_return) if waits else {},
        )


def desk_line(row: CorrectionRow, member: StaffRow, reach: CorrectionReach, now: datetime) -> DeskLine:
    """As the member's desk lists it."""
    return DeskLine(
        id=row.id,
        record=row.record,
        fields=row.fields,
        institution_code=row.institution_code,
        institution_name=row.institution_name,
        state=row.state,
        submitted_at=row.submitted_at,
        since=row.held_since,
        deadline=row.due_at,
        overdue=row.due_at is not None and row.due_at <= now,
        assigned=row.assigned_at is not None and row.assigned_at > reach.lapsed(now),
        mine=reach.holds(row, member, now),
        decided_at=row.decided_at,
    )
