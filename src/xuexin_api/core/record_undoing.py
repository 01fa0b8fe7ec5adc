"""What a record said before: its history, read backwards. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from xuexin_api.core.corrections import RecordKind

_WHO: Final = frozenset({"name", "sex", "birth_date"})
CORRECTIONS: Final = {f"correct_{kind}": kind for kind in RecordKind}
"""How a history calls the corrections of each record."""

TELL_APART: Final = frozenset({"student_number", "candidate_number", "certificate_number", "degree_certificate_number"})
"""Numbers that only one record has."""


@dataclass(frozen=True, slots=True)
class PastChange:
    """A line of a history: what was changed from what to what."""

    change: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def said_before(kind: RecordKind, says: Mapping[str, Any], changes: Iterable[PastChange]) -> dict[str, Any]:
    """The fields that said something else before these changes, which come newest first, and what that was.

    Who the student is goes back whoever changed it. Anything else does where it still is what a correction made of it:
    what a school said of it since stays.
    """
    values = dict(says)
    for one in changes:
        corrects = CORRECTIONS.get(one.change)
        if corrects is not kind and (corrects is not None or kind is not RecordKind.ENROLLMENT):
            continue
        for field in values.keys() & one.before.keys():
            if field in _WHO or (corrects is kind and values[field] == one.after.get(field)):
                values[field] = one.before[field]
    return {field: value for field, value in values.items() if value != says[field]}
