"""What reviewers see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final, Literal

from xuexin_api.core.case_rules import CaseState
from xuexin_api.core.messages import Language
from xuexin_api.core.staff import DECISIONS, REASONS, Decision
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID, NOW
from xuexin_api.routers.identity.case_presentation import case_event, case_evidence
from xuexin_api.routers.identity.verification_presentation import verification_event
from xuexin_api.schemas.photos import Side
from xuexin_api.schemas.staff import (
    DeskCase,
    DeskHolder,
    DeskPhoto,
    DeskRecord,
    DeskVerification,
    QueuedCase,
    ReviewQueue,
    VerificationPhoto,
)

_SIDES: Final[tuple[tuple[Side, Literal["received", "seen"]], ...]] = (("front", "seen"), ("back", "received"))
_EFFECT: Final = NOW + timedelta(hours=72)
_HOLDER: Final = DeskHolder(
    state="active",
    holding="weak",
    since=NOW - timedelta(days=400),
    told_at=NOW,
    reachable=True,
    objected_at=NOW + timedelta(hours=2),
    undo_asked_at=None,
    objection="该账号是我本人注册并一直使用的。",
)
_RECORD: Final = DeskRecord(
    name="示例同学",
    sex="female",
    birth_date=date(2005, 3, 7),
    institution_name="示例大学",
    programme_name="计算机科学与技术",
    admission_date=date(2023, 9, 1),
)
_PHOTOS: Final = [
    DeskPhoto(id=AN_ID, sender="claimant", side="front", state="received", width=1200, height=900, created_at=NOW),
    DeskPhoto(id=AN_ID, sender="claimant", side="back", state="seen", width=1200, height=900, created_at=NOW),
]


def _case(state: CaseState, **more: Any) -> Callable[[Language], DeskCase]:
    def made(language: Language) -> DeskCase:
        shown: dict[str, Any] = {
            "id": AN_ID,
            "state": state,
            "claimed_name": "示例同学",
            "sex": "female",
            "document_type": "SFZ",
            "document_number": "110101200001010002",
            "account_opened_at": NOW,
            "submitted_at": NOW,
            "effect_at": _EFFECT,
            "reviewers": 1,
            "approvals": 0,
            "evidence": [case_evidence("record_facts", "weak", NOW, language)],
            "photos": [],
            "records": [_RECORD],
            "holders": [_HOLDER],
            "log": [case_event("viewed", "staff", _EFFECT, language)],
            "decisions": {str(one): sorted(REASONS[one]) for one in sorted(DECISIONS[state])},
        }
        return DeskCase.model_validate(shown | more)

    return made


_ACCEPTED: Final = [photo.model_copy(update={"state": "accepted"}) for photo in _PHOTOS]
_REFUSED: Final = [photo.model_copy(update={"state": "rejected"}) for photo in _PHOTOS]
_WAITING: Final = QueuedCase(
    id=AN_ID,
    state="in_review",
    strength="weak",
    queued_at=NOW,
    deadline=NOW + timedelta(days=10),
    overdue=False,
    reviewers=1,
    approvals=0,
    assigned=False,
    mine=False,
)
_UNSEEN: Final = _WAITING.model_copy(update={"state": "submitted", "strength": None})
_UNDO: Final = _WAITING.model_copy(
    update={"state": "undo_review", "strength": "strong", "reviewers": 2, "approvals": 1}
)


def _verification(language: Language) -> DeskVerification:
    return DeskVerification(
        id=AN_ID,
        claimed_name="示例同学",
        sex="female",
        document_type="SFZ",
        document_number="110101200001010002",
        account_opened_at=NOW,
        queued_at=NOW,
        photos=[
            VerificationPhoto(id=AN_ID, side=side, state=state, width=1200, height=900, created_at=NOW)
            for side, state in _SIDES
        ],
        records=[_RECORD],
        log=[
            verification_event("submitted", "owner", NOW, language),
            verification_event("photo_viewed", "staff", _EFFECT, language, why="photos_in_review"),
        ],
        decisions={
            "accept_photos": sorted(REASONS[Decision.ACCEPT_PHOTOS]),
            "refuse_photos": sorted(REASONS[Decision.REFUSE_PHOTOS]),
        },
    )


STAFF: Final[Examples] = {
    "view_verification": {"waiting": Shown("One photo was looked at.", _verification)},
    "list_review_queue": {
        "waiting": Shown(
            "A claim, photos to look at, and a grant.", ReviewQueue(items=[_WAITING, _UNSEEN, _UNDO], next_cursor=None)
        ),
        "nothing": Shown("Nothing waits.", ReviewQueue(items=[], next_cursor=None)),
    },
    "take_case": {
        "mine": Shown("Assigned to the asker.", _WAITING.model_copy(update={"assigned": True, "mine": True}))
    },
    "view_case": {
        "claim": Shown("A claim to which the holder objects.", _case(CaseState.IN_REVIEW)),
        "photos": Shown("Photos to look at.", _case(CaseState.SUBMITTED, evidence=[], holders=[], photos=_PHOTOS)),
        "strong": Shown(
            "A claim with photos that were accepted, after others that were not.",
            _case(CaseState.IN_REVIEW, photos=[*_REFUSED, *_ACCEPTED]),
        ),
        "grant": Shown("A grant that the former holder asks to undo.", _case(CaseState.UNDO_REVIEW)),
    },
}
