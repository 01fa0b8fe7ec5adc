"""Records at their school's registry."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response

from xuexin_api.core.errors import (
    CertificateNumberTakenError,
    ChangeNotAllowedError,
    GraduationPhotoMissingError,
    NotYoursToDecideError,
    PhotoNotFoundError,
    RecordChangedError,
    RecordFrozenError,
    RecordNotFoundError,
    RegistrationPeriodOverError,
    TooManyOperationsError,
    VersionNeededError,
)
from xuexin_api.dependencies.callers import OF_STAFF, ExpectedTag, KnownTags, RequestLanguage, StaffClaims
from xuexin_api.dependencies.staff import record_list_service, record_office_service
from xuexin_api.openapi import JPEG, once, refusals
from xuexin_api.routers.archive.record_presentation import (
    change_request,
    enrollment_lines,
    office_enrollment,
    record_history,
    roster_file,
    search,
)
from xuexin_api.routers.entity_tags import NOT_MODIFIED, tagged
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.archive import PhotoKind, RecordHistory
from xuexin_api.schemas.record_office import (
    EnrollmentChange,
    EnrollmentExport,
    EnrollmentLines,
    EnrollmentSearch,
    OfficeEnrollment,
    Purpose,
)
from xuexin_api.services.staff.record_lists import RecordListService
from xuexin_api.services.staff.record_office import RecordOfficeService

router = APIRouter(prefix="/v1/staff/enrollments", tags=["staff"], route_class=StrictRoute)
Office = Annotated[RecordOfficeService, Depends(record_office_service)]
Lists = Annotated[RecordListService, Depends(record_list_service)]
PurposeOfLook = Annotated[Purpose, Query(description="What for; the student can read it.")]
_THE_RECORD = (*OF_STAFF, RecordNotFoundError)
_TAGGED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": {"ETag": {"$ref": "#/components/headers/EntityTag"}}}
}
_ROSTER: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The roster.", "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post("/search", summary="Find records of my school", responses=refusals(*OF_STAFF))
async def search_enrollments(body: EnrollmentSearch, claims: StaffClaims, lists: Lists) -> EnrollmentLines:
    """By numbers, name, class, programme, grade and status, or all of them, page by page, the oldest record first.

    Every page takes the same time: one that looks for a programme, a grade or a status looks at 3,000 records at most
    (a setting), and may have fewer lines than `limit`, or none, while `next_cursor` leads on. Each record that is shown
    is written down as seen.
    """
    return enrollment_lines(await lists.search(search(body), claims, cursor=body.cursor, most=body.limit))


@router.post(
    "/export",
    summary="Export records of my school",
    response_class=Response,
    responses=_ROSTER | refusals(*OF_STAFF, TooManyOperationsError),
)
async def export_enrollments(body: EnrollmentExport, claims: StaffClaims, lists: Lists) -> Response:
    """A roster as CSV (UTF-8), with whole document numbers, in the columns in which rosters come in.

    What is not kept (SYSSDM, ZZMM) is empty; ZCZT also has the words of who has left, which no roster can bring. The
    file comes while it is read, so its length is not known before: one that breaks off is not whole, and it does where
    the session ends, or after an hour. Each record in it is written down as exported, with the purpose, for the
    student to read. A cell that a spreadsheet would run has a quotation mark in front.
    """
    return roster_file(await lists.export(search(body), claims))


@router.get(
    "/{enrollment_id}",
    summary="One record of my school",
    response_model=OfficeEnrollment,
    responses=refusals(*_THE_RECORD) | _TAGGED,
)
async def view_enrollment(
    enrollment_id: PathId, purpose: PurposeOfLook, claims: StaffClaims, office: Office
) -> Response:
    """With what can become of it now. The `ETag` is the version that a change names in `If-Match`.

    What the student says of the record is in it, and makes no new version: the answer is always whole. Each look is
    written down with its purpose. Another school's record is 404, and the try is written down too.
    """
    record = office_enrollment(await office.view(enrollment_id, purpose, claims))
    headers = {"ETag": f'"{record.version}"', "Cache-Control": "no-store, private"}
    return Response(record.model_dump_json(), media_type="application/json", headers=headers)


@router.get("/{enrollment_id}/changes", summary="What became of a record", responses=refusals(*_THE_RECORD))
async def list_enrollment_changes(
    enrollment_id: PathId,
    purpose: PurposeOfLook,
    claims: StaffClaims,
    language: RequestLanguage,
    office: Office,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> RecordHistory:
    """Newest first, as the student sees it."""
    page = await office.list_changes(enrollment_id, purpose, claims, cursor=cursor, most=limit)
    return record_history(page, language)


@router.get(
    "/{enrollment_id}/changes/{change_id}/photo",
    summary="The photo that a change replaced",
    response_class=Response,
    responses=refusals(*_THE_RECORD, PhotoNotFoundError) | NOT_MODIFIED | JPEG,
)
async def view_earlier_photo(
    enrollment_id: PathId,
    change_id: PathId,
    purpose: PurposeOfLook,
    claims: StaffClaims,
    office: Office,
    known: KnownTags,
) -> Response:
    """What the record had before, up to `photo_until` of the change. Each look is written down with its purpose."""
    photo, tag = await office.get_earlier_photo(enrollment_id, change_id, purpose, claims)
    return tagged(photo, tag, known, media_type="image/jpeg", cache_control="no-store, private")


@router.get(
    "/{enrollment_id}/photos/{kind}",
    summary="A photo of a record",
    response_class=Response,
    responses=refusals(*_THE_RECORD, PhotoNotFoundError) | NOT_MODIFIED | JPEG,
)
async def view_enrollment_photo(
    enrollment_id: PathId,
    kind: Annotated[PhotoKind, Path(description="录取照片 or 学历照片.")],
    purpose: PurposeOfLook,
    claims: StaffClaims,
    office: Office,
    known: KnownTags,
) -> Response:
    """录取照片 (admission) or 学历照片 (graduation), as it is now. Each look is written down with its purpose."""
    photo, tag = await office.get_photo(enrollment_id, kind, purpose, claims)
    return tagged(photo, tag, known, media_type="image/jpeg", cache_control="no-store, private")


@router.post(
    "/{enrollment_id}/changes",
    status_code=201,
    summary="Change a record",
    openapi_extra=once(secret=False),
    responses=refusals(
        *_THE_RECORD,
        NotYoursToDecideError,
        ChangeNotAllowedError,
        RecordFrozenError,
        RegistrationPeriodOverError,
        GraduationPhotoMissingError,
        CertificateNumberTakenError,
        RecordChangedError,
        VersionNeededError,
    ),
)
async def change_enrollment(
    enrollment_id: PathId, body: EnrollmentChange, claims: StaffClaims, expected: ExpectedTag, office: Office
) -> OfficeEnrollment:
    """学籍异动, with a reason: the record as it is then. What it was stays in its history.

    One table says what can follow what (openapi/record-life.md). `graduate` and `complete` register the 学历, which
    nothing here changes afterwards; `exchange_certificate` (结业换毕业) keeps its number.
    """
    return office_enrollment(await office.change(enrollment_id, change_request(body), expected, claims))
