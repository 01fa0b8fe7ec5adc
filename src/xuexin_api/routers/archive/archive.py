"""The archive as the student reads it: 学籍 and its photos."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from xuexin_api.core.errors import (
    PhotoNotFoundError,
    RecordNotFoundError,
)
from xuexin_api.dependencies.archive import archive_service
from xuexin_api.dependencies.callers import VERIFIED, KnownTags, RequestLanguage
from xuexin_api.openapi import JPEG, refusals
from xuexin_api.routers.archive.record_presentation import enrollment_list, record_history
from xuexin_api.routers.entity_tags import NOT_MODIFIED, tagged
from xuexin_api.routers.hot_route import HotRoute
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.presentation import enrollment
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.archive import Enrollment, EnrollmentList, PhotoKind, RecordHistory
from xuexin_api.services.archive.archive import ArchiveService

_PREFIX = "/v1/archive/enrollments"
_PRIVATE = "no-store, private"
router = APIRouter(prefix=_PREFIX, tags=["archive"], route_class=StrictRoute)
hot_router = APIRouter(prefix=_PREFIX, tags=["archive"], route_class=HotRoute)
Archive = Annotated[ArchiveService, Depends(archive_service)]


@router.get("", summary="My 学籍 records", responses=refusals(*VERIFIED))
async def list_enrollments(
    language: RequestLanguage, archive: Archive, cursor: PageCursor = None, limit: PageLimit = 20
) -> EnrollmentList:
    """The records that schools registered of the verified person. Without a fresh verification: RFC 9470's 401."""
    return enrollment_list(await archive.list_enrollments(cursor=cursor, most=limit), language)


@hot_router.get("/{enrollment_id}", summary="One 学籍 record", responses=refusals(*VERIFIED, RecordNotFoundError))
async def get_enrollment(enrollment_id: PathId, archive: Archive) -> Enrollment:
    """Every field in the source's order. 404 also for a record that is somebody else's."""
    return enrollment(await archive.get_enrollment(enrollment_id))


@router.get("/{enrollment_id}/history", summary="What became of it", responses=refusals(*VERIFIED, RecordNotFoundError))
async def list_enrollment_history(
    enrollment_id: PathId,
    language: RequestLanguage,
    archive: Archive,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> RecordHistory:
    """What the school changed, newest first: when, why, before and after. Only the school changes a record."""
    return record_history(await archive.list_changes(enrollment_id, cursor=cursor, most=limit), language)


@router.get(
    "/{enrollment_id}/history/{change_id}/photo",
    summary="The photo that a change replaced",
    response_class=Response,
    responses=refusals(*VERIFIED, RecordNotFoundError, PhotoNotFoundError) | NOT_MODIFIED | JPEG,
)
async def get_earlier_photo(enrollment_id: PathId, change_id: PathId, archive: Archive, known: KnownTags) -> Response:
    """What the record had before, up to `photo_until` of the change; then it is erased, and the change stays.

    Not shown is what came while the record was somebody else's by a grant that was undone since.
    """
    photo, tag = await archive.get_earlier_photo(enrollment_id, change_id)
    return tagged(photo, tag, known, media_type="image/jpeg", cache_control=_PRIVATE)


@router.get(
    "/{enrollment_id}/photos/{kind}",
    summary="A photo of the record",
    response_class=Response,
    responses=refusals(*VERIFIED, RecordNotFoundError, PhotoNotFoundError) | NOT_MODIFIED | JPEG,
)
async def get_enrollment_photo(
    enrollment_id: PathId,
    kind: Annotated[PhotoKind, Path(description="录取照片 or 学历照片.")],
    archive: Archive,
    known: KnownTags,
) -> Response:
    """录取照片 (admission) or 学历照片 (graduation), as the school gave it.

    A photo is personal data, so nothing on the way keeps it (`no-store`). An app that still shows it may ask with the
    `ETag` it had: 304 spares the photo, after the same checks.
    """
    photo, tag = await archive.get_photo(enrollment_id, kind)
    return tagged(photo, tag, known, media_type="image/jpeg", cache_control=_PRIVATE)
