"""What waits at the desk of an office, of corrections and of claims: news, numbers, deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.core.corrections import CorrectionHolder, held_by
from xuexin_api.core.offices import MOST_COUNTED, MOST_NEW, is_province
from xuexin_api.core.record_claims import ClaimState
from xuexin_api.models.claims import ClaimEvent, RecordClaim
from xuexin_api.models.corrections import CorrectionEvent, RecordCorrection
from xuexin_api.models.offices import OfficeContact
from xuexin_api.repositories.archive.institutions import in_province

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OfficeWork:
    """How much waits and how much of it is due soon, counted as far as is told; and what is due first."""

    waiting: int
    due_soon: int
    due_first: datetime | None


@dataclass(frozen=True, slots=True)
class _Kind:
    """Requests of one kind: their table, their log, and where a desk has them to decide."""

    table: type[RecordCorrection | RecordClaim]
    log: type[CorrectionEvent | ClaimEvent]
    subject: InstrumentedAttribute[Any]
    of_school: Sequence[str]
    of_province: Sequence[str]

    def of(self, office: str | InstrumentedAttribute[str], *, provinces: bool) -> ColumnElement[bool]:
        """Of this school, or of one in this province."""
        code = self.table.institution_code
        return in_province(code, office) if provinces else code == office

    def waits(self, *, provinces: bool, more: Sequence[str] = ()) -> ColumnElement[bool]:
        """With the desks of schools, or of provinces; `more` are further states."""
        states = [*(self.of_province if provinces else self.of_school), *more]
        # Written out, as the indexes have them.
        among: BindParameter[Any] = bindparam(None, states, expanding=True, literal_execute=True)
        return self.table.state.in_(among) if len(states) > 1 else self.table.state == _written(states[0])

    def is_news(self, *, provinces: bool) -> ColumnElement[bool]:
        """What the desks have and their offices were not told, objections to what was granted among it."""
        if self.table is not RecordClaim:
            return and_(self.table.untold_since.is_not(None), self.waits(provinces=provinces))
        granted_here = RecordClaim.forwarded_at.is_not(None) if provinces else RecordClaim.forwarded_at.is_(None)
        return and_(
            RecordClaim.untold_since.is_not(None),
            self.waits(provinces=provinces, more=[ClaimState.GRANTED]),
            or_(RecordClaim.state != ClaimState.GRANTED, granted_here),
        )


def _written(state: str) -> BindParameter[str]:
    return bindparam(None, str(state), literal_execute=True)


_KINDS: Final = (
    _Kind(
        RecordCorrection,
        CorrectionEvent,
        CorrectionEvent.correction_id,
        held_by(CorrectionHolder.SCHOOL),
        held_by(CorrectionHolder.PROVINCE),
    ),
    _Kind(
        RecordClaim,
        ClaimEvent,
        ClaimEvent.claim_id,
        [ClaimState.SCHOOL_REVIEW],
        [ClaimState.PROVINCE_REVIEW],
    ),
)


def has_news(*, provinces: bool, due_before: datetime) -> ColumnElement[bool]:
    """Whether the office of a contact has something to be told: a look into an index for each kind of news."""
    told_until = func.coalesce(OfficeContact.deadlines_told_until, _LONG_AGO)
    found = []
    for kind in _KINDS:
        theirs = kind.of(OfficeContact.office, provinces=provinces)
        due = and_(kind.waits(provinces=provinces), kind.table.due_at > told_until, kind.table.due_at <= due_before)
        found += [exists().where(theirs, kind.is_news(provinces=provinces)), exists().where(theirs, due)]
    return or_(*found)


class OfficeWorkRepository:
    """Statements for the office that is being told. What somebody moves at this moment is left for the next time."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def note_told(self, office: str, kind_of_line: str, *, now: datetime) -> int:
        """What is news is so no more, and a line in the log of each; how many."""
        told = 0
        for kind in _KINDS:
            news = self._some(kind, office, kind.is_news(provinces=is_province(office)))
            of_news = kind.table.id.in_(news.with_for_update(key_share=True, skip_locked=True))
            marked = update(kind.table).where(of_news).values(untold_since=None).returning(kind.table.id).cte("marked")
            told += await self._write_down(kind, select(marked.c.id), kind_of_line, now=now)
        return told

    async def note_due(
        self, office: str, kind_of_line: str, *, due_after: datetime | None, due_before: datetime, now: datetime
    ) -> int:
        """A line in the log of each that came to be due soon since the last time; how many."""
        told = 0
        for kind in _KINDS:
            due = and_(
                kind.waits(provinces=is_province(office)),
                kind.table.untold_since.is_(None),
                kind.table.due_at > (due_after or _LONG_AGO),
                kind.table.due_at <= due_before,
            )
            found = self._some(kind, office, due).with_for_update(read=True, key_share=True, skip_locked=True)
            told += await self._write_down(kind, select(found.cte("due").c.id), kind_of_line, now=now)
        return told

    async def get(self, office: str, *, due_before: datetime) -> OfficeWork:
        """All that waits, whatever was told of it."""
        counts: list[ColumnElement[Any]] = []
        for kind in _KINDS:
            here = kind.of(office, provinces=is_province(office)), kind.waits(provinces=is_province(office))
            due = kind.table.due_at <= due_before
            counts += [
                _bounded(select(kind.table.id).where(*here)),
                _bounded(select(kind.table.id).where(*here, due)),
                select(func.min(kind.table.due_at)).where(*here).scalar_subquery(),
            ]
        row = (await self._session.execute(select(*counts))).one()
        first = [one for one in row[2::3] if one is not None]
        return OfficeWork(sum(row[0::3]), sum(row[1::3]), min(first, default=None))

    @staticmethod
    def _some(kind: _Kind, office: str, which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
        return select(kind.table.id).where(kind.of(office, provinces=is_province(office)), which).limit(MOST_NEW)

    async def _write_down(self, kind: _Kind, which: Any, kind_of_line: str, *, now: datetime) -> int:
        found = which.subquery()
        columns = [kind.subject.key, "kind", "actor", "at"]
        lines = select(found.c.id, literal(kind_of_line), literal("service"), literal(now))
        statement = insert(kind.log).from_select(columns, lines).returning(kind.log.id)
        return len((await self._session.execute(statement)).all())


def _bounded(found: Select[*tuple[Any, ...]]) -> ColumnElement[int]:
    some = found.limit(MOST_COUNTED).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
