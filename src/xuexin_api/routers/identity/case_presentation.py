"""Cases in the words of the contract."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from xuexin_api.core.messages import Language, message
from xuexin_api.routers.identity.photo_presentation import handheld_photo
from xuexin_api.routers.presentation import choices
from xuexin_api.schemas import cases as schemas
from xuexin_api.schemas import staff as staff_schemas
from xuexin_api.schemas import vouching as vouching_schemas
from xuexin_api.schemas.identity import VerificationQuestion
from xuexin_api.schemas.types import Choice
from xuexin_api.services.identity.case_view import CaseView
from xuexin_api.services.identity.vouching import VouchingView
from xuexin_api.services.staff.review_desk import DeskCase

_PLAIN = (
    "id",
    "role",
    "state",
    "opened_at",
    "expires_at",
    "submitted_at",
    "effect_at",
    "decided_at",
    "undo_until",
    "classmates",
    "waiting",
)
_AT_THE_DESK = (
    "id",
    "state",
    "claimed_name",
    "sex",
    "document_type",
    "document_number",
    "account_opened_at",
    "submitted_at",
    "effect_at",
    "reviewers",
    "approvals",
    "photos",
    "records",
    "holders",
    "decisions",
)


def reason(code: str | None, language: Language, *, prefix: str = "reason") -> Choice | None:
    """Why."""
    return None if code is None else Choice(id=code, title=message(f"{prefix}_{code}", language))


def identity_case(view: CaseView, language: Language) -> schemas.IdentityCase:
    return schemas.IdentityCase.model_validate(
        {name: getattr(view, name) for name in _PLAIN}
        | {
            "reason": reason(view.reason, language),
            "questions": questions(view.questions, language),
            "evidence": _evidence(view, language),
            "photos": [handheld_photo(photo, language) for photo in view.photos],
            "log": _log(view, language),
            "next": choices(view.next, language),
        }
    )


def desk_case(view: DeskCase, language: Language) -> staff_schemas.DeskCase:
    return staff_schemas.DeskCase.model_validate(
        {name: getattr(view, name) for name in _AT_THE_DESK}
        | {
            "evidence": _evidence(view, language),
            "log": _log(view, language),
        }
    )


def _evidence(view: CaseView | DeskCase, language: Language) -> list[schemas.CaseEvidence]:
    return [case_evidence(row.kind, row.strength, row.at, language) for row in view.evidence]


def case_evidence(kind: str, strength: str, at: datetime, language: Language) -> schemas.CaseEvidence:
    return schemas.CaseEvidence.model_validate(
        {"kind": kind, "title": message(f"evidence_{kind}", language), "strength": strength, "at": at}
    )


def _log(view: CaseView | DeskCase, language: Language) -> list[schemas.CaseEvent]:
    return [
        case_event(event.kind, event.actor, event.at, language, why=event.reason, note=event.note) for event in view.log
    ]


def case_event(
    kind: str, actor: str, at: datetime, language: Language, *, why: str | None = None, note: str | None = None
) -> schemas.CaseEvent:
    prefix = "evidence" if kind == "evidence_accepted" else "reason"
    return schemas.CaseEvent.model_validate(
        {
            "kind": kind,
            "title": message(f"event_{kind}", language),
            "actor": actor,
            "reason": reason(why, language, prefix=prefix),
            "note": note,
            "at": at,
        }
    )


def questions(asked: Iterable[str], language: Language) -> list[VerificationQuestion]:
    return [
        VerificationQuestion.model_validate({"id": one, "title": message(f"question_{one}", language)}) for one in asked
    ]


def vouching_request(view: VouchingView, language: Language) -> vouching_schemas.VouchingRequest:
    statement = message(
        "vouching_statement",
        language,
        school=view.institution_name,
        programme=view.programme_name,
        class_name=view.class_name or "",
        name=view.claimed_name,
    )
    shown = {name: getattr(view, name) for name in VouchingView.__slots__}
    return vouching_schemas.VouchingRequest.model_validate(shown | {"statement": statement})
