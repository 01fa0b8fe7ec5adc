"""The help desk: requests to people, answered and closed by operators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from xuexin_api.core.errors import HelpRequestNotFoundError, HelpRequestOverError
from xuexin_api.dependencies.callers import OF_STAFF, StaffClaims
from xuexin_api.dependencies.operators import help_desk_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.help_desk import DeskHelpRequest, HelpRequestAnswer, HelpRequestQueue, HelpRequestState
from xuexin_api.services.staff.help_desk import HelpDeskService

router = APIRouter(prefix="/v1/staff/help-requests", tags=["staff"], route_class=StrictRoute)
Desk = Annotated[HelpDeskService, Depends(help_desk_service)]
_THE_REQUEST = (*OF_STAFF, HelpRequestNotFoundError)


@router.get("", summary="Requests that wait for a person", responses=refusals(*OF_STAFF))
async def list_help_request_queue(
    claims: StaffClaims,
    desk: Desk,
    state: Annotated[HelpRequestState, Query(description="In which state.", examples=["open"])] = "open",
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> HelpRequestQueue:
    """Oldest first, each with its age; what was written stands inside."""
    return HelpRequestQueue.model_validate(await desk.list_requests(state, claims, cursor=cursor, most=limit))


@router.get("/{request_id}", summary="Look at a request", responses=refusals(*_THE_REQUEST))
async def view_help_request(request_id: PathId, claims: StaffClaims, desk: Desk) -> DeskHelpRequest:
    """The question, how to reach the asker, and what was answered. Each look is written down."""
    return DeskHelpRequest.model_validate(await desk.view(request_id, claims))


@router.post(
    "/{request_id}/answer",
    status_code=204,
    summary="Answer a request",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_REQUEST, HelpRequestOverError),
)
async def answer_help_request(request_id: PathId, body: HelpRequestAnswer, claims: StaffClaims, desk: Desk) -> None:
    """One that is open, once. The asker reads the answer, and not who wrote it."""
    await desk.answer(request_id, body.text, claims)


@router.post(
    "/{request_id}/close",
    status_code=204,
    summary="Close a request",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_REQUEST, HelpRequestOverError),
)
async def close_help_request(request_id: PathId, claims: StaffClaims, desk: Desk) -> None:
    """Answered or not; an answer stays."""
    await desk.close(request_id, claims)
