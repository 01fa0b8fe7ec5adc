"""What waits in the whole service, for operators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from xuexin_api.dependencies.callers import OF_STAFF, StaffClaims
from xuexin_api.dependencies.operators import overview_service
from xuexin_api.openapi import refusals
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.overview import Overview
from xuexin_api.services.staff.overview import OverviewService

router = APIRouter(prefix="/v1/staff/overview", tags=["staff"], route_class=StrictRoute)
Service = Annotated[OverviewService, Depends(overview_service)]


@router.get("", summary="The service at one look", responses=refusals(*OF_STAFF))
async def get_overview(claims: StaffClaims, service: Service) -> Overview:
    """For operators: what waits and since when, messages that did not leave, and the heads of the chained logs."""
    return Overview.model_validate(await service.get(claims))
