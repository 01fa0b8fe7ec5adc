"""What a school may upload, and who may: new students soon after their entry, and nobody's own record."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from support.archive import add_photos, add_schools, import_rows
from support.client import Client
from support.imports import CODES, roster, rows_of_school, seen, upload, uploaded, work, worked, zipped
from support.people import SCHOOLS, students
from support.records import add_records, registered_row, registrar_of
from support.staff import Member, staff_accounts
from support.tables import rows_of
from support.waiting import until_blocked
from xuexin_api.core import graduates
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.demo.rosters import generate_rows
from xuexin_api.dependencies.wiring import Wiring

OURS, THEIRS = SCHOOLS[0], SCHOOLS[1]


def _with(row: Sequence[str], **cells: str) -> list[str]:
    return [cells.get(code, cell) for code, cell in zip(CODES, row, strict=True)]


def _cell(row: Sequence[str], code: str) -> str:
    return row[CODES.index(code)]


async def _upload(member: Member, folder: Path, rows: Sequence[list[str]]) -> tuple[dict[str, int], dict[str, str]]:
    """The counts, and what is wrong with which student number."""
    member.client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    done = await worked(member, await uploaded(member, roster(folder, rows)))
    assert done["state"] == "published"
    return done["result"], await _rejected(member, done, CODES.index("XH"))


async def _rejected(member: Member, job: dict[str, Any], place: int) -> dict[str, str]:
    if not job["result"]["rejected"]:
        return {}
    answer = await member.client.get(f"/v1/staff/imports/{job['id']}/rejected")
    lines = [line.split(",") for line in answer.content.decode("utf-8-sig").splitlines()[1:]]
    return {cells[place]: cells[-2] for cells in lines}


async def test_a_new_student_who_entered_more_than_three_months_ago_is_not_the_schools_to_add(
    client: Client, parts: Wiring, tmp_path: Path
) -> None:
    known, *new = generate_rows(4, seed=1, schools=[OURS])
    # Today is 5 March 2031. Who is known may have entered whenever.
    known = _with(known, RXRQ="20301204", YJBYRQ="20350701")
    await import_rows(parts, [known])
    days = ("20301205", "20301204", "20310305")
    new = [_with(row, RXRQ=day, YJBYRQ="20350701") for row, day in zip(new, days, strict=True)]
    async with registrar_of(client) as registrar:
        counts, wrong = await _upload(registrar, tmp_path, [_with(known, BH="另一班"), *new])
        assert counts == {"added": 2, "changed": 1, "unchanged": 0, "rejected": 1}
        assert wrong == {_cell(new[1], "XH"): "RXRQ:entered_too_long_ago"}
        # Nor is one who was added made to have entered then: later and earlier within the time they may have.
        for day, outcome in (("20301204", "RXRQ:entered_too_long_ago"), ("20301206", None), ("20310306", None)):
            _, wrong = await _upload(registrar, tmp_path, [_with(new[2], RXRQ=day)])
            assert wrong == ({} if outcome is None else {_cell(new[2], "XH"): outcome})
    # What the province approved, the operator imports.
    report, rejected = await import_rows(parts, [new[1]])
    assert (report.added, rejected) == (1, [])


async def test_nobody_uploads_a_row_about_themselves_and_a_colleague_does(
    client: Client, parts: Wiring, tmp_path: Path
) -> None:
    await add_schools(parts)
    own, other = rows_of_school(OURS, 2)
    refused = {_cell(own, "XH"): "SFZH:row_about_yourself"}
    async with (
        registrar_of(client, "registrar.one", document=_cell(own, "SFZH")) as self_server,
        registrar_of(client, "registrar.two") as colleague,
    ):
        assert await _upload(self_server, tmp_path, [own, other]) == (
            {"added": 1, "changed": 0, "unchanged": 0, "rejected": 1},
            refused,
        )
        assert (await _upload(colleague, tmp_path, [own]))[0]["added"] == 1
        # Neither changed, nor as it is.
        for row in (_with(own, BH="另一班"), own):
            assert (await _upload(self_server, tmp_path, [row]))[1] == refused
        assert (await _upload(colleague, tmp_path, [_with(own, BH="另一班")]))[0]["changed"] == 1
        # What was somebody else's row is about oneself when the record is one's own by now.
        records = {row["student_number"]: row for row in await rows_of(parts, "enrollments")}
        mine, theirs = (records[_cell(row, "XH")] for row in (own, other))
        async with parts.database.engine.begin() as connection:
            await connection.exec_driver_sql(
                f"UPDATE enrollments SET person_id = '{mine['person_id']}' WHERE id = '{theirs['id']}'"
            )
        _, wrong = await _upload(self_server, tmp_path, [_with(other, BH="另一班")])
        assert wrong == {_cell(other, "XH"): "SFZH:row_about_yourself"}


async def _published(member: Member, job: dict[str, Any]) -> dict[str, Any]:
    """A dry run that this member makes the real thing."""
    answer = await member.client.post(f"/v1/staff/imports/{job['id']}/publish", None)
    assert answer.status_code == 200, answer.text
    return await worked(member, job)


async def test_nobody_publishes_a_colleagues_dry_run_with_a_row_about_themselves(
    client: Client, parts: Wiring, tmp_path: Path
) -> None:
    await add_schools(parts)
    rows = rows_of_school(OURS, 3)
    uploaders, publishers, _ = rows
    async with (
        registrar_of(client, "registrar.one", document=_cell(uploaders, "SFZH")) as uploader,
        registrar_of(client, "registrar.two", document=_cell(publishers, "SFZH")) as publisher,
    ):
        content = roster(tmp_path, rows)
        checked = await worked(uploader, await uploaded(uploader, content, dry_run=True))
        assert checked["result"] == {"added": 2, "changed": 0, "unchanged": 0, "rejected": 1}
        done = await _published(publisher, checked)
        assert (done["state"], done["result"]["added"], done["result"]["rejected"]) == ("published", 1, 2)
        assert await _rejected(publisher, done, CODES.index("XH")) == {
            _cell(row, "XH"): "SFZH:row_about_yourself" for row in (uploaders, publishers)
        }
        # Who sends the content of a dry run to be published brings it, too.
        again = roster(tmp_path, rows[1:])
        checked = await worked(uploader, await uploaded(uploader, again, dry_run=True))
        assert checked["result"]["rejected"] == 0
        done = await worked(publisher, await uploaded(publisher, again))
        assert (done["id"], done["result"]["added"], done["result"]["rejected"]) == (checked["id"], 0, 1)


async def test_who_publishes_a_dry_run_while_it_is_read_brings_it_too(
    client: Client, parts: Wiring, tmp_path: Path
) -> None:
    await add_schools(parts)
    own, other = rows_of_school(OURS, 2)
    async with (
        registrar_of(client, "registrar.one") as uploader,
        registrar_of(client, "registrar.two", document=_cell(own, "SFZH")) as publisher,
    ):
        job = await uploaded(uploader, roster(tmp_path, [own, other]), dry_run=True)
        async with parts.database.engine.begin() as connection:
            # The process has the import, and may not read the list of schools yet.
            await connection.exec_driver_sql("LOCK TABLE institutions IN ACCESS EXCLUSIVE MODE")
            working = asyncio.create_task(work(parts))
            await until_blocked(parts)
            answer = await publisher.client.post(f"/v1/staff/imports/{job['id']}/publish", None)
            assert (answer.status_code, answer.json()["state"]) == (200, "reading")
        async with asyncio.timeout(20):
            await working
        done = await seen(publisher, job)
        assert (done["state"], done["result"]["added"], done["result"]["rejected"]) == ("published", 1, 1)


@pytest.mark.parametrize("again", [False, True], ids=["publish", "upload"])
async def test_a_dry_run_that_two_colleagues_publish_at_once_is_published_for_both(
    client: Client, parts: Wiring, tmp_path: Path, again: bool
) -> None:
    await add_schools(parts)
    content = roster(tmp_path, rows_of_school(OURS, 2))
    async with registrar_of(client, "registrar.one") as uploader, registrar_of(client, "registrar.two") as slower:
        job = await worked(uploader, await uploaded(uploader, content, dry_run=True))
        path = f"/v1/staff/imports/{job['id']}/publish"
        async with parts.database.engine.begin() as faster:
            await faster.exec_driver_sql(
                "UPDATE import_jobs SET dry_run = false, state = 'queued', publisher_id = staff_id, finished_at = NULL"
            )
            publishing = asyncio.create_task(upload(slower, content) if again else slower.client.post(path, None))
            await until_blocked(parts)
        answer = await publishing
        assert (answer.status_code, answer.json()["id"]) == (202 if again else 200, job["id"]), answer.text
        assert (await worked(slower, job))["state"] == "published"
    assert len(await rows_of(parts, "import_jobs")) == 1


async def test_nobody_lets_themselves_graduate_by_a_list(client: Client, parts: Wiring) -> None:
    people = students(2)
    await add_records(parts, [registered_row(one) for one in people])
    await add_photos(parts, people[0])
    own, other = (one.record.student_number for one in people)
    lines = [",".join(graduates.COLUMNS), *(f"{number},{OURS[0]},肄业,20310301,,,," for number in (own, other))]
    async with registrar_of(client, document=people[0].document_number) as registrar:
        done = await worked(registrar, await uploaded(registrar, "\n".join(lines).encode(), kind="graduates"))
        assert done["result"] == {"added": 0, "changed": 1, "unchanged": 0, "rejected": 1}
        assert await _rejected(registrar, done, 0) == {own: "XH:row_about_yourself"}
    left = {row["student_number"]: row["status"] for row in await rows_of(parts, "enrollments")}
    assert left == {own: "registered", other: "incomplete"}


async def test_nobody_lets_themselves_graduate_by_publishing_a_colleagues_list(client: Client, parts: Wiring) -> None:
    people = students(2)
    await add_records(parts, [registered_row(one) for one in people])
    own, other = (one.record.student_number for one in people)
    lines = [",".join(graduates.COLUMNS), *(f"{number},{OURS[0]},肄业,20310301,,,," for number in (own, other))]
    async with (
        registrar_of(client, "registrar.one") as uploader,
        registrar_of(client, "registrar.two", document=people[0].document_number) as publisher,
    ):
        job = await uploaded(uploader, "\n".join(lines).encode(), kind="graduates", dry_run=True)
        assert (await worked(uploader, job))["result"]["changed"] == 2
        done = await _published(publisher, job)
        assert done["result"] == {"added": 0, "changed": 1, "unchanged": 0, "rejected": 1}
        assert await _rejected(publisher, done, 0) == {own: "XH:row_about_yourself"}


async def test_nobody_brings_a_photo_of_themselves_by_an_archive(client: Client, parts: Wiring) -> None:
    people = students(3)
    await add_records(parts, [registered_row(one) for one in people])
    uploaders, publishers, other = (one.record.candidate_number for one in people)
    photo = draw_archive_photo(1, "admission")
    content = zipped({f"{number}.jpg": photo for number in (uploaders, publishers, other)})
    async with (
        registrar_of(client, "registrar.one", document=people[0].document_number) as uploader,
        registrar_of(client, "registrar.two", document=people[1].document_number) as publisher,
    ):
        job = await worked(uploader, await uploaded(uploader, content, kind="admission_photos", dry_run=True))
        assert job["result"] == {"added": 2, "changed": 0, "unchanged": 0, "rejected": 1}
        done = await _published(publisher, job)
        assert (done["state"], done["result"]["added"], done["result"]["rejected"]) == ("published", 1, 2)
        answer = await publisher.client.get(f"/v1/staff/imports/{job['id']}/rejected")
        told = zipfile.ZipFile(io.BytesIO(answer.content)).read("list.csv").decode("utf-8-sig").splitlines()[1:]
        assert {tuple(line.split(",")[:3:2]) for line in told} == {
            (f"{number}.jpg", "row_about_yourself") for number in (uploaders, publishers)
        }
        (kept,) = await rows_of(parts, "record_photos")
        records = {str(row["id"]): row["candidate_number"] for row in await rows_of(parts, "enrollments")}
        assert records[str(kept["enrollment_id"])] == other
        # Of what was refused nothing stays.
        folder = parts.settings.data_dir / "photos"
        assert [file.stat().st_size > 0 for file in folder.rglob("*") if file.is_file()] == [True]
        assert await rows_of(parts, "staged_photos") == []


async def _contents(parts: Wiring, folder: Path, kind: str) -> bytes:
    """Something to import of each kind, in which all would be published."""
    people = students(2)
    await add_records(parts, [registered_row(one) for one in people])
    match kind:
        case "roster":
            return roster(folder, rows_of_school(OURS, 2, seed=7))
        case "graduates":
            lines = (f"{one.record.student_number},{OURS[0]},肄业,20310301,,,," for one in people)
            return "\n".join([",".join(graduates.COLUMNS), *lines]).encode()
        case _:
            photo = draw_archive_photo(1, "admission")
            return zipped({f"{row['candidate_number']}.jpg": photo for row in await rows_of(parts, "enrollments")})


_TABLES = ("enrollments", "record_photos", "enrollment_changes")


async def _standing(parts: Wiring) -> list[list[Mapping[str, Any]]]:
    return [await rows_of(parts, table, f"SELECT * FROM {table} ORDER BY 1") for table in _TABLES]


@pytest.mark.parametrize("kind", ["roster", "graduates", "admission_photos"])
async def test_an_import_ends_unpublished_when_its_uploader_is_disabled_meanwhile(
    client: Client, parts: Wiring, tmp_path: Path, kind: str
) -> None:
    content = await _contents(parts, tmp_path, kind)
    before = await _standing(parts)
    async with (
        registrar_of(client, "registrar.one") as uploader,
        registrar_of(client, "registrar.two") as colleague,
    ):
        job = await uploaded(uploader, content, kind=kind)
        async with parts.database.engine.begin() as connection:
            # Where the rows are judged the process waits, and until then nothing stood against it.
            await connection.exec_driver_sql(f"LOCK TABLE {', '.join(_TABLES)} IN ACCESS EXCLUSIVE MODE")
            working = asyncio.create_task(work(parts))
            await until_blocked(parts)
            await staff_accounts(parts).disable("registrar.one")
        async with asyncio.timeout(20):
            await working
        ended = await seen(colleague, job)
        assert (ended["state"], ended["error"]["code"]) == ("cancelled", "import_sender_gone")
        assert ended["result"] is None
        assert await _standing(parts) == before
        assert not list((parts.settings.data_dir / "imports").iterdir())
        assert await rows_of(parts, "staged_photos") == []
        # Whoever is there uploads it anew.
        again = await worked(colleague, await uploaded(colleague, content, kind=kind))
        assert (again["state"], again["result"]["rejected"]) == ("published", 0)


@pytest.mark.parametrize(
    "became",
    [
        f"institution_code = '{THEIRS[0]}'",
        "role = 'reviewer', institution_code = NULL",
        "state = 'invited'",
    ],
)
@pytest.mark.parametrize("who", ["registrar.one", "registrar.two"])
async def test_an_import_is_not_begun_for_who_is_no_registrar_of_the_school_any_more(
    client: Client, parts: Wiring, tmp_path: Path, who: str, became: str
) -> None:
    await add_schools(parts)
    async with (
        registrar_of(client, "registrar.one") as uploader,
        registrar_of(client, "registrar.two") as publisher,
        registrar_of(client, "registrar.three") as colleague,
    ):
        checked = await worked(
            uploader, await uploaded(uploader, roster(tmp_path, rows_of_school(OURS, 2)), dry_run=True)
        )
        await publisher.client.post(f"/v1/staff/imports/{checked['id']}/publish", None)
        async with parts.database.engine.begin() as connection:
            await connection.exec_driver_sql(f"UPDATE staff SET {became} WHERE login_name = '{who}'")
        ended = await worked(colleague, checked)
        assert (ended["state"], ended["error"]["code"]) == ("cancelled", "import_sender_gone")
        listed = (await colleague.client.get("/v1/staff/imports")).json()["items"]
        assert [one["error"]["code"] for one in listed] == ["import_sender_gone"]
    assert await rows_of(parts, "enrollments") == []


async def test_what_waits_of_a_member_ends_when_they_are_disabled_and_stands_in_nobody_s_way(
    client: Client, parts: Wiring, tmp_path: Path
) -> None:
    await add_schools(parts)
    checked_by, queued_by = (roster(tmp_path, rows_of_school(OURS, 2, seed=seed)) for seed in (1, 2))
    async with (
        registrar_of(client, "registrar.one") as uploader,
        registrar_of(client, "registrar.two") as colleague,
    ):
        checked = await worked(uploader, await uploaded(uploader, checked_by, dry_run=True))
        other = await uploaded(colleague, roster(tmp_path, rows_of_school(OURS, 2, seed=3)))
        waits = await uploaded(uploader, queued_by)
        assert (checked["state"], waits["state"]) == ("checked", "queued")
        await staff_accounts(parts).disable("registrar.one")
        for job in (checked, waits):
            ended = await seen(colleague, job)
            assert (ended["state"], ended["error"]["code"]) == ("cancelled", "import_sender_gone")
        assert (await seen(colleague, other))["state"] == "queued"
        again = await uploaded(colleague, checked_by)
        assert again["id"] != checked["id"]
        assert (await worked(colleague, again))["state"] == "published"


async def test_who_publishes_while_being_disabled_is_answered_and_what_they_published_ends(
    client: Client, parts: Wiring, tmp_path: Path
) -> None:
    await add_schools(parts)
    content = roster(tmp_path, rows_of_school(OURS, 2))
    async with registrar_of(client, "registrar.one") as uploader, registrar_of(client, "registrar.two") as colleague:
        job = await worked(uploader, await uploaded(uploader, content, dry_run=True))
        async with parts.database.engine.begin() as connection:
            await connection.exec_driver_sql("SELECT id FROM import_jobs FOR UPDATE")
            publishing = asyncio.create_task(uploader.client.post(f"/v1/staff/imports/{job['id']}/publish", None))
            await until_blocked(parts)
            disabling = asyncio.create_task(staff_accounts(parts).disable("registrar.one"))
            await until_blocked(parts, waiting=2)
        answer = await publishing
        assert (answer.status_code, answer.json()["state"]) == (200, "queued"), answer.text
        await disabling
        ended = await seen(colleague, job)
        assert (ended["state"], ended["error"]["code"]) == ("cancelled", "import_sender_gone")
