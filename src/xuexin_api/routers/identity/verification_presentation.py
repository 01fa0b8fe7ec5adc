"""Verifications and their results in the words of the contract."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from xuexin_api.core.messages import Language, message
from xuexin_api.routers.identity.case_presentation import reason
from xuexin_api.routers.identity.photo_presentation import handheld_photo
from xuexin_api.routers.presentation import choices
from xuexin_api.schemas import identity as schemas
from xuexin_api.schemas import staff as staff_schemas
from xuexin_api.services.identity.verification_results import VerificationView
from xuexin_api.services.staff.verification_desk import DeskVerification

_PLAIN: Final = tuple(name for name in VerificationView.__slots__ if name not in {"reason", "photos", "log", "next"})
_AT_THE_DESK: Final = tuple(name for name in DeskVerification.__slots__ if name != "log")


def verification_result(view: VerificationView, language: Language) -> schemas.VerificationResult:
    return schemas.VerificationResult.model_validate(
        {name: getattr(view, name) for name in _PLAIN}
        | {
            "reason": reason(view.reason, language),
            "next": choices(view.next, language),
            "photos": [handheld_photo(photo, language) for photo in view.photos],
            "log": _log(view, language),
        }
    )


def desk_verification(view: DeskVerification, language: Language) -> staff_schemas.DeskVerification:
    return staff_schemas.DeskVerification.model_validate(
        {name: getattr(view, name) for name in _AT_THE_DESK} | {"log": _log(view, language)}
    )


def _log(view: VerificationView | DeskVerification, language: Language) -> list[schemas.VerificationEvent]:
    return [
        verification_event(event.kind, event.actor, event.at, language, why=event.reason, note=event.note)
        for event in view.log
    ]


def verification_event(
    kind: str, actor: str, at: datetime, language: Language, *, why: str | None = None, note: str | None = None
) -> schemas.VerificationEvent:
    return schemas.VerificationEvent.model_validate(
        {
            "kind": kind,
            "title": message(f"event_{kind}", language),
            "actor": actor,
            "reason": reason(why, language),
            "note": note,
            "at": at,
        }
    )
