"""Imports of schools: accepted at once, judged row by row, published once, seen by nobody else."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import signal
import sys
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from support.archive import add_photos, add_schools, import_rows
from support.client import Client, code_of
from support.clock import HandClock
from support.imports import CODES, roster, rows_of_school, seen, upload, uploaded, work, worked, zipped
from support.keys import keys_for_tests
from support.people import SCHOOLS, students
from support.pictures import progressive_archive_photo, scan_cut
from support.records import add_records, registered_row
from support.staff import Member, member, staff_accounts
from support.tables import count_rows, rows_of
from support.waiting import until, until_blocked
from xuexin_api.core import graduates
from xuexin_api.core.errors import NotReadyError
from xuexin_api.core.staff import Role
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.demo.rosters import Format, generate_rows
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.roster_files import open_roster

OURS, THEIRS = SCHOOLS[0], SCHOOLS[1]


@pytest.fixture
async def registrar(client: Client, parts: Wiring) -> AsyncIterator[Member]:
    await add_schools(parts)
    async with member(client, "registrar.one", role=Role.REGISTRAR, institution_code=OURS[0]) as one:
        yield one


def _files(parts: Wiring) -> list[str]:
    folder = parts.settings.data_dir / "imports"
    return sorted(path.suffix for path in folder.iterdir()) if folder.exists() else []


def _blocks(content: bytes) -> set[bytes]:
    """Every eight bytes of it that tell something."""
    return {block for at in range(len(content) - 8) if len(set(block := content[at : at + 8])) > 3}


def _on_disk(parts: Wiring) -> set[bytes]:
    """The same of all files that imports have."""
    files = [path.read_bytes() for path in (parts.settings.data_dir / "imports").iterdir()]
    return set().union(*map(_blocks, files))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "dbf"])
async def test_good_rows_are_published_and_rejected_ones_come_back_in_their_format(
    registrar: Member, parts: Wiring, tmp_path: Path, kind: Format
) -> None:
    rows = rows_of_school(OURS, 20)
    rows[4][CODES.index("XB")] = "男女"
    rows[7][CODES.index("FY")] = "=1+1"
    rows[7][CODES.index("XM")] = "王"
    rows[9] = rows_of_school(THEIRS, 1, seed=5)[0]
    rows[12][CODES.index("XH")] = rows[2][CODES.index("XH")]
    content = roster(tmp_path, rows, kind)
    job = await uploaded(registrar, content)
    assert _on_disk(parts).isdisjoint(_blocks(content))
    assert (job["state"], job["percent"], job["result"], job["format"]) == ("queued", 0, None, None)
    assert await count_rows(parts, "enrollments") == 0
    done = await worked(registrar, job)
    assert (done["state"], done["percent"], done["format"]) == ("published", 100, kind)
    assert done["result"] == {"added": 16, "changed": 0, "unchanged": 0, "rejected": 4}
    assert await count_rows(parts, "enrollments") == 16

    answer = await registrar.client.get(f"/v1/staff/imports/{job['id']}/rejected")
    assert answer.headers["content-disposition"].endswith(f'.{kind}"')
    assert answer.headers["content-length"] == str(len(answer.content))
    assert _on_disk(parts).isdisjoint(_blocks(answer.content))
    path = tmp_path / "rejected"
    path.write_bytes(answer.content)
    again = open_roster(path)
    assert again.format == kind
    (_, header), *found = again.rows
    first = 1 if kind == "dbf" else 2
    assert [(int(float(str(cells[-3]))), cells[-2]) for _, cells in found] == [
        (first + 4, "XB:unknown_word"),
        (first + 7, "XM:name_too_short"),
        (first + 9, "YXDM:institution_not_yours"),
        (first + 12, "XH:duplicate_student_number"),
    ]
    assert [str(cell or "") for cell in found[0][1][: len(CODES)]] == [cell.strip() for cell in rows[4]]
    # What a spreadsheet would run stays text, and is what it was when it comes back.
    assert (b",'=1+1," in answer.content) is (kind == "csv")
    assert found[1][1][CODES.index("FY")] == "=1+1"
    assert str(header[0]) == "KSH"
    # Nothing of the file is left but what was rejected.
    assert _files(parts) == [".rejected"]
    corrected = await uploaded(registrar, answer.content)
    assert (await worked(registrar, corrected))["result"]["rejected"] == 4


async def test_a_dry_run_publishes_nothing_until_it_is_told_to(
    registrar: Member, parts: Wiring, tmp_path: Path
) -> None:
    content = roster(tmp_path, rows_of_school(OURS, 30))
    checked = await worked(registrar, await uploaded(registrar, content, dry_run=True))
    assert (checked["state"], checked["result"]["added"]) == ("checked", 30)
    assert await count_rows(parts, "enrollments") == 0
    assert code_of(await registrar.client.get(f"/v1/staff/imports/{checked['id']}/rejected")) == "nothing_rejected"
    answer = await registrar.client.post(f"/v1/staff/imports/{checked['id']}/publish", None)
    assert (answer.status_code, answer.json()["state"]) == (200, "queued")
    done = await worked(registrar, checked)
    assert (done["state"], done["result"]["added"]) == ("published", 30)
    assert await count_rows(parts, "enrollments") == 30
    refused = await registrar.client.post(f"/v1/staff/imports/{checked['id']}/publish", None)
    assert code_of(refused) == "import_ended"
    assert _files(parts) == []


async def test_a_file_that_a_crash_left_without_an_import_goes(parts: Wiring, clock: HandClock) -> None:
    folder = parts.settings.data_dir / "imports"
    (folder / "lost+found").mkdir(parents=True)
    file = folder / f"{parts.entropy.identifier()}.upload"
    file.write_bytes(b"half a roster")
    await parts.housekeeping.purge()
    assert file.exists()
    clock.pass_time(hours=25)
    await parts.housekeeping.purge()
    assert not file.exists()


async def test_the_same_content_is_the_same_import_while_its_outcome_stands(
    registrar: Member, parts: Wiring, tmp_path: Path
) -> None:
    content = roster(tmp_path, rows_of_school(OURS, 5))
    at_once = await asyncio.gather(*(uploaded(registrar, content) for _ in range(4)))
    assert len({job["id"] for job in at_once}) == 1
    done = await worked(registrar, at_once[0])
    assert (await uploaded(registrar, content))["state"] == "published"
    assert (await uploaded(registrar, content, dry_run=True))["id"] == done["id"]
    # Another roster came after it: now the first one would change something.
    parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    await worked(registrar, await uploaded(registrar, roster(tmp_path, rows_of_school(OURS, 5, seed=2))))
    parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    again = await uploaded(registrar, content)
    assert again["id"] != done["id"]
    assert (await worked(registrar, again))["result"]["unchanged"] == 5
    listed = (await registrar.client.get("/v1/staff/imports", params={"limit": 2})).json()
    assert listed["items"][0]["id"] == again["id"]
    rest = (await registrar.client.get("/v1/staff/imports", params={"cursor": listed["next_cursor"]})).json()
    assert ([job["id"] for job in rest["items"]], rest["next_cursor"]) == ([done["id"]], None)
    # In the next school year it registers the students for that one.
    parts.clock.pass_time(days=200)  # type: ignore[attr-defined]
    await registrar.log_in()
    assert (await uploaded(registrar, content))["id"] != again["id"]


def _workbook(spoil: Callable[[xlsxwriter.worksheet.Worksheet], object], rows: Sequence[list[str]] = ()) -> bytes:
    """A roster with a hidden sheet of other things before it, and something done to it."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        hidden = book.add_worksheet()
        hidden.write_row(0, 0, ["not", "for", "you"])
        hidden.hide()
        shown = book.add_worksheet()
        shown.activate()
        shown.set_first_sheet()
        for line, row in enumerate([CODES, *rows]):
            shown.write_row(line, 0, row)
        spoil(shown)
    return made.getvalue()


async def test_formulas_count_by_their_value_and_hidden_sheets_not_at_all(registrar: Member, parts: Wiring) -> None:
    rows = rows_of_school(OURS, 2)

    def calculate(sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_formula(1, CODES.index("BH"), '="二"&"班"', None, "二班")
        sheet.write_formula(2, CODES.index("BH"), "=VLOOKUP(1,A1:A2,9)", None, "#REF!")

    job = await uploaded(registrar, _workbook(calculate, rows))
    assert (await worked(registrar, job))["result"] == {"added": 1, "changed": 0, "unchanged": 0, "rejected": 1}
    assert [row["class_name"] for row in await rows_of(parts, "enrollments")] == ["二班"]
    answer = await registrar.client.get(f"/v1/staff/imports/{job['id']}/rejected")
    rejected = parts.settings.data_dir / "rejected.xlsx"
    rejected.write_bytes(answer.content)
    assert [cells[-2] for _, cells in open_roster(rejected).rows] == ["错误代码", "BH:formula_failed"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        ("姓名,性别\n王小明,男\n".encode(), "roster_columns_missing"),
        (",".join(CODES).encode() + b"\n" + "王".encode() + "王".encode("gb18030") + b"\n", "file_encoding_unknown"),
        (b"x" * (2 << 20), "csv_line_too_long"),
        (zipped({"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": bytes(30 << 20)}), "xlsx_too_large"),
        (b"PK\x03\x04 and then nothing", "xlsx_damaged"),
        (_workbook(lambda sheet: sheet.merge_range(1, 4, 3, 4, "男")), "xlsx_merged_cells"),
        (_workbook(lambda sheet: sheet.merge_range(1, 4, 1, 5, "男")), "xlsx_merged_columns"),
        (_workbook(lambda sheet: sheet.very_hidden()), "xlsx_no_sheet"),
        (_workbook(lambda sheet: sheet.write_string(0, 300, "x")), "xlsx_too_many_cells"),
    ],
)
async def test_a_file_that_cannot_be_read_fails_whole(
    registrar: Member, parts: Wiring, content: bytes, code: str
) -> None:
    done = await worked(registrar, await uploaded(registrar, content))
    assert (done["state"], done["error"]["code"], done["result"]) == ("failed", code, None)
    assert await count_rows(parts, "enrollments") == 0
    assert _files(parts) == []


async def test_a_truncated_table_writes_nothing_of_its_whole_rows(
    registrar: Member, parts: Wiring, tmp_path: Path
) -> None:
    content = roster(tmp_path, rows_of_school(OURS, 30), "dbf")
    for damaged in (content[:-900], content[:4] + b"\xff" * 4 + content[8:]):
        done = await worked(registrar, await uploaded(registrar, damaged))
        assert (done["state"], done["error"]["code"]) == ("failed", "file_truncated")
    assert await count_rows(parts, "enrollments") == 0


async def test_photos_hang_on_the_records_of_ones_own_school(registrar: Member, parts: Wiring, tmp_path: Path) -> None:
    await import_rows(parts, [*rows_of_school(OURS, 2), *rows_of_school(THEIRS, 1, seed=5)])
    numbers = {row["institution_code"]: row["candidate_number"] for row in await rows_of(parts, "enrollments")}
    photo = draw_archive_photo(1, "admission")
    content = zipped(
        {
            f"../../{numbers[OURS[0]]}.jpg": photo,
            f"{numbers[THEIRS[0]]}.jpg": photo,
            "=1+1.jpg": photo,
            "22001234567890.jpg": bytes(80 << 20),
        }
    )
    checked = await worked(registrar, await uploaded(registrar, content, kind="admission_photos", dry_run=True))
    assert (checked["state"], checked["format"], checked["rows_total"]) == ("checked", "zip", 4)
    assert checked["result"] == {"added": 1, "changed": 0, "unchanged": 0, "rejected": 3}
    assert await count_rows(parts, "record_photos") == 0
    answer = await registrar.client.get(f"/v1/staff/imports/{checked['id']}/rejected")
    rejected = zipfile.ZipFile(io.BytesIO(answer.content))
    told = [line.split(",")[:3] for line in rejected.read("list.csv").decode("utf-8-sig").splitlines()[1:]]
    assert told == [
        [f"{numbers[THEIRS[0]]}.jpg", f"2/{numbers[THEIRS[0]]}.jpg", "photo_without_record"],
        ["'=1+1.jpg", "3/=1+1.jpg", "photo_name_malformed"],
        ["22001234567890.jpg", "", "photo_not_jpeg"],
    ]
    assert rejected.read(told[0][1]) == photo
    # As it is, it can be corrected and uploaded again.
    again = await worked(registrar, await uploaded(registrar, answer.content, kind="admission_photos", dry_run=True))
    assert again["result"]["rejected"] == 2
    await registrar.client.post(f"/v1/staff/imports/{checked['id']}/publish", None)
    assert (await seen(registrar, checked))["state"] == "queued"
    done = await worked(registrar, checked)
    assert (done["state"], done["result"]["added"]) == ("published", 1)
    (kept,) = await rows_of(parts, "record_photos")
    assert await parts.photos.get(kept["object_key"]) == photo
    assert (await uploaded(registrar, content, kind="admission_photos"))["id"] == checked["id"]
    damaged = await uploaded(registrar, content[:-30], kind="graduation_photos")
    assert (await worked(registrar, damaged))["error"]["code"] == "photo_archive_damaged"


async def test_a_photo_that_lacks_the_end_of_one_of_its_scans_is_refused(registrar: Member, parts: Wiring) -> None:
    await import_rows(parts, rows_of_school(OURS, 3))
    numbers = [row["candidate_number"] for row in await rows_of(parts, "enrollments")]
    whole = progressive_archive_photo()
    photos = (whole, scan_cut(whole, 0), scan_cut(whole, -1))
    content = zipped({f"{number}.jpg": photo for number, photo in zip(numbers, photos, strict=True)})
    done = await worked(registrar, await uploaded(registrar, content, kind="admission_photos"))
    assert done["result"] == {"added": 1, "changed": 0, "unchanged": 0, "rejected": 2}
    (kept,) = await rows_of(parts, "record_photos")
    assert await parts.photos.get(kept["object_key"]) == whole
    answer = await registrar.client.get(f"/v1/staff/imports/{done['id']}/rejected")
    rejected = zipfile.ZipFile(io.BytesIO(answer.content)).read("list.csv").decode("utf-8-sig")
    told = {tuple(line.split(",")[:3:2]) for line in rejected.splitlines()[1:]}
    assert told == {(f"{number}.jpg", "photo_damaged") for number in numbers[1:]}


def _stored(parts: Wiring) -> dict[str, float]:
    """What the store holds, and since when."""
    folder = parts.settings.data_dir / "photos"
    return {
        str(file.relative_to(folder)): file.stat().st_mtime_ns
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.stat().st_size
    }


async def _rows_with_objects(parts: Wiring, table: str) -> set[str]:
    return {row["object_key"] for row in await rows_of(parts, table)} - {None}


@pytest.fixture
async def broken_off(registrar: Member, parts: Wiring) -> dict[str, Any]:
    """A photo archive whose process ended at the second of three batches, with one of two objects stored."""
    await import_rows(parts, rows_of_school(OURS, 5))
    records = await rows_of(parts, "enrollments")
    photo = draw_archive_photo(1, "admission")
    content = zipped({f"{row['candidate_number']}.jpg": photo for row in records})
    in_the_way = parts.settings.data_dir / "photos" / str(records[3]["id"])
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.touch()
    job = await uploaded(registrar, content, kind="admission_photos")
    with pytest.raises(NotReadyError):
        await work(parts)
    in_the_way.unlink()
    await _set(parts, job, "lease_until = '-infinity'")
    assert (await seen(registrar, job))["rows_read"] == 2
    assert len(_stored(parts)) == 3
    # No object that no row knows.
    assert _stored(parts).keys() < await _rows_with_objects(parts, "staged_photos")
    return job


@pytest.mark.settings(roster_chunk_rows=2)
async def test_photos_that_were_stored_before_a_crash_are_not_stored_again(
    registrar: Member, parts: Wiring, broken_off: dict[str, Any], clock: HandClock
) -> None:
    before = _stored(parts)
    done = await worked(registrar, broken_off)
    assert (done["state"], done["result"]) == (
        "published",
        {"added": 5, "changed": 0, "unchanged": 0, "rejected": 0},
    )
    hung = await _rows_with_objects(parts, "record_photos")
    after = _stored(parts)
    assert len(hung) == 5
    assert len([key for key in hung if before.get(key) == after[key]]) == 2
    # What the dead process had begun goes when it cannot come back any more.
    clock.pass_time(hours=2)
    await parts.housekeeping.purge()
    assert _stored(parts).keys() == hung
    assert await count_rows(parts, "staged_photos") == 0


@pytest.mark.settings(roster_chunk_rows=2)
async def test_a_process_that_was_thought_dead_stages_nothing_beside_the_next(registrar: Member, parts: Wiring) -> None:
    await import_rows(parts, rows_of_school(OURS, 3))
    photo = draw_archive_photo(1, "admission")
    content = zipped({f"{row['candidate_number']}.jpg": photo for row in await rows_of(parts, "enrollments")})
    job = await uploaded(registrar, content, kind="admission_photos")
    async with parts.database.engine.begin() as other:
        await other.exec_driver_sql("LOCK TABLE record_photos IN ACCESS EXCLUSIVE MODE")
        first = asyncio.create_task(work(parts))
        await until_blocked(parts)
        await _set(parts, job, "lease_until = '-infinity'")
        second = asyncio.create_task(work(parts))
        await until(lambda: rows_of(parts, "", "SELECT 1 FROM import_jobs WHERE attempts = 2"))
    async with asyncio.timeout(20):
        await asyncio.gather(first, second)
    done = await seen(registrar, job)
    assert (done["state"], done["result"]["added"]) == ("published", 3)
    assert _stored(parts).keys() == await _rows_with_objects(parts, "record_photos")


@pytest.mark.settings(roster_chunk_rows=2)
async def test_a_cancelled_photo_archive_leaves_nothing_in_the_store(
    registrar: Member, parts: Wiring, broken_off: dict[str, Any]
) -> None:
    await registrar.client.post(f"/v1/staff/imports/{broken_off['id']}/cancel", None)
    assert (await worked(registrar, broken_off))["state"] == "cancelled"
    assert (_stored(parts), await count_rows(parts, "staged_photos")) == ({}, 0)
    assert await count_rows(parts, "record_photos") == 0


async def test_a_photo_that_replaces_another_takes_its_place_in_the_store(registrar: Member, parts: Wiring) -> None:
    await import_rows(parts, rows_of_school(OURS, 1))
    (record,) = await rows_of(parts, "enrollments")
    for seed, outcome in ((1, "added"), (2, "changed"), (2, "unchanged")):
        content = zipped({f"{outcome}/{record['candidate_number']}.jpg": draw_archive_photo(seed, "admission")})
        done = await worked(registrar, await uploaded(registrar, content, kind="admission_photos"))
        assert done["result"][outcome] == 1
        known = await _rows_with_objects(parts, "record_photos") | await _rows_with_objects(parts, "earlier_photos")
        assert _stored(parts).keys() == known
        assert await count_rows(parts, "staged_photos") == 0
    assert await count_rows(parts, "earlier_photos") == 1


async def test_an_import_is_cancelled_before_and_while_it_is_worked_on(
    registrar: Member, parts: Wiring, tmp_path: Path
) -> None:
    waiting = await uploaded(registrar, roster(tmp_path, rows_of_school(OURS, 5)))
    answer = await registrar.client.post(f"/v1/staff/imports/{waiting['id']}/cancel", None)
    assert answer.json()["state"] == "cancelled"
    assert code_of(await registrar.client.post(f"/v1/staff/imports/{waiting['id']}/cancel", None)) == "import_ended"
    running = await uploaded(registrar, roster(tmp_path, rows_of_school(OURS, 6)))
    # As if a process had it, and was asked to stop before it read anything.
    await _set(parts, running, "state = 'reading', cancel_asked_at = now(), lease_until = '-infinity'")
    assert (await worked(registrar, running))["state"] == "cancelled"
    assert await count_rows(parts, "enrollments") == 0
    assert _files(parts) == []


async def _set(parts: Wiring, job: dict[str, Any], values: str) -> None:
    async with parts.database.engine.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE import_jobs SET {values} WHERE id = '{job['id']}'")


@pytest.mark.settings(roster_chunk_rows=20)
async def test_a_killed_process_is_followed_by_one_that_goes_on_where_it_stopped(
    registrar: Member, parts: Wiring, tmp_path: Path
) -> None:
    # Known, and changed: the process has the machine's clock, and the test its own, so that nobody is new to both.
    rows = list(generate_rows(1500, seed=1, schools=[OURS]))
    await import_rows(parts, rows)
    for row in rows:
        row[CODES.index("BH")] += "甲"
    job = await uploaded(registrar, roster(tmp_path, rows))
    process = await _start_worker(parts)
    try:
        async with asyncio.timeout(30):
            while not (await seen(registrar, job))["rows_read"]:
                await asyncio.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    broken_off = await seen(registrar, job)
    assert (broken_off["state"], broken_off["rows_read"] < 1500) == ("reading", True)
    # Nobody takes it while the lease runs.
    await _set(parts, job, "lease_until = 'infinity'")
    await work(parts)
    assert (await seen(registrar, job))["state"] == "reading"
    await _set(parts, job, "lease_until = '-infinity'")
    done = await worked(registrar, job)
    assert (done["state"], done["result"]["changed"]) == ("published", 1500)
    (made,) = await rows_of(parts, "import_jobs")
    assert made["run_started_rows"] >= broken_off["rows_read"]
    assert await count_rows(parts, "roster_imports") == 2
    assert await count_rows(parts, "enrollment_changes") == 1500


async def _start_worker(parts: Wiring) -> asyncio.subprocess.Process:
    """A process as servers start it, on this test's database, files and keys."""
    keys = keys_for_tests()
    environment = {
        "XUEXIN_LOOKUP_KEY": base64.b64encode(keys.lookup).decode(),
        "XUEXIN_SEALING_KEYS": f"1:{base64.b64encode(keys.sealing[1]).decode()}",
        "XUEXIN_DATABASE_URL": parts.database.url,
        "XUEXIN_DATA_DIR": str(parts.settings.data_dir),
        "XUEXIN_ROSTER_CHUNK_ROWS": "20",
    }
    worker = ("-c", "from xuexin_api.cli import main; main()", "imports", "work")
    return await asyncio.create_subprocess_exec(sys.executable, *worker, env=os.environ | environment)


async def test_another_school_s_import_is_not_there_and_the_try_is_written_down(
    registrar: Member, client: Client, parts: Wiring, tmp_path: Path
) -> None:
    job = await uploaded(registrar, roster(tmp_path, rows_of_school(OURS, 3)), dry_run=True)
    async with member(client, "registrar.two", role=Role.REGISTRAR, institution_code=THEIRS[0]) as other:
        ways = (("GET", ""), ("GET", "/events"), ("GET", "/rejected"), ("POST", "/cancel"), ("POST", "/publish"))
        for method, path in ways:
            answer = await other.client.request(method, f"/v1/staff/imports/{job['id']}{path}")
            assert (answer.status_code, code_of(answer)) == (404, "import_not_found")
        tries = [row for row in await rows_of(parts, "staff_events") if row["action"] == "import:out_of_reach"]
        (who,) = [row["id"] for row in await rows_of(parts, "staff") if row["login_name"] == "registrar.two"]
        assert {(row["staff_id"], str(row["subject_id"])) for row in tries} == {(who, job["id"])}
        assert len(tries) == len(ways)
        assert await seen(registrar, job) == job
        assert (await other.client.get("/v1/staff/imports")).json()["items"] == []
    async with member(client, "reviewer.one") as reviewer:
        assert code_of(await upload(reviewer, b"x")) == "role_not_allowed"


async def test_graduates_leave_by_a_list_all_at_once_or_nobody(registrar: Member, parts: Wiring) -> None:
    people = students(2)
    await add_records(parts, [registered_row(one) for one in people])
    await add_photos(parts, people[0])
    level = "06" if people[0].record.level == "专科" else "05"
    first, second = (one.record.student_number for one in people)
    lines = [
        ",".join(graduates.COLUMNS),
        f"{first},{OURS[0]},毕业,20310301,9900112031{level}000001,示例校长,,",
        f"{first},{THEIRS[0]},肄业,20310301,,,,",
        f"{second},{OURS[0]},肄业,20310301,,,,",
        f"{second}9,{OURS[0]},肄业,20310301,,,,",
    ]
    content = "\n".join(lines).encode()
    expected = {"added": 0, "changed": 2, "unchanged": 0, "rejected": 2}

    checked = await worked(registrar, await uploaded(registrar, content, kind="graduates", dry_run=True))
    assert (checked["state"], checked["rows_read"], checked["result"]) == ("checked", 4, expected)
    assert {row["status"] for row in await rows_of(parts, "enrollments")} == {"registered"}
    answer = await registrar.client.get(f"/v1/staff/imports/{checked['id']}/rejected")
    told = [line.split(",")[-3:-1] for line in answer.content.decode("utf-8-sig").splitlines()[1:]]
    assert told == [["3", "YXDM:institution_not_yours"], ["5", "XH:student_number_unknown"]]

    await registrar.client.post(f"/v1/staff/imports/{checked['id']}/publish", None)
    done = await worked(registrar, checked)
    assert (done["state"], done["result"]) == ("published", expected)
    assert {row["status"] for row in await rows_of(parts, "enrollments")} == {"graduated", "incomplete"}
    assert await count_rows(parts, "qualifications") == 1
    assert (await uploaded(registrar, content, kind="graduates"))["id"] == done["id"]
    again = await worked(registrar, await uploaded(registrar, content + b"\n", kind="graduates"))
    assert again["result"] == expected | {"changed": 0, "unchanged": 2}

    # Broken off at the last row, it has done nothing.
    broken = content.replace(f"{second}9".encode(), f'"{second}"9'.encode())
    assert (await worked(registrar, await uploaded(registrar, broken, kind="graduates")))["state"] == "failed"
    (published,) = [row for row in await rows_of(parts, "roster_imports") if row["rows_changed"] == 2]
    assert published["id"] in {row["roster_import_id"] for row in await rows_of(parts, "import_jobs")}
    assert published["sender_ids"] == [row["id"] for row in await rows_of(parts, "staff")]


@pytest.mark.settings(imports_open=2)
async def test_of_many_that_come_at_once_no_more_wait_than_may(registrar: Member, parts: Wiring) -> None:
    answers = await asyncio.gather(*(upload(registrar, str(number % 5).encode()) for number in range(10)))
    taken = [answer for answer in answers if answer.status_code == 202]
    assert {code_of(answer) for answer in answers if answer not in taken} == {"imports_waiting"}
    assert len({answer.json()["id"] for answer in taken}) == await count_rows(parts, "import_jobs") == 2
    assert _files(parts) == [".upload"] * 2


@pytest.mark.settings(import_max_bytes=200_000, imports_per_institution_hour=4, imports_open=1)
async def test_nothing_is_read_of_strangers_and_too_much_of_nobody(
    registrar: Member, client: Client, parts: Wiring
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(65536)

    headers = {"Content-Type": "application/octet-stream"}
    params = {"kind": "roster", "file_name": "x"}
    unread = endless()
    answer = await client.request("POST", "/v1/staff/imports", params=params, headers=headers, content=unread)
    assert code_of(answer) == "token_missing"
    answer = await upload(registrar, endless())  # type: ignore[arg-type]
    assert (answer.status_code, code_of(answer), _files(parts)) == (413, "body_too_large", [])
    form = await registrar.client.request(
        "POST", "/v1/staff/imports", params=params, headers={"Content-Type": "text/csv"}, content=b"x"
    )
    assert form.status_code == 415
    assert (await upload(registrar, b"1", file_name="../../etc/passwd")).status_code == 422
    await uploaded(registrar, b"1")
    assert code_of(await upload(registrar, b"2")) == "imports_waiting"
    assert code_of(await upload(registrar, b"3")) == "too_many_operations"
    assert len(_files(parts)) == 1


async def test_progress_comes_as_events_that_end_with_the_import(
    registrar: Member, parts: Wiring, tmp_path: Path
) -> None:
    job = await uploaded(registrar, roster(tmp_path, rows_of_school(OURS, 3)))
    following = asyncio.create_task(registrar.client.get(f"/v1/staff/imports/{job['id']}/events"))
    await work(parts)
    async with asyncio.timeout(10):
        answer = await following
    assert answer.headers["content-type"].startswith("text/event-stream")
    names = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert (names[0], names[-1]) == ("progress", "end")
    assert '"state": "published"' in answer.text


async def test_events_end_with_the_session_of_whoever_follows_them(
    registrar: Member, client: Client, parts: Wiring, tmp_path: Path
) -> None:
    job = await uploaded(registrar, roster(tmp_path, rows_of_school(OURS, 3)))
    async with member(client, "registrar.two", role=Role.REGISTRAR, institution_code=OURS[0]) as colleague:
        parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
        following = asyncio.create_task(colleague.client.get(f"/v1/staff/imports/{job['id']}/events"))
        used = f"SELECT id FROM staff_sessions WHERE used_at = '{parts.clock.now()}'"
        await until(partial(rows_of, parts, "", used))
        await staff_accounts(parts).disable("registrar.two")
        async with asyncio.timeout(10):
            answer = await following
    assert answer.text.count("event: ") == answer.text.count("event: progress") == 1
    assert (await seen(registrar, job))["state"] == "queued"


async def test_what_has_ended_is_forgotten_after_its_time(registrar: Member, parts: Wiring, tmp_path: Path) -> None:
    rows = rows_of_school(OURS, 3)
    rows[0][CODES.index("XB")] = "?"
    await worked(registrar, await uploaded(registrar, roster(tmp_path, rows)))
    dry = await worked(registrar, await uploaded(registrar, roster(tmp_path, rows[1:]), dry_run=True))
    assert _files(parts) == [".rejected", ".upload"]
    parts.clock.pass_time(seconds=parts.settings.import_kept_seconds)  # type: ignore[attr-defined]
    await parts.housekeeping.purge()
    assert _files(parts) == []
    assert await count_rows(parts, "import_jobs") == 0
    # Who changed records does not go with it.
    (published,) = await rows_of(parts, "roster_imports")
    assert published["sender_ids"] == [row["id"] for row in await rows_of(parts, "staff")]
    schemas = f"SELECT count(*) FROM pg_namespace WHERE nspname = 'import_{dry['id'].replace('-', '')}'"
    async with parts.database.engine.connect() as connection:
        assert (await connection.exec_driver_sql(schemas)).scalar_one() == 0
