"""A photo is brought under a candidate number, and hangs on the record that has it when the photo is published."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from support.archive import import_photos, import_rows
from support.claims import decide, former, hand_in, row_of
from support.client import Client
from support.imports import seen, uploaded, work, worked, zipped
from support.people import Student, students
from support.records import add_records, registered_row, registrar_of
from support.staff import Member
from support.tables import rows_of
from support.waiting import until_blocked
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.photo_archive import PhotoFile

PHOTOS = [draw_archive_photo(seed, "admission") for seed in range(3)]
FREE = "20430101157777"
_T = TypeVar("_T")


def _archive(*photos: tuple[Student, bytes]) -> bytes:
    return zipped({f"{student.record.candidate_number}.jpg": photo for student, photo in photos})


async def _renumber(parts: Wiring, student: Student, number: str) -> None:
    """A roster of the school says another number of the student."""
    report, rejected = await import_rows(parts, [registered_row(student, candidate_number=number)])
    assert report.changed == 1, rejected


@asynccontextmanager
async def _meanwhile(parts: Wiring, publishing: Coroutine[Any, Any, _T]) -> AsyncIterator[asyncio.Task[_T]]:
    """All that the block does comes between the last judgement of the photos and their publication."""
    async with parts.database.engine.begin() as before:
        await before.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('photos of records', 0))")
        task = asyncio.create_task(publishing)
        await until_blocked(parts)
        yield task
    await task


async def _rejected(registrar: Member, job: dict[str, Any]) -> tuple[list[tuple[str, str]], bytes]:
    """What was rejected, as (name, code), and the file that says so."""
    answer = await registrar.client.get(f"/v1/staff/imports/{job['id']}/rejected")
    assert answer.status_code == 200, answer.text
    lines = zipfile.ZipFile(io.BytesIO(answer.content)).read("list.csv").decode("utf-8-sig").splitlines()[1:]
    return [(line.split(",")[0], line.split(",")[2]) for line in lines], answer.content


async def _hung(parts: Wiring) -> dict[str, bytes | None]:
    """By record, the photo that it has."""
    rows = await rows_of(parts, "record_photos")
    return {str(row["enrollment_id"]): await parts.photos.get(row["object_key"]) for row in rows}


async def test_a_number_that_is_anothers_when_its_photo_is_published_takes_it_nowhere(
    client: Client, parts: Wiring
) -> None:
    one, another, third = students(3)
    _, has, apart = await add_records(parts, [registered_row(student) for student in (one, another, third)])
    async with registrar_of(client) as registrar:
        archive = _archive((one, PHOTOS[0]), (third, PHOTOS[1]))
        job = await worked(registrar, await uploaded(registrar, archive, kind="admission_photos", dry_run=True))
        assert job["result"] == {"added": 2, "changed": 0, "unchanged": 0, "rejected": 0}
        # It never was theirs: the roster wrote the wrong one, and now it is put right.
        await _renumber(parts, one, FREE)
        await _renumber(parts, another, one.record.candidate_number)
        await registrar.client.post(f"/v1/staff/imports/{job['id']}/publish", None)
        done = await worked(registrar, job)
        assert (done["state"], done["result"]) == (
            "published",
            {"added": 1, "changed": 0, "unchanged": 0, "rejected": 1},
        )
        assert await _hung(parts) == {apart: PHOTOS[1]}
        told, rejected = await _rejected(registrar, job)
        assert told == [(f"{one.record.candidate_number}.jpg", "photo_number_changed")]
        # Sent again as it came back, it finds whose the number is.
        again = await worked(registrar, await uploaded(registrar, rejected, kind="admission_photos"))
        assert (again["state"], again["result"]["added"]) == ("published", 1)
    assert await _hung(parts) == {apart: PHOTOS[1], has: PHOTOS[0]}


async def test_a_number_that_changes_at_the_last_moment_has_its_photo_rejected_and_the_rest_is_published(
    client: Client, parts: Wiring
) -> None:
    one, another, third = students(3)
    _, _, apart = await add_records(parts, [registered_row(student) for student in (one, another, third)])
    async with registrar_of(client) as registrar:
        archive = _archive((one, PHOTOS[0]), (third, PHOTOS[1]))
        job = await uploaded(registrar, archive, kind="admission_photos")
        async with _meanwhile(parts, work(parts)):
            await _renumber(parts, one, FREE)
        done = await seen(registrar, job)
        assert (done["state"], done["result"]) == (
            "published",
            {"added": 1, "changed": 0, "unchanged": 0, "rejected": 1},
        )
        told, _ = await _rejected(registrar, job)
        assert told == [(f"{one.record.candidate_number}.jpg", "photo_number_changed")]
    assert await _hung(parts) == {apart: PHOTOS[1]}
    folder = parts.settings.data_dir / "photos"
    assert len([file for file in folder.rglob("*") if file.is_file()]) == 1


async def test_an_operators_photo_of_a_number_that_changes_at_the_last_moment_is_rejected_too(
    client: Client, parts: Wiring
) -> None:
    one, another, third = students(3)
    _, _, apart = await add_records(parts, [registered_row(student) for student in (one, another, third)])
    files = [
        PhotoFile(f"{place}.jpg", student.record.candidate_number, PHOTOS[place])
        for place, student in enumerate((one, third))
    ]
    async with _meanwhile(parts, import_photos(parts, files)) as importing:
        await _renumber(parts, one, FREE)
    report, rejected = await importing
    assert (report.added, report.rejected) == (1, 1)
    assert [(photo.name, photo.code) for photo in rejected] == [("0.jpg", "photo_number_changed")]
    assert await _hung(parts) == {apart: PHOTOS[1]}
    (brought,) = [row for row in await rows_of(parts, "roster_imports") if row["photo_kind"]]
    assert (brought["rows_added"], brought["rows_rejected"]) == (1, 1)


@pytest.mark.settings(code_resend_seconds=1)
async def test_a_record_that_becomes_another_persons_while_its_photo_waits_does_not_get_it(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    before = former(student)
    await add_records(parts, [row_of(student), row_of(before)])
    await client.register(student)
    await client.verify(student)
    async with registrar_of(client) as registrar:
        archive = _archive((before, PHOTOS[0]))
        job = await worked(registrar, await uploaded(registrar, archive, kind="admission_photos", dry_run=True))
        claim = await hand_in(client, before)
        assert (await decide(registrar, claim, "grant", "identity_changed")).status_code == 200
        await registrar.client.post(f"/v1/staff/imports/{job['id']}/publish", None)
        assert (await worked(registrar, job))["result"]["rejected"] == 1
        told, _ = await _rejected(registrar, job)
        assert told == [(f"{before.record.candidate_number}.jpg", "photo_record_changed_hands")]
    assert await _hung(parts) == {}
