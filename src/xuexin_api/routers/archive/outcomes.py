"""学历 and 学位 as their holder reads them, and who else did."""

from __future__ import annotations

from fastapi import APIRouter

from xuexin_api.dependencies.callers import VERIFIED, RequestLanguage
from xuexin_api.openapi import refusals
from xuexin_api.routers.archive.archive import Archive
from xuexin_api.routers.archive.record_presentation import access_list, degree_list, qualification_list
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.archive import DegreeList, QualificationList, RecordAccessList

router = APIRouter(prefix="/v1/archive", tags=["archive"], route_class=StrictRoute)


@router.get("/qualifications", summary="My 学历", responses=refusals(*VERIFIED))
async def list_qualifications(
    language: RequestLanguage, archive: Archive, cursor: PageCursor = None, limit: PageLimit = 20
) -> QualificationList:
    """How one left each school, with the certificate's number. 学籍 is not 学历: `explanation` says what is missing."""
    return qualification_list(await archive.list_qualifications(cursor=cursor, most=limit), language)


@router.get("/accesses", summary="Who looked at my records", responses=refusals(*VERIFIED))
async def list_accesses(
    language: RequestLanguage, archive: Archive, cursor: PageCursor = None, limit: PageLimit = 20
) -> RecordAccessList:
    """Every time staff of a school, a province or this service found, saw, exported or changed one of my records.

    Who, when, what for; newest first. What a school's file changed stands in the record's history, and who looked at
    the photos of a case in the case's own log.
    """
    return access_list(await archive.list_accesses(cursor=cursor, most=limit), language)


@router.get("/degrees", summary="My 学位", responses=refusals(*VERIFIED))
async def list_degrees(
    language: RequestLanguage, archive: Archive, cursor: PageCursor = None, limit: PageLimit = 20
) -> DegreeList:
    """Degrees that schools reported: those of 2008-09-01 and later."""
    return degree_list(await archive.list_degrees(cursor=cursor, most=limit), language)
