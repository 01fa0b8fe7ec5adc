"""A claim as its student reads it: who holds it since when, until when, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from xuexin_api.core.documents import mask_document_number
from xuexin_api.core.errors import Option
from xuexin_api.core.record_claims import HOLDERS, ClaimHolder, ClaimState
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.repositories.archive.claims import ClaimEventRow, ClaimRow

STATEMENT_CONTEXT: Final = b"record claim: statement"
FORMER_NAME_CONTEXT: Final = b"record claim: former name"
CLAIM_CONTEXTS: Final = {
    "statement": STATEMENT_CONTEXT,
    "former_name": FORMER_NAME_CONTEXT,
    "former_document": DOCUMENT_CONTEXT,
}
"""What the sealed columns of a claim open with."""
_NEXT: Final = {
    ClaimState.DRAFT: "submit_claim",
    ClaimState.SCHOOL_REVIEW: "await_school",
    ClaimState.PROVINCE_REVIEW: "await_province",
    ClaimState.GRANTED: "read_record",
    ClaimState.DECLINED: "ask_school",
    ClaimState.WITHDRAWN: "claim_again",
    ClaimState.EXPIRED: "claim_again",
    ClaimState.UNDONE: "ask_school",
}
_HELD: Final = "use_other_account"


@dataclass(frozen=True, slots=True)
class ClaimEvent:
    """What happened to a claim: who did it, and why."""

    kind: str
    actor: str
    reason: str | None
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ClaimView:
    """The holder has it `since` then, until `due_at`. `enrollment_id` is told once the record is the student's."""

    id: UUID
    kind: str
    state: ClaimState
    institution_code: str
    institution_name: str
    differing_fields: list[str]
    opened_at: datetime
    holder: ClaimHolder | None
    since: datetime
    due_at: datetime | None
    overdue: bool
    forwarded_at: datetime | None
    expires_at: datetime | None
    statement: str | None
    former_name: str | None
    former_document_number_masked: str | None
    submitted_at: datetime | None
    decided_at: datetime | None
    reason: str | None
    note: str | None
    undo_until: datetime | None
    enrollment_id: UUID | None
    log: list[ClaimEvent]
    next: tuple[Option, ...]


def claim_view(row: ClaimRow, log: list[ClaimEventRow], sealer: Sealer, *, held: bool, now: datetime) -> ClaimView:
    """`held`: another account was verified as whose the record is now. A draft past its time is shown as what it is."""
    late = row.state == ClaimState.DRAFT and row.expires_at <= now
    state = ClaimState.EXPIRED if late else ClaimState(row.state)
    due_at = (row.expires_at if state is ClaimState.DRAFT else row.due_at) if state in HOLDERS else None
    opened = {
        name: None if (sealed := getattr(row, name)) is None else sealer.open(sealed, context).decode()
        for name, context in CLAIM_CONTEXTS.items()
    }
    number = opened["former_document"]
    return ClaimView(
        id=row.id,
        kind=row.kind,
        state=state,
        institution_code=row.institution_code,
        institution_name=row.institution_name,
        differing_fields=row.differing,
        opened_at=row.opened_at,
        holder=HOLDERS.get(state),
        since=row.expires_at if late else row.state_since,
        due_at=due_at,
        overdue=due_at is not None and due_at <= now,
        forwarded_at=row.forwarded_at,
        expires_at=row.expires_at if state is ClaimState.DRAFT else None,
        statement=opened["statement"],
        former_name=opened["former_name"],
        former_document_number_masked=None if number is None else mask_document_number(number),
        submitted_at=row.submitted_at,
        decided_at=row.decided_at,
        reason=row.reason,
        note=row.note,
        undo_until=row.undo_until if state is ClaimState.GRANTED else None,
        enrollment_id=row.enrollment_id if state is ClaimState.GRANTED else None,
        log=[ClaimEvent(line.kind, line.actor, line.reason, line.note, line.at) for line in log],
        next=_next(state, held=held),
    )


def _next(state: ClaimState, *, held: bool) -> tuple[Option, ...]:
    step = Option(_NEXT[state])
    return (step, Option(_HELD)) if held and state in HOLDERS else (step,)
