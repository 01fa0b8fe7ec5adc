"""Verifications by hand-held photos at the desk: as with cases, one reviewer at a time, every look written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.case_rules import Strength
from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    CaseNotAssignedError,
    CaseTakenError,
    FieldProblem,
    IdentityHeldError,
    InvalidRequestError,
    NotYoursToDecideError,
    PhotosNotSeenError,
    UploadNotFoundError,
    VerificationClosedError,
    VerificationNotFoundError,
)
from xuexin_api.core.policies import PhotoPolicy, StaffPolicy
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.core.staff import REASONS, Decision, Role
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.identity.identity import VerificationEventRow, VerificationRepository
from xuexin_api.repositories.identity.persons import PersonRepository
from xuexin_api.repositories.sent_photos import PhotoPlace, PhotoRepository, PhotoRow
from xuexin_api.repositories.staff.review_desk import RecordLine, ReviewDeskRepository
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow
from xuexin_api.repositories.staff.verification_desk import QueuedVerification, VerificationDeskRepository
from xuexin_api.services.base import Service
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.staff.record_trace import RecordTrace
from xuexin_api.services.staff.staff_callers import StaffCallers

_PHOTO_VIEWED: Final = "verification:photo:view"
_MOST_EVENTS: Final = 200


@dataclass(frozen=True, slots=True)
class WaitingVerification:
    """Photos that wait; `mine` are assigned to the asker."""

    id: UUID
    queued_at: datetime
    deadline: datetime
    overdue: bool
    assigned: bool
    mine: bool


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """Some of the queue, longest waiting first."""

    items: list[WaitingVerification]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DeskVerification:
    """All that a reviewer needs, and sees only while it is assigned to them."""

    id: UUID
    claimed_name: str
    sex: str
    document_type: str
    document_number: str
    account_opened_at: datetime
    queued_at: datetime
    photos: list[PhotoRow]
    records: list[RecordLine]
    log: list[VerificationEventRow]
    decisions: dict[str, list[str]]


class VerificationDeskService(Service):
    """Nobody decides about themselves, and nobody accepts photos unseen."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        queue: VerificationDeskRepository,
        verifications: VerificationRepository,
        photos: PhotoRepository,
        store: PhotoStore,
        desk: ReviewDeskRepository,
        cases: CaseRepository,
        accounts: AccountRepository,
        persons: PersonRepository,
        staff: StaffRepository,
        trace: RecordTrace,
        callers: StaffCallers,
        notices: Notices,
        dispatcher: OutboxDispatcher,
        sealer: Sealer,
        policy: PhotoPolicy,
        staff_policy: StaffPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._queue = queue
        self._verifications = verifications
        self._photos = photos
        self._store = store
        self._desk = desk
        self._cases = cases
        self._accounts = accounts
        self._persons = persons
        self._staff = staff
        self._trace = trace
        self._callers = callers
        self._notices = notices
        self._dispatcher = dispatcher
        self._sealer = sealer
        self._policy = policy
        self._staff_policy = staff_policy
        self._entropy = entropy

    async def list_queue(self, claims: Claims, *, cursor: str | None, most: int) -> WaitingPage:
        """What waits, without a word of whom it is about."""
        after = None if cursor is None else read_cursor(cursor)
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REVIEWER)
            found = await self._queue.list_queue(after=after, most=most + 1)
        page, now = found[:most], self._clock.now()
        items = [self._item(row, member, now) for row in page]
        return WaitingPage(items, write_cursor(page[-1].id) if len(found) > most else None)

    async def take(self, verification_id: UUID, claims: Claims) -> WaitingVerification:
        """It is this reviewer's until decided, given back, or left for too long."""
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REVIEWER)
            now = self._clock.now()
            row = await self._queued(verification_id)
            await self._refuse_if_involved(row, member)
            if not await self._queue.assign(verification_id, member.id, lapsed=self._lapsed(now), now=now):
                raise CaseTakenError
            await self._note("take", member, verification_id, now, shown="taken")
            return self._item(await self._queued(verification_id), member, now)

    async def release(self, verification_id: UUID, claims: Claims) -> None:
        """Back to the queue, for somebody else."""
        async with self._transaction():
            member, _ = await self._mine(verification_id, claims)
            if not await self._queue.release(verification_id, member.id):
                raise CaseNotAssignedError
            await self._note("release", member, verification_id, self._clock.now())

    async def view(self, verification_id: UUID, claims: Claims) -> DeskVerification:
        """All of it. Each look is written down, and shown to its owner."""
        async with self._transaction():
            member, row = await self._mine(verification_id, claims)
            await self._refuse_if_involved(row, member)
            now = self._clock.now()
            await self._note("view", member, verification_id, now, shown="viewed")
            account = await self._account(row)
            records = await self._desk.list_records(account.document_key)
            await self._trace.reviewed(records, member, now=now)
            offered = (Decision.ACCEPT_PHOTOS, Decision.REFUSE_PHOTOS)
            return DeskVerification(
                id=row.id,
                claimed_name=account.name,
                sex=account.sex,
                document_type=account.document_type,
                document_number=self._sealer.open(account.document_ciphertext, DOCUMENT_CONTEXT).decode(),
                account_opened_at=account.created_at,
                queued_at=row.queued_at,
                photos=await self._photos.list_shown(PhotoPlace(verification_id=row.id)),
                records=records,
                log=(await self._verifications.list_events([row.id], most=_MOST_EVENTS))[row.id],
                decisions={str(one): sorted(REASONS[one]) for one in offered},
            )

    async def view_photo(self, verification_id: UUID, photo_id: UUID, claims: Claims) -> bytes:
        """One photo. Who looked, when and why is written down before it is read; seen it is once there was one."""
        async with self._transaction():
            member, row = await self._mine(verification_id, claims)
            await self._refuse_if_involved(row, member)
            photo = await self._photos.get_shown(photo_id, PhotoPlace(verification_id=row.id))
            if photo is None or photo.object_key is None:
                raise UploadNotFoundError
            now = self._clock.now()
            await self._shown(verification_id, "photo_viewed", member, now, reason="photos_in_review")
        data = await self._store.get(photo.object_key)
        if data is None:
            raise UploadNotFoundError
        async with self._transaction():
            await self._photos.note_seen(photo_id)
            await self._trace.note(_PHOTO_VIEWED, member, photo_id, now=now)
        return data

    async def decide(
        self, verification_id: UUID, decision: Decision, reason: str, note: str | None, claims: Claims
    ) -> None:
        """Accepted photos verify the account strongly, now; the session that sent them takes its tokens itself."""
        if reason not in REASONS[decision]:
            raise InvalidRequestError([FieldProblem("/reason", "not_in_list", {})])
        with refused_by({"uq_accounts_person_id": IdentityHeldError()}):
            async with self._transaction():
                member, row = await self._mine(verification_id, claims)
                account = await self._account(row)
                await self._cases.lock_document(account.document_key)
                member, row = await self._mine(verification_id, claims, lock=True)
                await self._refuse_if_involved(row, member)
                await self._judge(row, member, decision, reason, note)
        self._dispatcher.wake()

    async def _judge(
        self, row: QueuedVerification, member: StaffRow, decision: Decision, reason: str, note: str | None
    ) -> None:
        now, accepted = self._clock.now(), decision is Decision.ACCEPT_PHOTOS
        photos = [photo_id for photo_id, _ in await self._photos.list_unjudged(PhotoPlace(verification_id=row.id))]
        if accepted and set(photos) != await self._staff.list_subjects(member.id, _PHOTO_VIEWED, photos):
            raise PhotosNotSeenError
        await self._photos.judge(photos, accepted=accepted, reason=reason)
        account = await self._accounts.lock(row.account_id)
        if account is None:
            raise VerificationClosedError
        person_id = await self._verify(account, now) if accepted else None
        await self._queue.decide(
            row.id,
            status="accepted" if accepted else "failed",
            person_id=person_id,
            decided_at=now,
            reason=None if accepted else reason,
        )
        kind = "photos_accepted" if accepted else "photos_refused"
        await self._shown(row.id, kind, member, now, reason=reason, note=note)
        await self._note(str(decision), member, row.id, now)
        body = "body_photos_accepted" if accepted else "body_photos_refused"
        await self._notices.post_everywhere(account, body, now=now)

    async def _verify(self, account: AccountRow, now: datetime) -> UUID:
        if account.state != "active":
            raise VerificationClosedError
        person_id = await self._persons.get_id_by_document(account.document_key, account.document_type)
        if person_id is None:
            person_id = self._entropy.identifier()
            await self._persons.add_from_account(person_id, account.id, {"ethnicity": "", "created_at": now})
        if not await self._accounts.bind_person(account.id, person_id, Strength.STRONG):
            raise IdentityHeldError
        return person_id

    async def _mine(
        self, verification_id: UUID, claims: Claims, *, lock: bool = False
    ) -> tuple[StaffRow, QueuedVerification]:
        """The asker, and what is assigned to them; a lapsed assignment is nobody's."""
        member = await self._callers.member_of(claims, Role.REVIEWER)
        row = await self._queued(verification_id, lock=lock)
        lapsed = self._lapsed(self._clock.now())
        if row.assigned_to != member.id or row.assigned_at is None or row.assigned_at <= lapsed:
            raise CaseNotAssignedError
        return member, row

    async def _queued(self, verification_id: UUID, *, lock: bool = False) -> QueuedVerification:
        row = await self._queue.get_queued(verification_id, lock=lock)
        if row is None:
            raise VerificationNotFoundError
        return row

    async def _account(self, row: QueuedVerification) -> AccountRow:
        account = await self._accounts.get(row.account_id)
        if account is None:
            raise VerificationNotFoundError
        return account

    async def _refuse_if_involved(self, row: QueuedVerification, member: StaffRow) -> None:
        if await self._queue.is_involved(row.account_id, member.id):
            raise NotYoursToDecideError

    def _lapsed(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self._staff_policy.assignment)

    def _item(self, row: QueuedVerification, member: StaffRow, now: datetime) -> WaitingVerification:
        deadline = row.queued_at + timedelta(seconds=self._policy.review)
        assigned = row.assigned_to is not None and row.assigned_at is not None and row.assigned_at > self._lapsed(now)
        return WaitingVerification(
            id=row.id,
            queued_at=row.queued_at,
            deadline=deadline,
            overdue=now > deadline,
            assigned=assigned,
            mine=assigned and row.assigned_to == member.id,
        )

    async def _shown(
        self,
        verification_id: UUID,
        kind: str,
        member: StaffRow,
        now: datetime,
        *,
        reason: str | None = None,
        note: str | None = None,
    ) -> None:
        """In the log that the owner reads."""
        await self._verifications.add_event(
            verification_id, kind, "staff", now=now, staff_id=member.id, reason=reason, note=note
        )

    async def _note(
        self, action: str, member: StaffRow, verification_id: UUID, now: datetime, *, shown: str | None = None
    ) -> None:
        """In the trail of staff, and `shown` to the owner."""
        await self._trace.note(f"verification:{action}", member, verification_id, now=now)
        if shown is not None:
            await self._shown(verification_id, shown, member, now)
