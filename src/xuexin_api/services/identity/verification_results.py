"""What was tried and what came of it: shown to its owner, who asks classmates, hands photos in, can end a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.case_rules import BOTH_SIDES, Evidence
from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    Option,
    PhotoSideMissingError,
    TooManyOperationsError,
    VerificationClosedError,
    VerificationNotFoundError,
)
from xuexin_api.core.policies import CasePolicy, PhotoPolicy, SessionPolicy
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.identity.identity import VerificationEventRow, VerificationRepository, VerificationRow
from xuexin_api.repositories.identity.vouchings import VouchingPlace
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.repositories.sent_photos import PhotoRepository, PhotoRow
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.identity.asked_classmates import AskedClassmate, AskedClassmates, classmates_phone
from xuexin_api.services.identity.photo_homes import VerificationPhotos
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.photos.sent_photos import PhotoView, photo_view
from xuexin_api.services.verification_methods import BY_PEOPLE


@dataclass(frozen=True, slots=True)
class VerificationView:
    """A verification as its owner sees it; `valid_until` is how long a passed one opens the archive."""

    id: UUID
    method: str
    strength: str
    status: str
    created_at: datetime
    queued_at: datetime | None
    decided_at: datetime | None
    waiting_before: int | None
    expected_by: datetime | None
    next: tuple[Option, ...]
    reason: str | None
    classmates: list[AskedClassmate]
    photos: list[PhotoView]
    log: list[VerificationEventRow]
    passed_at: datetime | None
    valid_until: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class VerificationPage:
    """Some verifications, newest first."""

    items: list[VerificationView]
    next_cursor: str | None


_NEXT: Final[Mapping[str, tuple[str, ...]]] = {
    "in_review": ("await_review", "end_verification"),
    "accepted": ("check_verification", "end_verification"),
    "passed": ("end_verification",),
}
_NOT_TAKEN_UP: Final = frozenset({"pending", "in_review", "accepted"})
_ASKED: Final = "classmates_asked"
_MOST_PHOTOS: Final = 100
_MOST_EVENTS: Final = 200


class VerificationResultService(Service):
    """Results of the caller's own account."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        verifications: VerificationRepository,
        photos: PhotoRepository,
        classmates: AskedClassmates,
        sessions: SessionRepository,
        counters: CounterRepository,
        callers: Callers,
        audit: AuditRepository,
        dispatcher: OutboxDispatcher,
        policy: SessionPolicy,
        photo_policy: PhotoPolicy,
        case_policy: CasePolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._verifications = verifications
        self._photos = photos
        self._home = VerificationPhotos(verifications)
        self._classmates = classmates
        self._sessions = sessions
        self._counters = counters
        self._callers = callers
        self._audit = audit
        self._dispatcher = dispatcher
        self._policy = policy
        self._photo_policy = photo_policy
        self._case_policy = case_policy
        self._entropy = entropy

    async def list_mine(self, claims: Claims, *, cursor: str | None, most: int) -> VerificationPage:
        """Newest first."""
        before = None if cursor is None else read_cursor(cursor)
        async with self._read():
            account = await self._callers.account_of(claims)
            found = await self._verifications.list_for_account(account.id, before=before, most=most + 1)
            page = found[:most]
            views = await self._views(claims, page)
        return VerificationPage(views, write_cursor(page[-1].id) if len(found) > most else None)

    async def get(self, verification_id: UUID, claims: Claims) -> VerificationView:
        """One of the caller's own."""
        async with self._read():
            await self._callers.account_of(claims)
            return await self._show(verification_id, claims)

    async def ask_classmate(self, verification_id: UUID, phone: str, claims: Claims) -> VerificationView:
        """Ask the classmate with this phone to vouch; the answer is the same whoever's the phone is."""
        number = classmates_phone(phone)
        async with self._transaction():
            now = self._clock.now()
            account = await self._callers.account_of(claims)
            row = await self._verifications.get(verification_id, account_id=account.id, lock=True)
            if row is None or row.method != Evidence.CLASSMATES or row.session_id != claims.session_id:
                raise VerificationNotFoundError
            if row.status != "pending" or row.expires_at <= now:
                raise VerificationClosedError
            subject = account.id.bytes
            counter = await self._counters.add_one(_ASKED, subject, now=now, window_ends_at=now + DAY)
            place = VouchingPlace(verification_id=row.id)
            if counter.count > self._case_policy.classmates_asked:
                raise TooManyOperationsError(retry_after=seconds_until(counter.window_ends_at, now))
            if await self._classmates.ask(place, number, account, now=now):
                await self._verifications.add_event(row.id, "classmate_asked", "owner", now=now)
            else:
                await self._counters.take_back(_ASKED, subject)
            view = await self._show(row.id, claims)
        self._dispatcher.wake()
        return view

    async def hand_in(self, verification_id: UUID, claims: Claims) -> VerificationView:
        """The photos of both sides go to a reviewer, and stand from now on."""
        with refused_by({"uq_identity_verifications_account_id_in_review": VerificationClosedError()}):
            async with self._transaction():
                now = self._clock.now()
                account = await self._callers.account_of(claims)
                await self._home.sender(verification_id, account, claims, now=now, lock=True)
                sides = {side for _, side in await self._photos.list_unjudged(self._home.place(verification_id))}
                if sides != BOTH_SIDES:
                    raise PhotoSideMissingError
                await self._verifications.hand_in(verification_id, now=now)
                await self._home.note(verification_id, "submitted", "owner", now=now)
                await self._note("submit", account.id, claims, now)
                return await self._show(verification_id, claims)

    async def end(self, verification_id: UUID, claims: Claims) -> None:
        """A result that is to open nothing any more: its session is back at login, and lives on.

        Photos that have no result yet are taken back, and classmates asked no more; accepted photos that gave no
        tokens yet give none.
        """
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            row = await self._verifications.get(verification_id, account_id=account.id)
            if row is None:
                raise VerificationNotFoundError
            if row.method in BY_PEOPLE and row.status in _NOT_TAKEN_UP:
                ended = await self._verifications.give_up(verification_id, row.status, now=now)
            else:
                ended = row.passed_at is not None and await self._verifications.end(verification_id, now=now)
            if not ended:
                raise VerificationNotFoundError
            if row.passed_at is not None:
                await self._sessions.drop_verification(row.session_id, row.passed_at)
            await self._note("end", account.id, claims, now)

    async def _note(self, action: str, account_id: UUID, claims: Claims, now: datetime) -> None:
        await self._audit.add(
            self._entropy.identifier(),
            f"identity:verification:{action}",
            account_id=account_id,
            session_id=claims.session_id,
            now=now,
        )

    async def _show(self, verification_id: UUID, claims: Claims) -> VerificationView:
        row = await self._verifications.get(verification_id, account_id=claims.account_id)
        if row is None:
            raise VerificationNotFoundError
        (view,) = await self._views(claims, [row])
        return view

    async def _views(self, claims: Claims, rows: list[VerificationRow]) -> list[VerificationView]:
        """Of one account, of whose verifications no more than one is in review."""
        by_photos = [self._home.place(row.id) for row in rows if row.method == Evidence.HANDHELD_PHOTO]
        by_mates = [VouchingPlace(verification_id=row.id) for row in rows if row.method == Evidence.CLASSMATES]
        photos = await self._photos.list_sent(by_photos, account_id=claims.account_id, most=_MOST_PHOTOS)
        mates = await self._classmates.shown(by_mates)
        told = [row.id for row in rows if row.method in BY_PEOPLE]
        log = await self._verifications.list_events(told, most=_MOST_EVENTS) if told else {}
        return [
            await self._view(
                row,
                photos.get(self._home.place(row.id), []),
                mates.get(VouchingPlace(verification_id=row.id), []),
                log.get(row.id, []),
                here=row.session_id == claims.session_id,
            )
            for row in rows
        ]

    async def _view(
        self,
        row: VerificationRow,
        photos: list[PhotoRow],
        classmates: list[AskedClassmate],
        log: list[VerificationEventRow],
        *,
        here: bool,
    ) -> VerificationView:
        now = self._clock.now()
        late = row.status == "pending" and row.expires_at <= now
        opens = row.status == "passed" and row.raises
        waiting = await self._waiting(row, now)
        status = "expired" if late else row.status
        too_late_to_take_up = (
            row.status == "accepted"
            and row.decided_at is not None
            and row.decided_at + timedelta(seconds=self._photo_policy.result) <= now
        )
        return VerificationView(
            id=row.id,
            method=row.method,
            strength=str(Evidence(row.method).strength),
            status=status,
            created_at=row.created_at,
            queued_at=row.queued_at,
            decided_at=row.decided_at,
            waiting_before=None if waiting is None else waiting[0],
            expected_by=None if waiting is None else waiting[1],
            next=self._steps("expired" if too_late_to_take_up else status, row.method, photos, classmates, here=here),
            reason=row.reason,
            classmates=classmates,
            photos=[photo_view(photo) for photo in photos],
            log=log,
            passed_at=row.passed_at,
            valid_until=row.passed_at + timedelta(seconds=self._policy.verified) if opens and row.passed_at else None,
            ended_at=row.ended_at,
        )

    async def _waiting(self, row: VerificationRow, now: datetime) -> tuple[int, datetime] | None:
        """How many wait before it, and until when to expect a decision: by how long reviews took lately."""
        if row.status != "in_review" or row.queued_at is None:
            return None
        usual = await self._verifications.usual_review()
        seconds = self._photo_policy.review if usual is None else usual
        before = await self._verifications.count_queued_before(row.queued_at)
        return before, max(row.queued_at + timedelta(seconds=seconds), now)

    def _steps(
        self, status: str, method: str, photos: list[PhotoRow], classmates: list[AskedClassmate], *, here: bool
    ) -> tuple[Option, ...]:
        """What its owner can do next, the most useful first; with one that came to nothing, begin another.

        Only the session that began one goes on with it, and takes what comes of it.
        """
        if not here and status in {"pending", "accepted"}:
            steps: tuple[str, ...] = ("verify_identity", *(("end_verification",) if method in BY_PEOPLE else ()))
        elif status != "pending":
            steps = _NEXT.get(status, ("verify_identity",))
        elif method == Evidence.CLASSMATES:
            vouched = sum(one.state == "vouched" for one in classmates)
            enough = vouched >= self._case_policy.classmates_needed
            steps = (*(("check_verification",) if enough else ()), "ask_classmates", "end_verification")
        elif method == Evidence.HANDHELD_PHOTO:
            sent = {photo.side for photo in photos if photo.state == "received" and photo.removed_at is None}
            steps = (*(("submit_photos",) if sent == BOTH_SIDES else ()), "send_photos", "end_verification")
        else:
            steps = ("answer_questions",) if method == Evidence.RECORD_FACTS else ("check_verification",)
        return tuple(Option(step) for step in steps)
