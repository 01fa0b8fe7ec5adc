"""Asking a person, where no article answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    AddressLimitedError,
    HelpRequestNotFoundError,
    TokenInvalidError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import LOGGED_IN, CallerClaims, RequestSource, SentClaims
from xuexin_api.dependencies.help import help_request_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.help.help_presentation import request_made
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.help_requests import (
    CheckHelpRequest,
    CreateHelpRequest,
    HelpRequest,
    HelpRequestList,
    HelpRequestMade,
)
from xuexin_api.services.help.requests import HelpRequestService

router = APIRouter(prefix="/v1/help/requests", tags=["help"], route_class=StrictRoute)
Requests = Annotated[HelpRequestService, Depends(help_request_service)]


@router.post(
    "",
    status_code=201,
    summary="Ask a person",
    openapi_extra=once(secret=True),
    responses=refusals(TokenInvalidError, AddressLimitedError, TooManyOperationsError),
)
async def create_help_request(
    body: CreateHelpRequest, source: RequestSource, claims: SentClaims, requests: Requests
) -> HelpRequestMade:
    """With an access token it is the account's; without one, keep the secret: it is told once."""
    made = await requests.submit(body.question, contact=body.contact, claims=claims, network=source.network)
    return request_made(made)


@router.get("", summary="My requests to people", responses=refusals(*LOGGED_IN))
async def list_help_requests(
    claims: CallerClaims, requests: Requests, cursor: PageCursor = None, limit: PageLimit = 20
) -> HelpRequestList:
    """Those of the account, newest first, with their answers."""
    return HelpRequestList.model_validate(await requests.list_own(claims, cursor=cursor, most=limit))


@router.delete(
    "/{request_id}",
    status_code=204,
    summary="Erase a request of mine",
    responses=refusals(*LOGGED_IN, HelpRequestNotFoundError),
)
async def delete_help_request(request_id: PathId, claims: CallerClaims, requests: Requests) -> None:
    """The question and its answer are deleted."""
    await requests.erase(request_id, claims)


@router.post(
    "/{request_id}/check",
    summary="See what became of a request without an account",
    responses=refusals(HelpRequestNotFoundError, AddressLimitedError),
)
async def check_help_request(
    request_id: PathId, body: CheckHelpRequest, source: RequestSource, requests: Requests
) -> HelpRequest:
    """By its secret. A wrong secret and an unknown request get the same answer."""
    return HelpRequest.model_validate(await requests.check(request_id, body.secret, network=source.network))
