"""Registrars find the records of their school, and take them home as a roster. Who is shown or taken can read it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.core.clock import Clock, next_china_midnight
from xuexin_api.core.documents import normalise_document_number
from xuexin_api.core.errors import BrokenRuleError, FieldProblem, InvalidRequestError, TooManyOperationsError
from xuexin_api.core.names import normalise_name
from xuexin_api.core.policies import RecordListPolicy
from xuexin_api.core.roster import COLUMNS
from xuexin_api.core.roster_lines import csv_text, roster_cells
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.staff.record_lists import LINE, WHOLE, RecordListRepository, Wanted
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.staff.record_trace import RecordTrace
from xuexin_api.services.staff.staff_callers import StaffCallers

_BEFORE_ALL: Final = UUID(int=0)
_EXPORTS: Final = "record_exports"
# With its mark, UTF-8 opens in any spreadsheet.
_MARK: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class Search:
    """What a registrar looks for, and what for. Nothing given: the whole list."""

    purpose: str
    student_number: str | None = None
    candidate_number: str | None = None
    name: str | None = None
    document_number: str | None = None
    class_name: str | None = None
    programme_name: str | None = None
    grade: int | None = None
    statuses: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A record in a list."""

    id: UUID
    name: str
    student_number: str
    candidate_number: str | None
    level: str
    programme_name: str
    class_name: str | None
    grade: int | None
    admission_date: date
    status: str


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some of a school's records."""

    items: list[RecordLine]
    next_cursor: str | None


class RecordListService(Service):
    """A registrar's own school; every page, the first and the last of millions, takes the same time."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        lists: RecordListRepository,
        trace: RecordTrace,
        counters: CounterRepository,
        callers: StaffCallers,
        lookups: Lookups,
        sealer: Sealer,
        policy: RecordListPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._lists = lists
        self._trace = trace
        self._counters = counters
        self._callers = callers
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy

    async def search(self, search: Search, claims: Claims, *, cursor: str | None, most: int) -> RecordPage:
        """The school's records that fit; each that is shown is written down as seen.

        A page may have fewer than there is room for, and none, before the last: it looked at as many as it may.
        """
        after = _BEFORE_ALL if cursor is None else read_cursor(cursor)
        wanted = self._wanted(search)
        now = self._clock.now()
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REGISTRAR)
            page, goes_on = await self._next(member, wanted, LINE, after, most)
            await self._trace.looked(_subjects(page), member, "listed", search.purpose, now=now)
            await self._trace.note("record:search", member, None, now=now)
        items = [RecordLine(**{name: getattr(row, name) for name in RecordLine.__slots__}) for row in page]
        return RecordPage(items, None if goes_on is None else write_cursor(goes_on))

    async def export(self, search: Search, claims: Claims) -> AsyncIterator[str]:
        """The school's records that fit, as the text of a roster, piece by piece; refusals come before the first.

        A record is as it was when its piece was read. A piece is written down before it is handed out, and none is
        handed out to whom the school's records are closed by then: that breaks off what was begun.
        """
        wanted = self._wanted(search)
        now = self._clock.now()
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REGISTRAR)
            made = await self._counters.add_one(
                _EXPORTS, member.id.bytes, now=now, window_ends_at=next_china_midnight(now)
            )
            await self._trace.note("record:export", member, None, now=now)
            name = await self._lists.get_institution_name(member.institution_code or "")
        if made.count > self._policy.exports_per_day:
            raise TooManyOperationsError(retry_after=seconds_until(made.window_ends_at, now))
        return self._pieces(wanted, member, claims, name, search.purpose)

    async def _pieces(
        self, wanted: Wanted, member: StaffRow, claims: Claims, name: str, purpose: str
    ) -> AsyncIterator[str]:
        yield _MARK + csv_text([list(COLUMNS)])
        goes_on: UUID | None = _BEFORE_ALL
        while goes_on is not None:
            async with self._transaction():
                page, goes_on = await self._next(member, wanted, WHOLE, goes_on, self._policy.export_rows)
                await self._trace.looked(_subjects(page), member, "exported", purpose, now=self._clock.now())
                # Last, for their other requests wait for this one's end from here on.
                await self._callers.member_of(claims, Role.REGISTRAR)
            if page:
                # Beside the server's loop: others read meanwhile.
                yield await asyncio.to_thread(self._text, page, (member.institution_code or "", name))

    def _text(self, page: Sequence[Row[*tuple[Any, ...]]], institution: tuple[str, str]) -> str:
        numbers = (self._sealer.open(row.document_ciphertext, DOCUMENT_CONTEXT).decode() for row in page)
        return csv_text(roster_cells(row, number, institution) for row, number in zip(page, numbers, strict=True))

    async def _next(
        self,
        member: StaffRow,
        wanted: Wanted,
        columns: Sequence[InstrumentedAttribute[Any]],
        after: UUID,
        most: int,
    ) -> tuple[Sequence[Row[*tuple[Any, ...]]], UUID | None]:
        """The next records that are wanted, and after which the ones behind them begin, where there can be any."""
        listed = await self._lists.list_for_institution(
            member.institution_code or "",
            wanted,
            columns,
            after=after,
            most=most + 1,
            most_seen=self._policy.seen_by_page,
        )
        if len(listed.rows) > most:
            return listed.rows[:most], listed.rows[most - 1].id
        return listed.rows, listed.last_seen

    def _wanted(self, search: Search) -> Wanted:
        number = search.document_number
        return Wanted(
            student_number=search.student_number,
            candidate_number=search.candidate_number,
            name=None if search.name is None else _name(search.name),
            document_key=None if number is None else self._lookups.document(normalise_document_number(number)),
            class_name=search.class_name,
            programme_name=search.programme_name,
            grade=search.grade,
            statuses=search.statuses,
        )


def _subjects(page: Sequence[Row[*tuple[Any, ...]]]) -> list[dict[str, UUID]]:
    return [{"id": row.id, "person_id": row.person_id} for row in page]


def _name(typed: str) -> str:
    try:
        return normalise_name(typed)
    except BrokenRuleError as broken:
        raise InvalidRequestError([FieldProblem("/name", broken.code, broken.params)]) from None
