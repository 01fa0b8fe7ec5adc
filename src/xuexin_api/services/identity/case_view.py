"""A case as those see it whom it concerns: all of it for its claimant, what matters to them for holders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from xuexin_api.core.case_rules import BOTH_SIDES, QUEUED, CaseState
from xuexin_api.core.errors import Option
from xuexin_api.core.policies import CasePolicy
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.identity.cases import CaseRepository, CaseRow, EventRow, EvidenceRow, HolderRow
from xuexin_api.repositories.identity.vouchings import VouchingPlace
from xuexin_api.repositories.sent_photos import PhotoPlace, PhotoRepository
from xuexin_api.services.identity.asked_classmates import AskedClassmate, AskedClassmates
from xuexin_api.services.photos.sent_photos import PhotoView, photo_view
from xuexin_api.services.verification_methods import PROVIDERS

Role = Literal["claimant", "holder"]
FACTS: Final = ("candidate_number", "student_number", "admission_year")
"""What the record is asked."""
_MOST_EVENTS: Final = 200
_MOST_PHOTOS: Final = 100
_FOR_HOLDERS: Final = frozenset(
    {
        "holder_told",
        "notice_longer",
        "objected",
        "viewed",
        "photo_viewed",
        "undo_asked",
        "approved",
        "rejected",
        "upheld",
        "undone",
    }
)
_NOTHING: Final = frozenset({"rejected", "withdrawn", "expired", "undone"})
_AHEAD: Final = frozenset({"notice", "in_review", "submitted"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many cases are before this one, and until when a decision is to be expected."""

    cases_before: int
    expected_by: datetime


@dataclass(frozen=True, slots=True)
class CaseView:
    """What one side may know."""

    id: UUID
    role: Role
    state: str
    reason: str | None
    opened_at: datetime
    expires_at: datetime | None
    submitted_at: datetime | None
    effect_at: datetime | None
    decided_at: datetime | None
    undo_until: datetime | None
    questions: tuple[str, ...]
    evidence: list[EvidenceRow]
    classmates: list[AskedClassmate]
    photos: list[PhotoView]
    waiting: Waiting | None
    log: list[EventRow]
    next: tuple[Option, ...]


class CaseViews:
    """Reads; used inside the transaction of the service that asks."""

    def __init__(
        self,
        *,
        cases: CaseRepository,
        classmates: AskedClassmates,
        photos: PhotoRepository,
        providers: Collection[str],
        policy: CasePolicy,
    ) -> None:
        self._cases = cases
        self._classmates = classmates
        self._photos = photos
        self._providers = providers
        self._policy = policy

    async def of(self, case: CaseRow, account: AccountRow, *, now: datetime) -> CaseView | None:
        """The case for this account, or None where it does not concern it."""
        views = await self.of_all([case], account, now=now)
        return views[0] if views else None

    async def of_all(self, cases: Sequence[CaseRow], account: AccountRow, *, now: datetime) -> list[CaseView]:
        """Those of the cases that concern the account, as it may see them; many cost what one costs."""
        account_id, cases = account.id, [_as_it_stands(case, now) for case in cases]
        ids = [case.id for case in cases]
        logs = await self._cases.list_events(ids, most=_MOST_EVENTS)
        places = [PhotoPlace(case_id=case_id) for case_id in ids]
        sent = await self._photos.list_sent(places, account_id=account_id, most=_MOST_PHOTOS)
        claimed = [case.id for case in cases if case.account_id == account_id]
        evidence = await self._cases.list_evidence(claimed)
        asked = await self._classmates.shown([VouchingPlace(case_id=case_id) for case_id in claimed])
        held = await self._cases.list_holdings(account_id, ids)
        came_to_nothing = any(case.id in claimed and case.state in _NOTHING for case in cases)
        another = came_to_nothing and await self._may_open(account, now)
        views = []
        for case, place in zip(cases, places, strict=True):
            log, photos = logs[case.id], [photo_view(row) for row in sent[place]]
            if case.account_id == account_id:
                brought = evidence[case.id]
                steps = _steps_of_claimant(case, brought, photos, self._providers, another=another)
                mates = asked[VouchingPlace(case_id=case.id)]
                views.append(
                    await self._view(case, "claimant", log, photos, steps, now, evidence=brought, classmates=mates)
                )
            elif case.id in held:
                seen = [event for event in log if event.kind in _FOR_HOLDERS]
                steps = _steps_of_holder(case, held[case.id])
                views.append(await self._view(case, "holder", seen, photos, steps, now))
        return views

    async def _may_open(self, account: AccountRow, now: datetime) -> bool:
        """Whether the account may open another case."""
        if account.state != "conflict":
            return False
        living = await self._cases.get_living_for_account(account.id)
        if living is not None and _as_it_stands(living, now).state != CaseState.EXPIRED:
            return False
        return await self._cases.count_for_account(account.id) < self._policy.per_account

    async def _view(
        self,
        case: CaseRow,
        role: Role,
        log: list[EventRow],
        photos: list[PhotoView],
        steps: tuple[Option, ...],
        now: datetime,
        *,
        evidence: list[EvidenceRow] | None = None,
        classmates: list[AskedClassmate] | None = None,
    ) -> CaseView:
        draft = case.state == CaseState.DRAFT
        return CaseView(
            id=case.id,
            role=role,
            state=case.state,
            reason=case.reason,
            opened_at=case.opened_at,
            expires_at=case.expires_at if draft else None,
            submitted_at=case.submitted_at,
            effect_at=case.effect_at if case.state in _AHEAD else None,
            decided_at=case.decided_at,
            undo_until=case.undo_until,
            questions=FACTS if draft and role == "claimant" else (),
            evidence=evidence or [],
            classmates=classmates or [],
            photos=photos,
            waiting=await self._waiting(case, now),
            log=log,
            next=steps,
        )

    async def _waiting(self, case: CaseRow, now: datetime) -> Waiting | None:
        """Where people are waited for: by how long reviews took lately, and never less than from now on.

        They are waited for no more once they agreed, only the end of the notice is.
        """
        if case.state not in QUEUED or case.queued_at is None:
            return None
        if case.agreed and case.effect_at is not None:
            return Waiting(0, max(case.effect_at, now))
        usual = await self._cases.usual_review()
        seconds = self._policy.review if usual is None else usual
        expected = max(case.queued_at + timedelta(seconds=seconds), now, case.effect_at or now)
        return Waiting(await self._cases.count_queued_before(case.queued_at), expected)


def _as_it_stands(case: CaseRow, now: datetime) -> CaseRow:
    """A draft that nobody handed in is over at its time, and not when it is swept."""
    if case.state == CaseState.DRAFT and case.expires_at <= now:
        return replace(case, state=str(CaseState.EXPIRED), decided_at=case.expires_at)
    return case


def _steps_of_claimant(
    case: CaseRow, evidence: list[EvidenceRow], photos: list[PhotoView], providers: Collection[str], *, another: bool
) -> tuple[Option, ...]:
    """What the claimant can do next, the most useful first."""
    state = CaseState(case.state)
    if state is CaseState.DRAFT:
        given = {row.kind for row in evidence}
        open_ways = [kind for kind in _WAYS if kind not in given and (kind not in PROVIDERS or kind in providers)]
        steps = dict.fromkeys(_WAYS[kind] for kind in open_ways)
        shown = {photo.side for photo in photos if photo.state == "received"}
        ready = shown == BOTH_SIDES or (given and not shown)
        return tuple(Option(step) for step in (*(("submit_case",) if ready else ()), *steps, "withdraw_case"))
    if state is CaseState.APPROVED:
        return (Option("verify_identity"),)
    if state is CaseState.UNDO_REVIEW:
        return (Option("await_review"),)
    if state is CaseState.NOTICE or case.agreed:
        return (Option("await_notice"), Option("withdraw_case"))
    if state in QUEUED:
        return (Option("await_review"), Option("withdraw_case"))
    return (Option("open_case"),) if another else ()


_WAYS: Final = {
    "record_facts": "give_record_facts",
    "classmates": "ask_classmates",
    "alipay_certify": "verify_in_app",
    "tencent_faceid": "verify_in_app",
    "handheld_photo": "send_photos",
}


def _steps_of_holder(case: CaseRow, row: HolderRow) -> tuple[Option, ...]:
    """What supports an objection may come after it."""
    if case.state not in {CaseState.NOTICE, CaseState.IN_REVIEW}:
        return ()
    objection = () if row.objected_at is not None else (Option("object"),)
    return (*objection, Option("send_photos"), Option("verify_identity"))
