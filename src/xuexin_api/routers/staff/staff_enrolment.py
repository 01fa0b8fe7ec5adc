"""Staff come in, once, by an invitation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import (
    AddressLimitedError,
    CodeRejectedError,
    InvitationRejectedError,
    PasskeyRejectedError,
    ServiceBusyError,
    TooManyOperationsError,
)
from xuexin_api.dependencies.callers import RequestSource
from xuexin_api.dependencies.staff import staff_enrolment_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.staff_sessions import (
    ProposedStaffFactors,
    StaffEnrolment,
    StaffEnrolmentConfirmation,
    StaffPasskeyEnrolment,
)
from xuexin_api.services.staff.staff_enrolment import StaffEnrolmentService

router = APIRouter(prefix="/v1/staff/enrolments", tags=["staff"], route_class=StrictRoute)
StaffEnrolments = Annotated[StaffEnrolmentService, Depends(staff_enrolment_service)]
_TRIED = (InvitationRejectedError, TooManyOperationsError, AddressLimitedError)


@router.post(
    "",
    status_code=201,
    summary="Set password and second factor",
    openapi_extra=once(secret=True),
    responses=refusals(InvitationRejectedError, AddressLimitedError, ServiceBusyError),
)
async def enrol_staff(body: StaffEnrolment, source: RequestSource, enrolments: StaffEnrolments) -> ProposedStaffFactors:
    """By the invitation that `xuexin staff add` printed. Nothing counts before one of the two factors is confirmed."""
    proposed = await enrolments.enrol(
        invitation=body.invitation,
        password=body.password,
        confirmation=body.password_confirmation,
        network=source.network,
    )
    return ProposedStaffFactors.model_validate(proposed)


@router.post(
    "/confirm",
    status_code=204,
    summary="Give a code of the app",
    openapi_extra=once(secret=False),
    responses=refusals(*_TRIED, CodeRejectedError),
)
async def confirm_staff_enrolment(
    body: StaffEnrolmentConfirmation, source: RequestSource, enrolments: StaffEnrolments
) -> None:
    """The invitation is used up by this; from now on password and app log in."""
    await enrolments.confirm_app(invitation=body.invitation, code=body.code, network=source.network)


@router.post(
    "/passkey",
    status_code=204,
    summary="Give a passkey",
    openapi_extra=once(secret=False),
    responses=refusals(*_TRIED, PasskeyRejectedError),
)
async def confirm_staff_enrolment_by_passkey(
    body: StaffPasskeyEnrolment, source: RequestSource, enrolments: StaffEnrolments
) -> None:
    """In the place of the app. The invitation is used up by this; from now on password and passkey log in."""
    await enrolments.confirm_passkey(
        invitation=body.invitation,
        credential=body.credential.model_dump(by_alias=True),
        name=body.name,
        network=source.network,
    )
