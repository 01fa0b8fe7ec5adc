"""The desk for verifications by hand-held photos."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from xuexin_api.core.errors import (
    IdentityHeldError,
    PhotosNotSeenError,
    UploadNotFoundError,
    VerificationClosedError,
    VerificationNotFoundError,
)
from xuexin_api.core.staff import Decision
from xuexin_api.dependencies.callers import OF_STAFF, RequestLanguage, StaffClaims
from xuexin_api.dependencies.staff import verification_desk_service
from xuexin_api.openapi import JPEG, once, refusals
from xuexin_api.routers.identity.photo_presentation import photo_answer
from xuexin_api.routers.identity.verification_presentation import desk_verification
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.staff.assignments import DECIDING, HAVING, TAKING
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.staff import DeskVerification, QueuedVerification, VerificationDecision, VerificationQueue
from xuexin_api.services.staff.verification_desk import VerificationDeskService

router = APIRouter(prefix="/v1/staff/identity-verifications", tags=["staff"], route_class=StrictRoute)
Desk = Annotated[VerificationDeskService, Depends(verification_desk_service)]


@router.get("", summary="Photos that wait for people", responses=refusals(*OF_STAFF))
async def list_verification_queue(
    claims: StaffClaims, desk: Desk, cursor: PageCursor = None, limit: PageLimit = 50
) -> VerificationQueue:
    """Longest waiting first, each with its deadline; whom they are about stands only in what is one's own."""
    return VerificationQueue.model_validate(await desk.list_queue(claims, cursor=cursor, most=limit))


@router.post(
    "/{verification_id}/take",
    summary="Take a verification",
    openapi_extra=once(secret=False),
    responses=refusals(*TAKING, VerificationNotFoundError),
)
async def take_verification(verification_id: PathId, claims: StaffClaims, desk: Desk) -> QueuedVerification:
    """One reviewer at a time, and nobody about themselves."""
    return QueuedVerification.model_validate(await desk.take(verification_id, claims))


@router.post(
    "/{verification_id}/release",
    status_code=204,
    summary="Give a verification back",
    openapi_extra=once(secret=False),
    responses=refusals(*HAVING, VerificationNotFoundError),
)
async def release_verification(verification_id: PathId, claims: StaffClaims, desk: Desk) -> None:
    """For somebody else to take."""
    await desk.release(verification_id, claims)


@router.get(
    "/{verification_id}", summary="Look at my verification", responses=refusals(*DECIDING, VerificationNotFoundError)
)
async def view_verification(
    verification_id: PathId, claims: StaffClaims, language: RequestLanguage, desk: Desk
) -> DeskVerification:
    """Only while it is assigned to the asker. Each look is written down, and the applicant sees it."""
    return desk_verification(await desk.view(verification_id, claims), language)


@router.get(
    "/{verification_id}/photos/{photo_id}",
    summary="Look at a photo of my verification",
    response_class=Response,
    responses=refusals(*DECIDING, VerificationNotFoundError, UploadNotFoundError) | JPEG,
)
async def view_verification_photo(
    verification_id: PathId, photo_id: PathId, claims: StaffClaims, desk: Desk
) -> Response:
    """Who looked, when and why is written down first, and shown to the applicant."""
    return photo_answer(await desk.view_photo(verification_id, photo_id, claims))


@router.post(
    "/{verification_id}/decision",
    status_code=204,
    summary="Decide about photos",
    openapi_extra=once(secret=False),
    responses=refusals(
        *DECIDING, VerificationNotFoundError, PhotosNotSeenError, VerificationClosedError, IdentityHeldError
    ),
)
async def decide_verification(
    verification_id: PathId, body: VerificationDecision, claims: StaffClaims, desk: Desk
) -> None:
    """With a reason from the list. Accepted photos verify the account strongly, at once; either way it is told."""
    await desk.decide(verification_id, Decision(body.decision), body.reason, body.note, claims)
