"""The services of operators, for one request."""

from __future__ import annotations

from fastapi import Request

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.services.staff.help_desk import HelpDeskService
from xuexin_api.services.staff.staff_accounts import StaffAccountService


async def staff_account_service(request: Request) -> StaffAccountService:
    parts = wiring(request)
    return shared.staff_accounts(parts, parts.database.session())


async def help_desk_service(request: Request) -> HelpDeskService:
    parts = wiring(request)
    return shared.help_desk(parts, parts.database.session())
