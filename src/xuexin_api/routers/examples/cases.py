"""A contested document, from the draft to the undone grant, as both sides see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from xuexin_api.core.errors import Option
from xuexin_api.core.messages import Language
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID, NOW
from xuexin_api.routers.examples.photos import ACCEPTED, ERASED, RECEIVED, REFUSED, REJECTED, SEEN, photos
from xuexin_api.routers.identity.case_presentation import case_event, case_evidence, questions, reason, vouching_request
from xuexin_api.routers.presentation import choices
from xuexin_api.schemas.cases import (
    CaseWaiting,
    IdentityCase,
    IdentityCaseList,
)
from xuexin_api.schemas.vouching import CaseClassmate, VouchingRequest, VouchingRequestList
from xuexin_api.services.identity.case_view import FACTS
from xuexin_api.services.identity.vouching import VouchingView
from xuexin_api.services.photos.sent_photos import PhotoView

Case = Callable[[Language], IdentityCase]
_HANDED_IN: Final = NOW + timedelta(hours=1)
_EFFECT: Final = _HANDED_IN + timedelta(hours=72)
_DECIDED: Final = _EFFECT + timedelta(hours=5)
_ASKED: Final = CaseClassmate(
    phone_masked="+86170****0002", state="asked", code="424242", asked_at=NOW, answered_at=None
)
Line = tuple[str, str, datetime] | tuple[str, str, datetime, str]
_OPENED: Final[Line] = ("opened", "claimant", NOW)
_FACTS: Final[Line] = ("evidence_accepted", "claimant", NOW, "record_facts")
_TOLD: Final[tuple[Line, ...]] = (
    _OPENED,
    _FACTS,
    ("submitted", "claimant", _HANDED_IN),
    ("holder_told", "service", _HANDED_IN),
    ("notice", "service", _HANDED_IN),
)
_REVIEWED: Final[tuple[Line, ...]] = (
    *_TOLD,
    ("in_review", "service", _EFFECT),
    ("taken", "staff", _DECIDED),
    ("viewed", "staff", _DECIDED),
)


def _case(
    state: str,
    lines: tuple[Line, ...],
    *steps: str,
    role: Literal["claimant", "holder"] = "claimant",
    why: str | None = None,
    facts: bool = True,
    sent: tuple[PhotoView, ...] = (),
    **more: Any,
) -> Case:
    def made(language: Language) -> IdentityCase:
        shown: dict[str, Any] = {
            "id": AN_ID,
            "role": role,
            "state": state,
            "reason": reason(why, language),
            "opened_at": NOW,
            "expires_at": NOW + timedelta(days=1) if state == "draft" else None,
            "submitted_at": None if state == "draft" else _HANDED_IN,
            "effect_at": None,
            "decided_at": None,
            "undo_until": None,
            "questions": questions(FACTS if state == "draft" else (), language),
            "evidence": [case_evidence("record_facts", "weak", NOW, language)] if facts else [],
            "classmates": [],
            "photos": photos(*sent, language=language),
            "waiting": None,
            "log": [case_event(*line[:3], language, why=line[3] if len(line) > 3 else None) for line in lines],  # noqa: PLR2004
            "next": choices([Option(step) for step in steps], language),
        }
        return IdentityCase.model_validate(shown | more)

    return made


_WAYS: Final = ("give_record_facts", "ask_classmates", "send_photos", "withdraw_case")
_DRAFT: Final = _case("draft", (_OPENED,), *_WAYS, facts=False)
_READY: Final = _case("draft", (_OPENED, _FACTS), "submit_case", "ask_classmates", "send_photos", "withdraw_case")
_WITH_PHOTOS: Final = _case(
    "draft",
    (_OPENED, ("photo_refused", "claimant", NOW), *[("photo_received", "claimant", NOW)] * 2),
    "submit_case",
    *_WAYS,
    facts=False,
    sent=(REFUSED, RECEIVED),
)
_WITH_CLASSMATE: Final = _case(
    "draft",
    (_OPENED, ("classmate_asked", "claimant", NOW)),
    *_WAYS,
    facts=False,
    classmates=[_ASKED],
)
_ANSWERED: Final = [
    _ASKED.model_copy(update={"state": state, "answered_at": _HANDED_IN}) for state in ("vouched", "declined")
]
_WITH_ANSWERS: Final = _case(
    "draft",
    (_OPENED, ("classmate_vouched", "service", _HANDED_IN), ("classmate_declined", "service", _HANDED_IN)),
    *_WAYS,
    facts=False,
    classmates=_ANSWERED,
)
_NOTICE: Final = _case("notice", _TOLD, "await_notice", "withdraw_case", effect_at=_EFFECT)
_IN_REVIEW: Final = _case(
    "in_review",
    _REVIEWED,
    "await_review",
    "withdraw_case",
    effect_at=_EFFECT,
    waiting=CaseWaiting(cases_before=3, expected_by=_DECIDED),
)
_APPROVED: Final = _case(
    "approved",
    (*_REVIEWED, ("reviewer_approve", "staff", _DECIDED, "evidence_convincing"), ("approved", "service", _DECIDED)),
    "verify_identity",
    sent=(ACCEPTED,),
    decided_at=_DECIDED,
    undo_until=_DECIDED + timedelta(days=30),
)
_REJECTED: Final = _case(
    "rejected",
    (*_REVIEWED, ("reviewer_reject", "staff", _DECIDED, "evidence_unconvincing"), ("rejected", "service", _DECIDED)),
    "open_case",
    why="evidence_unconvincing",
    decided_at=_DECIDED,
)
_WITHDRAWN: Final = _case("withdrawn", (*_TOLD, ("withdrawn", "claimant", _EFFECT)), "open_case", decided_at=_EFFECT)
_SUBMITTED: Final = _case(
    "submitted",
    (
        _OPENED,
        ("submitted", "claimant", _HANDED_IN),
        ("taken", "staff", _DECIDED),
        ("photo_viewed", "staff", _DECIDED, "photos_in_review"),
    ),
    "await_review",
    "withdraw_case",
    facts=False,
    sent=(SEEN,),
)
_PHOTOS_REJECTED: Final = _case(
    "rejected",
    (_OPENED, ("evidence_refused", "staff", _DECIDED, "photos_unreadable"), ("rejected", "service", _DECIDED)),
    "open_case",
    why="evidence_not_accepted",
    facts=False,
    sent=(REJECTED,),
    decided_at=_DECIDED,
)
_EXPIRED: Final = _case("expired", (_OPENED, ("expired", "service", _EFFECT)), "open_case", facts=False)
_UNDO_ASKED: Final = ("undo_asked", "holder", _DECIDED + timedelta(days=2))
_UNDO_REVIEW: Final = _case(
    "undo_review",
    (_OPENED, ("approved", "service", _DECIDED), _UNDO_ASKED),
    "await_review",
    decided_at=_DECIDED,
    undo_until=_DECIDED + timedelta(days=30),
)
_UNDONE: Final = _case(
    "undone",
    (_OPENED, ("approved", "service", _DECIDED), _UNDO_ASKED, ("undone", "service", _DECIDED + timedelta(days=4))),
    "open_case",
    sent=(ERASED,),
    why="evidence_false",
    decided_at=_DECIDED + timedelta(days=4),
)
_HELD_TOLD: Final[Line] = ("holder_told", "service", _HANDED_IN)
_HELD: Final = _case(
    "notice", (_HELD_TOLD,), "object", "send_photos", "verify_identity", role="holder", facts=False, effect_at=_EFFECT
)
_OBJECTED: Final = _case(
    "in_review",
    (_HELD_TOLD, ("objected", "holder", _HANDED_IN + timedelta(hours=2))),
    role="holder",
    facts=False,
    effect_at=_EFFECT,
    waiting=CaseWaiting(cases_before=3, expected_by=_DECIDED),
)
_REQUEST: Final = VouchingView(
    id=AN_ID,
    state="asked",
    claimed_name="示例同学",
    applicant_phone_masked="+86170****0001",
    institution_name="示例大学",
    programme_name="计算机科学与技术",
    class_name="计科2301",
    asked_at=NOW,
    expires_at=NOW + timedelta(days=1),
    answered_at=None,
)


def _list(*cases: Case) -> Callable[[Language], IdentityCaseList]:
    return lambda language: IdentityCaseList(items=[case(language) for case in cases], next_cursor=None)


def _request(state: Literal["asked", "vouched", "declined"]) -> Callable[[Language], VouchingRequest]:
    answered = None if state == "asked" else NOW + timedelta(hours=1)
    phone = _REQUEST.applicant_phone_masked if state == "asked" else None
    return lambda language: vouching_request(_REQUEST, language).model_copy(
        update={"state": state, "applicant_phone_masked": phone, "answered_at": answered}
    )


def _requests(language: Language) -> VouchingRequestList:
    return VouchingRequestList(items=[_request("asked")(language)], next_cursor=None)


CASES: Final[Examples] = {
    "open_identity_case": {"draft": Shown("A draft, of which nobody else hears.", _DRAFT)},
    "list_identity_cases": {
        "claimant": Shown("My claim.", _list(_DRAFT)),
        "holder": Shown("Somebody claims the document of my account.", _list(_HELD)),
    },
    "get_identity_case": {
        "draft": Shown("No evidence yet.", _DRAFT),
        "classmates": Shown("One classmate vouched, one declined.", _WITH_ANSWERS),
        "photos": Shown("One try was refused, both sides are there now.", _WITH_PHOTOS),
        "photos_rejected": Shown("A reviewer did not accept the photos.", _PHOTOS_REJECTED),
        "ready": Shown("Evidence enough to be handed in.", _READY),
        "notice": Shown("The holder was told, and may object.", _NOTICE),
        "in_review": Shown("Reviewers are waited for.", _IN_REVIEW),
        "approved": Shown("Granted.", _APPROVED),
        "rejected": Shown("Not granted.", _REJECTED),
        "withdrawn": Shown("Given up.", _WITHDRAWN),
        "expired": Shown("Never handed in.", _EXPIRED),
        "submitted": Shown("Photos that somebody must look at before the holder is told.", _SUBMITTED),
        "undo_review": Shown("Granted, and the former holder asks to undo it.", _UNDO_REVIEW),
        "undone": Shown("Granted, and undone.", _UNDONE),
        "holder": Shown("What the holder sees.", _HELD),
    },
    "give_record_facts": {"accepted": Shown("Weak evidence, accepted.", _READY)},
    "ask_classmate": {"asked": Shown("Asked; the code is told in person.", _WITH_CLASSMATE)},
    "submit_identity_case": {
        "notice": Shown("The holder was told.", _NOTICE),
        "approved": Shown("Granted at once.", _APPROVED),
    },
    "withdraw_identity_case": {"withdrawn": Shown("Given up.", _WITHDRAWN)},
    "object_to_identity_case": {"objected": Shown("A reviewer will look.", _OBJECTED)},
    "list_vouching_requests": {"asked": Shown("Asked to vouch.", _requests)},
    "vouch_for_classmate": {"vouched": Shown("Vouched.", _request("vouched"))},
    "decline_to_vouch": {"declined": Shown("Declined.", _request("declined"))},
}
