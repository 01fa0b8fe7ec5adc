"""A record that goes back, as its grant is undone, has the photos that it had: none that came with somebody else."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from support.archive import import_photos
from support.claims import decide, former, hand_in, row_of
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.imports import seen, uploaded, work, worked, zipped
from support.people import Student, students
from support.records import OFFICE, OTHER, add_records, change_record, registrar_of
from support.staff import Member
from support.tables import rows_of
from support.transfers import agreement
from support.waiting import until_blocked
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.photo_archive import PhotoFile

pytestmark = pytest.mark.settings(code_resend_seconds=1)

PHOTOS = [draw_archive_photo(seed, "admission") for seed in range(4)]
GRADUATION = draw_archive_photo(5, "graduation")
OWN = "/v1/archive/enrollments"


def _digest(photo: bytes | None) -> str | None:
    return None if photo is None else hashlib.sha256(photo).hexdigest()


@dataclass
class _Desk:
    """A student who claims a record, whose it was, and the school."""

    client: Client
    parts: Wiring
    clock: HandClock
    school: Member
    student: Student
    before: Student
    record: str
    owner: Client

    async def bring(self, photo: bytes, kind: str = "admission", of: Student | None = None) -> None:
        number = (of or self.before).record.candidate_number
        report, rejected = await import_photos(self.parts, [PhotoFile("a.jpg", number, photo)], kind)
        assert report.added + report.replaced == 1, rejected
        self.clock.pass_time(seconds=1)

    async def grant(self) -> str:
        claim = await hand_in(self.client, self.before)
        assert (await decide(self.school, claim, "grant", "identity_changed")).status_code == 200
        self.clock.pass_time(seconds=1)
        return claim

    async def undo(self, claim: str) -> None:
        undone = await decide(self.school, claim, "undo", "another_person")
        assert undone.status_code == 200, undone.text
        self.clock.pass_time(seconds=1)

    async def come(self) -> None:
        """Whose the record is again logs in and verifies, in an account of their own."""
        await self.owner.register(replace(self.before, phone="+8617000000001"))
        await self.owner.verify(self.before)

    async def shown(self, record: str | None = None, kind: str = "admission") -> bytes | None:
        """The photo of a record as its student sees it."""
        answer = await self.owner.get(f"{OWN}/{record or self.record}/photos/{kind}")
        if answer.status_code == 200:
            return answer.content
        assert (answer.status_code, code_of(answer)) == (404, "photo_not_found")
        return None

    async def lines(self, client: Client, path: str) -> list[dict[str, Any]]:
        items = (await client.get(path)).json()["items"]
        return [line for line in items if line["change"]["id"] == "claim_undone_photo"]

    async def put_back(self) -> list[tuple[str, str | None, str | None]]:
        """What the student reads of photos that were put back: which, and the digests."""
        lines = await self.lines(self.owner, f"{OWN}/{self.record}/history")
        return sorted((field["field"], field["before"], field["after"]) for line in lines for field in line["fields"])

    def stored(self) -> set[str]:
        folder = self.parts.settings.data_dir / "photos"
        return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
async def desk(client: Client, parts: Wiring, clock: HandClock) -> AsyncIterator[_Desk]:
    (student,) = students(1)
    before = former(student)
    _, record = await add_records(parts, [row_of(student), row_of(before)])
    await client.register(student)
    await client.verify(student)
    async with AsyncExitStack() as stack:
        school = await stack.enter_async_context(registrar_of(client))
        owner = await stack.enter_async_context(connected_client(client.app, parts))
        yield _Desk(client, parts, clock, school, student, before, record, owner)


async def test_what_came_under_the_grant_goes_and_what_was_there_before_is_put_back(desk: _Desk) -> None:
    await desk.bring(PHOTOS[0])
    claim = await desk.grant()
    await desk.bring(PHOTOS[1])
    await desk.bring(PHOTOS[2])
    await desk.bring(GRADUATION, "graduation")
    await desk.undo(claim)
    await desk.come()
    assert [await desk.shown(), await desk.shown(kind="graduation")] == [PHOTOS[0], None]
    assert await desk.put_back() == [
        ("admission_photo", _digest(PHOTOS[2]), _digest(PHOTOS[0])),
        ("graduation_photo", _digest(GRADUATION), None),
    ]
    # Its student sees none of what came, and the school, which answers for both, all of it while it is kept.
    history = (await desk.owner.get(f"{OWN}/{desk.record}/history")).json()["items"]
    assert [line["photo_until"] for line in history] == [None] * len(history)
    path = f"{OFFICE}/{desk.record}/changes"
    lines = await desk.lines(desk.school.client, f"{path}?purpose=complaint")
    taken = {line["fields"][0]["before"]: line["id"] for line in lines}
    for photo in (PHOTOS[2], GRADUATION):
        line = taken[_digest(photo) or ""]
        hidden = await desk.owner.get(f"{OWN}/{desk.record}/history/{line}/photo")
        assert (hidden.status_code, code_of(hidden)) == (404, "photo_not_found")
        kept = await desk.school.client.get(f"{path}/{line}/photo?purpose=complaint")
        assert kept.content == photo
    office = (await desk.school.client.get(f"{OFFICE}/{desk.record}?purpose=complaint")).json()
    assert [(photo["kind"], photo["sha256"]) for photo in office["photos"]] == [("admission", _digest(PHOTOS[0]))]
    # Then their objects go, and what was put back stays.
    assert len(desk.stored()) == 4
    desk.clock.pass_time(seconds=desk.parts.settings.earlier_photo_kept_seconds)
    await desk.parts.housekeeping.purge()
    (hung,) = await rows_of(desk.parts, "record_photos")
    assert (desk.stored(), await rows_of(desk.parts, "earlier_photos")) == ({hung["object_key"]}, [])
    assert await desk.parts.photos.get(hung["object_key"]) == PHOTOS[0]


@pytest.mark.settings(code_resend_seconds=1, earlier_photos=1)
async def test_where_the_earlier_photo_is_kept_no_more_there_is_none(desk: _Desk) -> None:
    await desk.bring(PHOTOS[0])
    claim = await desk.grant()
    await desk.bring(PHOTOS[1])
    await desk.bring(PHOTOS[2])
    await desk.parts.housekeeping.purge()
    await desk.undo(claim)
    await desk.come()
    assert await desk.shown() is None
    assert await desk.put_back() == [("admission_photo", _digest(PHOTOS[2]), None)]
    await desk.parts.housekeeping.purge()
    (kept,) = await rows_of(desk.parts, "earlier_photos")
    assert (desk.stored(), kept["sha256"].hex()) == ({kept["object_key"]}, _digest(PHOTOS[2]))
    # Nothing stands in the way of the right one.
    await desk.bring(PHOTOS[3])
    assert await desk.shown() == PHOTOS[3]


async def test_what_came_before_is_left_and_so_is_the_same_picture_sent_anew_and_what_a_certificate_bears(
    desk: _Desk,
) -> None:
    await desk.bring(PHOTOS[0])
    claim = await desk.grant()
    await desk.undo(claim)
    claim = await desk.grant()
    await desk.bring(PHOTOS[1])
    await desk.bring(PHOTOS[0])
    await desk.bring(GRADUATION, "graduation")
    (row,) = await rows_of(desk.parts, "", f"SELECT version FROM enrollments WHERE id = '{desk.record}'")
    certificate = {"certificate_number": "990011203105000001", "president_name": "示例校长"}
    done = await change_record(desk.school, desk.record, "graduate", "requirements_met", row["version"], **certificate)
    assert done.status_code == 201, done.text
    await desk.undo(claim)
    await desk.come()
    assert [await desk.shown(), await desk.shown(kind="graduation")] == [PHOTOS[0], GRADUATION]
    assert await desk.put_back() == []


@pytest.mark.parametrize("copied", [PHOTOS[0], PHOTOS[1]], ids=["own", "strange"])
async def test_what_a_transfer_brought_along_is_left_if_it_was_there_before_and_gifts_of_rosters_keep_none(
    desk: _Desk, copied: bytes
) -> None:
    await desk.bring(PHOTOS[0])
    claim = await desk.grant()
    gift = former(desk.student, student_number="2023F0009", candidate_number="23430101159999")
    (given,) = await add_records(desk.parts, [row_of(gift)])
    await desk.bring(PHOTOS[2], of=gift)
    if copied is not PHOTOS[0]:
        await desk.bring(copied)
    async with registrar_of(desk.client, "registrar.two", OTHER) as other:
        moved = await (await agreement(desk.school, other, desk.record, student_number="2031T001"))
        assert moved.status_code == 200, moved.text
    became = str(moved.json()["transfer"]["new_enrollment_id"])
    rows = await rows_of(desk.parts, "record_photos")
    assert {str(row["enrollment_id"]): row["sha256"].hex() for row in rows}[became] == _digest(copied)
    desk.clock.pass_time(seconds=1)
    await desk.undo(claim)
    await desk.come()
    expected = PHOTOS[0] if copied is PHOTOS[0] else None
    assert [await desk.shown(record) for record in (desk.record, became, given)] == [PHOTOS[0], expected, None]


@asynccontextmanager
async def _undone_first(desk: _Desk, claim: str) -> AsyncIterator[None]:
    """What the block begins waits for the undoing, which has begun before."""
    async with desk.parts.database.engine.begin() as other:
        await other.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('photos of records', 0))")
        undoing = asyncio.create_task(desk.undo(claim))
        await until_blocked(desk.parts)
        yield
        await until_blocked(desk.parts, waiting=2)
    await undoing


async def test_a_photo_that_is_published_beside_the_undoing_does_not_come_after_it(desk: _Desk) -> None:
    await desk.bring(PHOTOS[0])
    claim = await desk.grant()
    archive = zipped({f"{desk.before.record.candidate_number}.jpg": PHOTOS[1]})
    job = await uploaded(desk.school, archive, kind="admission_photos")
    async with _undone_first(desk, claim):
        working = asyncio.create_task(work(desk.parts))
    await working
    assert (await seen(desk.school, job))["result"] == {"added": 0, "changed": 0, "unchanged": 0, "rejected": 1}
    await desk.come()
    assert (await desk.shown(), await desk.put_back()) == (PHOTOS[0], [])
    # What comes back is brought anew, as the school's word about whose the record is.
    rejected = await desk.school.client.get(f"/v1/staff/imports/{job['id']}/rejected")
    again = await worked(desk.school, await uploaded(desk.school, rejected.content, kind="admission_photos"))
    assert again["result"]["changed"] == 1


async def test_a_photo_that_a_transfer_copies_beside_the_undoing_does_not_come_after_it(desk: _Desk) -> None:
    claim = await desk.grant()
    await desk.bring(PHOTOS[1])
    async with registrar_of(desk.client, "registrar.two", OTHER) as other:
        agreeing = await agreement(desk.school, other, desk.record, student_number="2031T001")
        async with _undone_first(desk, claim):
            task = asyncio.ensure_future(agreeing)
        moved = await task
    assert moved.status_code == 200, moved.text
    became = str(moved.json()["transfer"]["new_enrollment_id"])
    await desk.come()
    assert [await desk.shown(record) for record in (desk.record, became)] == [None, None]
