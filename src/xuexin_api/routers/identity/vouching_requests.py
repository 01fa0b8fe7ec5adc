"""Classmates who are asked to vouch."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    TooManyOperationsError,
    VouchedForOnlyError,
    VouchingCodeRejectedError,
    VouchingNotFoundError,
)
from xuexin_api.dependencies.callers import VERIFIED, CallerClaims, RequestLanguage
from xuexin_api.dependencies.identity import vouching_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.identity.case_presentation import vouching_request
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.vouching import Vouch, VouchingRequest, VouchingRequestList
from xuexin_api.services.identity.vouching import VouchingService

router = APIRouter(prefix="/v1/vouching-requests", tags=["identity cases"], route_class=StrictRoute)
Vouchings = Annotated[VouchingService, Depends(vouching_service)]


@router.get("", summary="Whom I am asked to vouch for", responses=refusals(*VERIFIED))
async def list_vouching_requests(
    claims: CallerClaims,
    language: RequestLanguage,
    vouchings: Vouchings,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> VouchingRequestList:
    """Newest first. `statement` is what one vouches for; needs a fresh verification."""
    page = await vouchings.list_mine(claims, cursor=cursor, most=limit)
    return VouchingRequestList(
        items=[vouching_request(view, language) for view in page.items], next_cursor=page.next_cursor
    )


@router.post(
    "/{vouching_id}/vouch",
    summary="Vouch for a classmate",
    openapi_extra=once(secret=False),
    responses=refusals(
        *VERIFIED, VouchingNotFoundError, VouchingCodeRejectedError, VouchedForOnlyError, TooManyOperationsError
    ),
)
async def vouch_for_classmate(
    vouching_id: PathId, body: Vouch, claims: CallerClaims, language: RequestLanguage, vouchings: Vouchings
) -> VouchingRequest:
    """By the code that the applicant told in person: it is what tells the classmate from whoever knows the name.

    Whom classmates let in vouches for nobody before a strong verification of their own.
    """
    return vouching_request(await vouchings.vouch(vouching_id, body.code, claims), language)


@router.post(
    "/{vouching_id}/decline",
    summary="Do not vouch",
    openapi_extra=once(secret=False),
    responses=refusals(*VERIFIED, VouchingNotFoundError),
)
async def decline_to_vouch(
    vouching_id: PathId, claims: CallerClaims, language: RequestLanguage, vouchings: Vouchings
) -> VouchingRequest:
    """No reason is asked for."""
    return vouching_request(await vouchings.decline(vouching_id, claims), language)
