"""A correction as its student reads it: who holds it since when, until when, what it asks for, and what comes next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from xuexin_api.core.corrected_fields import DOCUMENT
from xuexin_api.core.corrections import HOLDERS, CorrectionHolder, CorrectionState, RecordKind
from xuexin_api.core.documents import mask_document_number
from xuexin_api.core.errors import Option
from xuexin_api.core.sealing import Sealer
from xuexin_api.repositories.archive.corrections import CorrectionEventRow, CorrectionRow
from xuexin_api.repositories.sent_photos import PhotoRow
from xuexin_api.services.photos.sent_photos import PhotoView, photo_view

VALUES_CONTEXT: Final = b"record correction: values"
WORDS_CONTEXT: Final = b"record correction: words"
_NEXT: Final = {
    CorrectionState.SUBMITTED: "await_school",
    CorrectionState.SCHOOL_REVIEW: "await_school",
    CorrectionState.RETURNED: "submit_again",
    CorrectionState.FORWARDED: "await_province",
    CorrectionState.PROVINCE_REVIEW: "await_province",
    CorrectionState.APPLIED: "read_record",
    CorrectionState.DECLINED: "ask_school",
    CorrectionState.WITHDRAWN: "correct_again",
}

Values = Mapping[str, tuple[str | None, str | None]]
"""Each field as it was when it was called wrong, and as it should be."""


@dataclass(frozen=True, slots=True)
class FieldWish:
    """A field, as it was and as it should be; numbers of documents masked."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class CorrectionEvent:
    """What happened to a correction: who did it, and why, in whose words."""

    kind: str
    actor: str
    reason: str | None
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """A correction in its student's list; `since` is since when the holder has it, or it has ended."""

    id: UUID
    enrollment_id: UUID
    record: RecordKind
    institution_code: str
    institution_name: str
    fields: list[str]
    state: CorrectionState
    holder: CorrectionHolder | None
    since: datetime
    deadline: datetime | None
    overdue: bool
    submitted_at: datetime
    decided_at: datetime | None
    reason: str | None
    note: str | None
    next: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """All of it."""

    line: CorrectionLine
    wishes: list[FieldWish]
    proofs: list[PhotoView]
    log: list[CorrectionEvent]


def correction_line(row: CorrectionRow, now: datetime) -> CorrectionLine:
    """Without what is sealed."""
    state = CorrectionState(row.state)
    return CorrectionLine(
        id=row.id,
        enrollment_id=row.enrollment_id,
        record=RecordKind(row.record),
        institution_code=row.institution_code,
        institution_name=row.institution_name,
        fields=row.fields,
        state=state,
        holder=HOLDERS.get(state),
        since=row.held_since,
        deadline=row.due_at,
        overdue=row.due_at is not None and row.due_at <= now,
        submitted_at=row.submitted_at,
        decided_at=row.decided_at,
        reason=row.reason,
        note=row.note,
        next=(Option(_NEXT[state]),),
    )


def correction_view(
    row: CorrectionRow,
    photos: Sequence[PhotoRow],
    log: Sequence[CorrectionEventRow],
    sealer: Sealer,
    *,
    now: datetime,
) -> CorrectionView:
    """With its pictures and its log."""
    return CorrectionView(
        line=correction_line(row, now),
        wishes=[_wish(field, *values) for field, values in open_values(row.values_sealed, sealer).items()],
        proofs=[photo_view(photo) for photo in photos],
        log=[_event(line, sealer) for line in log],
    )


def seal_values(values: Values, sealer: Sealer) -> bytes:
    """As they are stored."""
    return sealer.seal(json.dumps(values, ensure_ascii=False).encode(), VALUES_CONTEXT)


def open_values(sealed: bytes, sealer: Sealer) -> Values:
    """As they were written."""
    opened: dict[str, Any] = json.loads(sealer.open(sealed, VALUES_CONTEXT))
    return {field: (before, after) for field, (before, after) in opened.items()}


def _wish(field: str, before: str | None, after: str | None) -> FieldWish:
    if field == DOCUMENT:
        before, after = (None if one is None else mask_document_number(one) for one in (before, after))
    return FieldWish(field, before, after)


def _event(row: CorrectionEventRow, sealer: Sealer) -> CorrectionEvent:
    """A student's words are told where a school's would be."""
    said = row.note if row.statement is None else sealer.open(row.statement, WORDS_CONTEXT).decode()
    return CorrectionEvent(row.kind, row.actor, row.reason, said, row.at)
