"""The review desk."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from xuexin_api.core.errors import (
    CaseClosedError,
    CaseNotFoundError,
    CaseOvertakenError,
    HolderChangedError,
    PhotosNotSeenError,
    UploadNotFoundError,
)
from xuexin_api.core.staff import Decision
from xuexin_api.dependencies.callers import OF_STAFF, RequestLanguage, StaffClaims
from xuexin_api.dependencies.staff import review_desk_service
from xuexin_api.openapi import JPEG, once, refusals
from xuexin_api.routers.identity.case_presentation import desk_case
from xuexin_api.routers.identity.photo_presentation import photo_answer
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.staff.assignments import DECIDING, HAVING, TAKING
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.staff import CaseDecision, DeskCase, QueuedCase, ReviewQueue
from xuexin_api.services.staff.review_desk import ReviewDeskService

router = APIRouter(prefix="/v1/staff/identity-cases", tags=["staff"], route_class=StrictRoute)
Desk = Annotated[ReviewDeskService, Depends(review_desk_service)]
_THE_CASE = (CaseNotFoundError, CaseClosedError)


@router.get("", summary="Cases that wait for people", responses=refusals(*OF_STAFF))
async def list_review_queue(
    claims: StaffClaims,
    desk: Desk,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> ReviewQueue:
    """Longest waiting first, each with its deadline; whom they are about stands only in a case that is one's own."""
    return ReviewQueue.model_validate(await desk.list_queue(claims, cursor=cursor, most=limit))


@router.post(
    "/{case_id}/take",
    summary="Take a case",
    openapi_extra=once(secret=False),
    responses=refusals(*TAKING, *_THE_CASE),
)
async def take_case(case_id: PathId, claims: StaffClaims, desk: Desk) -> QueuedCase:
    """One reviewer at a time. A case that has to do with oneself, or that one decided before, is not one's own."""
    return QueuedCase.model_validate(await desk.take(case_id, claims))


@router.post(
    "/{case_id}/release",
    status_code=204,
    summary="Give a case back",
    openapi_extra=once(secret=False),
    responses=refusals(*HAVING, *_THE_CASE),
)
async def release_case(case_id: PathId, claims: StaffClaims, desk: Desk) -> None:
    """For somebody else to take."""
    await desk.release(case_id, claims)


@router.get(
    "/{case_id}",
    summary="Look at my case",
    responses=refusals(*DECIDING, *_THE_CASE),
)
async def view_case(case_id: PathId, claims: StaffClaims, language: RequestLanguage, desk: Desk) -> DeskCase:
    """Only while it is assigned to the asker. Each look is written down, and the applicant sees it."""
    return desk_case(await desk.view(case_id, claims), language)


@router.get(
    "/{case_id}/photos/{photo_id}",
    summary="Look at a photo of my case",
    response_class=Response,
    responses=refusals(*DECIDING, *_THE_CASE, UploadNotFoundError) | JPEG,
)
async def view_case_photo(case_id: PathId, photo_id: PathId, claims: StaffClaims, desk: Desk) -> Response:
    """Only while the case is assigned to the asker.

    Who looked, when and why is written down first, and shown to the applicant.
    """
    return photo_answer(await desk.view_photo(case_id, photo_id, claims))


@router.post(
    "/{case_id}/decision",
    status_code=204,
    summary="Decide",
    openapi_extra=once(secret=False),
    responses=refusals(*DECIDING, *_THE_CASE, PhotosNotSeenError, CaseOvertakenError, HolderChangedError),
)
async def decide_case(case_id: PathId, body: CaseDecision, claims: StaffClaims, desk: Desk) -> None:
    """One reviewer's word, with a reason from the list.

    A no ends a claim. A yes counts when there are enough of them, and takes effect when the notice has run out.
    """
    await desk.decide(case_id, Decision(body.decision), body.reason, body.note, claims)
