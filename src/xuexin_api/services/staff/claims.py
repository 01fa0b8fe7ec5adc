"""The desks of schools and provinces, and the claims that wait there: looked at, and decided with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.documents import mask_document_number
from xuexin_api.core.errors import (
    ClaimClosedError,
    ClaimNotFoundError,
    FieldProblem,
    InvalidRequestError,
    NotYoursToDecideError,
    UploadNotFoundError,
)
from xuexin_api.core.names import name_key
from xuexin_api.core.policies import ClaimPolicy
from xuexin_api.core.record_claims import (
    GIVEN_TO_ANOTHER,
    HOLDERS,
    REASONS,
    REVIEWS,
    ClaimHolder,
    ClaimState,
    ClaimStep,
    decisions,
    outcome,
)
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.archive.claim_notices import ClaimNoticeRepository
from xuexin_api.repositories.archive.claims import ClaimRepository, ClaimRow
from xuexin_api.repositories.identity.former_identities import FormerIdentityRepository
from xuexin_api.repositories.sent_photos import PhotoPlace, PhotoRepository
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.archive.archive import EnrollmentView, enrollment_view
from xuexin_api.services.archive.claim_holders import ClaimHolders, HolderView
from xuexin_api.services.archive.claim_log import ClaimLog
from xuexin_api.services.archive.claim_view import ClaimView, claim_view
from xuexin_api.services.base import Service
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.photos.sent_photos import PhotoView, photo_view
from xuexin_api.services.staff.record_linking import DESKS, RecordLinking, Verdict
from xuexin_api.services.staff.record_trace import RecordTrace
from xuexin_api.services.staff.staff_callers import StaffCallers

_PURPOSE: Final = "claim"
_PURPOSE_OF_PROOFS: Final = "claim_proof"
_MOST_EVENTS: Final = 100
_ROLES: Final = (Role.REGISTRAR, Role.PROVINCE)
_KINDS: Final = {ClaimStep.FORWARD: "forwarded"}
"""Steps whose line in the log is not called as the state that follows."""
_TOLD: Final = {
    ClaimStep.FORWARD: "body_claim_forwarded",
    ClaimStep.GRANT: "body_claim_granted",
    ClaimStep.DECLINE: "body_claim_declined",
    ClaimStep.UNDO: "body_claim_undone",
}


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A claim in the list of a school or province; `since` is since when it is in this state."""

    id: UUID
    state: str
    kind: str
    differing_fields: list[str]
    submitted_at: datetime | None
    since: datetime
    due_at: datetime | None
    overdue: bool
    objected: bool
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimLines:
    """Some of a desk's claims."""

    items: list[ClaimLine]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who asks, as the account was verified, and how what they said of before fits the record: None, nothing said.

    `known_before`: another claim of theirs was granted under the record's number.
    """

    name: str
    sex: str
    birth_date: date | None
    document_type: str
    document_number_masked: str
    verified_strength: str | None
    former_name_fits: bool | None
    former_document_fits: bool | None
    known_before: bool


@dataclass(frozen=True, slots=True)
class OfficeClaim:
    """A claim with all that decides it, and what can be said now for which reasons.

    `transferred_to`: code and name of the school that took the student while the claim waited.
    """

    claim: ClaimView
    enrollment: EnrollmentView
    claimant: Claimant
    held: bool
    holder: HolderView | None
    transferred_to: tuple[str, str] | None
    proofs: list[PhotoView]
    decisions: dict[str, list[str]]


class ClaimDeskService(Service):
    """A registrar has the claims of one school, a province those that went to it; to others there is none.

    Whoever reaches too far has a line in the trail.
    """

    def __init__(
        self,
        *,
        session: AsyncSession,
        claims: ClaimRepository,
        identities: FormerIdentityRepository,
        records: RecordOfficeRepository,
        accounts: AccountRepository,
        notices: ClaimNoticeRepository,
        holders: ClaimHolders,
        photos: PhotoRepository,
        store: PhotoStore,
        linking: RecordLinking,
        log: ClaimLog,
        trace: RecordTrace,
        callers: StaffCallers,
        sealer: Sealer,
        policy: ClaimPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._claims = claims
        self._identities = identities
        self._records = records
        self._accounts = accounts
        self._notices = notices
        self._holders = holders
        self._photos = photos
        self._store = store
        self._linking = linking
        self._log = log
        self._trace = trace
        self._callers = callers
        self._sealer = sealer
        self._policy = policy

    async def list_claims(self, state: str | None, claims: Claims, *, cursor: str | None, most: int) -> ClaimLines:
        """In this state, or what waits here. Longest waiting first, decided newest first; nobody is named in it."""
        after = None if cursor is None else read_cursor(cursor)
        async with self._transaction():
            member = await self._callers.member_of(claims, *_ROLES)
            if member.province is not None:
                found = await self._claims.list_for_province(
                    member.province, ClaimState(state or ClaimState.PROVINCE_REVIEW), after=after, most=most + 1
                )
            else:
                found = await self._claims.list_for_institution(
                    member.institution_code or "",
                    ClaimState(state or ClaimState.SCHOOL_REVIEW),
                    after=after,
                    most=most + 1,
                )
            objected = await self._notices.list_objected([row.id for row in found])
        now = self._clock.now()
        items = [_line(row, objected=row.id in objected, now=now) for row in found[:most]]
        return ClaimLines(items, write_cursor(items[-1].id) if len(found) > most else None)

    async def view(self, claim_id: UUID, claims: Claims) -> OfficeClaim:
        """One claim of one's desk, with the record and who asks for it."""
        now = self._clock.now()
        async with self._transaction():
            member, claim = await self._reach(claim_id, claims)
            if claim is not None:
                return await self._show(claim, member, now)
        raise ClaimNotFoundError

    async def view_proof(self, claim_id: UUID, photo_id: UUID, claims: Claims) -> bytes:
        """One picture. Who looked, when and what for is written down before it is read."""
        now = self._clock.now()
        async with self._transaction():
            member, claim = await self._reach(claim_id, claims)
            photo = None
            if claim is not None:
                photo = await self._photos.get_shown(photo_id, PhotoPlace(claim_id=claim.id))
                if photo is not None:
                    subject = {"id": claim.enrollment_id, "person_id": claim.person_id}
                    await self._trace.looked([subject], member, "viewed", _PURPOSE_OF_PROOFS, now=now)
                    await self._trace.note("claim:proof:view", member, photo_id, now=now)
        if claim is None:
            raise ClaimNotFoundError
        data = None if photo is None or photo.object_key is None else await self._store.get(photo.object_key)
        if data is None:
            raise UploadNotFoundError
        async with self._transaction():
            await self._photos.note_seen(photo_id)
        return data

    async def decide(self, claim_id: UUID, step: ClaimStep, verdict: Verdict, claims: Claims) -> OfficeClaim:
        """Forward, grant, decline, or undo a grant: once, with a reason, and the student is told."""
        now = self._clock.now()
        async with self._transaction():
            member, claim = await self._reach(claim_id, claims)
            # Before a refusal for it: who came to hold the record since the claim was handed in has to be told first.
            if claim is not None and step is ClaimStep.GRANT and claim.state in REVIEWS:
                await self._holders.tell(claim, now=now)
        if claim is None:
            raise ClaimNotFoundError
        if verdict.reason not in REASONS[step]:
            raise InvalidRequestError([FieldProblem("/reason", "not_in_list", {})])
        async with self._transaction():
            await self._refuse_involved(claim, member)
            if str(step) not in decisions(ClaimState(claim.state), DESKS[member.role], forwarded=_forwarded(claim)):
                raise ClaimClosedError
            if step is ClaimStep.GRANT:
                await self._refuse_unless_claimed(claim)
            locked: Sequence[str] = []
            if step is ClaimStep.UNDO:
                locked = await self._linking.lock_imports(claim)
                # What came while this waited came before it.
                now = self._clock.now()
            # The record before the claim, whatever is decided: of two who decide, one waits here for the other.
            await self._identities.get_record_for_update(claim.enrollment_id)
            given = [claim.enrollment_id]
            if step is ClaimStep.GRANT:
                given = await self._linking.give(claim, member, verdict, now=now)
            elif step is ClaimStep.UNDO:
                if claim.undo_until is None or claim.undo_until <= now:
                    raise ClaimClosedError
                await self._linking.take_back(claim, member, verdict, locked, now=now)
            await self._settle(claim, step, verdict, member, given, now)
            settled = await self._claims.get_handed_in(claim_id)
            assert settled is not None, "it was moved just now"
            return await self._show(settled, member, now)

    async def _settle(
        self, claim: ClaimRow, step: ClaimStep, verdict: Verdict, member: StaffRow, given: list[UUID], now: datetime
    ) -> None:
        """The claim's new state and its log; others who claim a record that was given are told so."""
        state = outcome(ClaimState(claim.state), step)
        if state is None:
            raise ClaimClosedError
        values: dict[str, Any]
        if step is ClaimStep.FORWARD:
            due_at = now + timedelta(seconds=self._policy.province)
            values = {"forwarded_at": now, "due_at": due_at, "untold_since": now}
        else:
            values = {"decided_by": member.id, "decided_at": now, "reason": verdict.reason, "note": verdict.note}
            # Whoever decided needs not be told any more; an objection to it will be news again.
            values["untold_since"] = None
        if step is ClaimStep.GRANT:
            values["undo_until"] = now + timedelta(seconds=self._policy.undo)
        if not await self._claims.move(claim.id, [ClaimState(claim.state)], state, now=now, **values):
            raise ClaimClosedError
        desk, kind = DESKS[member.role], _KINDS.get(step, str(state))
        await self._log.note(
            claim.id, kind, desk.value, now=now, staff_id=member.id, reason=verdict.reason, note=verdict.note
        )
        await self._log.tell_owner(claim.account_id, _TOLD[step], now=now, school=claim.institution_name)
        if step is ClaimStep.FORWARD:
            await self._holders.tell(claim, now=now)
        await self._holders.tell_outcome(claim, step, now=now)
        await self._trace.note(f"claim:{step}", member, claim.id, now=now)
        if step is not ClaimStep.GRANT:
            return
        for other_id, account_id in await self._claims.end_others(claim, given, GIVEN_TO_ANOTHER, now=now):
            await self._log.note(other_id, ClaimState.DECLINED, "service", now=now, reason=GIVEN_TO_ANOTHER)
            await self._log.tell_owner(account_id, _TOLD[ClaimStep.DECLINE], now=now, school=claim.institution_name)

    async def _refuse_involved(self, claim: ClaimRow, member: StaffRow) -> None:
        """Nobody decides about their own record, one that they ask for, or what they worked on at the school before."""
        account = await self._accounts.get(claim.account_id)
        asks = account is not None and account.document_key == member.document_key
        if asks or await self._records.is_of(claim.enrollment_id, member.document_key):
            raise NotYoursToDecideError
        if member.role == Role.PROVINCE and await self._claims.has_acted(claim, member.document_key):
            raise NotYoursToDecideError

    async def _refuse_unless_claimed(self, claim: ClaimRow) -> None:
        """The account may have been closed, or found to be somebody else's, since it asked."""
        # Kept and not locked: whoever sends a picture has the claim, and points to the account.
        await self._accounts.keep(claim.account_id)
        account = await self._accounts.get(claim.account_id)
        if account is None or account.person_id != claim.person_id or account.state != "active":
            raise ClaimClosedError

    async def _reach(self, claim_id: UUID, claims: Claims) -> tuple[StaffRow, ClaimRow | None]:
        member = await self._callers.member_of(claims, *_ROLES)
        claim = await self._claims.get_handed_in(claim_id)
        reached = claim is not None and member.reaches(claim.institution_code)
        if claim is None or not reached or (member.role == Role.PROVINCE and not _forwarded(claim)):
            await self._trace.note("claim:out_of_reach", member, claim_id, now=self._clock.now())
            return member, None
        return member, claim

    async def _show(self, claim: ClaimRow, member: StaffRow, now: datetime) -> OfficeClaim:
        """All are seen: whose the record was and is, and who says that it is theirs."""
        record = await self._records.get(claim.enrollment_id)
        assert record is not None, "a record is never deleted"
        people = sorted({claim.from_person_id, record["person_id"], claim.person_id})
        subjects = [{"id": claim.enrollment_id, "person_id": person_id} for person_id in people]
        await self._trace.looked(subjects, member, "viewed", _PURPOSE, now=now)
        return await self._office_claim(claim, record, DESKS[member.role])

    async def _office_claim(self, claim: ClaimRow, record: Mapping[str, Any], desk: ClaimHolder) -> OfficeClaim:
        account = await self._accounts.get(claim.account_id)
        assert account is not None, "its claims go first"
        identity = await self._claims.get_claimant(claim.account_id)
        events = await self._claims.list_events([claim.id], most=_MOST_EVENTS)
        held = await self._claims.get_holder_id(claim.from_person_id) is not None
        holder = await self._holders.last(claim.id)
        can = decisions(ClaimState(claim.state), desk, forwarded=_forwarded(claim))
        waits = holder is None or holder.grant_from > self._clock.now()
        transferred_to = await self._identities.get_school_since(
            claim.enrollment_id, claim.submitted_at or claim.opened_at
        )
        of_province = held or transferred_to is not None
        if (held and waits) or (of_province and desk is not ClaimHolder.PROVINCE):
            can.pop(ClaimStep.GRANT, None)
        view = claim_view(claim, events[claim.id], self._sealer, held=held, now=self._clock.now())
        number = self._sealer.open(account.document_ciphertext, DOCUMENT_CONTEXT).decode()
        said = claim.former_document_key
        claimant = Claimant(
            name=identity.name,
            sex=identity.sex,
            birth_date=identity.birth_date,
            document_type=identity.document_type,
            document_number_masked=mask_document_number(number),
            verified_strength=account.verified_strength,
            former_name_fits=None
            if view.former_name is None
            else name_key(view.former_name) == name_key(record["name"]),
            former_document_fits=None if said is None else said == record["document_key"],
            known_before=await self._identities.is_known(claim.person_id, record["document_key"]),
        )
        return OfficeClaim(
            claim=view,
            enrollment=enrollment_view(record, self._sealer),
            claimant=claimant,
            held=held,
            holder=holder,
            transferred_to=transferred_to,
            proofs=[photo_view(row) for row in await self._photos.list_shown(PhotoPlace(claim_id=claim.id))],
            decisions=can,
        )


def _forwarded(claim: ClaimRow) -> bool:
    return claim.forwarded_at is not None


def _line(row: ClaimRow, *, objected: bool, now: datetime) -> ClaimLine:
    due_at = row.due_at if row.state in HOLDERS else None
    return ClaimLine(
        id=row.id,
        state=row.state,
        kind=row.kind,
        differing_fields=row.differing,
        submitted_at=row.submitted_at,
        since=row.state_since,
        due_at=due_at,
        overdue=due_at is not None and due_at <= now,
        objected=objected,
        decided_at=row.decided_at,
    )
