"""A photo that comes or is replaced stands in the history of the record, for its student and its school."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from support.archive import import_photos
from support.client import Client, code_of
from support.imports import uploaded, worked, zipped
from support.people import Student, students
from support.records import OFFICE, add_records, registered_row, registrar_of
from support.staff import Member
from support.tables import rows_of
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.photo_archive import PhotoFile

FIRST, SECOND = (draw_archive_photo(seed, "admission") for seed in (3, 4))


async def _bring(registrar: Member, photo: bytes, *of: Student, folder: str = "a", **more: Any) -> dict[str, Any]:
    files = {f"{folder}/{student.record.candidate_number}.jpg": photo for student in of}
    done = await worked(registrar, await uploaded(registrar, zipped(files), kind="admission_photos", **more))
    registrar.client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    return done


def _digest(photo: bytes | None) -> str | None:
    return None if photo is None else hashlib.sha256(photo).hexdigest()


def _told(history: dict[str, Any]) -> list[tuple[str, str | None, str]]:
    """Of each line about a photo which one, and the digests before and after; newest first."""
    return [
        (field["field"], field["before"], field["after"])
        for line in history["items"]
        if line["change"]["id"] == "photo"
        for field in line["fields"]
    ]


async def test_photos_that_come_and_replace_others_stand_in_the_history_of_their_records(
    client: Client, parts: Wiring
) -> None:
    one, another = students(2)
    record, _ = await add_records(parts, [registered_row(one), registered_row(another)])
    async with registrar_of(client) as registrar:
        first = await _bring(registrar, FIRST, one, another)
        judged = await _bring(registrar, SECOND, one, folder="b", dry_run=True)
        assert (first["result"]["added"], judged["result"]["changed"]) == (2, 1)
        path = f"{OFFICE}/{record}/changes?purpose=complaint"
        assert _told((await registrar.client.get(path)).json()) == [("admission_photo", None, _digest(FIRST))]
        await registrar.client.post(f"/v1/staff/imports/{judged['id']}/publish", None)
        assert (await worked(registrar, judged))["state"] == "published"
        parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
        for folder in ("c", "d"):
            assert (await _bring(registrar, SECOND, one, folder=folder))["result"]["unchanged"] == 1
        history = (await registrar.client.get(path)).json()
        (sender,) = await rows_of(parts, "staff", "SELECT id FROM staff")
    expected = [("admission_photo", _digest(FIRST), _digest(SECOND)), ("admission_photo", None, _digest(FIRST))]
    assert _told(history) == expected
    assert all((line["reason"], line["effective_on"]) == (None, None) for line in history["items"])
    await client.register(one)
    await client.verify(one)
    own = await client.get(f"/v1/archive/enrollments/{record}/history")
    assert own.json() == history
    shown = await client.get(f"/v1/archive/enrollments/{record}/photos/admission")
    assert shown.headers["etag"].strip('"') == history["items"][0]["fields"][0]["after"]
    # Who brought each is known when the import is forgotten.
    lines = await rows_of(parts, "enrollment_changes")
    brought = {row["id"]: row for row in await rows_of(parts, "roster_imports")}
    assert [brought[line["roster_import_id"]]["sender_ids"] for line in lines] == [[sender["id"]]] * 3
    assert all(brought[line["roster_import_id"]]["photo_kind"] == "admission" for line in lines)


async def test_what_two_archives_judged_alike_is_told_once(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    async with registrar_of(client) as registrar:
        early = await _bring(registrar, FIRST, student, dry_run=True)
        await _bring(registrar, FIRST, student, folder="b")
        await registrar.client.post(f"/v1/staff/imports/{early['id']}/publish", None)
        assert (await worked(registrar, early))["state"] == "published"
        history = await registrar.client.get(f"{OFFICE}/{record}/changes?purpose=complaint")
    assert _told(history.json()) == [("admission_photo", None, _digest(FIRST))]
    assert len(history.json()["items"]) == 1
    (kept,) = await rows_of(parts, "record_photos")
    folder = parts.settings.data_dir / "photos"
    assert [str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()] == [kept["object_key"]]


async def test_what_an_operator_replaced_is_sent_again_and_put_back(client: Client, parts: Wiring) -> None:
    """The same file as before is no repetition of what stands."""
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    async with registrar_of(client) as registrar:
        await _bring(registrar, FIRST, student)
        file = PhotoFile("a.jpg", student.record.candidate_number, SECOND)
        report, _ = await import_photos(parts, [file])
        assert report.replaced == 1
        parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
        again = await _bring(registrar, FIRST, student)
        assert again["result"]["changed"] == 1
        history = await registrar.client.get(f"{OFFICE}/{record}/changes?purpose=complaint")
    assert _told(history.json()) == [
        ("admission_photo", _digest(SECOND), _digest(FIRST)),
        ("admission_photo", _digest(FIRST), _digest(SECOND)),
        ("admission_photo", None, _digest(FIRST)),
    ]


async def test_a_registrar_sees_the_photo_of_now_and_each_look_is_the_students_to_read(
    client: Client, parts: Wiring
) -> None:
    one, another = students(2)
    record, bare = await add_records(parts, [registered_row(one), registered_row(another)])
    async with registrar_of(client) as registrar:
        await _bring(registrar, FIRST, one)
        came = parts.clock.now() - timedelta(seconds=1)
        seen = (await registrar.client.get(f"{OFFICE}/{record}?purpose=certificate")).json()
        assert [photo["kind"] for photo in seen["photos"]] == ["admission"]
        assert seen["photos"][0]["sha256"] == _digest(FIRST)
        assert datetime.fromisoformat(seen["photos"][0]["imported_at"]) == came
        path = f"{OFFICE}/{record}/photos/admission"
        shown = await registrar.client.get(f"{path}?purpose=complaint")
        assert (shown.status_code, shown.content, shown.headers["content-type"]) == (200, FIRST, "image/jpeg")
        assert shown.headers["cache-control"] == "no-store, private"
        assert shown.headers["etag"] == f'"{_digest(FIRST)}"'
        # Looks that show nothing are none; one at what the registrar has on the screen is.
        known = {"If-None-Match": shown.headers["etag"]}
        assert (await registrar.client.get(f"{path}?purpose=complaint", headers=known)).status_code == 304
        for missing in (f"{OFFICE}/{record}/photos/graduation", f"{OFFICE}/{bare}/photos/admission"):
            none = await registrar.client.get(f"{missing}?purpose=complaint")
            assert (none.status_code, code_of(none)) == (404, "photo_not_found")
        for malformed in (path, f"{OFFICE}/{record}/photos/passport?purpose=complaint"):
            assert (await registrar.client.get(malformed)).status_code == 422
        assert (await registrar.client.get(f"{OFFICE}/{bare}?purpose=certificate")).json()["photos"] == []
    await client.register(one)
    await client.verify(one)
    looks = (await client.get("/v1/archive/accesses")).json()["items"]
    assert sorted((look["enrollment_id"], look["action"]["id"], look["purpose"]["id"]) for look in looks) == [
        (record, "viewed", purpose) for purpose in ("certificate", "complaint", "complaint")
    ]
    events = [row for row in await rows_of(parts, "staff_events") if row["action"] == "record:view"]
    assert [str(row["subject_id"]) for row in events].count(record) == 3
