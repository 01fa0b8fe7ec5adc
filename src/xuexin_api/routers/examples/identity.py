"""Verifications of identity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from xuexin_api.core.errors import Option
from xuexin_api.core.messages import Language
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID, NOW, VERIFIED_TOKENS
from xuexin_api.routers.examples.photos import ACCEPTED, RECEIVED, REJECTED, SEEN
from xuexin_api.routers.identity.verification_presentation import verification_event, verification_result
from xuexin_api.routers.presentation import verification_method, verification_started
from xuexin_api.schemas.identity import (
    VerificationChecked,
    VerificationMethodList,
    VerificationPassed,
    VerificationResult,
    VerificationResultList,
    VerificationStarted,
)
from xuexin_api.services.identity.asked_classmates import AskedClassmate
from xuexin_api.services.identity.identity_verification import StartedVerification
from xuexin_api.services.identity.verification_results import VerificationView
from xuexin_api.services.verification_methods import PROVIDERS, RECORD_FACTS, methods_for


def _methods(account_state: str, *, contested: bool = False) -> Callable[[Language], VerificationMethodList]:
    methods = methods_for(account_state, providers=PROVIDERS, contested=contested)
    return lambda language: VerificationMethodList(items=[verification_method(one, language) for one in methods])


def _started(language: Language) -> VerificationStarted:
    questions = ["candidate_number", "student_number", "admission_year"]
    return verification_started(StartedVerification(AN_ID, RECORD_FACTS, questions, 900), language)


def _sent_away(language: Language) -> VerificationStarted:
    page = "https://openapi.alipay.com/gateway.do?method=alipay.user.certify.open.certify&sign=…"
    return verification_started(StartedVerification(AN_ID, "alipay_certify", [], 900, page), language)


def _checked(status: str, **more: Any) -> VerificationChecked:
    shown: dict[str, Any] = {"id": AN_ID, "status": status, "tokens": None, "case_id": None}
    return VerificationChecked.model_validate(shown | more)


_RESULT: Final = VerificationView(
    id=AN_ID,
    method=RECORD_FACTS,
    strength="weak",
    status="passed",
    created_at=NOW,
    queued_at=None,
    decided_at=None,
    waiting_before=None,
    expected_by=None,
    next=(Option("end_verification"),),
    reason=None,
    classmates=[],
    photos=[],
    log=[],
    passed_at=NOW + timedelta(minutes=1),
    valid_until=NOW + timedelta(minutes=31),
    ended_at=None,
)
_HANDED_IN: Final = NOW + timedelta(minutes=5)
_DECIDED: Final = NOW + timedelta(hours=7)
Actor = Literal["owner", "classmate", "staff"]
Line = tuple[str, Actor, datetime] | tuple[str, Actor, datetime, str]
_SENT: Final[tuple[Line, ...]] = (("photo_received", "owner", NOW),) * 2
_WAITS: Final[tuple[Line, ...]] = (*_SENT, ("submitted", "owner", _HANDED_IN))
_LOOKED: Final[tuple[Line, ...]] = (
    *_WAITS,
    ("taken", "staff", _DECIDED),
    ("photo_viewed", "staff", _DECIDED, "photos_in_review"),
)
_YES: Final[Line] = ("photos_accepted", "staff", _DECIDED, "photos_show_applicant")
_NO: Final[Line] = ("photos_refused", "staff", _DECIDED, "photos_unreadable")
_BY_PHOTOS: Final = replace(
    _RESULT,
    method="handheld_photo",
    strength="strong",
    status="pending",
    photos=[RECEIVED, replace(RECEIVED, side="back")],
    next=(Option("submit_photos"), Option("send_photos"), Option("end_verification")),
    passed_at=None,
    valid_until=None,
)
_IN_REVIEW: Final = replace(
    _BY_PHOTOS,
    status="in_review",
    photos=[SEEN, replace(RECEIVED, side="back")],
    queued_at=_HANDED_IN,
    waiting_before=3,
    expected_by=_HANDED_IN + timedelta(hours=9),
    next=(Option("await_review"), Option("end_verification")),
)
_ACCEPTED: Final = replace(
    _IN_REVIEW,
    status="accepted",
    photos=[ACCEPTED, replace(ACCEPTED, side="back")],
    decided_at=_DECIDED,
    waiting_before=None,
    expected_by=None,
    next=(Option("check_verification"),),
)
_FAILED: Final = replace(
    _IN_REVIEW,
    status="failed",
    reason="photos_unreadable",
    photos=[REJECTED, replace(REJECTED, side="back")],
    decided_at=_DECIDED,
    waiting_before=None,
    expected_by=None,
    next=(Option("verify_identity"),),
)

_MATE: Final = AskedClassmate("+86170****0001", "asked", "424242", NOW, None)
_ASKED: Final[Line] = ("classmate_asked", "owner", NOW)
_VOUCHED: Final[Line] = ("classmate_vouched", "classmate", _HANDED_IN)
_BY_CLASSMATES: Final = replace(
    _RESULT,
    method="classmates",
    status="pending",
    classmates=[_MATE],
    next=(Option("ask_classmates"), Option("end_verification")),
    passed_at=None,
    valid_until=None,
)
_ENOUGH: Final = replace(
    _BY_CLASSMATES,
    classmates=[replace(_MATE, state="vouched", answered_at=_HANDED_IN)] * 2,
    next=(Option("check_verification"), Option("ask_classmates"), Option("end_verification")),
)


def _result(view: VerificationView, *lines: Line) -> Callable[[Language], VerificationResult]:
    def made(language: Language) -> VerificationResult:
        log = [verification_event(*line[:3], language, why=line[3] if len(line) > 3 else None) for line in lines]  # noqa: PLR2004
        return verification_result(view, language).model_copy(update={"log": log})

    return made


def _results(language: Language) -> VerificationResultList:
    items = [_result(_IN_REVIEW, *_LOOKED)(language), _result(_RESULT)(language)]
    return VerificationResultList(items=items, next_cursor=None)


IDENTITY: Final[Examples] = {
    "list_verification_methods": {
        "open": Shown("What an active account can use.", _methods("active")),
        "contested": Shown(
            "Weak ways are closed while somebody claims the document.", _methods("active", contested=True)
        ),
        "conflict": Shown("Evidence of an account in conflict goes to its case.", _methods("conflict")),
    },
    "start_identity_verification": {
        "pending": Shown("The questions.", _started),
        "provider": Shown("The provider's page.", _sent_away),
    },
    "check_identity_verification": {
        "pending": Shown("Not decided yet.", _checked("pending")),
        "passed": Shown("Tokens that read the archive.", _checked("passed", tokens=VERIFIED_TOKENS)),
        "evidence": Shown("Of an account in conflict: evidence of its case.", _checked("passed", case_id=AN_ID)),
        "failed": Shown("Not who was claimed.", _checked("failed")),
    },
    "list_identity_verifications": {"several": Shown("Photos in review, and facts of the record.", _results)},
    "get_identity_verification": {
        "passed": Shown("It opens the archive until `valid_until`.", _result(_RESULT)),
        "pending": Shown("Photos of both sides are there.", _result(_BY_PHOTOS, *_SENT)),
        "vouched": Shown(
            "Two classmates vouched: `…/check` gives the tokens.",
            _result(_ENOUGH, _ASKED, _ASKED, _VOUCHED, _VOUCHED),
        ),
        "in_review": Shown("A reviewer looks.", _result(_IN_REVIEW, *_LOOKED)),
        "accepted": Shown(
            "The account is verified; `…/check` gives the tokens.",
            _result(_ACCEPTED, *_LOOKED, _YES),
        ),
        "failed": Shown(
            "A reviewer did not accept the photos.",
            _result(_FAILED, *_LOOKED, _NO),
        ),
    },
    "ask_classmate_to_verify": {
        "asked": Shown("Asked; the code is told in person.", _result(_BY_CLASSMATES, _ASKED)),
    },
    "submit_identity_verification": {
        "in_review": Shown("A reviewer is waited for.", _result(replace(_IN_REVIEW, photos=_BY_PHOTOS.photos), *_WAITS))
    },
    "answer_identity_verification": {
        "passed": Shown(
            "Tokens that read the archive.", VerificationPassed(id=AN_ID, status="passed", tokens=VERIFIED_TOKENS)
        )
    },
}
