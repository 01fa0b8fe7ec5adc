"""Claims to records, at the desks of schools and provinces."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from xuexin_api.core.errors import (
    ClaimClosedError,
    ClaimNotFoundError,
    ClaimNoticeRunningError,
    NotYoursToDecideError,
    ObjectionUnreadError,
    RecordChangedError,
    RecordHeldError,
    RecordTransferredError,
    UploadNotFoundError,
)
from xuexin_api.core.record_claims import ClaimStep
from xuexin_api.dependencies.callers import OF_STAFF, RequestLanguage, StaffClaims
from xuexin_api.dependencies.staff import claim_desk_service
from xuexin_api.openapi import JPEG, once, refusals
from xuexin_api.routers.archive.claim_presentation import office_claim, office_claim_list, verdict
from xuexin_api.routers.identity.photo_presentation import photo_answer
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.claims import ClaimDecision, HandedIn, OfficeClaim, OfficeClaimList
from xuexin_api.services.staff.claims import ClaimDeskService

router = APIRouter(prefix="/v1/staff/claims", tags=["staff"], route_class=StrictRoute)
Desk = Annotated[ClaimDeskService, Depends(claim_desk_service)]
_THE_CLAIM = (*OF_STAFF, ClaimNotFoundError)
_DECIDING = (*_THE_CLAIM, ClaimClosedError, NotYoursToDecideError)


@router.get("", summary="Claims at my desk", responses=refusals(*OF_STAFF))
async def list_school_claims(
    claims: StaffClaims,
    desk: Desk,
    state: Annotated[HandedIn | None, Query(description="In which state; none: what waits for me.")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> OfficeClaimList:
    """Of a registrar's school, or gone to a member's province: longest waiting first; what is decided, newest first.

    Who asks is seen in each, and each look is written down.
    """
    return office_claim_list(await desk.list_claims(state, claims, cursor=cursor, most=limit))


@router.get("/{claim_id}", summary="One claim at my desk", responses=refusals(*_THE_CLAIM))
async def view_school_claim(
    claim_id: PathId, claims: StaffClaims, language: RequestLanguage, desk: Desk
) -> OfficeClaim:
    """The record, who asks for it, and what they say. Both persons can read that it was looked at."""
    return office_claim(await desk.view(claim_id, claims), language)


@router.get(
    "/{claim_id}/proofs/{photo_id}",
    summary="Look at a picture of a claim",
    response_class=Response,
    responses=refusals(*_THE_CLAIM, UploadNotFoundError) | JPEG,
)
async def view_claim_proof(claim_id: PathId, photo_id: PathId, claims: StaffClaims, desk: Desk) -> Response:
    """Who looked, and when, is written down first, and shown to its student."""
    return photo_answer(await desk.view_proof(claim_id, photo_id, claims))


@router.post(
    "/{claim_id}/forward",
    summary="The province is to decide",
    openapi_extra=once(secret=False),
    responses=refusals(*_DECIDING),
)
async def forward_claim(
    claim_id: PathId, body: ClaimDecision, claims: StaffClaims, language: RequestLanguage, desk: Desk
) -> OfficeClaim:
    """The school cannot tell. What it leaves alone goes there by itself."""
    return office_claim(await desk.decide(claim_id, ClaimStep.FORWARD, verdict(body), claims), language)


@router.post(
    "/{claim_id}/grant",
    summary="The record is the claimant's",
    openapi_extra=once(secret=False),
    responses=refusals(
        *_DECIDING, RecordHeldError, RecordTransferredError, ClaimNoticeRunningError, ObjectionUnreadError
    ),
)
async def grant_claim(
    claim_id: PathId, body: ClaimDecision, claims: StaffClaims, language: RequestLanguage, desk: Desk
) -> OfficeClaim:
    """It shows in the claimant's archive from now on; what it says stays. Rosters with the old number mean them.

    Where another account holds the record verified, only the province can: after notice, and with its objection read.
    So it is where the student went to another school while the claim waited: what the record became there goes along.
    """
    return office_claim(await desk.decide(claim_id, ClaimStep.GRANT, verdict(body), claims), language)


@router.post(
    "/{claim_id}/decline",
    summary="The record is not the claimant's, as far as is proven",
    openapi_extra=once(secret=False),
    responses=refusals(*_DECIDING),
)
async def decline_claim(
    claim_id: PathId, body: ClaimDecision, claims: StaffClaims, language: RequestLanguage, desk: Desk
) -> OfficeClaim:
    """Nothing changes; the student may claim anew."""
    return office_claim(await desk.decide(claim_id, ClaimStep.DECLINE, verdict(body), claims), language)


@router.post(
    "/{claim_id}/undo",
    summary="Take a granted record back",
    openapi_extra=once(secret=False),
    responses=refusals(*_DECIDING, RecordChangedError),
)
async def undo_claim(
    claim_id: PathId, body: ClaimDecision, claims: StaffClaims, language: RequestLanguage, desk: Desk
) -> OfficeClaim:
    """For some time after, by whoever granted: the record, what it became by 转学, and what rosters brought go back."""
    return office_claim(await desk.decide(claim_id, ClaimStep.UNDO, verdict(body), claims), language)
