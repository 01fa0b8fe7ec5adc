"""Photos that people sent in the words of the contract."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from fastapi import Response

from xuexin_api.core.messages import Language, message
from xuexin_api.core.pictures import PictureHint, PictureRule
from xuexin_api.schemas import photos as schemas
from xuexin_api.schemas.types import Choice
from xuexin_api.services.photos.sent_photos import PhotoView

_OF_ANY_PICTURE: Final = "sharpness"
_PLAIN: Final = ("id", "side", "state", "decision", "width", "height", "reduced", "created_at", "erased_at")


def handheld_photo(view: PhotoView, language: Language) -> schemas.HandheldPhoto:
    return schemas.HandheldPhoto.model_validate(_shown(view, language))


def proof_picture(view: PhotoView, language: Language) -> schemas.ProofPicture:
    """Nobody holds a card in it: what is hinted is whether it can be read."""
    hints = [hint for hint in view.hints if hint["name"] == _OF_ANY_PICTURE]
    return schemas.ProofPicture.model_validate(_shown(replace(view, hints=hints), language))


def proof_picture_list(views: list[PhotoView], language: Language) -> schemas.ProofPictureList:
    return schemas.ProofPictureList(items=[proof_picture(view, language) for view in views])


def _shown(view: PhotoView, language: Language) -> dict[str, Any]:
    return {name: getattr(view, name) for name in _PLAIN} | {
        "reason": _reason(view, language),
        "received_sha256": view.sha256,
        "received_bytes": view.byte_size,
        "rules": [_rule(PictureRule(**rule), language) for rule in view.rules],
        "hints": [_hint(PictureHint(**hint), language) for hint in view.hints],
    }


def photo_answer(photo: bytes) -> Response:
    """The photo itself: what kind it is we say, for we drew it; nobody on the way keeps it."""
    return Response(photo, media_type="image/jpeg", headers={"Cache-Control": "no-store, private"})


def _reason(view: PhotoView, language: Language) -> Choice | None:
    """Refused by a rule, whose code finds the words of the broken one; or rejected by a reviewer."""
    if view.reason is None:
        return None
    if view.decision is None:
        broken = [PictureRule(**rule) for rule in view.rules if not rule["passed"]]
        return Choice(id=view.reason, title=broken[-1].said(language) if broken else message(view.reason, language))
    return Choice(id=view.reason, title=message(f"reason_{view.reason}", language))


def _rule(rule: PictureRule, language: Language) -> schemas.PhotoRule:
    return schemas.PhotoRule(name=rule.name, passed=rule.passed, said=rule.said(language))


def _hint(hint: PictureHint, language: Language) -> schemas.PhotoHint:
    return schemas.PhotoHint(name=hint.name, good=hint.good, said=hint.said(language))
