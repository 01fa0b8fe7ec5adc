"""A school's roster comes in: parsed, sealed and staged in chunks, then published in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from xuexin_api.core.clock import Clock, china_date
from xuexin_api.core.entropy import Entropy, uuid7
from xuexin_api.core.policies import RecordPolicy
from xuexin_api.core.record_life import frozen_year
from xuexin_api.core.roster import Cell, InstitutionNames, RosterRow, RosterRowParser, RowError
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.repositories.archive.roster_imports import Counts, RosterStaging
from xuexin_api.services.lookups import Lookups

Progress = Callable[[int], None]


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
    params: dict[str, object]


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
        dry_run: bool,
        rejected: Callable[[RejectedCell], None],
        progress: Progress,
    ) -> RosterReport:
        """Import the file whose rows these are, header first; every broken rule is told, in the file's order."""
        started_at = self._clock.now()
        _, header = next(rows, (0, []))
        today = china_date(started_at)
        parser = RosterRowParser(header, self._institutions, today)
        frozen = frozen_year(today, self._policy)
        async with self._open_staging() as staging:
            read = await self._stage(rows, parser, staging, progress)
            if dry_run:
                counts = await staging.judge(frozen_year=frozen)
            else:
                counts = await staging.publish(
                    self._entropy.identifier(),
                    file_name=file_name,
                    rows_read=read,
                    frozen_year=frozen,
                    started_at=started_at,
                    now=self._clock.now(),
                )
            async for row in staging.list_rejected():
                rejected(RejectedCell(row.line, row.column_name, row.code, json.loads(row.params)))
        return _report(read, counts)

    async def _stage(
        self,
        rows: Iterator[tuple[int, list[Cell]]],
        parser: RosterRowParser,
        staging: RosterStaging,
        progress: Progress,
    ) -> int:
        good: list[tuple[Any, ...]] = []
        broken: list[tuple[Any, ...]] = []
        read = 0
        for line, cells in rows:
            read += 1
            parsed = parser.parse(line, cells)
            if isinstance(parsed, RosterRow):
                good.append(self._staged(line, parsed))
            else:
                broken += map(_rejected, parsed)
            if read % self._chunk_rows == 0:
                await _flush(staging, good, broken)
                progress(read)
        await _flush(staging, good, broken)
        progress(read)
        return read

    def _staged(self, line: int, row: RosterRow) -> tuple[Any, ...]:
        """The row as the staging table has it: its number found by hash, readable only when opened."""
        document = row.document
        milliseconds = int(self._clock.now().timestamp() * 1000)
        chance = self._entropy.token(20)
        return (
            line,
            uuid7(milliseconds, chance[:10]),
            uuid7(milliseconds, chance[10:]),
            row[0],
            row[1],
            document.type.value,
            self._lookups.document(document.number),
            self._sealer.seal(document.number.encode(), DOCUMENT_CONTEXT),
            *row[3:],
        )


async def _flush(staging: RosterStaging, good: list[tuple[Any, ...]], broken: list[tuple[Any, ...]]) -> None:
    if good:
        await staging.add_rows(good)
    if broken:
        await staging.add_rejected(broken)
    good.clear()
    broken.clear()


def _rejected(error: RowError) -> tuple[Any, ...]:
    return (error.line, error.column, error.code, json.dumps(dict(error.params), ensure_ascii=False, default=str))


def _report(read: int, counts: Counts) -> RosterReport:
    kept = counts.added + counts.changed + counts.unchanged
    return RosterReport(read, counts.added, counts.changed, counts.unchanged, read - kept)
