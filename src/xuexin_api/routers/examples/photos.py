"""Hand-held photos, from the upload to the erasure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Final, get_args

from xuexin_api.core.errors import PictureTooLargeError
from xuexin_api.core.messages import Language
from xuexin_api.core.pictures import HintName, PictureHint, PictureRule, RuleName
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID, NOW
from xuexin_api.routers.identity.photo_presentation import handheld_photo
from xuexin_api.schemas.photos import HandheldPhoto
from xuexin_api.services.photos.sent_photos import PhotoView

_LIMITS: Final = {"limit": 1_048_576, "fit_limit": 8_388_608}
_KEPT: Final = {"size": 734_003, "kind": "JPEG", "width": 1200, "height": 900} | _LIMITS
_LARGE: Final = {"size": 3_145_728, "over": 2_097_152} | _LIMITS
RECEIVED: Final = PhotoView(
    id=AN_ID,
    side="front",
    state="received",
    decision=None,
    reason=None,
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    byte_size=734_003,
    width=1200,
    height=900,
    reduced=False,
    rules=[
        asdict(PictureRule(name, passed=True, code=f"picture_rule_{name}", params=_KEPT)) for name in get_args(RuleName)
    ],
    hints=[asdict(PictureHint(name, good=True, measured=1.0)) for name in get_args(HintName)],
    created_at=NOW,
    erased_at=None,
)
SEEN: Final = replace(RECEIVED, state="seen")
ACCEPTED: Final = replace(RECEIVED, state="accepted", decision="accepted")
REJECTED: Final = replace(RECEIVED, state="rejected", decision="rejected", reason="photos_unreadable")
ERASED: Final = replace(ACCEPTED, state="erased", erased_at=NOW + timedelta(days=60))
REFUSED: Final = replace(
    RECEIVED,
    state="refused",
    reason=PictureTooLargeError.code,
    byte_size=3_145_728,
    width=None,
    height=None,
    rules=[asdict(PictureRule("size", passed=False, code=PictureTooLargeError.code, params=_LARGE))],
    hints=[],
)


def photos(*views: PhotoView, language: Language) -> list[HandheldPhoto]:
    """Both sides, one after the other."""
    return [handheld_photo(replace(view, side=side), language) for view in views for side in ("front", "back")]


def _shown(view: PhotoView) -> Callable[[Language], HandheldPhoto]:
    return lambda language: handheld_photo(view, language)


_SENT: Final = {"received": Shown("Kept; nobody has looked at it.", _shown(RECEIVED))}
PHOTOS: Final[Examples] = {"send_case_photo": _SENT, "send_verification_photo": _SENT}
