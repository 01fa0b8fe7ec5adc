"""From what the import services return to what the contract promises."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import Response
from fastapi.responses import StreamingResponse

from xuexin_api.core.messages import DEFAULT_LANGUAGE, Language, message
from xuexin_api.openapi import EVENTS
from xuexin_api.schemas.imports import Import, ImportFailure, ImportList
from xuexin_api.services.staff.import_jobs import ImportPage, ImportView, RejectedFile

MEDIA_TYPES: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "dbf": "application/vnd.dbf",
    "zip": "application/zip",
}
"""What rejected rows come as."""
_QUIET_BEFORE_HEARTBEAT: Final = 10


def shown_import(view: ImportView, language: Language = DEFAULT_LANGUAGE) -> Import:
    """Only why nothing was published is told in words."""
    error = None
    if view.error_code is not None:
        detail = message(view.error_code, language, **view.error_params)
        error = ImportFailure(code=view.error_code, detail=detail)
    fields: dict[str, Any] = {name: getattr(view, name) for name in Import.model_fields if name != "error"}
    return Import.model_validate(fields | {"error": error}, from_attributes=True)


def shown_imports(page: ImportPage, language: Language) -> ImportList:
    return ImportList(items=[shown_import(view, language) for view in page.items], next_cursor=page.next_cursor)


def rejected_rows(file: RejectedFile) -> Response:
    """As a file to be saved: what schools typed is opened by no browser."""
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Content-Length": str(file.file.size())}
    return StreamingResponse(file.file.blocks(), media_type=MEDIA_TYPES[file.format], headers=headers)


def import_events(changes: AsyncIterator[ImportView | None], language: Language) -> Response:
    """Server-sent events: `progress` at each change, a comment where nothing changes, `end` with the last state."""
    return StreamingResponse(_events(changes, language), media_type=EVENTS)


async def _events(changes: AsyncIterator[ImportView | None], language: Language) -> AsyncIterator[str]:
    quiet = 0
    last = None
    async with contextlib.aclosing(changes) as views:  # type: ignore[type-var]
        async for view in views:
            if view is not None:
                last, quiet = view, 0
                yield import_event("progress", shown_import(view, language))
            elif (quiet := quiet + 1) % _QUIET_BEFORE_HEARTBEAT == 0:
                yield ": still here\n\n"
    if last is not None and last.finished_at is not None:
        yield import_event("end", shown_import(last, language))


def import_event(name: str, shown: Import) -> str:
    """One event, as it is sent."""
    data = json.dumps(shown.model_dump(mode="json"), ensure_ascii=False)
    return f"event: {name}\ndata: {data}\n\n"
