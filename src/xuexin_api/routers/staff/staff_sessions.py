"""Staff log in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    AddressLimitedError,
    ChallengeRejectedError,
    ChallengeRequiredError,
    LoginRejectedError,
    ServiceBusyError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import LOGGED_IN, RequestSource, StaffClaims
from xuexin_api.dependencies.staff import staff_session_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.staff.staff_presentation import staff_proof
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.passkeys import RequestOffered, RequestOptions
from xuexin_api.schemas.staff_sessions import StaffLoggedIn, StaffLogin, StaffMember
from xuexin_api.services.staff.staff_sessions import StaffSessionService

router = APIRouter(prefix="/v1/staff", tags=["staff"], route_class=StrictRoute)
StaffSessions = Annotated[StaffSessionService, Depends(staff_session_service)]


@router.post(
    "/sessions/passkey-options", summary="Have a passkey log a member in", responses=refusals(AddressLimitedError)
)
async def ask_staff_passkey_to_log_in(source: RequestSource, sessions: StaffSessions) -> RequestOffered:
    """What `navigator.credentials.get()` is asked. It is alike for everybody: nobody is named before the login."""
    return RequestOffered(public_key=RequestOptions.model_validate(await sessions.ask(source.network)))


@router.post(
    "/sessions",
    status_code=201,
    summary="Log in as staff",
    openapi_extra=once(secret=True),
    responses=refusals(
        LoginRejectedError,
        ChallengeRequiredError,
        ChallengeRejectedError,
        TooManyOperationsError,
        AddressLimitedError,
        ServiceBusyError,
    ),
)
async def create_staff_session(body: StaffLogin, source: RequestSource, sessions: StaffSessions) -> StaffLoggedIn:
    """By password and a code of the app or a passkey, always both; whatever was wrong, the answer is the same."""
    done = await sessions.log_in(body.login_name, staff_proof(body, source), source.address)
    return StaffLoggedIn.model_validate(done)


@router.get("/me", summary="Who I am", responses=refusals(*LOGGED_IN))
async def get_staff_member(claims: StaffClaims, sessions: StaffSessions) -> StaffMember:
    """Name and role of who is logged in."""
    return StaffMember.model_validate(await sessions.get_me(claims))


@router.delete("/sessions/current", status_code=204, summary="Log out", responses=refusals(*LOGGED_IN))
async def end_staff_session(claims: StaffClaims, sessions: StaffSessions) -> None:
    """The token is dead from now on."""
    await sessions.log_out(claims)
