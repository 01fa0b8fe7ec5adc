"""Hand-held photos of a verification."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from xuexin_api.core.errors import (
    UploadNotFoundError,
    VerificationClosedError,
    VerificationNotFoundError,
)
from xuexin_api.dependencies.callers import LOGGED_IN, CallerClaims, RequestLanguage
from xuexin_api.dependencies.identity import verification_photo_service
from xuexin_api.openapi import JPEG, once, photo_form, refusals
from xuexin_api.routers.identity.photo_presentation import handheld_photo, photo_answer
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.photo_form import PHOTO_REFUSALS, SIDES, PhotoRoute, SentPhotoForm, WantsFit
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.photos import HandheldPhoto
from xuexin_api.services.photos.sent_photos import SentPhotoService

_PREFIX = "/v1/identity-verifications/{verification_id}/photos"
router = APIRouter(prefix=_PREFIX, tags=["identity"], route_class=StrictRoute)
form_router = APIRouter(prefix=_PREFIX, tags=["identity"], route_class=PhotoRoute)
Photos = Annotated[SentPhotoService, Depends(verification_photo_service)]


@form_router.post(
    "",
    status_code=201,
    summary="Send a hand-held photo",
    openapi_extra=once(secret=False) | photo_form(*SIDES),
    responses=refusals(
        *LOGGED_IN,
        VerificationNotFoundError,
        VerificationClosedError,
        *PHOTO_REFUSALS,
    ),
)
async def send_verification_photo(
    verification_id: PathId,
    claims: CallerClaims,
    language: RequestLanguage,
    photos: Photos,
    form: SentPhotoForm,
    fit: WantsFit = False,  # noqa: FBT002 - a parameter of the address
) -> HandheldPhoto:
    """手持证件照: upper body and arm in the picture, face and every character of the card clear; front and back.

    Of the session that began the verification, before it is handed in. A new photo of a side takes the place of the
    earlier one. The answer says what arrived and which rules it kept; one that breaks a rule is refused, and shown in
    the verification with the reason.
    """
    return handheld_photo(await photos.take(verification_id, claims, form, fit=fit), language)


@router.get(
    "/{photo_id}",
    summary="My photo again",
    response_class=Response,
    responses=refusals(*LOGGED_IN, UploadNotFoundError) | JPEG,
)
async def get_verification_photo(
    verification_id: PathId, photo_id: PathId, claims: CallerClaims, photos: Photos
) -> Response:
    """As it is kept, until it is erased."""
    return photo_answer(await photos.get(verification_id, photo_id, claims))


@router.delete(
    "/{photo_id}",
    status_code=204,
    summary="Take my photo back",
    responses=refusals(*LOGGED_IN, VerificationNotFoundError, VerificationClosedError, UploadNotFoundError),
)
async def delete_verification_photo(
    verification_id: PathId, photo_id: PathId, claims: CallerClaims, photos: Photos
) -> None:
    """Before the verification is handed in: it is erased at once."""
    await photos.remove(verification_id, photo_id, claims)
