"""A photo that was replaced can be seen for a while by its student and its school, and is then erased."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from support.archive import import_photos
from support.claims import decide, former, hand_in, row_of
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.imports import uploaded, worked, zipped
from support.people import Student, students
from support.records import OFFICE, OTHER, add_records, registered_row, registrar_of
from support.staff import Member
from support.tables import rows_of
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.photo_archive import PhotoFile

PHOTOS = [draw_archive_photo(seed, "admission") for seed in range(8)]
OWN = "/v1/archive/enrollments"


async def _bring(registrar: Member, photo: bytes, *of: Student) -> None:
    files = {f"{photo[-9:].hex()}/{student.record.candidate_number}.jpg": photo for student in of}
    done = await worked(registrar, await uploaded(registrar, zipped(files), kind="admission_photos"))
    assert done["state"] == "published"
    registrar.client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]


async def _bring_from_command_line(parts: Wiring, clock: HandClock, photo: bytes, student: Student) -> None:
    await import_photos(parts, [PhotoFile("a.jpg", student.record.candidate_number, photo)])
    clock.pass_time(seconds=1)


def _stored(parts: Wiring) -> set[str]:
    folder = parts.settings.data_dir / "photos"
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


async def _lines(client: Client, record: str) -> list[dict[str, Any]]:
    """What the student reads of photos, newest first."""
    history = (await client.get(f"{OWN}/{record}/history")).json()["items"]
    return [line for line in history if line["change"]["id"] == "photo"]


async def test_what_was_replaced_is_seen_by_its_student_and_its_school_and_by_nobody_else(
    client: Client, parts: Wiring
) -> None:
    one, another = students(2)
    record, other_record = await add_records(parts, [registered_row(one), registered_row(another)])
    await client.register(one)
    async with registrar_of(client) as registrar, registrar_of(client, "registrar.two", OTHER) as stranger:
        await _bring(registrar, PHOTOS[0], one, another)
        await _bring(registrar, PHOTOS[1], one, another)
        await client.verify(one)
        replaced, came = await _lines(client, record)
        assert (came["photo_until"], replaced["photo_until"] > replaced["at"]) == (None, True)
        own = await client.get(f"{OWN}/{record}/history/{replaced['id']}/photo")
        assert (own.status_code, own.content, own.headers["content-type"]) == (200, PHOTOS[0], "image/jpeg")
        assert own.headers["cache-control"] == "no-store, private"
        assert own.headers["etag"] == f'"{hashlib.sha256(PHOTOS[0]).hexdigest()}"'
        assert replaced["fields"][0]["before"] == own.headers["etag"].strip('"')
        now = await client.get(f"{OWN}/{record}/photos/admission")
        assert now.content == PHOTOS[1]
        # Of the first nothing was replaced; of another's record nothing is told, nor through one's own.
        first = await client.get(f"{OWN}/{record}/history/{came['id']}/photo")
        assert (first.status_code, code_of(first)) == (404, "photo_not_found")
        (theirs,) = await rows_of(
            parts, "", f"SELECT change_id FROM earlier_photos WHERE enrollment_id = '{other_record}'"
        )
        beside = await client.get(f"{OWN}/{other_record}/history/{theirs['change_id']}/photo")
        assert (beside.status_code, code_of(beside)) == (404, "record_not_found")
        through = await client.get(f"{OWN}/{record}/history/{theirs['change_id']}/photo")
        assert (through.status_code, code_of(through)) == (404, "photo_not_found")
        # The school's look is logged, and one that shows nothing is none.
        path = f"{OFFICE}/{record}/changes/{replaced['id']}/photo"
        shown = await registrar.client.get(f"{path}?purpose=complaint")
        assert (shown.status_code, shown.content) == (200, PHOTOS[0])
        assert shown.headers["cache-control"] == "no-store, private"
        for change in (came["id"], theirs["change_id"]):
            none = await registrar.client.get(f"{OFFICE}/{record}/changes/{change}/photo?purpose=complaint")
            assert (none.status_code, code_of(none)) == (404, "photo_not_found")
        assert (await registrar.client.get(path)).status_code == 422
        refused = await stranger.client.get(f"{path}?purpose=complaint")
        assert (refused.status_code, code_of(refused)) == (404, "record_not_found")
    looks = (await client.get("/v1/archive/accesses")).json()["items"]
    assert [(look["enrollment_id"], look["action"]["id"], look["purpose"]["id"]) for look in looks] == [
        (record, "viewed", "complaint")
    ]
    events = [row["action"] for row in await rows_of(parts, "staff_events")]
    assert (events.count("record:view"), events.count("record:out_of_reach")) == (1, 1)


async def test_five_are_kept_for_ninety_days_and_then_erased_and_the_lines_stay(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    for photo in PHOTOS:
        await _bring_from_command_line(parts, clock, photo, student)
    # The same again replaces nothing.
    await _bring_from_command_line(parts, clock, PHOTOS[-1], student)
    await client.register(student)
    await client.verify(student)
    lines = await _lines(client, record)
    assert [line["photo_until"] is not None for line in lines] == [True] * 5 + [False] * 3
    paths = [f"{OWN}/{record}/history/{line['id']}/photo" for line in lines]
    answers = [await client.get(path) for path in paths]
    assert [answer.content for answer in answers[:5]] == PHOTOS[-2:-7:-1]
    assert [code_of(answer) for answer in answers[5:]] == ["photo_not_found"] * 3
    await parts.housekeeping.purge()
    kept = await rows_of(parts, "earlier_photos")
    (hung,) = await rows_of(parts, "record_photos")
    assert (len(kept), _stored(parts)) == (5, {row["object_key"] for row in [*kept, hung]})
    first = min(row["kept_until"] for row in kept)
    clock.pass_time(seconds=(first - clock.now()).total_seconds())
    await client.log_in(student.phone)
    await client.verify(student)
    # Refused from that moment on, erased or not.
    late, still = await client.get(paths[4]), await client.get(paths[3])
    assert ((late.status_code, code_of(late)), still.status_code) == ((404, "photo_not_found"), 200)
    await parts.housekeeping.purge()
    assert (len(await rows_of(parts, "earlier_photos")), len(_stored(parts))) == (4, 5)
    clock.pass_time(minutes=1)
    await parts.housekeeping.purge()
    assert (await rows_of(parts, "earlier_photos"), _stored(parts)) == ([], {hung["object_key"]})
    after = await _lines(client, record)
    assert after == [line | {"photo_until": None} for line in lines]


@pytest.mark.settings(earlier_photo_kept_seconds=600, earlier_photos=1)
async def test_how_long_and_how_many_is_set_and_bytes_go_before_their_row(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    for photo in PHOTOS[:3]:
        await _bring_from_command_line(parts, clock, photo, student)
    await client.register(student)
    await client.verify(student)
    assert [line["photo_until"] is not None for line in await _lines(client, record)] == [True, False, False]
    clock.pass_time(seconds=600)
    folder = parts.settings.data_dir / "photos"
    elsewhere = folder.rename(f"{folder}.elsewhere")
    folder.touch()
    await parts.housekeeping.purge()
    folder.unlink()
    elsewhere.rename(folder)
    # What a store that is away keeps is known, and goes the next time.
    assert (len(await rows_of(parts, "earlier_photos")), len(_stored(parts))) == (2, 3)
    await parts.housekeeping.purge()
    assert (await rows_of(parts, "earlier_photos"), len(_stored(parts))) == ([], 1)


@pytest.mark.settings(code_resend_seconds=1)
async def test_a_photo_that_came_under_a_grant_that_was_undone_is_not_shown_to_whose_the_record_is(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    before = former(student)
    _, record = await add_records(parts, [row_of(student), row_of(before)])
    for photo in (PHOTOS[3], PHOTOS[0]):
        await _bring_from_command_line(parts, clock, photo, before)
    await client.register(student)
    await client.verify(student)
    async with registrar_of(client) as registrar, connected_client(client.app, parts) as owner:
        claim = await hand_in(client, before)
        assert (await decide(registrar, claim, "grant", "identity_changed")).status_code == 200
        clock.pass_time(seconds=1)
        await _bring(registrar, PHOTOS[1], before)
        await _bring(registrar, PHOTOS[2], before)
        assert [line["photo_until"] is not None for line in await _lines(client, record)] == [True, True, True, False]
        assert (await decide(registrar, claim, "undo", "another_person")).status_code == 200
        clock.pass_time(seconds=1)
        await owner.register(replace(before, phone="+8617000000001"))
        await owner.verify(before)
        lines = await _lines(owner, record)
        # The second is no earlier photo any more: it was put back.
        assert [line["photo_until"] is not None for line in lines] == [False, False, True, False]
        paths = [f"history/{line['id']}/photo" for line in lines]
        hidden, put_back, own = [await owner.get(f"{OWN}/{record}/{path}") for path in paths[:3]]
        assert [code_of(hidden), code_of(put_back), own.content] == ["photo_not_found"] * 2 + [PHOTOS[3]]
        shown = await registrar.client.get(f"{OFFICE}/{record}/changes/{lines[0]['id']}/photo?purpose=complaint")
        assert shown.content == PHOTOS[1]
        lost = await client.get(f"{OWN}/{record}/{paths[0]}")
        assert (lost.status_code, code_of(lost)) == (404, "record_not_found")
