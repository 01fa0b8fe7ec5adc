"""What schools upload: rosters, lists of graduates, photos."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response

from xuexin_api.core.errors import (
    ContentEncodedError,
    ImportEndedError,
    ImportNotFoundError,
    ImportsWaitingError,
    NothingRejectedError,
    StorageFullError,
    TooManyOperationsError,
)
from xuexin_api.core.imports import ImportKind
from xuexin_api.dependencies.callers import OF_STAFF, RequestLanguage, StaffClaims
from xuexin_api.dependencies.imports import UploadedBlocks, import_job_service
from xuexin_api.openapi import EVENTS, once, refusals
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.routers.path_id import PathId
from xuexin_api.routers.staff import import_presentation as show
from xuexin_api.routers.strict_route import StrictRoute
from xuexin_api.schemas.imports import FileName, Import, ImportKindName, ImportList
from xuexin_api.services.staff.import_jobs import ImportJobService

router = APIRouter(prefix="/v1/staff/imports", tags=["schools"], route_class=StrictRoute)
Jobs = Annotated[ImportJobService, Depends(import_job_service)]
_THE_IMPORT = (*OF_STAFF, ImportNotFoundError)
_FILE: Final = {
    "requestBody": {
        "required": True,
        "description": "The file as it is: a roster or a list of graduates as CSV (UTF-8, GB18030), XLSX or DBF, "
        "photos as a zip. It is known by what it holds.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_EVENTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": {"Content-Language": {"$ref": "#/components/headers/ContentLanguage"}},
        "content": {
            EVENTS: {
                "schema": {
                    "type": "string",
                    "description": "Events `progress`, each with an import as data, and `end` when it has ended.",
                }
            }
        },
    }
}
_ROWS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The rejected rows.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in show.MEDIA_TYPES.values()},
    }
}


@router.post(
    "",
    status_code=202,
    summary="Upload a file",
    openapi_extra=_FILE,
    responses=refusals(*OF_STAFF, TooManyOperationsError, ImportsWaitingError, StorageFullError, ContentEncodedError),
)
async def upload_import(
    claims: StaffClaims,
    jobs: Jobs,
    content: UploadedBlocks,
    kind: Annotated[ImportKindName, Query(description="What the file holds.", examples=["roster"])],
    file_name: Annotated[FileName, Query(description="To know it again.", examples=["roster.csv"])],
    *,
    dry_run: Annotated[bool, Query(description="Judge every row and publish none.")] = False,
) -> Import:
    """Taken at once and worked on by itself. Students of other institutions are rejected rows.

    The same content again is the same import: while it is under way, and as long as nothing was published after it. So
    it takes no Idempotency-Key.
    """
    view = await jobs.upload(claims, kind=ImportKind(kind), file_name=file_name, dry_run=dry_run, content=content)
    return show.shown_import(view)


@router.get("", summary="Imports of my institution", responses=refusals(*OF_STAFF))
async def list_imports(
    claims: StaffClaims, language: RequestLanguage, jobs: Jobs, cursor: PageCursor = None, limit: PageLimit = 20
) -> ImportList:
    """Newest first."""
    return show.shown_imports(await jobs.list_own(claims, cursor=cursor, most=limit), language)


@router.get("/{import_id}", summary="How far an import is", responses=refusals(*_THE_IMPORT))
async def view_import(import_id: PathId, claims: StaffClaims, language: RequestLanguage, jobs: Jobs) -> Import:
    """Its progress, and in the end what became of the rows."""
    return show.shown_import(await jobs.view(import_id, claims), language)


@router.get(
    "/{import_id}/events",
    summary="Follow an import",
    response_class=Response,
    responses=_EVENTS | refusals(*_THE_IMPORT),
)
async def follow_import(import_id: PathId, claims: StaffClaims, language: RequestLanguage, jobs: Jobs) -> Response:
    """Server-sent events until it has ended, or for less than a minute: then ask again, as browsers do."""
    return show.import_events(await jobs.watch(import_id, claims), language)


@router.get(
    "/{import_id}/rejected",
    summary="Rejected rows",
    response_class=Response,
    responses=_ROWS | refusals(*_THE_IMPORT, NothingRejectedError),
)
async def download_rejected_rows(import_id: PathId, claims: StaffClaims, jobs: Jobs) -> Response:
    """In the format that they came in, with line, codes and reasons: corrected, the file can be uploaded as it is.

    Of photos, a zip with `list.csv` and the pictures, each in a folder of its own: ten thousand, or 256 MB, at most.
    """
    return show.rejected_rows(await jobs.rejected_file(import_id, claims))


@router.post(
    "/{import_id}/cancel",
    summary="Cancel an import",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_IMPORT, ImportEndedError),
)
async def cancel_import(import_id: PathId, claims: StaffClaims, jobs: Jobs) -> Import:
    """Nothing of it is published. What is being worked on stops a moment later."""
    return show.shown_import(await jobs.cancel(import_id, claims))


@router.post(
    "/{import_id}/publish",
    summary="Publish a dry run",
    openapi_extra=once(secret=False),
    responses=refusals(*_THE_IMPORT, ImportEndedError),
)
async def publish_import(import_id: PathId, claims: StaffClaims, jobs: Jobs) -> Import:
    """What was staged, or of a list of graduates the file, is judged once more, and published in one transaction.

    Rows about whoever publishes are rejected, as those about the uploader are.
    """
    return show.shown_import(await jobs.publish(import_id, claims))
