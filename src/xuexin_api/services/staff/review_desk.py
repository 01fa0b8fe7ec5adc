"""The review desk: a queue, one reviewer at a time, every look logged, a reason for every decision."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.case_rules import CaseState, Evidence, reviewers_to_undo
from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import (
    CaseClosedError,
    CaseNotAssignedError,
    CaseNotFoundError,
    CaseTakenError,
    FieldProblem,
    InvalidRequestError,
    NotYoursToDecideError,
    PhotosNotSeenError,
    UploadNotFoundError,
)
from xuexin_api.core.policies import CasePolicy, StaffPolicy
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.core.staff import DECISIONS, REASONS, Decision, Role
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.identity.cases import CaseRepository, CaseRow, EventRow, EvidenceRow
from xuexin_api.repositories.sent_photos import PhotoPlace, PhotoRepository, PhotoRow
from xuexin_api.repositories.staff.review_desk import QueuedCase, RecordLine, ReviewDeskRepository
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow
from xuexin_api.services.base import Service
from xuexin_api.services.identity.case_log import CaseLog
from xuexin_api.services.identity.case_opening import CaseOpening
from xuexin_api.services.identity.case_progress import CaseProgress, holding_of
from xuexin_api.services.identity.identity_cases import objection_context
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.staff.record_trace import RecordTrace
from xuexin_api.services.staff.staff_callers import StaffCallers

_PHOTO_VIEWED: Final = "case:photo:view"
_PHOTOS_ACCEPTED: Final = f"case:{Decision.ACCEPT_PHOTOS}"
_WHY: Final = {
    CaseState.SUBMITTED: "photos_in_review",
    CaseState.IN_REVIEW: "claim_in_review",
    CaseState.UNDO_REVIEW: "undo_in_review",
}
"""Why a reviewer looks at a photo: by what the case waits for."""


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A case that waits for people; `mine` is assigned to the asker."""

    id: UUID
    state: str
    strength: str | None
    queued_at: datetime
    deadline: datetime
    overdue: bool
    reviewers: int
    approvals: int
    assigned: bool
    mine: bool


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Some of the queue, longest waiting first."""

    items: list[QueueItem]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DeskPhoto:
    """A photo to look at, and which side of the case sent it."""

    id: UUID
    sender: Literal["claimant", "holder"]
    side: str
    state: str
    width: int | None
    height: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class HolderLine:
    """An account that had the document: what it has proven, and its words."""

    state: str
    holding: str
    since: datetime
    told_at: datetime
    reachable: bool
    objected_at: datetime | None
    undo_asked_at: datetime | None
    objection: str | None


@dataclass(frozen=True, slots=True)
class DeskCase:
    """All that a reviewer needs, and sees only while the case is assigned to them."""

    id: UUID
    state: str
    claimed_name: str
    sex: str
    document_type: str
    document_number: str
    account_opened_at: datetime
    submitted_at: datetime | None
    effect_at: datetime | None
    reviewers: int
    approvals: int
    evidence: list[EvidenceRow]
    photos: list[DeskPhoto]
    records: list[RecordLine]
    holders: list[HolderLine]
    log: list[EventRow]
    decisions: dict[str, list[str]]


class ReviewDeskService(Service):
    """Nobody decides a case that has to do with them, and nobody judges the undoing of what they granted."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        cases: CaseRepository,
        desk: ReviewDeskRepository,
        photos: PhotoRepository,
        store: PhotoStore,
        accounts: AccountRepository,
        staff: StaffRepository,
        trace: RecordTrace,
        callers: StaffCallers,
        opening: CaseOpening,
        progress: CaseProgress,
        log: CaseLog,
        dispatcher: OutboxDispatcher,
        sealer: Sealer,
        policy: CasePolicy,
        staff_policy: StaffPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._cases = cases
        self._desk = desk
        self._photos = photos
        self._store = store
        self._accounts = accounts
        self._staff = staff
        self._trace = trace
        self._callers = callers
        self._opening = opening
        self._progress = progress
        self._log = log
        self._dispatcher = dispatcher
        self._sealer = sealer
        self._policy = policy
        self._staff_policy = staff_policy

    async def list_queue(self, claims: Claims, *, cursor: str | None, most: int) -> QueuePage:
        """What waits for people, without a word of whom it is about."""
        after = None if cursor is None else read_cursor(cursor)
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REVIEWER)
            found = await self._desk.list_queue(after=after, most=most + 1)
        page, now = found[:most], self._clock.now()
        items = [self._item(row, member, now) for row in page]
        return QueuePage(items, write_cursor(page[-1].id) if len(found) > most else None)

    async def take(self, case_id: UUID, claims: Claims) -> QueueItem:
        """The case is this reviewer's until decided, given back, or left for too long."""
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REVIEWER)
            now = self._clock.now()
            case = await self._queued(case_id)
            await self._refuse_if_involved(case, member)
            lapsed = now - timedelta(seconds=self._staff_policy.assignment)
            if not await self._desk.assign(case_id, member.id, lapsed=lapsed, now=now):
                raise CaseTakenError
            await self._log.note(case_id, "taken", "staff", now=now, staff_id=member.id)
            await self._note("case:take", member, case_id, now)
            return self._item(await self._queued_item(case_id), member, now)

    async def release(self, case_id: UUID, claims: Claims) -> None:
        """Back to the queue, for somebody else."""
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REVIEWER)
            case = await self._queued(case_id)
            self._refuse_unless_mine(case, member)
            if not await self._desk.release(case_id, member.id):
                raise CaseNotAssignedError
            await self._note("case:release", member, case_id, self._clock.now())

    async def view(self, case_id: UUID, claims: Claims) -> DeskCase:
        """All of it. Each look is written down, and shown to the applicant."""
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REVIEWER)
            now = self._clock.now()
            case = await self._queued(case_id)
            self._refuse_unless_mine(case, member)
            await self._refuse_if_involved(case, member)
            await self._log.note(case_id, "viewed", "staff", now=now, staff_id=member.id)
            await self._note("case:view", member, case_id, now)
            return await self._desk_case(case, member, now)

    async def view_photo(self, case_id: UUID, photo_id: UUID, claims: Claims) -> bytes:
        """One photo of the reviewer's own case. Who looked, when and why is written down before the photo is read.

        It counts as seen once there was something to see.
        """
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REVIEWER)
            now = self._clock.now()
            case = await self._queued(case_id)
            self._refuse_unless_mine(case, member)
            await self._refuse_if_involved(case, member)
            row = await self._photos.get_shown(photo_id, PhotoPlace(case_id=case_id))
            if row is None or row.object_key is None:
                raise UploadNotFoundError
            reason = _WHY[CaseState(case.state)]
            await self._log.note(case_id, "photo_viewed", "staff", now=now, staff_id=member.id, reason=reason)
        photo = await self._store.get(row.object_key)
        if photo is None:
            raise UploadNotFoundError
        async with self._transaction():
            await self._photos.note_seen(photo_id)
            await self._note(_PHOTO_VIEWED, member, photo_id, now)
        return photo

    async def decide(self, case_id: UUID, decision: Decision, reason: str, note: str | None, claims: Claims) -> None:
        """What one reviewer says. Whether that is enough, and when it counts, the rules of cases decide."""
        if reason not in REASONS[decision]:
            raise InvalidRequestError([FieldProblem("/reason", "not_in_list", {})])
        async with self._working_on(case_id, claims) as (case, member):
            now = self._clock.now()
            self._refuse_unless_mine(case, member)
            await self._refuse_if_involved(case, member)
            if decision not in DECISIONS[CaseState(case.state)]:
                raise CaseClosedError
            await self._note(f"case:{decision}", member, case_id, now)
            if decision in {Decision.ACCEPT_PHOTOS, Decision.REFUSE_PHOTOS}:
                await self._judge_photos(case, member, decision, reason, note, now)
            else:
                await self._judge(case, member, decision, reason, note, now)
        self._dispatcher.wake()

    async def _judge_photos(
        self, case: CaseRow, member: StaffRow, decision: Decision, reason: str, note: str | None, now: datetime
    ) -> None:
        """Both sides accepted are strong evidence; refused, they are none, and whatever else was brought counts."""
        accepted = decision is Decision.ACCEPT_PHOTOS
        photos = [photo_id for photo_id, _ in await self._photos.list_unjudged(PhotoPlace(case_id=case.id))]
        if accepted and set(photos) != await self._staff.list_subjects(member.id, _PHOTO_VIEWED, photos):
            raise PhotosNotSeenError
        await self._photos.judge(photos, accepted=accepted, reason=reason)
        await self._cases.move(case.id, case.state, case.state, reviewed_at=now)
        if accepted:
            await self._opening.add_evidence(
                case.id, Evidence.HANDHELD_PHOTO, None, "staff", now=now, staff_id=member.id, note=note
            )
        else:
            await self._log.note(
                case.id, "evidence_refused", "staff", now=now, staff_id=member.id, reason=reason, note=note
            )
        await self._progress.proceed(await self._again(case.id), now=now)

    async def _judge(
        self, case: CaseRow, member: StaffRow, decision: Decision, reason: str, note: str | None, now: datetime
    ) -> None:
        await self._desk.add_decision(
            {
                "case_id": case.id,
                "round": case.round,
                "staff_id": member.id,
                "decision": str(decision),
                "reason": reason,
                "at": now,
            }
        )
        kind = f"reviewer_{decision}"
        await self._log.note(case.id, kind, "staff", now=now, staff_id=member.id, reason=reason, note=note)
        agrees = decision in {Decision.APPROVE, Decision.UNDO}
        approvals = case.approvals + agrees
        needed = reviewers_to_undo(case.reviewers) if decision is Decision.UNDO else case.reviewers
        enough = not agrees or approvals >= needed
        await self._cases.move(
            case.id,
            case.state,
            case.state,
            approvals=approvals,
            reviewed_at=now if enough else None,
            reason=reason if decision in {Decision.REJECT, Decision.UNDO} else case.reason,
            assigned_to=None,
            assigned_at=None,
        )
        if decision in {Decision.APPROVE, Decision.REJECT}:
            await self._progress.proceed(await self._again(case.id), now=now)
        elif decision is Decision.UPHOLD:
            await self._progress.uphold(case, now=now)
        elif enough:
            await self._progress.undo(await self._again(case.id), now=now)

    async def _desk_case(self, case: CaseRow, member: StaffRow, now: datetime) -> DeskCase:
        claimant = await self._accounts.get(case.account_id)
        if claimant is None:
            raise CaseNotFoundError
        records = await self._desk.list_records(case.document_key)
        await self._trace.reviewed(records, member, now=now)
        state = CaseState(case.state)
        return DeskCase(
            id=case.id,
            state=case.state,
            claimed_name=claimant.name,
            sex=claimant.sex,
            document_type=claimant.document_type,
            document_number=self._sealer.open(claimant.document_ciphertext, DOCUMENT_CONTEXT).decode(),
            account_opened_at=claimant.created_at,
            submitted_at=case.submitted_at,
            effect_at=case.effect_at,
            reviewers=case.reviewers,
            approvals=case.approvals,
            evidence=(await self._cases.list_evidence([case.id]))[case.id],
            photos=[_desk_photo(row, case) for row in await self._photos.list_shown(PhotoPlace(case_id=case.id))],
            records=records,
            holders=await self._holders(case),
            log=(await self._cases.list_events([case.id], most=200))[case.id],
            decisions={str(one): sorted(REASONS[one]) for one in sorted(DECISIONS[state])},
        )

    async def _holders(self, case: CaseRow) -> list[HolderLine]:
        lines = []
        for row in await self._cases.list_holders(case.id):
            account = await self._accounts.get(row.account_id)
            if account is None:
                continue
            words = None
            if row.objection is not None:
                words = self._sealer.open(row.objection, objection_context(case.id, row.account_id)).decode()
            holding = row.before_strength or holding_of(account)
            lines.append(
                HolderLine(
                    state=account.state,
                    holding=str(holding),
                    since=account.created_at,
                    told_at=row.told_at,
                    reachable=row.reachable,
                    objected_at=row.objected_at,
                    undo_asked_at=row.undo_asked_at,
                    objection=words,
                )
            )
        return lines

    def _item(self, row: QueuedCase, member: StaffRow, now: datetime) -> QueueItem:
        deadline = row.queued_at + timedelta(seconds=self._policy.review)
        lapsed = now - timedelta(seconds=self._staff_policy.assignment)
        assigned = row.assigned_to is not None and row.assigned_at is not None and row.assigned_at > lapsed
        return QueueItem(
            id=row.id,
            state=row.state,
            strength=row.strength,
            queued_at=row.queued_at,
            deadline=deadline,
            overdue=now > deadline,
            reviewers=row.reviewers,
            approvals=row.approvals,
            assigned=assigned,
            mine=assigned and row.assigned_to == member.id,
        )

    async def _queued(self, case_id: UUID) -> CaseRow:
        case = await self._cases.get(case_id)
        if case is None:
            raise CaseNotFoundError
        if CaseState(case.state) not in DECISIONS or case.agreed:
            raise CaseClosedError
        return case

    async def _queued_item(self, case_id: UUID) -> QueuedCase:
        row = await self._desk.get_queued(case_id)
        if row is None:
            raise CaseClosedError
        return row

    async def _again(self, case_id: UUID) -> CaseRow:
        """The case after what was just written."""
        case = await self._cases.get(case_id)
        assert case is not None, "the case is locked by who decides it"
        return case

    def _refuse_unless_mine(self, case: CaseRow, member: StaffRow) -> None:
        """A lapsed assignment is nobody's."""
        lapsed = self._clock.now() - timedelta(seconds=self._staff_policy.assignment)
        if case.assigned_to != member.id or case.assigned_at is None or case.assigned_at <= lapsed:
            raise CaseNotAssignedError

    async def _refuse_if_involved(self, case: CaseRow, member: StaffRow) -> None:
        """Whoever is in the case, has had their say in this round, or had a part in the grant that is to be undone."""
        undoing = case.state == CaseState.UNDO_REVIEW
        decided = await self._desk.has_decided(case.id, member.id, since=1 if undoing else case.round)
        accepted = undoing and await self._staff.list_subjects(member.id, _PHOTOS_ACCEPTED, [case.id])
        if decided or accepted or await self._desk.is_involved(case.id, member.id):
            raise NotYoursToDecideError

    @asynccontextmanager
    async def _working_on(self, case_id: UUID, claims: Claims) -> AsyncIterator[tuple[CaseRow, StaffRow]]:
        """A transaction that has the reviewer's session, the document's lock and the case, always in this order."""
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REVIEWER)
            seen = await self._queued(case_id)
            await self._cases.lock_document(seen.document_key)
            await self._cases.get_for_update(case_id)
            yield await self._queued(case_id), member

    async def _note(self, action: str, member: StaffRow, case_id: UUID, now: datetime) -> None:
        await self._trace.note(action, member, case_id, now=now)


def _desk_photo(row: PhotoRow, case: CaseRow) -> DeskPhoto:
    assert row.side is not None, "what has bytes was read, and only that is shown"
    return DeskPhoto(
        id=row.id,
        sender="claimant" if row.account_id == case.account_id else "holder",
        side=row.side,
        state=row.state,
        width=row.width,
        height=row.height,
        created_at=row.created_at,
    )
