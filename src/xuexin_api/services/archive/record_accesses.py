"""Who looked at one's records, as the person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from xuexin_api.services.paging import write_cursor


@dataclass(frozen=True, slots=True)
class RecordAccessView:
    """A member of a school's staff, or of a province's, saw or changed a record: who, when, what for."""

    id: UUID
    at: datetime
    enrollment_id: UUID
    institution_code: str | None
    institution_name: str | None
    province: str | None
    staff_id: UUID
    action: str
    purpose: str


@dataclass(frozen=True, slots=True)
class AccessPage:
    """Some of the looks, newest first."""

    items: list[RecordAccessView]
    next_cursor: str | None


def access_page(rows: Sequence[Mapping[str, Any]], most: int) -> AccessPage:
    """A page of at most so many, of rows one more than which were asked for."""
    views = [RecordAccessView(**{name: row[name] for name in RecordAccessView.__slots__}) for row in rows[:most]]
    return AccessPage(views, write_cursor(views[-1].id) if len(rows) > most else None)
