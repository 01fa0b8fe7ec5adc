"""The logs are chained: what is changed or taken out of them is found."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from support.archive import add_schools
from support.client import Client
from support.clock import HandClock
from support.keys import keys_for_tests
from support.people import students
from support.records import registrar_of
from support.tables import count_rows, rows_of
from support.waiting import until_blocked
from xuexin_api.assembly import wire
from xuexin_api.core.sealing import KeyedHash, derive_key
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.repositories.audit_trails import AuditTrailRepository
from xuexin_api.services.audit.sealing import AuditSealer, Checked

TRAIL = "audit_events"


async def _check(parts: Wiring, head: str = "") -> Checked:
    expected = {}
    if head:
        trail, position, link = head.split(":")
        expected[trail] = (int(position), link)
    (found,) = [one for one in await parts.audit.check(expected) if one.trail == TRAIL]
    return found


async def _change(parts: Wiring, statement: str) -> None:
    async with parts.database.engine.begin() as connection:
        await connection.execute(text(statement))


@pytest.fixture
async def lines(client: Client, parts: Wiring, clock: HandClock) -> int:
    """So many lines of what an account did, chained in two rounds."""
    (student,) = students(1)
    await client.register(student)
    assert (await _check(parts)).waiting > 0
    await parts.audit.seal()
    for _ in range(3):
        clock.pass_time(minutes=1)
        await client.log_in(student.phone)
    assert await parts.audit.seal() == 3
    return await count_rows(parts, TRAIL)


async def test_what_was_written_holds_and_is_chained_once(parts: Wiring, lines: int) -> None:
    checked = await _check(parts)
    assert (checked.lines, checked.waiting, checked.broken) == (lines, 0, None)
    assert await parts.audit.seal() == 0
    assert (await _check(parts, checked.head)).broken is None


@pytest.mark.parametrize(
    ("statement", "fault", "position"),
    [
        ("UPDATE audit_events SET action = 'session:logout' WHERE position = 2", "changed", 2),
        ("UPDATE audit_events SET at = at + interval '1 microsecond' WHERE position = 2", "changed", 2),
        ("UPDATE audit_events SET session_id = NULL WHERE position = 3", "changed", 3),
        ("DELETE FROM audit_events WHERE position = 2", "removed", 2),
        ("DELETE FROM audit_events WHERE position = 1", "removed", 1),
        ("DELETE FROM audit_events WHERE position >= 3", "end_removed", 3),
        ("UPDATE audit_events SET position = NULL WHERE position = 3", "removed", 3),
        ("DELETE FROM audit_heads", "head_moved", 0),
        ("UPDATE audit_heads SET link = '\\x00' WHERE trail = 'audit_events'", "head_moved", 4),
    ],
)
async def test_a_line_that_was_changed_or_removed_is_found_where_it_stood(
    parts: Wiring, lines: int, statement: str, fault: str, position: int
) -> None:
    assert lines == 4
    await _change(parts, statement)
    broken = (await _check(parts)).broken
    assert broken is not None
    assert (broken.fault, broken.position) == (fault, position)


async def test_a_log_whose_head_was_moved_back_is_told_and_holds_up_no_other(
    client: Client, parts: Wiring, lines: int
) -> None:
    await _change(parts, "DELETE FROM audit_heads")
    (student,) = students(1)
    await client.log_in(student.phone)
    await add_schools(parts)
    async with registrar_of(client):
        assert await parts.audit.seal() == await count_rows(parts, "staff_events") > 0
    audit, staff, _ = await parts.audit.check({})
    assert audit.broken is not None
    assert (audit.broken.fault, audit.lines, audit.waiting) == ("head_moved", lines, 1)
    assert (staff.broken, staff.waiting) == (None, 0)


async def test_an_end_that_was_cut_off_with_its_head_is_found_by_who_kept_the_head(parts: Wiring, lines: int) -> None:
    kept = (await _check(parts)).head
    await _change(parts, f"DELETE FROM audit_events WHERE position = {lines}")
    await _change(
        parts,
        f"UPDATE audit_heads SET position = last.position, link = last.link FROM audit_events AS last"
        f" WHERE audit_heads.trail = 'audit_events' AND last.position = {lines - 1}",
    )
    assert (await _check(parts)).broken is None
    broken = (await _check(parts, kept)).broken
    assert broken is not None
    assert (broken.fault, broken.position) == ("other_head", lines)


async def test_erasing_an_account_leaves_the_chain_whole(
    client: Client, parts: Wiring, clock: HandClock, lines: int
) -> None:
    await _change(parts, "UPDATE accounts SET state = 'closing', closes_at = created_at")
    await parts.housekeeping.purge()
    assert [row["state"] for row in await rows_of(parts, "accounts")] == ["closed"]
    await parts.audit.seal()
    checked = await _check(parts)
    assert checked.broken is None
    assert checked.lines >= lines


async def test_sealers_of_several_processes_make_one_chain(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    others = [
        wire(parts.settings, keys=keys_for_tests(), database=parts.database, clock=clock, entropy=parts.entropy).audit
        for _ in range(4)
    ]
    for _ in range(3):
        clock.pass_time(minutes=1)
        await asyncio.gather(client.log_in(student.phone), *(other.seal() for other in others))
    await asyncio.gather(*(other.seal() for other in others))
    await parts.audit.seal()
    checked = await _check(parts)
    assert (checked.lines, checked.waiting, checked.broken) == (await count_rows(parts, TRAIL), 0, None)


async def test_who_checks_while_the_service_goes_on_chaining_sees_a_chain_that_holds(
    client: Client, parts: Wiring, clock: HandClock, lines: int
) -> None:
    clock.pass_time(minutes=1)
    await client.log_in(students(1)[0].phone)
    async with parts.database.engine.connect() as connection, connection.begin():
        await connection.execute(text("LOCK TABLE audit_events"))
        checking = asyncio.create_task(_check(parts))
        await until_blocked(parts)
        async with AsyncSession(connection, join_transaction_mode="create_savepoint") as session:
            sealer = AuditSealer(
                session=session,
                trails=AuditTrailRepository(session),
                keyed=KeyedHash(derive_key(keys_for_tests().secret, "audit chain")),
                every_seconds=1,
                clock=clock,
            )
            assert await sealer.seal() == 1
    checked = await checking
    assert (checked.lines, checked.waiting, checked.broken) == (lines, 1, None)
    assert (await _check(parts)).lines == lines + 1
