"""Who works here: seen and disabled by operators. Members are made and invited on the command line alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.core.errors import DisablingYourselfError, StaffMemberNotFoundError, TooManyOperationsError
from xuexin_api.dependencies.callers import OF_STAFF, StaffClaims
from xuexin_api.dependencies.operators import staff_account_service
from xuexin_api.openapi import once, refusals
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.staff_accounts import MemberList
from xuexin_api.services.staff.staff_accounts import StaffAccountService

router = APIRouter(prefix="/v1/staff/members", tags=["staff"], route_class=StrictRoute)
Accounts = Annotated[StaffAccountService, Depends(staff_account_service)]


@router.get("", summary="Who works here", responses=refusals(*OF_STAFF))
async def list_staff_members(
    claims: StaffClaims, accounts: Accounts, cursor: PageCursor = None, limit: PageLimit = 50
) -> MemberList:
    """For operators: name, role, institution or province, and state; newest first.

    A new member, and a new start for one who was disabled or lost a device, is an invitation that `xuexin staff` prints
    on the command line: no request makes one.
    """
    return MemberList.model_validate(await accounts.list_members(claims, cursor=cursor, most=limit))


@router.post(
    "/{member_id}/disable",
    status_code=204,
    summary="Disable a member of staff",
    openapi_extra=once(secret=False),
    responses=refusals(*OF_STAFF, StaffMemberNotFoundError, DisablingYourselfError, TooManyOperationsError),
)
async def disable_staff_member(member_id: PathId, claims: StaffClaims, accounts: Accounts) -> None:
    """By an operator, never oneself. Every session ends at once, and what waits of theirs to be imported.

    Who is disabled already stays so. What the member decided stays, too.
    """
    await accounts.disable_by_operator(member_id, claims)
