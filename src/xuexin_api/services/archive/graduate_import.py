"""A school's list of graduates comes in, judged row by row by the rules that registrars follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock, china_date
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import BrokenRuleError, GraduationPhotoMissingError, InvalidRequestError, RefusalError
from xuexin_api.core.graduates import Graduate, GraduateRowParser
from xuexin_api.core.imports import Senders
from xuexin_api.core.policies import RecordPolicy
from xuexin_api.core.record_life import REASONS, Change, Wish, follow
from xuexin_api.core.roster import Cell, InstitutionNames, RowError
from xuexin_api.repositories.archive.graduates import GraduateRepository
from xuexin_api.services.archive.graduation import (
    CONCLUSIONS,
    before_and_after,
    degree_of,
    facts_of,
    judge_certificate,
    judge_degree,
    qualification_of,
)
from xuexin_api.services.base import Service

_BATCH: Final = 500


@dataclass(slots=True)
class GraduateReport:
    """What became of the file's rows."""

    read: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(slots=True)
class _Batch:
    """What a batch will write."""

    changes: list[dict[str, Any]] = field(default_factory=list)
    qualifications: list[dict[str, Any]] = field(default_factory=list)
    degrees: list[dict[str, Any]] = field(default_factory=list)


class GraduateWatch(Protocol):
    """Whom an import tells how far it is; stopping it is done by raising."""

    async def note_rows(self, read: int, *, passed_over: int) -> None:
        """So many rows are read."""

    async def is_dry_run(self) -> bool:
        """All rows are judged: whether that was all."""

    async def settle(self, report: GraduateReport, import_id: UUID | None) -> None:
        """The last word, in the transaction that publishes; `import_id` is None in a dry run."""


class UnattendedGraduates:
    """Nobody stops the import."""

    def __init__(self, *, dry_run: bool) -> None:
        self._dry_run = dry_run

    async def note_rows(self, read: int, *, passed_over: int) -> None:
        pass

    async def is_dry_run(self) -> bool:
        return self._dry_run

    async def settle(self, report: GraduateReport, import_id: UUID | None) -> None:
        pass


class GraduateImportService(Service):
    """One transaction: run twice, nothing changes; stopped, nothing has happened."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        graduates: GraduateRepository,
        institutions: InstitutionNames,
        policy: RecordPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._graduates = graduates
        self._institutions = institutions
        self._policy = policy
        self._entropy = entropy

    async def run(
        self,
        rows: Iterator[tuple[int, list[Cell]]],
        *,
        file_name: str,
        rejected: Callable[[RowError], None],
        watch: GraduateWatch,
        senders: Senders | None = None,
    ) -> GraduateReport:
        """Take the file whose rows these are, header first; every broken rule is told, in the file's order.

        By what a school uploads only its own students leave, and of them nobody who brings it.
        """
        _, header = next(rows, (0, []))
        school = None if senders is None else senders.institution_code
        own_keys = [] if senders is None else senders.document_keys
        parser = GraduateRowParser(header, self._institutions, school)
        report = GraduateReport()
        import_id = self._entropy.identifier()
        async with self._transaction() as transaction:
            if school is not None:
                await self._graduates.lock_institution(school)
            await self._begin(import_id, file_name)
            schools: set[str] = set()
            while some := list(islice(rows, _BATCH)):
                for error in sorted(
                    await self._take_some(some, parser, import_id, report, schools, own_keys), key=attrgetter("line")
                ):
                    rejected(error)
                await watch.note_rows(report.read, passed_over=0)
            dry_run = await watch.is_dry_run()
            if dry_run:
                await transaction.rollback()
            else:
                counts = {
                    f"rows_{name}": getattr(report, name) for name in ("read", "changed", "unchanged", "rejected")
                }
                await self._graduates.complete_import(import_id, counts | {"institution_codes": sorted(schools)})
                await watch.settle(report, import_id)
        if dry_run:
            async with self._transaction():
                await watch.settle(report, None)
        return report

    async def _begin(self, import_id: UUID, file_name: str) -> None:
        now = self._clock.now()
        none_yet = dict.fromkeys(("rows_read", "rows_added", "rows_changed", "rows_unchanged", "rows_rejected"), 0)
        when = {"started_at": now, "published_at": now}
        await self._graduates.add_import({"id": import_id, "file_name": file_name, **when, **none_yet})

    async def _take_some(
        self,
        rows: Sequence[tuple[int, list[Cell]]],
        parser: GraduateRowParser,
        import_id: UUID,
        report: GraduateReport,
        schools: set[str],
        own_keys: list[bytes],
    ) -> list[RowError]:
        found: list[RowError] = []

        def reject(*errors: RowError) -> None:
            report.rejected += 1
            found.extend(errors)

        good: dict[int, Graduate] = {}
        for line, cells in rows:
            parsed = parser.parse(line, cells)
            if isinstance(parsed, Graduate):
                good[line] = parsed
                schools.add(parsed.institution_code)
            else:
                reject(*parsed)
        report.read += len(rows)
        await self._take(good, import_id, report, reject, own_keys)
        return found

    async def _take(
        self,
        good: dict[int, Graduate],
        import_id: UUID,
        report: GraduateReport,
        reject: Callable[..., None],
        own_keys: list[bytes],
    ) -> None:
        keys = {(row.institution_code, row.student_number) for row in good.values()}
        found = await self._graduates.list_records(keys, own_keys) if keys else []
        records = {(record["institution_code"], record["student_number"]): record for record in found}
        numbers = {number for row in good.values() for number in (row.certificate_number, row.degree_number) if number}
        taken = await self._graduates.list_taken(numbers)
        batch = _Batch()
        for line, row in good.items():
            record = records.get((row.institution_code, row.student_number))
            if record is None:
                reject(RowError(line, "XH", "student_number_unknown", {}))
            elif refusal := _refusal(record, row):
                reject(RowError(line, *refusal, {}))
            elif _is_published(record, row):
                report.unchanged += 1
            else:
                try:
                    await self._graduate(record, row, taken, batch, import_id)
                except (RefusalError, BrokenRuleError) as refused:
                    reject(_row_error(line, refused))
                else:
                    report.changed += 1
        if batch.changes:
            await self._graduates.add_changes(batch.changes)
        if batch.qualifications:
            await self._graduates.add_qualifications(batch.qualifications)
        if batch.degrees:
            await self._graduates.add_degrees(batch.degrees)

    async def _graduate(
        self, record: dict[str, Any], row: Graduate, taken: set[str], batch: _Batch, import_id: UUID
    ) -> None:
        """Judge all of a row, then write it: a row counts whole or not at all."""
        now = self._clock.now()
        reason = REASONS[row.change][0]
        wish = Wish(row.change, reason, row.left_on, None, {})
        columns = follow(facts_of(record), wish, china_date(now), self._policy)
        after = dict(columns)
        number, degree = row.certificate_number, row.degree_number
        if row.change in CONCLUSIONS:
            if not record["photos"]:
                raise GraduationPhotoMissingError
            judge_certificate(record, number or "", row.left_on)
            after["certificate_number"] = number
        if degree is not None:
            judge_degree(record, degree, row.left_on)
            after |= {"degree_name": row.degree_name, "degree_certificate_number": degree}
        for one in (number, degree):
            if one in taken:
                raise BrokenRuleError("certificate_number_taken")
        taken |= {one for one in (number, degree) if one is not None}
        await self._graduates.change(record["id"], columns, now=now)
        batch.changes.append(
            {
                "id": self._entropy.identifier(),
                "enrollment_id": record["id"],
                "change": str(row.change),
                "roster_import_id": import_id,
                "reason": reason,
                "effective_on": row.left_on,
                "at": now,
                **before_and_after(record, after),
            }
        )
        if row.change in CONCLUSIONS:
            batch.qualifications.append(
                qualification_of(
                    record,
                    self._entropy.identifier(),
                    change=row.change,
                    graduated_on=row.left_on,
                    number=number or "",
                    president_name=row.president_name or "",
                    now=now,
                )
            )
        if degree is not None:
            batch.degrees.append(
                degree_of(
                    record,
                    self._entropy.identifier(),
                    name=row.degree_name or "",
                    number=degree,
                    awarded_on=row.left_on,
                    now=now,
                )
            )
        record |= {"status": after["status"], "leaving_date": row.left_on}
        record |= {"certificate_number": number, "degree_number": degree}


def _target(change: Change) -> str:
    return CONCLUSIONS.get(change, "incomplete")


def _is_published(record: Mapping[str, Any], row: Graduate) -> bool:
    return bool(record["status"] == _target(row.change) and record["certificate_number"] == row.certificate_number)


def _refusal(record: Mapping[str, Any], row: Graduate) -> tuple[str, str] | None:
    """Column and code where a row is not to be judged at all. A list without a degree says nothing of it."""
    if record["own"]:
        return "XH", "row_about_yourself"
    if _is_published(record, row):
        if record["leaving_date"] != row.left_on:
            return "BYRQ", "published_otherwise"
        if row.degree_number not in {None, record["degree_number"]}:
            return "XWZSBH", "published_otherwise"
    return None


def _row_error(line: int, refused: RefusalError | BrokenRuleError) -> RowError:
    if isinstance(refused, InvalidRequestError):
        problem = refused.problems[0]
        return RowError(line, "BYRQ", problem.code, problem.params)
    code = refused.code
    column = {"change_not_allowed": "BYJL", "graduation_photo_missing": "XH", "record_frozen": "BYRQ"}.get(code, "ZSBH")
    if code.startswith("degree_"):
        column = "XWZSBH"
    return RowError(line, column, code, refused.params)
