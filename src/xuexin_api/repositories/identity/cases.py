"""Identity cases. Whoever moves one holds its document's lock, so that two cases about one document take turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.models.cases import CaseDecision, CaseEvent, CaseEvidence, CaseHolder, IdentityCase

_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    IdentityCase.id,
    IdentityCase.account_id,
    IdentityCase.document_key,
    IdentityCase.state,
    IdentityCase.strength,
    IdentityCase.person_id,
    IdentityCase.reviewers,
    IdentityCase.approvals,
    IdentityCase.round,
    IdentityCase.opened_at,
    IdentityCase.expires_at,
    IdentityCase.submitted_at,
    IdentityCase.effect_at,
    IdentityCase.queued_at,
    IdentityCase.decided_at,
    IdentityCase.undo_until,
    IdentityCase.reason,
    IdentityCase.assigned_to,
    IdentityCase.assigned_at,
)
_LIVING: Final = ("draft", "submitted", "notice", "in_review")
# As the unique indexes by document say it, one after the other: in one list neither would be used, and every living
# case of all documents looked at.
HANDED_IN: Final = or_(
    IdentityCase.state == literal_column("'submitted'"),
    IdentityCase.state.in_([literal_column("'notice'"), literal_column("'in_review'")]),
)
"""Somebody contests the document with evidence."""
_SECONDS_IN_SAMPLE: Final = 100
# Written out, as the index of the queue has them: with parameters in their place, it would not be known to fit.
_WITH_PEOPLE: Final[BindParameter[Any]] = bindparam(
    None, ["submitted", "in_review", "undo_review"], expanding=True, literal_execute=True
)
_AGREED: Final = and_(IdentityCase.state == "in_review", IdentityCase.approvals >= IdentityCase.reviewers)
WAITS_FOR_PEOPLE: Final = and_(IdentityCase.state.in_(_WITH_PEOPLE), IdentityCase.queued_at.is_not(None), ~_AGREED)
"""It stands in the queue of the review desk."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as it is stored."""

    id: UUID
    account_id: UUID
    document_key: bytes
    state: str
    strength: str | None
    person_id: UUID | None
    reviewers: int
    approvals: int
    round: int
    opened_at: datetime
    expires_at: datetime
    submitted_at: datetime | None
    effect_at: datetime | None
    queued_at: datetime | None
    decided_at: datetime | None
    undo_until: datetime | None
    reason: str | None
    assigned_to: UUID | None
    assigned_at: datetime | None

    @property
    def agreed(self) -> bool:
        """Enough reviewers said yes: it waits for the end of its notice, and for nobody any more."""
        return self.state == "in_review" and self.approvals >= self.reviewers


@dataclass(frozen=True, slots=True)
class DueCase:
    """A case whose moment has come, and its place among others."""

    id: UUID
    document_key: bytes
    effect_at: datetime


@dataclass(frozen=True, slots=True)
class HolderRow:
    """What a case knows of an account that had its document."""

    account_id: UUID
    told_at: datetime
    reachable: bool
    objected_at: datetime | None
    objection: bytes | None
    undo_asked_at: datetime | None
    superseded_at: datetime | None
    before_state: str | None
    before_closes_at: datetime | None
    before_person_id: UUID | None
    before_strength: str | None


_HOLDER: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    CaseHolder.account_id,
    CaseHolder.told_at,
    CaseHolder.reachable,
    CaseHolder.objected_at,
    CaseHolder.objection,
    CaseHolder.undo_asked_at,
    CaseHolder.superseded_at,
    CaseHolder.before_state,
    CaseHolder.before_closes_at,
    CaseHolder.before_person_id,
    CaseHolder.before_strength,
)


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of a case's log."""

    kind: str
    actor: str
    reason: str | None
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """Accepted evidence."""

    kind: str
    strength: str
    person_id: UUID | None
    at: datetime


class CaseRepository:
    """Statements on cases and what hangs on them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_document(self, document_key: bytes) -> None:
        """Wait for the document's turn; it ends with the transaction."""
        number = int.from_bytes(document_key[8:16], "big", signed=True)
        await self._session.execute(select(func.pg_advisory_xact_lock(number)))

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(IdentityCase).values(**values))

    async def get(self, case_id: UUID) -> CaseRow | None:
        row = (await self._session.execute(select(*_COLUMNS).where(IdentityCase.id == case_id))).first()
        return None if row is None else CaseRow(*row)

    async def get_for_update(self, case_id: UUID) -> CaseRow | None:
        statement = select(*_COLUMNS).where(IdentityCase.id == case_id).with_for_update()
        row = (await self._session.execute(statement)).first()
        return None if row is None else CaseRow(*row)

    async def get_living_for_account(self, account_id: UUID) -> CaseRow | None:
        statement = select(*_COLUMNS).where(IdentityCase.account_id == account_id, IdentityCase.state.in_(_LIVING))
        row = (await self._session.execute(statement)).first()
        return None if row is None else CaseRow(*row)

    async def count_for_account(self, account_id: UUID) -> int:
        statement = select(func.count()).select_from(IdentityCase).where(IdentityCase.account_id == account_id)
        return int(await self._session.scalar(statement) or 0)

    async def has_handed_in(self, account_id: UUID) -> bool:
        """Whether the account ever handed a case in, whatever became of it."""
        statement = select(IdentityCase.id).where(
            IdentityCase.account_id == account_id, IdentityCase.submitted_at.is_not(None)
        )
        return await self._session.scalar(statement.limit(1)) is not None

    async def list_for_account(self, account_id: UUID, *, before: UUID | None, most: int) -> list[CaseRow]:
        """The account's claims, and the claims to its document; newest first."""
        held = select(CaseHolder.case_id).where(CaseHolder.account_id == account_id)
        statement = select(*_COLUMNS).where(or_(IdentityCase.account_id == account_id, IdentityCase.id.in_(held)))
        if before is not None:
            statement = statement.where(IdentityCase.id < before)
        rows = await self._session.execute(statement.order_by(IdentityCase.id.desc()).limit(most))
        return [CaseRow(*row) for row in rows]

    async def list_waiting_for_document(self, document_key: bytes) -> list[CaseRow]:
        """Handed-in cases about a document: two at most, by the unique indexes."""
        statement = select(*_COLUMNS).where(IdentityCase.document_key == document_key, HANDED_IN)
        return [CaseRow(*row) for row in await self._session.execute(statement)]

    async def is_contested(self, document_key: bytes) -> bool:
        """Whether somebody handed in a claim to the document that is not decided."""
        statement = select(IdentityCase.id).where(IdentityCase.document_key == document_key, HANDED_IN)
        return await self._session.scalar(statement.limit(1)) is not None

    async def move(self, case_id: UUID, from_state: str, to_state: str, **values: Any) -> bool:
        """One step; False when the case is not (any more) where it is said to be."""
        statement = (
            update(IdentityCase)
            .where(IdentityCase.id == case_id, IdentityCase.state == from_state)
            .values(state=to_state, **values)
            .returning(IdentityCase.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def list_due(self, *, now: datetime, after: DueCase | None, most: int) -> list[DueCase]:
        """Cases whose notice has run out, and that wait for nobody; longest first, after the last of the list before.

        One that stays due for it could not be moved stands in no further list of the same round.
        """
        order = (IdentityCase.effect_at, IdentityCase.id)
        statement = select(IdentityCase.id, IdentityCase.document_key, IdentityCase.effect_at).where(
            or_(IdentityCase.state == "notice", _AGREED), IdentityCase.effect_at <= now
        )
        if after is not None:
            statement = statement.where(tuple_(*order) > tuple_(after.effect_at, after.id))
        rows = await self._session.execute(statement.order_by(*order).limit(most))
        return [DueCase(case_id, key, effect_at) for case_id, key, effect_at in rows if effect_at is not None]

    async def expire_drafts(self, *, now: datetime, most: int) -> list[UUID]:
        """Drafts that nobody handed in become expired; which they were."""
        late = (
            select(IdentityCase.id)
            .where(IdentityCase.state == "draft", IdentityCase.expires_at <= now)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(IdentityCase)
            .where(IdentityCase.id.in_(late.scalar_subquery()))
            .values(state="expired", decided_at=now)
            .returning(IdentityCase.id)
        )
        return list(await self._session.scalars(statement))

    async def add_event(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(CaseEvent).values(**values))

    async def list_events(self, case_ids: Sequence[UUID], *, most: int) -> dict[UUID, list[EventRow]]:
        """Of each case the latest, oldest first."""
        columns = (CaseEvent.kind, CaseEvent.actor, CaseEvent.reason, CaseEvent.note, CaseEvent.at)
        rank = func.row_number().over(partition_by=CaseEvent.case_id, order_by=CaseEvent.id.desc())
        ranked = (
            select(CaseEvent.case_id, CaseEvent.id, *columns, rank.label("rank"))
            .where(CaseEvent.case_id.in_(case_ids))
            .subquery()
            .c
        )
        statement = select(ranked.case_id, *(ranked[column.key] for column in columns)).where(ranked.rank <= most)
        found: dict[UUID, list[EventRow]] = {case_id: [] for case_id in case_ids}
        for case_id, *line in await self._session.execute(statement.order_by(ranked.id)):
            found[case_id].append(EventRow(*line))
        return found

    async def add_evidence(self, values: Mapping[str, Any]) -> None:
        """Evidence of a kind counts once; the same kind again changes nothing."""
        await self._session.execute(upsert(CaseEvidence).values(**values).on_conflict_do_nothing())

    async def list_evidence(self, case_ids: Sequence[UUID]) -> dict[UUID, list[EvidenceRow]]:
        evidence = CaseEvidence
        statement = (
            select(evidence.case_id, evidence.kind, evidence.strength, evidence.person_id, evidence.at)
            .where(evidence.case_id.in_(case_ids))
            .order_by(evidence.at)
        )
        found: dict[UUID, list[EvidenceRow]] = {case_id: [] for case_id in case_ids}
        for row in await self._session.execute(statement):
            found[row[0]].append(EvidenceRow(*row[1:]))
        return found

    async def add_holder(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(CaseHolder).values(**values))

    async def list_holders(self, case_id: UUID) -> list[HolderRow]:
        statement = select(*_HOLDER).where(CaseHolder.case_id == case_id).order_by(CaseHolder.account_id)
        return [HolderRow(*row) for row in await self._session.execute(statement)]

    async def list_holdings(self, account_id: UUID, case_ids: Sequence[UUID]) -> dict[UUID, HolderRow]:
        """In which of these cases the account is a holder."""
        statement = select(CaseHolder.case_id, *_HOLDER).where(
            CaseHolder.account_id == account_id, CaseHolder.case_id.in_(case_ids)
        )
        return {row[0]: HolderRow(*row[1:]) for row in await self._session.execute(statement)}

    async def find_by_secret(self, secret_hash: bytes) -> tuple[UUID, UUID] | None:
        """(case, account) of the link that a holder got."""
        statement = select(CaseHolder.case_id, CaseHolder.account_id).where(CaseHolder.secret_hash == secret_hash)
        row = (await self._session.execute(statement)).first()
        return None if row is None else (row[0], row[1])

    async def note_holder(self, case_id: UUID, account_id: UUID, **values: Any) -> None:
        await self._session.execute(update(CaseHolder).where(_holder(case_id, account_id)).values(**values))

    async def note_objection(self, case_id: UUID, account_id: UUID, objection: bytes, *, now: datetime) -> bool:
        """The holder objects, once."""
        return await self._note_once(case_id, account_id, CaseHolder.objected_at, objection, now)

    async def note_undo_asked(self, case_id: UUID, account_id: UUID, objection: bytes, *, now: datetime) -> bool:
        """The holder asks to undo the grant, once."""
        return await self._note_once(case_id, account_id, CaseHolder.undo_asked_at, objection, now)

    async def _note_once(
        self,
        case_id: UUID,
        account_id: UUID,
        column: InstrumentedAttribute[datetime | None],
        objection: bytes,
        now: datetime,
    ) -> bool:
        statement = (
            update(CaseHolder)
            .where(_holder(case_id, account_id), column.is_(None))
            .values({column: now, CaseHolder.objection: objection})
            .returning(CaseHolder.case_id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def is_rejected_by_reviewer(self, case_id: UUID, case_round: int) -> bool:
        statement = select(CaseDecision.case_id).where(
            CaseDecision.case_id == case_id, CaseDecision.round == case_round, CaseDecision.decision == "reject"
        )
        return await self._session.scalar(statement.limit(1)) is not None

    async def usual_review(self) -> float | None:
        """Seconds within which three quarters of the last reviews were done; None where none was.

        No notice is in them. A case that waits for people again is in them again when those have spoken.
        """
        latest = (
            select(func.extract("epoch", IdentityCase.reviewed_at - IdentityCase.queued_at).label("seconds"))
            .where(IdentityCase.reviewed_at.is_not(None), IdentityCase.reviewed_at > IdentityCase.queued_at)
            .order_by(IdentityCase.reviewed_at.desc())
            .limit(_SECONDS_IN_SAMPLE)
            .subquery()
        )
        value = await self._session.scalar(select(func.percentile_cont(0.75).within_group(latest.c.seconds)))
        return None if value is None else float(value)

    async def count_queued_before(self, queued_at: datetime) -> int:
        """Cases that wait for people longer."""
        statement = (
            select(func.count()).select_from(IdentityCase).where(WAITS_FOR_PEOPLE, IdentityCase.queued_at < queued_at)
        )
        return int(await self._session.scalar(statement) or 0)


def _holder(case_id: UUID, account_id: UUID) -> ColumnElement[bool]:
    return and_(CaseHolder.case_id == case_id, CaseHolder.account_id == account_id)
