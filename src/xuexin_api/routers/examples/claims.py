"""Claims in each of their states, and former identities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from pydantic import BaseModel

from xuexin_api.core.errors import Option
from xuexin_api.core.messages import Language
from xuexin_api.core.record_claims import ClaimHolder, ClaimState, decisions
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.archive.claim_presentation import (
    former_identity_list,
    held_claim,
    held_claim_list,
    office_claim_list,
    record_claim,
    record_claim_list,
)
from xuexin_api.routers.examples.accounts import AN_ID, NOW
from xuexin_api.routers.examples.archive import STUDYING
from xuexin_api.routers.examples.photos import RECEIVED, SEEN
from xuexin_api.routers.identity.photo_presentation import proof_picture, proof_picture_list
from xuexin_api.schemas.claims import Claimant, OfficeClaim, OfficeHolder
from xuexin_api.services.archive.claim_view import ClaimEvent, ClaimView
from xuexin_api.services.archive.claims import ClaimPage
from xuexin_api.services.archive.former_identities import FormerIdentityView
from xuexin_api.services.archive.held_claims import HeldClaim, HeldClaimPage
from xuexin_api.services.staff.claims import ClaimLine, ClaimLines

_OPENED: Final = ClaimEvent("opened", "student", None, None, NOW)
_HANDED_IN: Final = ClaimEvent("submitted", "student", None, None, NOW)
_DRAFT: Final = ClaimView(
    id=AN_ID,
    kind="enrollment",
    state=ClaimState.DRAFT,
    institution_code="4199990001",
    institution_name="示例大学",
    differing_fields=["document_number"],
    opened_at=NOW,
    holder=ClaimHolder.STUDENT,
    since=NOW,
    due_at=NOW + timedelta(days=7),
    overdue=False,
    forwarded_at=None,
    expires_at=NOW + timedelta(days=7),
    statement=None,
    former_name=None,
    former_document_number_masked=None,
    submitted_at=None,
    decided_at=None,
    reason=None,
    note=None,
    undo_until=None,
    enrollment_id=None,
    log=[_OPENED],
    next=(Option("submit_claim"),),
)
_WAITING: Final = replace(
    _DRAFT,
    state=ClaimState.SCHOOL_REVIEW,
    holder=ClaimHolder.SCHOOL,
    due_at=NOW + timedelta(days=15),
    expires_at=None,
    statement="入学后更改过姓名和证件号码。",
    former_name="旧名同学",
    former_document_number_masked="4301**********1234",
    submitted_at=NOW,
    log=[_OPENED, _HANDED_IN],
    next=(Option("await_school"),),
)
_HELD: Final = replace(_WAITING, next=(Option("await_school"), Option("use_other_account")))
_FORWARDED: Final = replace(
    _WAITING,
    state=ClaimState.PROVINCE_REVIEW,
    holder=ClaimHolder.PROVINCE,
    due_at=NOW + timedelta(days=30),
    forwarded_at=NOW,
    log=[_OPENED, _HANDED_IN, ClaimEvent("forwarded", "school", "cannot_be_told", "当时的档案未移交本校。", NOW)],
    next=(Option("await_province"),),
)
_OVERDUE: Final = replace(
    _FORWARDED,
    overdue=True,
    since=NOW - timedelta(days=31),
    due_at=NOW - timedelta(days=1),
    forwarded_at=NOW - timedelta(days=31),
    log=[_OPENED, _HANDED_IN, ClaimEvent("escalated", "service", None, None, NOW - timedelta(days=31))],
)
_ENDED: Final = replace(_WAITING, holder=None, due_at=None, decided_at=NOW)
_GRANTED: Final = replace(
    _ENDED,
    state=ClaimState.GRANTED,
    reason="identity_changed",
    note="已核对户籍证明。",
    undo_until=NOW + timedelta(days=30),
    enrollment_id=AN_ID,
    log=[_OPENED, _HANDED_IN, ClaimEvent("granted", "school", "identity_changed", "已核对户籍证明。", NOW)],
    next=(Option("read_record"),),
)
_DECLINED: Final = replace(
    _ENDED,
    state=ClaimState.DECLINED,
    reason="proof_missing",
    log=[_OPENED, _HANDED_IN, ClaimEvent("declined", "school", "proof_missing", None, NOW)],
    next=(Option("ask_school"),),
)
_WITHDRAWN: Final = replace(
    _WAITING,
    state=ClaimState.WITHDRAWN,
    holder=None,
    due_at=None,
    log=[_OPENED, _HANDED_IN, ClaimEvent("withdrawn", "student", None, None, NOW)],
    next=(Option("claim_again"),),
)
_EXPIRED: Final = replace(
    _DRAFT, state=ClaimState.EXPIRED, holder=None, due_at=None, expires_at=None, next=(Option("claim_again"),)
)
_UNDONE: Final = replace(
    _ENDED,
    state=ClaimState.UNDONE,
    reason="granted_by_mistake",
    log=[*_GRANTED.log, ClaimEvent("undone", "school", "granted_by_mistake", None, NOW)],
    next=(Option("ask_school"),),
)
_CLAIMANT: Final = Claimant(
    name="示例同学",
    sex="female",
    birth_date=date(2005, 3, 7),
    document_type="SFZ",
    document_number_masked="4301**********5678",
    verified_strength="strong",
    former_name_fits=True,
    former_document_fits=True,
    known_before=False,
)
_NO: Final = "该学籍为本人所有，从未更改证件。"
_TOLD: Final = OfficeHolder(told_at=NOW, grant_from=NOW + timedelta(days=7), objected_at=None, objection=None)
_TO_MINE: Final = HeldClaim(
    id=AN_ID,
    enrollment_id=AN_ID,
    institution_code="4199990001",
    institution_name="示例大学",
    state=ClaimState.PROVINCE_REVIEW,
    told_at=NOW,
    grant_from=NOW + timedelta(days=7),
    objected_at=None,
    objection=None,
    decided_at=None,
    reason=None,
    undo_until=None,
    object_until=None,
    next=(Option("object_to_claim"),),
)
_OBJECTED: Final = replace(_TO_MINE, objected_at=NOW, objection=_NO, next=())
_GIVEN: Final = replace(
    _TO_MINE,
    state=ClaimState.GRANTED,
    decided_at=NOW + timedelta(days=8),
    reason="registered_wrongly",
    undo_until=NOW + timedelta(days=38),
    object_until=NOW + timedelta(days=38),
)
_AT_SCHOOL: Final = replace(_TO_MINE, state=ClaimState.SCHOOL_REVIEW)
_KEPT: Final = replace(_OBJECTED, state=ClaimState.DECLINED, decided_at=NOW, reason="another_person")
_LEFT: Final = replace(_OBJECTED, state=ClaimState.WITHDRAWN)
_BACK: Final = replace(
    _GIVEN, state=ClaimState.UNDONE, reason="another_person", undo_until=None, object_until=None, next=()
)
_FORMER: Final = FormerIdentityView(
    id=AN_ID,
    name="旧名同学",
    document_type="SFZ",
    document_number_masked="4301**********1234",
    institution_code="4199990001",
    institution_name="示例大学",
    since=date(2023, 9, 1),
    until=date(2026, 11, 23),
    undone_at=None,
)
_LINE: Final = ClaimLine(
    AN_ID,
    "school_review",
    "enrollment",
    ["document_number"],
    submitted_at=NOW,
    since=NOW,
    due_at=NOW + timedelta(days=15),
    overdue=False,
    objected=False,
    decided_at=None,
)


def _one(view: ClaimView) -> Callable[[Language], BaseModel]:
    return lambda language: record_claim(view, language)


def _mine(*views: ClaimView) -> Callable[[Language], BaseModel]:
    return lambda language: record_claim_list(ClaimPage(list(views), None), language)


def _lines(state: str) -> BaseModel:
    line = replace(_LINE, state=state, due_at=None, decided_at=NOW)
    return office_claim_list(ClaimLines([line], None))


def _office(
    view: ClaimView, desk: ClaimHolder = ClaimHolder.SCHOOL, *, holder: OfficeHolder | None = None
) -> Callable[[Language], BaseModel]:
    can = decisions(view.state, desk, forwarded=view.forwarded_at is not None)
    if holder is not None:
        del can["grant"]
    return lambda language: OfficeClaim(
        claim=record_claim(view, language),
        enrollment=STUDYING,
        claimant=_CLAIMANT,
        held=holder is not None,
        holder=holder,
        transferred_to=None,
        proofs=[proof_picture(replace(SEEN, side=None), language)],
        decisions=can,
    )


CLAIMS: Final[Examples] = {
    "claim_record": {"differs": Shown("The record is there, and these fields differ.", _one(_DRAFT))},
    "list_record_claims": {
        "some": Shown(
            "In each state.", _mine(_DRAFT, _WAITING, _FORWARDED, _GRANTED, _DECLINED, _WITHDRAWN, _EXPIRED, _UNDONE)
        ),
        "none": Shown("None.", _mine()),
    },
    "get_record_claim": {
        "with_the_school": Shown("It waits for the school.", _one(_WAITING)),
        "held": Shown("Another verified account has the record.", _one(_HELD)),
        "with_the_province": Shown("The school sent it to its province.", _one(_FORWARDED)),
        "overdue": Shown("The province is late, and the school was.", _one(_OVERDUE)),
        "granted": Shown("The record shows.", _one(_GRANTED)),
    },
    "send_claim_proof": {
        "received": Shown("Kept.", lambda language: proof_picture(replace(RECEIVED, side=None), language))
    },
    "list_claim_proofs": {
        "some": Shown(
            "One that waits, one that was looked at.",
            lambda language: proof_picture_list([replace(RECEIVED, side=None), replace(SEEN, side=None)], language),
        ),
        "none": Shown("None.", lambda language: proof_picture_list([], language)),
    },
    "submit_record_claim": {"submitted": Shown("The school has it.", _one(_WAITING))},
    "withdraw_record_claim": {"withdrawn": Shown("Asked no longer.", _one(_WITHDRAWN))},
    "list_held_claims": {
        "some": Shown(
            "In each state, and one that was objected to.",
            lambda language: held_claim_list(
                HeldClaimPage([_TO_MINE, _OBJECTED, _AT_SCHOOL, _GIVEN, _KEPT, _LEFT, _BACK], None), language
            ),
        ),
        "none": Shown("None.", lambda language: held_claim_list(HeldClaimPage([], None), language)),
    },
    "object_to_claim": {"objected": Shown("It is heard.", lambda language: held_claim(_OBJECTED, language))},
    "list_former_identities": {
        "one": Shown("One.", former_identity_list([_FORMER])),
        "none": Shown("None.", former_identity_list([])),
    },
    "list_school_claims": {
        "waiting": Shown("Waiting.", office_claim_list(ClaimLines([_LINE], None))),
        "overdue": Shown(
            "In the province, too late.",
            office_claim_list(
                ClaimLines(
                    [replace(_LINE, state="province_review", due_at=NOW - timedelta(days=1), overdue=True)], None
                )
            ),
        ),
        **{
            state: Shown(f"With `state={state}`.", _lines(state))
            for state in ("granted", "declined", "withdrawn", "undone")
        },
        "none": Shown("None.", office_claim_list(ClaimLines([], None))),
    },
    "view_school_claim": {
        "waiting": Shown("To be decided.", _office(_WAITING)),
        "forwarded": Shown("To be decided by the province.", _office(_FORWARDED, ClaimHolder.PROVINCE)),
        "held": Shown("For the province: another account holds the record verified.", _office(_HELD, holder=_TOLD)),
        "objected": Shown(
            "The holder objects, and the notice has not run out.",
            _office(
                _FORWARDED, ClaimHolder.PROVINCE, holder=_TOLD.model_copy(update={"objected_at": NOW, "objection": _NO})
            ),
        ),
    },
    "forward_claim": {"forwarded": Shown("The province has it.", _office(_FORWARDED))},
    "grant_claim": {"granted": Shown("The record is the claimant's.", _office(_GRANTED))},
    "decline_claim": {"declined": Shown("It is not, as far as is proven.", _office(_DECLINED))},
    "undo_claim": {"undone": Shown("It went back.", _office(_UNDONE))},
}
