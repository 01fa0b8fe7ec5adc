"""Staging and publishing a roster: rows come in by COPY and become records in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg.pgproto import pgproto
from sqlalchemy.engine import make_url

from xuexin_api.core.imports import LeaseLostError, Senders
from xuexin_api.repositories.archive import roster_statements as sql


def staged_id(raw: bytes) -> UUID:
    """An id out of its 16 bytes, of the driver's own kind, which is made five times as fast."""
    made: UUID = pgproto.UUID(raw)
    return made


@dataclass(frozen=True, slots=True)
class Counts:
    """What becomes of the rows that stand."""

    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """Where a row breaks which rule; `params` is a JSON object."""

    line: int
    column_name: str
    code: str
    params: str


class RosterStaging:
    """One import on one connection of its own."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """All of the block or nothing of it."""
        transaction: AbstractAsyncContextManager[Any] = self._connection.transaction()
        return transaction

    async def get_last_line(self) -> int:
        """Up to which line of the file everything is here already."""
        return int(await self._connection.fetchval(sql.LAST_LINE))

    async def add_rows(self, rows: Iterable[tuple[Any, ...]]) -> None:
        await self._connection.copy_records_to_table("staged", records=rows, columns=sql.STAGED_COLUMNS)

    async def add_recognised(self, rows: Sequence[tuple[Any, ...]]) -> None:
        await self._connection.copy_records_to_table("recognised", records=rows, columns=sql.RECOGNISED_COLUMNS)

    async def list_fingerprints(self, institution_code: str) -> AsyncIterator[int]:
        """Of the records that are as some roster's row, sorted."""
        async with self._connection.transaction(readonly=True):
            async for row in self._connection.cursor(sql.FINGERPRINTS, institution_code, prefetch=50_000):
                yield row[0]

    async def add_rejected(self, rows: Sequence[tuple[Any, ...]]) -> None:
        await self._connection.copy_records_to_table("rejected", records=rows, columns=sql.REJECTED_COLUMNS)

    async def find_records(self, *, hold: bool) -> None:
        """Which rows have a record already. From here on this is the only import of its schools.

        Held, what is found is changed by nobody else until the transaction ends.
        """
        await self._connection.execute(sql.ANALYZE_STAGED)
        await self._connection.execute(sql.LOCK)
        await self._connection.execute(sql.FIND_RECORDS)
        if hold:
            await self._connection.execute(sql.HOLD_RECORDS)

    async def list_entry_dates(self) -> list[date]:
        """The days on which those entered who have no record yet, or one that says a later day."""
        return [row[0] for row in await self._connection.fetch(sql.ENTRY_DATES)]

    async def reject_late(self, entry_dates: Sequence[date]) -> None:
        """Those who entered on these days, and have no record that says so, or an earlier day."""
        await self._connection.execute(sql.REJECT_LATE, entry_dates)

    async def reject_own(self, senders: Senders) -> None:
        """Whatever is about a person who brings the file."""
        await self._connection.execute(sql.REJECT_OWN, senders.document_keys, senders.institution_code)

    async def reject(self, *, frozen_year: int | None) -> None:
        """Rows that cannot stand, as of graduates of `frozen_year`, are out, and all that were rejected before."""
        for statement in (*sql.REJECT, *sql.REJECT_BESIDE_RECOGNISED):
            await self._connection.execute(statement)
        if frozen_year is not None:
            await self._connection.execute(sql.REJECT_FROZEN, frozen_year)
        await self._connection.execute(sql.DROP_REJECTED)

    async def count_outcomes(self, *, school_year: int) -> Counts:
        """What publishing would do now."""
        changed, added, kept = await self._connection.fetchrow(sql.COUNT)
        changed += await self._connection.fetchval(sql.COUNT_DUE, school_year)
        return Counts(added, changed, kept - added - changed)

    async def publish(
        self,
        import_id: UUID,
        *,
        file_name: str,
        rows_read: int,
        school_year: int,
        started_at: datetime,
        now: datetime,
    ) -> Counts:
        """Turn staged rows into records; who is recognised as 注册学籍 is registered for this school year."""
        run = self._connection.execute
        await run(sql.RECORD, import_id, file_name, started_at, now, rows_read)
        new = await self._connection.fetchval(sql.COUNT_NEW)
        if _rows_of(await run(sql.ADD_PERSONS, now)) < new:
            await run(sql.FIND_PERSONS)
        await run(sql.NOTE_CHANGES, now, import_id)
        changed = _rows_of(await run(sql.CHANGE, now, import_id))
        if await self._connection.fetchval(sql.COUNT_DUE, school_year):
            changed += _rows_of(await run(sql.REGISTER_YEARS, school_year, now, import_id))
        added = _rows_of(await run(sql.ADD, now, import_id))
        await run(sql.GIVE_TO_WHO_HAD_THE_NUMBER)
        await run(sql.KEEP_ERRORS, import_id)
        kept = int(await self._connection.fetchval(sql.COUNT_KEPT))
        counts = Counts(added, changed, kept - added - changed)
        await run(sql.COMPLETE, import_id, added, changed, counts.unchanged, rows_read - kept)
        return counts

    async def are_registrars(self, staff_ids: Sequence[UUID], institution_code: str) -> bool:
        """Whether all of these are, and stay so until the transaction ends."""
        found = await self._connection.fetch(sql.REGISTRARS, staff_ids, institution_code)
        return len(found) == len(staff_ids)

    async def end_job(
        self,
        job_id: UUID,
        owner: UUID,
        *,
        import_id: UUID | None,
        sender_ids: Sequence[UUID],
        rows_read: int,
        counts: Counts,
        now: datetime,
        expires_at: datetime,
    ) -> bool:
        """The job's last word, with its records or not at all; False when it is another's, or was cancelled."""
        rejected = rows_read - counts.added - counts.changed - counts.unchanged
        outcome = (rows_read, counts.added, counts.changed, counts.unchanged, rejected)
        when = (now, expires_at)
        ended = await self._connection.fetchval(sql.END_JOB, job_id, owner, import_id, *outcome, *when, sender_ids)
        return ended is not None

    async def analyze_records(self, added: int) -> None:
        """After so many were added."""
        if await self._connection.fetchval(sql.IS_MUCH, added):
            await self._connection.execute(sql.ANALYZE)

    async def list_rejected(self) -> AsyncIterator[RejectedRow]:
        """Every broken rule, in the file's order, a few at a time; inside a transaction."""
        async for row in self._connection.cursor(
            "SELECT line, column_name, code, params FROM rejected ORDER BY line, column_name", prefetch=500
        ):
            yield RejectedRow(*row)


def _rows_of(command_tag: str) -> int:
    """`UPDATE 12` → 12."""
    return int(command_tag.rsplit(" ", 1)[1])


@asynccontextmanager
async def open_staging(url: str) -> AsyncIterator[RosterStaging]:
    """Tables that are gone with the connection, however it ends: a stop in the middle leaves nothing."""
    async with import_connection(url) as connection:
        await connection.execute(sql.CREATE.format(kind="TEMPORARY"))
        yield RosterStaging(connection)


@asynccontextmanager
async def open_kept_staging(url: str, schema: str) -> AsyncIterator[RosterStaging]:
    """Tables that outlive the process; after a crash of the server they are empty, and so is what was read."""
    async with import_connection(url, schema) as connection:
        # One process at a time, also when one that was thought dead is not: the lock goes with its connection.
        if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", schema):
            raise LeaseLostError
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        await connection.execute(sql.CREATE.format(kind="UNLOGGED"))
        yield RosterStaging(connection)


@asynccontextmanager
async def import_connection(url: str, schema: str | None = None) -> AsyncIterator[asyncpg.Connection]:
    """A connection for a large file: it takes its time, and sorts in memory rather than on disk."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    settings = {"work_mem": "256MB", "jit": "off", "temp_buffers": "64MB"}
    if schema is not None:
        settings["search_path"] = f"{schema}, public"
    connection = await asyncpg.connect(plain, server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close()
