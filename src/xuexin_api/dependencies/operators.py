"""The services of operators, for one request."""

from __future__ import annotations

from fastapi import Request

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.repositories.audit_trails import AuditTrailRepository
from xuexin_api.repositories.staff.overview import OverviewRepository
from xuexin_api.services.staff.help_desk import HelpDeskService
from xuexin_api.services.staff.overview import OverviewService
from xuexin_api.services.staff.staff_accounts import StaffAccountService


async def staff_account_service(request: Request) -> StaffAccountService:
    parts = wiring(request)
    return shared.staff_accounts(parts, parts.database.session())


async def help_desk_service(request: Request) -> HelpDeskService:
    parts = wiring(request)
    return shared.help_desk(parts, parts.database.session())


async def overview_service(request: Request) -> OverviewService:
    parts = wiring(request)
    session = parts.database.session()
    return OverviewService(
        session=session,
        overview=OverviewRepository(session),
        trails=AuditTrailRepository(session),
        callers=shared.staff_callers(parts, session),
        clock=parts.clock,
    )
