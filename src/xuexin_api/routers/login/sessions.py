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
    PhoneBusyError,
    PhoneProofRejectedError,
    PhoneRegisteredError,
    RefreshRejectedError,
    ServiceBusyError,
    SessionNotFoundError,
    TicketRejectedError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import LOGGED_IN, CallerClaims, RequestLanguage, RequestSource
from xuexin_api.dependencies.login import login_doors, login_service
from xuexin_api.dependencies.sessions import session_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.hot_route import HotRoute
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.presentation import (
    further_factor,
    login_answer,
    login_caller,
    login_factors,
    session_list,
    takes_over,
    tokens,
)
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.passkeys import RequestOffered, RequestOptions
from xuexin_api.schemas.sessions import (
    ContinueLogin,
    LoggedIn,
    LoginRequest,
    LoginTicket,
    PasskeyOptionsRequest,
    Refreshed,
    RefreshRequest,
    SessionList,
)
from xuexin_api.services.login.doors import LoginDoors
from xuexin_api.services.login.login import LoginService
from xuexin_api.services.sessions.sessions import SessionService

router = APIRouter(prefix="/v1", tags=["sessions"], route_class=StrictRoute)
hot_router = APIRouter(prefix="/v1", tags=["sessions"], route_class=HotRoute)
Sessions = Annotated[SessionService, Depends(session_service)]


@hot_router.post(
    "/sessions",
    status_code=201,
    response_model=LoggedIn,
    summary="Log in",
    openapi_extra=once(secret=True),
    responses=refusals(
        LoginRejectedError,
        ChallengeRequiredError,
        ChallengeRejectedError,
        TooManyOperationsError,
        DailyLimitReachedError,
        AddressLimitedError,
        ServiceBusyError,
    )
    | {200: {"model": LoginTicket, "description": "That was right, and one more factor is needed."}},
)
async def create_session(
    body: LoginRequest,
    source: RequestSource,
    language: RequestLanguage,
    login: Annotated[LoginDoors, Depends(login_doors)],
) -> LoggedIn | Response:
    """Log in by password, by a phone code, or by a passkey.

    Every wrong pair gets the same answer. After failures a `login` challenge must come along (403
    `challenge_required`); after more, each further one means waiting (429 `too_many_operations`, until `Retry-After`),
    twice as long each time, up to an hour. Asking again during a wait does not prolong it. What strangers fail costs a
    device that logged in before nothing: send its `device_token`.
    A phone code proves the number, not the person: on a device that never logged in here it yields a ticket (200).
    A passkey that verified its user is two factors: no other is asked for.
    """
    return login_answer(await login.begin(login_factors(body), login_caller(body.device_token, source)), language)


@router.post(
    "/sessions/passkey-options",
    summary="Have a passkey sign a login",
    responses=refusals(TicketRejectedError, AddressLimitedError),
)
async def ask_passkey_to_log_in(
    body: PasskeyOptionsRequest, source: RequestSource, login: Annotated[LoginService, Depends(login_service)]
) -> RequestOffered:
    """What `navigator.credentials.get()` is asked.

    Without a ticket: for a login by the passkey alone, which its holder chooses, so that nobody is named and nobody is
    betrayed. With one: for POST /v1/sessions/continue, and it counts as one of the ticket's tries.
    """
    options = await login.ask_passkey(body.ticket, login_caller(None, source))
    return RequestOffered(public_key=RequestOptions.model_validate(options))


@router.post(
    "/sessions/continue",
    status_code=201,
    response_model=LoggedIn,
    summary="Log in with a further factor",
    openapi_extra=once(secret=True),
    responses=refusals(
        LoginRejectedError,
        TicketRejectedError,
        TooManyOperationsError,
        PhoneProofRejectedError,
        PhoneBusyError,
        PhoneRegisteredError,
        AddressLimitedError,
        ServiceBusyError,
    )
    | {200: {"model": LoginTicket, "description": "That was right, and one more factor is needed."}},
)
async def continue_session(
    body: ContinueLogin,
    source: RequestSource,
    language: RequestLanguage,
    login: Annotated[LoginService, Depends(login_service)],
) -> LoggedIn | Response:
    """Go on with a login that answered with a ticket, by one of the factors that it names.

    After a phone code every account without a second factor is offered the same two, the password and a fact of the
    record; the latter counts where the identity was verified. The second factor of an account is never skipped; an
    account that lost its number to somebody else binds a new one.
    """
    done = await login.continue_with(
        ticket=body.ticket,
        given=further_factor(body),
        takes_over=takes_over(body),
        caller=login_caller(body.device_token, source),
    )
    return login_answer(done, language)


@router.post("/sessions/refresh", summary="Renew the tokens", responses=refusals(RefreshRejectedError))
async def refresh_session(body: RefreshRequest, sessions: Sessions) -> Refreshed:
    """New tokens for a refresh token, which works once.

    For 30 seconds it answers again with the same successor, so a lost answer may be asked for again;
    used later, it ends the session and its owner is told. So it needs no `Idempotency-Key`, and takes none.
    It never renews an identity verification.
    """
    return Refreshed(tokens=tokens(await sessions.refresh(body.refresh_token)))


@router.get("/sessions", summary="Where I am logged in", responses=refusals(*LOGGED_IN))
async def list_sessions(
    claims: CallerClaims, sessions: Sessions, cursor: PageCursor = None, limit: PageLimit = 20
) -> SessionList:
    """The living sessions of the account: device, address, times."""
    return session_list(await sessions.list_living(claims, cursor=cursor, most=limit))


@router.get("/account/login-history", summary="My logins so far", responses=refusals(*LOGGED_IN))
async def list_login_history(
    claims: CallerClaims, sessions: Sessions, cursor: PageCursor = None, limit: PageLimit = 20
) -> SessionList:
    """Every login of the account, also those that ended, and why. Half a year after it could live, one is forgotten."""
    return session_list(await sessions.list_history(claims, cursor=cursor, most=limit))


@router.delete("/sessions/current", status_code=204, summary="Log out", responses=refusals(*LOGGED_IN))
async def delete_current_session(claims: CallerClaims, sessions: Sessions) -> None:
    """End this session. Its access token is dead at the next request."""
    await sessions.log_out(claims)


@router.delete("/sessions/others", status_code=204, summary="Log out everywhere else", responses=refusals(*LOGGED_IN))
async def delete_other_sessions(claims: CallerClaims, sessions: Sessions) -> None:
    """End every session of the account but this one. Their tokens are dead at the next request.

    Every other device is forgotten as well: a phone code alone does not log in on it any more.
    """
    await sessions.end_others(claims)


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    summary="Log one device out",
    responses=refusals(*LOGGED_IN, SessionNotFoundError),
)
async def delete_session(
    session_id: PathId,
    claims: CallerClaims,
    sessions: Sessions,
) -> None:
    """End one session of the account, and forget its device. 404 also for one that has ended, or is another's."""
    await sessions.end(session_id, claims)
