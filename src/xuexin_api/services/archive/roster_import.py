"""A school's roster comes in: parsed, sealed and staged in chunks, then published in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol
from uuid import UUID

from xuexin_api.core.clock import Clock, china_date
from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.entropy import Entropy, uuid7_rising
from xuexin_api.core.imports import Senders
from xuexin_api.core.policies import RecordPolicy
from xuexin_api.core.record_life import frozen_year, registration_ends, school_year_of
from xuexin_api.core.roster import Cell, InstitutionNames, RowError
from xuexin_api.core.roster_rows import RosterRow, RosterRowParser
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.repositories.archive.roster_imports import Counts, RosterStaging, staged_id
from xuexin_api.services.archive.known_rows import KnownRows, read_known_rows
from xuexin_api.services.lookups import Lookups

_REGISTERED: Final = EnrollmentStatus.REGISTERED


@dataclass(frozen=True, slots=True)
class RosterReport:
    """What became of a file's rows."""

    read: int
    added: int
    changed: int
    unchanged: int
    rejected: int


@dataclass(frozen=True, slots=True)
class RejectedCell:
    """Where a rejected row breaks which rule."""

    line: int
    column: str
    code: str
    params: dict[str, Any]


class ImportWatch(Protocol):
    """Whom an import tells how far it is; stopping it is done by raising."""

    async def note_rows(self, read: int, *, passed_over: int) -> None:
        """So many rows are read; some of them were staged by a process before this one."""

    async def is_dry_run(self) -> bool:
        """All rows are read: whether they are only judged."""

    async def settle(self, staging: RosterStaging, read: int, counts: Counts, import_id: UUID | None) -> None:
        """The last word, in the transaction that publishes; `import_id` is None in a dry run."""


class UnattendedWatch:
    """Nobody stops the import, and its staging goes with it."""

    def __init__(self, *, dry_run: bool, progress: Callable[[int], None] = lambda _: None) -> None:
        self._dry_run = dry_run
        self._progress = progress

    async def note_rows(self, read: int, *, passed_over: int) -> None:
        del passed_over
        self._progress(read)

    async def is_dry_run(self) -> bool:
        return self._dry_run

    async def settle(self, staging: RosterStaging, read: int, counts: Counts, import_id: UUID | None) -> None:
        pass


class RosterImportService:
    """One import at a time per service. Stopped before publishing, nothing has happened."""

    def __init__(
        self,
        *,
        open_staging: Callable[[], AbstractAsyncContextManager[RosterStaging]],
        institutions: InstitutionNames,
        sealer: Sealer,
        lookups: Lookups,
        clock: Clock,
        entropy: Entropy,
        policy: RecordPolicy,
        chunk_rows: int,
    ) -> None:
        self._open_staging = open_staging
        self._institutions = institutions
        self._sealer = sealer
        self._lookups = lookups
        self._clock = clock
        self._entropy = entropy
        self._policy = policy
        self._chunk_rows = chunk_rows

    async def run(
        self,
        rows: Iterator[tuple[int, list[Cell]]],
        *,
        file_name: str,
        rejected: Callable[[RejectedCell], None],
        watch: ImportWatch,
        senders: Senders | None = None,
    ) -> RosterReport:
        """Import the file whose rows these are, header first; every broken rule is told, in the file's order.

        What a school uploads is about its own students, none of whom brings it or entered long ago. Without senders it
        is the operator who imports: several schools, and history.
        """
        started_at = self._clock.now()
        _, header = next(rows, (0, []))
        today = china_date(started_at)
        school_year = school_year_of(today, self._policy)
        school = None if senders is None else senders.institution_code
        parser = RosterRowParser(header, self._institutions, today, school)
        async with self._open_staging() as staging:
            read = await self._stage(rows, parser, staging, watch, school_year)
            dry_run = await watch.is_dry_run()
            import_id = None if dry_run else self._entropy.identifier()
            async with staging.transaction():
                await staging.find_records(hold=not dry_run)
                if senders is not None:
                    await staging.reject_late(
                        [
                            entered
                            for entered in await staging.list_entry_dates()
                            if today > registration_ends(entered, self._policy)
                        ]
                    )
                    await staging.reject_own(senders)
                await staging.reject(frozen_year=frozen_year(today, self._policy))
                async for row in staging.list_rejected():
                    rejected(RejectedCell(row.line, row.column_name, row.code, json.loads(row.params)))
                if import_id is None:
                    counts = await staging.count_outcomes(school_year=school_year)
                else:
                    counts = await staging.publish(
                        import_id,
                        file_name=file_name,
                        rows_read=read,
                        school_year=school_year,
                        started_at=started_at,
                        now=self._clock.now(),
                    )
                await watch.settle(staging, read, counts, import_id)
            if import_id is not None and counts.added:
                await staging.analyze_records(counts.added)
        return _report(read, counts)

    async def _stage(
        self,
        rows: Iterator[tuple[int, list[Cell]]],
        parser: RosterRowParser,
        staging: RosterStaging,
        watch: ImportWatch,
        school_year: int,
    ) -> int:
        last_line = await staging.get_last_line()
        chunk = _Chunk([], [], [])
        known: dict[str, KnownRows] = {}
        read = passed_over = 0
        for line, cells in rows:
            read += 1
            fingerprint = self._lookups.roster_row(parser.text_of(cells))
            school = parser.institution_of(cells)
            if school is not None and school not in known:
                known[school] = await read_known_rows(staging.list_fingerprints(school))
            recognised = school is not None and known[school].meet(fingerprint)
            if line <= last_line:
                passed_over = read
                continue
            if recognised:
                chunk.recognised.append((line, school, fingerprint))
            else:
                parsed = parser.parse(line, cells)
                if isinstance(parsed, RosterRow):
                    chunk.good.append((line, fingerprint, parsed))
                else:
                    chunk.broken.extend(map(_rejected, parsed))
            if read % self._chunk_rows == 0:
                await self._move(chunk, staging, school_year)
                await watch.note_rows(read, passed_over=passed_over)
        await self._move(chunk, staging, school_year)
        await watch.note_rows(read, passed_over=passed_over)
        return read

    async def _move(self, chunk: _Chunk, staging: RosterStaging, school_year: int) -> None:
        """All at once: what is there up to a line is all there is up to it."""
        async with staging.transaction():
            await staging.add_rows(self._staged(chunk.good, school_year))
            await staging.add_rejected(chunk.broken)
            await staging.add_recognised(chunk.recognised)
        chunk.clear()

    def _staged(self, rows: Sequence[tuple[int, int, RosterRow]], school_year: int) -> Iterator[tuple[Any, ...]]:
        """Rows as the staging table has them: their numbers found by hash, readable only when opened.

        注册学籍 registers for the present school year, or for the first one of who enters later.
        """
        milliseconds = int(self._clock.now().timestamp() * 1000)
        persons, records = (
            map(staged_id, uuid7_rising(milliseconds, self._entropy.token(16 * len(rows)))) for _ in range(2)
        )
        sealed = self._sealer.seal_each([row.document.number.encode() for _, _, row in rows], DOCUMENT_CONTEXT)
        years: dict[date, int] = {}
        key_of = self._lookups.document
        for (line, fingerprint, row), person, record, seal in zip(rows, persons, records, sealed, strict=True):
            student_number, document, name, sex, birth_date, ethnicity, candidate_number, cohort = row
            entered = cohort.admission_date
            if entered not in years:
                years[entered] = max(school_year, school_year_of(entered, self._policy))
            yield (
                line,
                fingerprint,
                person,
                record,
                student_number,
                document.type,
                key_of(document.number),
                seal,
                name,
                sex,
                birth_date,
                ethnicity,
                candidate_number,
                *cohort,
                years[entered] if cohort.status is _REGISTERED else None,
            )


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows on their way to the staging tables: (line, fingerprint, what it says), and ready ones of the other two."""

    good: list[tuple[int, int, RosterRow]]
    broken: list[tuple[Any, ...]]
    recognised: list[tuple[Any, ...]]

    def clear(self) -> None:
        for rows in (self.good, self.broken, self.recognised):
            rows.clear()


def _rejected(error: RowError) -> tuple[Any, ...]:
    return (error.line, error.column, error.code, json.dumps(dict(error.params), ensure_ascii=False, default=str))


def _report(read: int, counts: Counts) -> RosterReport:
    kept = counts.added + counts.changed + counts.unchanged
    return RosterReport(read, counts.added, counts.changed, counts.unchanged, read - kept)
