"""Corrections in each of their states, at their student's and at the desks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from pydantic import BaseModel

from xuexin_api.core.corrections import (
    CorrectionHolder,
    CorrectionState,
    RecordKind,
    WhyProvince,
    decisions,
)
from xuexin_api.core.errors import Option
from xuexin_api.core.messages import Language
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.archive.correction_presentation import (
    correction_queue,
    record_correction,
    record_correction_list,
    waiting_correction,
)
from xuexin_api.routers.examples.accounts import AN_ID, NOW
from xuexin_api.routers.examples.archive import STUDYING
from xuexin_api.routers.examples.photos import ERASED, RECEIVED, REFUSED, SEEN
from xuexin_api.routers.identity.photo_presentation import proof_picture, proof_picture_list
from xuexin_api.schemas.corrections import Asker, DeskCorrection
from xuexin_api.services.archive.correction_view import CorrectionEvent, CorrectionLine, CorrectionView, FieldWish
from xuexin_api.services.archive.corrections import CorrectionPage
from xuexin_api.services.photos.sent_photos import PhotoView
from xuexin_api.services.staff.correction_lookup import DeskLine, DeskPage

_S: Final = CorrectionState
_SUBMITTED: Final = CorrectionEvent("submitted", "student", None, "分班名单上我在计科2302班。", NOW)
_TAKEN: Final = CorrectionEvent("taken", "school", None, None, NOW)
_LINE: Final = CorrectionLine(
    id=AN_ID,
    enrollment_id=AN_ID,
    record=RecordKind.ENROLLMENT,
    institution_code="4199990001",
    institution_name="示例大学",
    fields=["class_name"],
    state=_S.SUBMITTED,
    holder=CorrectionHolder.SCHOOL,
    since=NOW,
    deadline=NOW + timedelta(days=15),
    overdue=False,
    submitted_at=NOW,
    decided_at=None,
    reason=None,
    note=None,
    next=(Option("await_school"),),
)
_VIEW: Final = CorrectionView(
    _LINE, [FieldWish("class_name", "计科2301", "计科2302")], [replace(RECEIVED, side=None)], [_SUBMITTED]
)


def _said(
    state: CorrectionState, actor: str, reason: str, note: str | None, next_step: str, **line: object
) -> CorrectionView:
    """After one more step, with its reason."""
    ended = line or {"holder": None, "deadline": None, "decided_at": NOW}
    changed = {"state": state, "reason": reason, "note": note, "next": (Option(next_step),)} | ended
    event = CorrectionEvent(str(state), actor, reason, note, NOW)
    return replace(_VIEW, line=replace(_LINE, **changed), log=[_SUBMITTED, _TAKEN, event])  # type: ignore[arg-type]


_IN_REVIEW: Final = replace(_VIEW, line=replace(_LINE, state=_S.SCHOOL_REVIEW), log=[_SUBMITTED, _TAKEN])
_RETURNED: Final = _said(
    _S.RETURNED,
    "school",
    "proof_missing",
    "请补充盖章的分班名单。",
    "submit_again",
    holder=CorrectionHolder.STUDENT,
    deadline=NOW + timedelta(days=30),
)
_FORWARDED: Final = _said(
    _S.FORWARDED,
    "service",
    "school_overdue",
    None,
    "await_province",
    holder=CorrectionHolder.PROVINCE,
    deadline=NOW + timedelta(days=30),
)
_AT_PROVINCE: Final = replace(
    _FORWARDED,
    line=replace(_FORWARDED.line, state=_S.PROVINCE_REVIEW),
    log=[*_FORWARDED.log, CorrectionEvent("taken", "province", None, None, NOW)],
)
_OVERDUE: Final = replace(_AT_PROVINCE, line=replace(_AT_PROVINCE.line, deadline=NOW, overdue=True))
_APPLIED: Final = _said(_S.APPLIED, "school", "registered_wrongly", "已核对分班名单。", "read_record")
_DECLINED: Final = _said(_S.DECLINED, "school", "record_is_right", "与盖章的名单一致。", "ask_school")
_WITHDRAWN: Final = replace(
    _VIEW,
    line=replace(_LINE, state=_S.WITHDRAWN, holder=None, deadline=None, next=(Option("correct_again"),)),
    proofs=[replace(ERASED, side=None)],
    log=[_SUBMITTED, CorrectionEvent("withdrawn", "student", None, None, NOW)],
)
_ALL: Final = (_VIEW, _IN_REVIEW, _RETURNED, _FORWARDED, _AT_PROVINCE, _APPLIED, _DECLINED, _WITHDRAWN)
_WAITING: Final = DeskLine(
    id=AN_ID,
    record="enrollment",
    fields=["class_name"],
    institution_code="4199990001",
    institution_name="示例大学",
    state="submitted",
    submitted_at=NOW,
    since=NOW,
    deadline=NOW + timedelta(days=15),
    overdue=False,
    assigned=False,
    mine=False,
    decided_at=None,
)
_MINE: Final = replace(_WAITING, state="school_review", assigned=True, mine=True)
_SENT: Final = replace(_WAITING, state="forwarded", overdue=True, deadline=NOW)
_TAKEN_THERE: Final = replace(_MINE, state="province_review")
_BACK: Final = replace(_WAITING, state="returned", deadline=NOW + timedelta(days=30))
_APPLIED_THERE, _DECLINED_THERE = (
    replace(_WAITING, state=state, deadline=None, decided_at=NOW) for state in ("applied", "declined")
)


def _one(view: CorrectionView) -> Callable[[Language], BaseModel]:
    return lambda language: record_correction(view, language)


def _some(*views: CorrectionView) -> Callable[[Language], BaseModel]:
    return lambda language: record_correction_list(CorrectionPage([view.line for view in views], None), language)


def _pictures(*views: PhotoView) -> Callable[[Language], BaseModel]:
    return lambda language: proof_picture_list([replace(view, side=None) for view in views], language)


def _at_desk(view: CorrectionView, why: WhyProvince | None = None) -> Callable[[Language], BaseModel]:
    seen = replace(view, proofs=[replace(SEEN, side=None)])
    return lambda language: DeskCorrection(
        correction=record_correction(seen, language),
        enrollment=STUDYING,
        version=3,
        certificate=None,
        degree=None,
        asker=Asker(name="示例同学", verified_strength="strong"),
        province_needed=why,
        decisions=decisions(view.line.state, view.line.record, view.line.fields, applies=why is None, returns=True),
    )


CORRECTIONS: Final[Examples] = {
    "send_correction_proof": {
        "received": Shown(
            "Kept; a correction takes it along.", lambda language: proof_picture(replace(RECEIVED, side=None), language)
        )
    },
    "list_correction_proofs": {
        "some": Shown("One that is kept, and one that was refused.", _pictures(RECEIVED, REFUSED)),
        "none": Shown("None.", _pictures()),
    },
    "submit_correction": {"submitted": Shown("The school has it.", _one(_VIEW))},
    "list_corrections": {"some": Shown("In each state.", _some(*_ALL)), "none": Shown("None.", _some())},
    "get_correction": {
        "submitted": Shown("It waits for the school.", _one(_VIEW)),
        "in_review": Shown("Somebody there has it.", _one(_IN_REVIEW)),
        "returned": Shown("Something is missing.", _one(_RETURNED)),
        "forwarded": Shown("The school let its time pass.", _one(_FORWARDED)),
        "at_the_province": Shown("The province has it.", _one(_AT_PROVINCE)),
        "overdue": Shown("The province let its time pass.", _one(_OVERDUE)),
        "applied": Shown("The record is as it should be.", _one(_APPLIED)),
        "declined": Shown("The record stays as it is.", _one(_DECLINED)),
    },
    "submit_correction_again": {"submitted": Shown("The school has it again.", _one(_VIEW))},
    "withdraw_correction": {"withdrawn": Shown("Asked no longer.", _one(_WITHDRAWN))},
    "list_correction_queue": {
        "school": Shown("Of a school.", correction_queue(DeskPage([_MINE, _WAITING], None))),
        "province": Shown("Of a province.", correction_queue(DeskPage([_SENT, _TAKEN_THERE], None))),
        "returned": Shown("With their students.", correction_queue(DeskPage([_BACK], None))),
        "applied": Shown("Applied.", correction_queue(DeskPage([_APPLIED_THERE], None))),
        "declined": Shown("Declined.", correction_queue(DeskPage([_DECLINED_THERE], None))),
        "none": Shown("Nothing waits.", correction_queue(DeskPage([], None))),
    },
    "take_correction": {
        "school": Shown("It is a registrar's now.", waiting_correction(_MINE)),
        "province": Shown("It is a province's now.", waiting_correction(_TAKEN_THERE)),
    },
    "view_correction": {
        "school": Shown("The school may decide all of it.", _at_desk(_IN_REVIEW)),
        "province_needed": Shown("The school may not apply it by itself.", _at_desk(_IN_REVIEW, "frozen")),
        "province": Shown("At the province.", _at_desk(_AT_PROVINCE)),
        "decided": Shown("It has left the desk.", _at_desk(_APPLIED)),
    },
}
