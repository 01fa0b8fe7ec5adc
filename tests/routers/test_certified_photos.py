"""The photo that a certificate bears is as certain as what it says: no school puts another in its place."""

from __future__ import annotations

import asyncio
import io
import zipfile
from datetime import date
from typing import Any

from support.archive import add_photos
from support.client import Client
from support.clock import HandClock
from support.imports import seen, uploaded, work, worked, zipped
from support.people import Student, students
from support.records import add_records, change_record, registered_row, registrar_of
from support.staff import Member
from support.tables import rows_of
from support.waiting import until_blocked
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.dependencies.wiring import Wiring


def _another(student: Student, seed: int) -> bytes:
    return zipped({f"{student.record.candidate_number}.jpg": draw_archive_photo(seed, "graduation")})


async def _bring(registrar: Member, content: bytes, **more: Any) -> tuple[dict[str, Any], list[str]]:
    """The import after its work, and the codes of what it rejected."""
    done = await worked(registrar, await uploaded(registrar, content, kind="graduation_photos", **more))
    answer = await registrar.client.get(f"/v1/staff/imports/{done['id']}/rejected")
    if answer.status_code != 200:
        return done, []
    lines = zipfile.ZipFile(io.BytesIO(answer.content)).read("list.csv").decode("utf-8-sig").splitlines()[1:]
    return done, [line.split(",")[2] for line in lines]


async def _photo_of(parts: Wiring, record: str) -> bytes | None:
    kept = {
        (str(row["enrollment_id"]), row["kind"]): row["object_key"] for row in await rows_of(parts, "record_photos")
    }
    return await parts.photos.get(kept[record, "graduation"])


async def test_the_photo_of_a_published_qualification_is_replaced_by_no_school(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    level = "06" if student.record.level == "专科" else "05"
    async with registrar_of(client) as registrar:
        # Judged while there was none, and told to publish when a certificate bears another.
        early, _ = await _bring(registrar, _another(student, 3), dry_run=True)
        photos = await add_photos(parts, student)
        replaced, _ = await _bring(registrar, _another(student, 2))
        assert replaced["result"]["changed"] == 1
        certificate = {"certificate_number": f"9900112031{level}000001", "president_name": "示例校长"}
        graduated = await change_record(registrar, record, "graduate", "requirements_met", 1, **certificate)
        assert graduated.status_code == 201, graduated.text
        bears = await _photo_of(parts, record)
        assert bears != photos["graduation"]
        done, codes = await _bring(registrar, _another(student, 4))
        assert (done["result"]["changed"], done["result"]["rejected"], codes) == (0, 1, ["photo_certified"])
        await registrar.client.post(f"/v1/staff/imports/{early['id']}/publish", None)
        late = await worked(registrar, early)
        assert (late["state"], late["result"]) == (
            "published",
            {"added": 0, "changed": 0, "unchanged": 0, "rejected": 1},
        )
        same, codes = await _bring(registrar, zipped({f"{student.record.candidate_number}.jpg": bears or b""}))
        assert (same["result"]["unchanged"], codes) == (1, [])
    assert await _photo_of(parts, record) == bears


async def test_in_the_freeze_a_missing_graduation_photo_comes_and_none_is_replaced(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    missing, confirmed, next_year = students(3)
    this_summer = date(2031, 7, 10)
    await add_records(
        parts,
        [
            registered_row(missing, expected_graduation_date=this_summer),
            registered_row(confirmed, expected_graduation_date=this_summer),
            registered_row(next_year),
        ],
    )
    for one in (confirmed, next_year):
        await add_photos(parts, one)
    clock.pass_time(days=(date(2031, 7, 1) - clock.now().date()).days + 1)
    async with registrar_of(client) as registrar:
        for one, expected in ((missing, []), (confirmed, ["photo_certified"]), (next_year, [])):
            _, codes = await _bring(registrar, _another(one, 7))
            assert codes == expected


async def test_a_certificate_that_comes_at_the_last_moment_keeps_the_photo_that_it_bears(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    level = "06" if student.record.level == "专科" else "05"
    photos = await add_photos(parts, student)
    async with registrar_of(client) as registrar:
        job = await uploaded(registrar, _another(student, 2), kind="graduation_photos")
        async with parts.database.engine.begin() as before:
            await before.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('photos of records', 0))")
            publishing = asyncio.create_task(work(parts))
            await until_blocked(parts)
            certificate = {"certificate_number": f"9900112031{level}000001", "president_name": "示例校长"}
            graduated = await change_record(registrar, record, "graduate", "requirements_met", 1, **certificate)
            assert graduated.status_code == 201, graduated.text
        await publishing
        done = await seen(registrar, job)
        assert (done["state"], done["result"]["changed"], done["result"]["rejected"]) == ("published", 0, 1)
    assert await _photo_of(parts, record) == photos["graduation"]
