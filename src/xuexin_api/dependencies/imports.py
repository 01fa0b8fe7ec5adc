"""The imports of schools, for one request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from xuexin_api.core.errors import ContentEncodedError
from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.repositories.archive.import_jobs import ImportJobRepository
from xuexin_api.repositories.staff.staff import StaffRepository
from xuexin_api.services.staff.import_jobs import ImportJobService

_KIND: Final = "application/octet-stream"


async def import_job_service(request: Request) -> ImportJobService:
    parts = wiring(request)
    session = parts.database.session()
    return ImportJobService(
        session=session,
        jobs=ImportJobRepository(session),
        staff=StaffRepository(session),
        callers=shared.staff_callers(parts, session),
        files=parts.import_files,
        dispatcher=parts.import_dispatcher,
        throttle=parts.throttle,
        policy=parts.settings.import_policy(),
        record_policy=parts.settings.record_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def uploaded_blocks(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives, looked at when the service that takes it wants to."""
    return _blocks(request)


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise HTTPException(415)
    if {one.strip().lower() for one in request.headers.getlist("content-encoding")} - {"identity"}:
        raise ContentEncodedError
    async for block in request.stream():
        yield block


UploadedBlocks = Annotated[AsyncIterator[bytes], Depends(uploaded_blocks)]
