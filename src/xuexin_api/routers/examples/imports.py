"""Imports of schools, from the upload to the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from xuexin_api.core.messages import Language, message
from xuexin_api.openapi import EVENTS, Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID, NOW
from xuexin_api.routers.staff.import_presentation import import_event
from xuexin_api.schemas.imports import Import, ImportFailure, ImportList, ImportResult

_QUEUED: Final = Import(
    id=AN_ID,
    kind="roster",
    state="queued",
    dry_run=False,
    file_name="2026级名册.csv",
    format=None,
    byte_size=2_400_000,
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    percent=0,
    rows_read=0,
    rows_total=None,
    rows_per_second=None,
    seconds_left=None,
    result=None,
    error=None,
    created_at=NOW,
    finished_at=None,
    kept_until=None,
)
_READ: Final = {"format": "csv", "rows_total": 10_000, "rows_read": 10_000, "rows_per_second": 21_000}
_ENDED: Final = {"finished_at": NOW + timedelta(seconds=2), "kept_until": NOW + timedelta(days=7)}


def _made(**changes: Any) -> Import:
    return _QUEUED.model_copy(update=changes)


_READING: Final = _made(state="reading", **_READ | {"rows_read": 5000}, percent=50, seconds_left=1)
_JUDGING: Final = _made(state="judging", **_READ, percent=99)
_CHECKED: Final = _made(
    state="checked",
    dry_run=True,
    **_READ,
    **_ENDED,
    percent=100,
    result=ImportResult(added=9_800, changed=120, unchanged=70, rejected=10),
)
_PUBLISHED: Final = _CHECKED.model_copy(update={"state": "published", "dry_run": False})
_PHOTOS: Final = _PUBLISHED.model_copy(
    update={
        "kind": "admission_photos",
        "file_name": "录取照片.zip",
        "format": "zip",
        "result": ImportResult(added=9_990, changed=0, unchanged=0, rejected=10),
    }
)
_CANCELLED: Final = _made(state="cancelled", **_ENDED)


def _failed(language: Language) -> Import:
    code = "roster_columns_missing"
    error = ImportFailure(code=code, detail=message(code, language, columns="XM"))
    return _made(state="failed", format="csv", error=error, **_ENDED)


def _several(language: Language) -> ImportList:
    items = [_QUEUED, _READING, _JUDGING, _PHOTOS, _failed(language), _CANCELLED]
    return ImportList(items=items, next_cursor=None)


def _followed(_: Language) -> str:
    return import_event("progress", _READING) + import_event("progress", _PUBLISHED) + import_event("end", _PUBLISHED)


_FAILED: Final[Callable[[Language], Import]] = _failed
IMPORTS: Final[Examples] = {
    "upload_import": {
        "accepted": Shown("It waits for a process.", _QUEUED),
        "known": Shown("The same content was published, and nothing after it.", _PUBLISHED),
    },
    "list_imports": {
        "several": Shown("In several states.", _several),
        "nothing": Shown("Nothing was uploaded.", ImportList(items=[], next_cursor=None)),
    },
    "view_import": {
        "reading": Shown("Half of the rows are read.", _READING),
        "judging": Shown("The rows are judged as a whole, and published.", _JUDGING),
        "checked": Shown("A dry run has ended, and waits for its publication.", _CHECKED),
        "published": Shown("Published; ten rows were rejected.", _PUBLISHED),
        "failed": Shown("The file cannot be taken.", _FAILED),
        "cancelled": Shown("Nothing of it was published.", _CANCELLED),
    },
    "follow_import": {"published": Shown("Half of the rows are read; then it is published.", _followed, kind=EVENTS)},
    "cancel_import": {
        "ended": Shown("No process worked on it.", _CANCELLED),
        "asked": Shown("The process that works on it will stop.", _READING),
    },
    "publish_import": {"queued": Shown("It waits for a process.", _made(**_READ | {"rows_per_second": None}))},
}
