"""Where my school, or my province, is told of what waits at its desk."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import CodeRejectedError, DailyLimitReachedError, TooManyOperationsError
from xuexin_api.dependencies.callers import OF_STAFF, StaffClaims
from xuexin_api.dependencies.staff import office_contact_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.codes import VerificationCodeSent
from xuexin_api.schemas.offices import OfficeCodeRequest, OfficeContact, OfficeContactProof
from xuexin_api.services.staff.office_contact import OfficeContactService

router = APIRouter(prefix="/v1/staff/office-contact", tags=["staff"], route_class=StrictRoute)
Contacts = Annotated[OfficeContactService, Depends(office_contact_service)]


@router.get("", summary="Where my office is told", responses=refusals(*OF_STAFF))
async def get_office_contact(claims: StaffClaims, contacts: Contacts) -> OfficeContact:
    """Of the registrar's institution, or of the member's province; also whether, and when it was told last."""
    return OfficeContact.model_validate(await contacts.get(claims))


@router.post(
    "/codes",
    status_code=202,
    summary="Send a code to the address of my office",
    openapi_extra=once(secret=False),
    responses=refusals(*OF_STAFF, TooManyOperationsError, DailyLimitReachedError),
)
async def send_office_code(body: OfficeCodeRequest, claims: StaffClaims, contacts: Contacts) -> VerificationCodeSent:
    """Six digits, good for whoever asked for them. What is set so far stays until they come back."""
    return VerificationCodeSent.model_validate(await contacts.send_code(body.email, claims))


@router.put(
    "",
    summary="Set where my office is told",
    openapi_extra=once(secret=False),
    responses=refusals(*OF_STAFF, CodeRejectedError, DailyLimitReachedError),
)
async def set_office_contact(body: OfficeContactProof, claims: StaffClaims, contacts: Contacts) -> OfficeContact:
    """An address counts only after its own code. The one before is told that it is not asked any more.

    From then on the office hears of corrections and claims that reach it and of deadlines that are near, in numbers
    only and once an hour at most.
    """
    return OfficeContact.model_validate(await contacts.prove(body.code_id, body.email, body.code, claims))


@router.delete("", status_code=204, summary="Tell my office nothing any more", responses=refusals(*OF_STAFF))
async def remove_office_contact(claims: StaffClaims, contacts: Contacts) -> None:
    """The address is told so; what waits stands in the lists as before."""
    await contacts.remove(claims)
