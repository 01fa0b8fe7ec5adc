"""Logging in, staying, leaving."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from xuexin_api.core.errors import (
    AddressLimitedError,
    ChallengeRejectedError,
    ChallengeRequiredError,
    DailyLimitReachedError,
    LoginRejectedError,
    RefreshRejectedError,
    ServiceBusyError,
    TicketRejectedError,
    TokenInvalidError,
    TokenMissingError,
    TooManyOperationsError,
)
from xuexin_api.dependencies import (
    CallerClaims,
    RequestLanguage,
    RequestSource,
    login_service,
    session_service,
)
from xuexin_api.openapi import refusals
from xuexin_api.routers.presentation import logged_in, login_answer, login_caller, login_factors, tokens
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.sessions import (
    ContinueLogin,
    LoggedIn,
    LoginRequest,
    LoginTicket,
    Refreshed,
    RefreshRequest,
)
from xuexin_api.services.login import LoginService
from xuexin_api.services.sessions import SessionService

router = APIRouter(prefix="/v1", tags=["sessions"], route_class=StrictRoute)


@router.post(
    "/sessions",
    status_code=201,
    summary="Log in",
    responses=refusals(
        LoginRejectedError,
        ChallengeRequiredError,
        ChallengeRejectedError,
        TooManyOperationsError,
        DailyLimitReachedError,
        AddressLimitedError,
        ServiceBusyError,
    )
    | {200: {"model": LoginTicket, "description": "The phone is proven; one more factor is needed."}},
)
async def create_session(
    body: LoginRequest,
    source: RequestSource,
    language: RequestLanguage,
    response: Response,
    login: Annotated[LoginService, Depends(login_service)],
) -> LoggedIn | LoginTicket:
    """Log in by password, or by a phone code.

    Every wrong pair gets the same answer. After failures a `login` challenge must come along; after more, waiting.
    A phone code proves the number, not the person: on a device that never logged in here it yields a ticket (200).
    """
    return login_answer(await login.begin(login_factors(body), login_caller(body, source)), language, response)


@router.post(
    "/sessions/continue",
    status_code=201,
    summary="Log in with a further factor",
    responses=refusals(LoginRejectedError, TicketRejectedError, AddressLimitedError, ServiceBusyError),
)
async def continue_session(
    body: ContinueLogin,
    source: RequestSource,
    login: Annotated[LoginService, Depends(login_service)],
) -> LoggedIn:
    """Finish a login that answered with a ticket."""
    done = await login.continue_with(ticket=body.ticket, answer=body.answer, caller=login_caller(body, source))
    return logged_in(done)


@router.post("/sessions/refresh", summary="Renew the tokens", responses=refusals(RefreshRejectedError))
async def refresh_session(
    body: RefreshRequest, sessions: Annotated[SessionService, Depends(session_service)]
) -> Refreshed:
    """New tokens for a refresh token, which works once.

    For 30 seconds it answers again with the same successor, so a lost answer may be asked for again;
    used later, it ends the session and its owner is told. It never renews an identity verification.
    """
    return Refreshed(tokens=tokens(await sessions.refresh(body.refresh_token)))


@router.delete(
    "/sessions/current",
    status_code=204,
    summary="Log out",
    responses=refusals(TokenMissingError, TokenInvalidError),
)
async def delete_current_session(
    claims: CallerClaims, sessions: Annotated[SessionService, Depends(session_service)]
) -> None:
    """End this session. Its access token is dead at the next request."""
    await sessions.log_out(claims)
