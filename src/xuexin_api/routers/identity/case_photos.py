"""Hand-held photos of an identity case."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from xuexin_api.core.errors import (
    CaseClosedError,
    CaseNotFoundError,
    UploadNotFoundError,
)
from xuexin_api.dependencies.callers import LOGGED_IN, CallerClaims, RequestLanguage
from xuexin_api.dependencies.identity import case_photo_service
from xuexin_api.openapi import JPEG, once, photo_form, refusals
from xuexin_api.routers.identity.photo_presentation import handheld_photo, photo_answer
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.photo_form import PHOTO_REFUSALS, SIDES, PhotoRoute, SentPhotoForm, WantsFit
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.photos import HandheldPhoto
from xuexin_api.services.photos.sent_photos import SentPhotoService

_PREFIX = "/v1/identity-cases/{case_id}/photos"
router = APIRouter(prefix=_PREFIX, tags=["identity cases"], route_class=StrictRoute)
form_router = APIRouter(prefix=_PREFIX, tags=["identity cases"], route_class=PhotoRoute)
Photos = Annotated[SentPhotoService, Depends(case_photo_service)]


@form_router.post(
    "",
    status_code=201,
    summary="Send a hand-held photo",
    openapi_extra=once(secret=False) | photo_form(*SIDES),
    responses=refusals(
        *LOGGED_IN,
        CaseNotFoundError,
        CaseClosedError,
        *PHOTO_REFUSALS,
    ),
)
async def send_case_photo(
    case_id: PathId,
    claims: CallerClaims,
    language: RequestLanguage,
    photos: Photos,
    form: SentPhotoForm,
    fit: WantsFit = False,  # noqa: FBT002 - a parameter of the address
) -> HandheldPhoto:
    """手持证件照: upper body and arm in the picture, face and every character of the card clear; front and back.

    The claimant sends both sides before the case is handed in; a holder who is told of a claim may send them as well.
    A new photo of a side takes the place of the earlier one. The answer says what arrived and which rules it kept; one
    that breaks a rule is refused, and shown in the case with the reason.
    """
    return handheld_photo(await photos.take(case_id, claims, form, fit=fit), language)


@router.get(
    "/{photo_id}",
    summary="My photo again",
    response_class=Response,
    responses=refusals(*LOGGED_IN, UploadNotFoundError) | JPEG,
)
async def get_case_photo(case_id: PathId, photo_id: PathId, claims: CallerClaims, photos: Photos) -> Response:
    """As it is kept, until it is erased. One's own only: the other side's photos are seen by reviewers alone."""
    return photo_answer(await photos.get(case_id, photo_id, claims))


@router.delete(
    "/{photo_id}",
    status_code=204,
    summary="Take my photo back",
    responses=refusals(*LOGGED_IN, CaseNotFoundError, CaseClosedError, UploadNotFoundError),
)
async def delete_case_photo(case_id: PathId, photo_id: PathId, claims: CallerClaims, photos: Photos) -> None:
    """Before the case is handed in, and of a holder before a reviewer looked: it is erased at once."""
    await photos.remove(case_id, photo_id, claims)
