"""What was changed in a record, as its student and its school read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from xuexin_api.services.paging import write_cursor

_UNDONE: Final = ("claim_undone", "claim_undone_qualification")
_WHO: Final = frozenset({"name", "sex", "birth_date", "document_number_masked"})
AFTER_ALL: Final = UUID(int=2**128 - 1)
"""Before this id stand all: where a list begins that has the newest first."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that became another; None is empty."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What the school did, why, since when, and what that changed. `roster` is an import of the whole list.

    `photo_until`: up to when the photo that it replaced can be seen.
    """

    id: UUID
    change: str
    reason: str | None
    note: str | None
    effective_on: date | None
    at: datetime
    fields: list[FieldChange]
    photo_until: datetime | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some of the changes, newest first."""

    items: list[RecordChange]
    next_cursor: str | None


def history_page(rows: Sequence[Mapping[str, Any]], most: int, now: datetime) -> HistoryPage:
    """A page of at most so many, of rows one more than which were asked for."""
    items = [_record_change(row, now) for row in rows[:most]]
    return HistoryPage(items, write_cursor(items[-1].id) if len(rows) > most else None)


def without_others(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """To its student a record that came back does not tell who had it: only that what it says is theirs again."""
    if row["change"] not in _UNDONE:
        return row
    return {**row, "after": {name: value for name, value in row["after"].items() if name not in _WHO}}


def _record_change(row: Mapping[str, Any], now: datetime) -> RecordChange:
    """A row of changes; a roster's holds whole records, of which only the difference is told."""
    before, after, until = row["before"], row["after"], row["photo_until"]
    return RecordChange(
        id=row["change_id"],
        change=row["change"],
        reason=row["reason"],
        note=row["note"],
        effective_on=row["effective_on"],
        at=row["at"],
        fields=[FieldChange(name, before.get(name), after[name]) for name in after if before.get(name) != after[name]],
        photo_until=until if until is not None and until > now else None,
    )
