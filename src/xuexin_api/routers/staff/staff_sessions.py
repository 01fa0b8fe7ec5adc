"""Staff log in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    AddressLimitedError,
    ChallengeRejectedError,
    ChallengeRequiredError,
    CodeRejectedError,
    InvitationRejectedError,
    LoginRejectedError,
    ServiceBusyError,
    TokenInvalidError,
    TokenMissingError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import RequestSource, StaffClaims
from xuexin_api.dependencies.staff import staff_session_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.staff import (
    ProposedStaffFactors,
    StaffEnrolment,
    StaffEnrolmentConfirmation,
    StaffLoggedIn,
    StaffLogin,
    StaffMember,
)
from xuexin_api.services.staff.staff_sessions import StaffSessionService

router = APIRouter(prefix="/v1/staff", tags=["staff"], route_class=StrictRoute)
StaffSessions = Annotated[StaffSessionService, Depends(staff_session_service)]
_LOGGED_IN = (TokenMissingError, TokenInvalidError)


@router.post(
    "/enrolments",
    status_code=201,
    summary="Set password and authenticator app",
    openapi_extra=once(secret=True),
    responses=refusals(InvitationRejectedError, AddressLimitedError, ServiceBusyError),
)
async def enrol_staff(body: StaffEnrolment, source: RequestSource, sessions: StaffSessions) -> ProposedStaffFactors:
    """By the invitation that `xuexin staff add` printed. Both count once a code of the app was given."""
    proposed = await sessions.enrol(
        invitation=body.invitation,
        password=body.password,
        confirmation=body.password_confirmation,
        network=source.network,
    )
    return ProposedStaffFactors.model_validate(proposed)


@router.post(
    "/enrolments/confirm",
    status_code=204,
    summary="Give a code of the app",
    openapi_extra=once(secret=False),
    responses=refusals(InvitationRejectedError, CodeRejectedError, TooManyOperationsError, AddressLimitedError),
)
async def confirm_staff_enrolment(
    body: StaffEnrolmentConfirmation, source: RequestSource, sessions: StaffSessions
) -> None:
    """The invitation is used up by this; from now on both factors log in."""
    await sessions.confirm_enrolment(invitation=body.invitation, code=body.code, network=source.network)


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
    """By password and a code of the app, always both; whatever was wrong, the answer is the same."""
    done = await sessions.log_in(
        login_name=body.login_name,
        password=body.password,
        code=body.code,
        challenge=body.challenge,
        address=source.address,
        network=source.network,
    )
    return StaffLoggedIn.model_validate(done)


@router.get("/me", summary="Who I am", responses=refusals(*_LOGGED_IN))
async def get_staff_member(claims: StaffClaims, sessions: StaffSessions) -> StaffMember:
    """Name and role of who is logged in."""
    return StaffMember.model_validate(await sessions.get_me(claims))


@router.delete("/sessions/current", status_code=204, summary="Log out", responses=refusals(*_LOGGED_IN))
async def end_staff_session(claims: StaffClaims, sessions: StaffSessions) -> None:
    """The token is dead from now on."""
    await sessions.log_out(claims)
