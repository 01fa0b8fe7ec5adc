"""What a record and its certificates said when a claim gave them: read out of the history, and said again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from xuexin_api.core.corrections import RecordKind
from xuexin_api.core.errors import RecordChangedError
from xuexin_api.core.record_life import NEW_AT_TRANSFER
from xuexin_api.core.record_undoing import TELL_APART, PastChange, said_before
from xuexin_api.repositories.archive.claims import ClaimRow
from xuexin_api.repositories.staff.correction_desk import CorrectionDeskRepository
from xuexin_api.repositories.staff.record_undoing import RecordUndoingRepository
from xuexin_api.services.archive.corrected_records import CorrectedRecords
from xuexin_api.services.archive.graduation import plain

_OF_SCHOOL: Final = frozenset({"student_number", "candidate_number"})
_DAYS: Final = frozenset(
    {"birth_date", "admission_date", "expected_graduation_date", "leaving_date", "graduation_date", "awarded_on"}
)
_AMOUNTS: Final = frozenset({"duration_years"})
SHOWN_NUMBER: Final = "document_number_masked"
"""A document number as histories have it."""


@dataclass(frozen=True, slots=True)
class Period:
    """The time in which a record, or one that it became by 转学, was with whoever has it no more."""

    enrollment_id: UUID
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Restored:
    """The fields of one record that go back, as they are and as they were."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What a record said: the fields that go back, and of a document number that was corrected since, how it showed."""

    fields: dict[RecordKind, Restored]
    number_masked: str | None


class RecordRestoring:
    """Used inside the transaction that takes a record back, which has it locked."""

    def __init__(
        self, *, records: CorrectedRecords, undoing: RecordUndoingRepository, desk: CorrectionDeskRepository
    ) -> None:
        self._records = records
        self._undoing = undoing
        self._desk = desk

    async def lock_numbers(self, claim: ClaimRow) -> list[str]:
        """Before any record, as imports do, the numbers of every school where one may go back; which schools."""
        schools = await self._undoing.list_schools_of_corrected_numbers(claim.id, claim.enrollment_id)
        for code in schools:
            await self._desk.lock_numbers(code)
        return schools

    async def said(self, periods: Sequence[Period], locked: Sequence[str]) -> Said:
        """Of 学籍, 学历 and 学位 what said something else: first the record's own period, then those of what it was."""
        own, *earlier = periods
        told = await self._changes(own)
        for period in earlier:
            told += [_that_came_along(one) for one in await self._changes(period)]
        found: dict[RecordKind, Restored] = {}
        for kind, says in (await self._facts(own.enrollment_id)).items():
            now_says = {field: plain(value) for field, value in says.items()}
            after = {field: _typed(field, value) for field, value in said_before(kind, now_says, told).items()}
            for field in after.keys() & TELL_APART:
                if await self._is_anothers(own.enrollment_id, field, after[field], says, locked):
                    del after[field]
            if after:
                found[kind] = Restored({field: says[field] for field in after}, after)
        numbers = [one.before[SHOWN_NUMBER] for one in told if SHOWN_NUMBER in one.before]
        return Said(found, numbers[-1] if numbers else None)

    async def say_again(self, kind: RecordKind, enrollment_id: UUID, restored: Restored) -> None:
        """学历 or 学位; a 学籍 changes with whose it is."""
        await self._desk.correct(kind, enrollment_id, restored.after)

    async def _is_anothers(
        self, enrollment_id: UUID, field: str, number: str | None, says: Mapping[str, Any], locked: Sequence[str]
    ) -> bool:
        """A number that another record has by now stays there."""
        if number is None:
            return False
        if field in _OF_SCHOOL and says["institution_code"] not in locked:
            # It came here by a transfer, or was corrected, since the schools were asked for.
            raise RecordChangedError
        return await self._undoing.is_anothers(enrollment_id, field, number)

    async def _changes(self, period: Period) -> list[PastChange]:
        return await self._undoing.list_changes(period.enrollment_id, since=period.since, until=period.until)

    async def _facts(self, enrollment_id: UUID) -> dict[RecordKind, Mapping[str, Any]]:
        found = {kind: await self._records.facts(kind, enrollment_id) for kind in RecordKind}
        return {kind: facts for kind, facts in found.items() if facts is not None}


def _that_came_along(change: PastChange) -> PastChange:
    """As the record that a transfer made of this one has it from here."""
    kept = {field: value for field, value in change.before.items() if field not in NEW_AT_TRANSFER}
    return PastChange(change.change, kept, change.after)


def _typed(field: str, value: Any) -> Any:
    """As the archive keeps what a history keeps as JSON."""
    if value is None:
        return None
    if field in _DAYS:
        return date.fromisoformat(value)
    return Decimal(str(value)) if field in _AMOUNTS else value
