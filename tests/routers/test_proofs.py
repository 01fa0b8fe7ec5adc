"""核对 and 图像校对: what students say of their records, when it counts, and until when it can be said."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from support.archive import add_photos, import_photos
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.people import Student, students
from support.records import OFFICE, add_records, change_record, registered_row, registrar_of
from support.tables import rows_of
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.photo_archive import PhotoFile


async def _reader(client: Client, parts: Wiring, leaves: date = date(2032, 7, 1)) -> tuple[Student, str]:
    """A verified student; the address of the record."""
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student, expected_graduation_date=leaves)])
    await client.register(student)
    await client.verify(student)
    return student, f"/v1/archive/enrollments/{record}"


async def test_a_student_says_that_the_record_is_right_or_what_is_wrong_and_the_school_sees_it(
    client: Client, parts: Wiring
) -> None:
    _, path = await _reader(client, parts)
    assert (await client.get(f"{path}/check")).json() == {"open": True, "until": "2032-06-30", "last": None}
    right = await client.post(f"{path}/check", {"result": "correct"})
    assert (right.status_code, right.json()["wrong_fields"]) == (201, [])
    for broken in ({"result": "wrong"}, {"result": "wrong", "fields": []}, {"result": "wrong", "fields": ["status "]}):
        assert (await client.post(f"{path}/check", broken)).status_code == 422
    parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    wrong = await client.post(f"{path}/check", {"result": "wrong", "fields": ["class_name", "name", "name"]})
    assert wrong.json()["wrong_fields"] == ["class_name", "name"]
    record = path.rpartition("/")[2]
    async with registrar_of(client) as registrar:
        # The version is as it was before the student spoke, and yet there is something to see.
        answer = await registrar.client.get(
            f"{OFFICE}/{record}?purpose=record_keeping", headers={"If-None-Match": '"1"'}
        )
        assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
        seen = answer.json()
        assert (seen["check"]["wrong_fields"], seen["check"]["outdated"]) == (["class_name", "name"], False)
        await change_record(registrar, record, "suspend", "health", 1)
    assert (await client.get(f"{path}/check")).json()["last"]["outdated"] is True
    async with connected_client(client.app, parts) as stranger:
        refused = await stranger.post(f"{path}/check", {"result": "correct"})
        assert refused.status_code == 401
        other = students(2)[1]
        await stranger.register(other)
        assert (await stranger.post(f"{path}/check", {"result": "correct"})).status_code == 401


@pytest.mark.settings(photo_proof_seconds=300)
async def test_a_photo_proof_counts_once_it_is_confirmed_and_only_of_the_photo_that_was_seen(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, path = await _reader(client, parts)
    none = await client.post(f"{path}/photo-proof", {"answer": "right"})
    assert (none.status_code, code_of(none)) == (404, "photo_not_found")
    await add_photos(parts, student)
    assert (await client.post(f"{path}/photo-proof", {"answer": "wrong"})).status_code == 422
    said = (await client.post(f"{path}/photo-proof", {"answer": "right"})).json()
    assert (said["state"], said["fault"]) == ("to_confirm", None)
    confirmation = {"proof_id": said["id"]}
    answers = await asyncio.gather(
        *(client.post(f"{path}/photo-proof/confirm", confirmation) for _ in range(5)),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    last = (await client.get(f"{path}/photo-proof")).json()
    assert (last["open"], last["until"], last["photo_available"]) == (True, "2032-06-30", True)
    assert (last["last"]["state"], last["last"]["answer"]) == ("confirmed", "right")

    clock.pass_time(seconds=1)
    said = (await client.post(f"{path}/photo-proof", {"answer": "wrong", "fault": "another_person"})).json()
    another = PhotoFile("photo.jpg", student.record.candidate_number, draw_archive_photo(2, "graduation"))
    await import_photos(parts, [another], "graduation")
    too_late = await client.post(f"{path}/photo-proof/confirm", {"proof_id": said["id"]})
    assert (too_late.status_code, code_of(too_late)) == (409, "proof_not_open")
    assert (await client.get(f"{path}/photo-proof")).json()["last"]["state"] == "outdated"
    clock.pass_time(seconds=1)
    said = (await client.post(f"{path}/photo-proof", {"answer": "wrong", "fault": "unclear"})).json()
    clock.pass_time(seconds=parts.settings.photo_proof_seconds)
    expired = await client.post(f"{path}/photo-proof/confirm", {"proof_id": said["id"]})
    assert code_of(expired) == "proof_not_open"
    assert (await client.get(f"{path}/photo-proof")).json()["last"]["state"] == "expired"
    assert len(await rows_of(parts, "photo_proofs")) == 3
    copy = (await client.post("/v1/account/export", {"password": PASSWORD})).json()
    assert [proof["answer"] for proof in copy["photo_proofs"]["items"]] == ["wrong", "wrong", "right"]
    async with registrar_of(client) as registrar:
        seen = await registrar.client.get(f"{OFFICE}/{path.rpartition('/')[2]}?purpose=certificate")
    assert (seen.json()["photo_proof"]["answer"], seen.json()["photo_proof"]["state"]) == ("right", "outdated")


async def test_nothing_is_said_of_a_record_while_graduation_data_are_frozen_or_too_often(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, path = await _reader(client, parts, date(2031, 7, 10))
    await add_photos(parts, student)
    for _ in range(parts.settings.record_proofs_per_day):
        assert (await client.post(f"{path}/check", {"result": "correct"})).status_code == 201
    often = await client.post(f"{path}/photo-proof", {"answer": "right"})
    assert (often.status_code, code_of(often)) == (429, "too_many_operations")
    clock.moment = clock.moment.replace(month=7, day=1)
    client.access_token = None
    await client.log_in(student.phone)
    await client.verify(student)
    for said in (
        await client.post(f"{path}/check", {"result": "correct"}),
        await client.post(f"{path}/photo-proof", {"answer": "right"}),
    ):
        assert (said.status_code, code_of(said)) == (409, "proofing_closed")
    assert (await client.get(f"{path}/check")).json()["open"] is False
