"""转学: two schools agree, or nothing changes."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import httpx

from support.archive import add_photos
from support.client import Client, code_of
from support.clock import HandClock
from support.people import students
from support.records import OFFICE, OTHER, SCHOOL, add_records, change_record, registered_row, registrar_of
from support.staff import Member
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

_TRANSFERS = "/v1/staff/transfers"
_PLACE: dict[str, Any] = {
    "student_number": "2031T0001",
    "programme_code": "080902",
    "programme_name": "软件工程",
    "duration_years": 4,
    "grade": 2023,
    "expected_graduation_date": "2033-07-01",
}


async def _ask(registrar: Member, record: str, *, to: str = OTHER, version: int = 1) -> httpx.Response:
    body = {"to_institution_code": to, "reason": "hardship", "note": "申请材料已寄。"}
    return await registrar.client.post(f"{OFFICE}/{record}/transfers", body, headers={"If-Match": f'"{version}"'})


async def test_a_student_changes_schools_when_both_agree_and_has_both_records(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    photos = await add_photos(parts, student)
    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        for to, code in ((SCHOOL, "nothing_changes"), ("4100000000", "institution_unknown")):
            refused = await _ask(here, record, to=to)
            assert refused.json()["errors"][0]["code"] == code
        assert code_of(await _ask(there, record)) == "record_not_found"
        asked = await _ask(here, record)
        assert asked.status_code == 201, asked.text
        path = f"{_TRANSFERS}/{asked.json()['transfer']['id']}"
        again = await _ask(here, record)
        assert (again.status_code, code_of(again)) == (409, "transfer_requested")
        assert code_of(await here.client.post(f"{path}/agree", _PLACE)) == "transfer_not_found"
        assert code_of(await there.client.post(f"{path}/take-back", None)) == "transfer_not_found"
        (line,) = (await there.client.get(f"{_TRANSFERS}?direction=in")).json()["items"]
        assert (line["name"], line["state"], line["from_institution"]["code"]) == (student.name, "requested", SCHOOL)
        assert (await here.client.get(f"{_TRANSFERS}?direction=in")).json()["items"] == []
        seen = (await there.client.get(path)).json()
        assert seen["enrollment"]["student_number"] == student.record.student_number
        answers = await asyncio.gather(
            there.client.post(f"{path}/agree", _PLACE),
            there.client.post(f"{path}/refuse", {}),
            here.client.post(f"{path}/take-back", None),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        agreed = answers[0]
        if agreed.status_code != 200:
            once_more = (await _ask(here, record)).json()["transfer"]["id"]
            agreed = await there.client.post(f"{_TRANSFERS}/{once_more}/agree", _PLACE)
        assert agreed.json()["transfer"]["state"] == "agreed", agreed.text
        new = agreed.json()["transfer"]["new_enrollment_id"]
        left = (await here.client.get(f"{OFFICE}/{record}?purpose=record_keeping")).json()
        assert (left["enrollment"]["status"]["code"], left["version"]) == ("transferred_out", 2)
        assert left["enrollment"]["leaving_date"] == "2031-03-05"
        come = (await there.client.get(f"{OFFICE}/{new}?purpose=record_keeping")).json()
        assert come["enrollment"]["status"]["code"] == "registered"
        assert come["enrollment"]["admission_date"] == left["enrollment"]["admission_date"]
        assert (await change_record(there, new, "suspend", "health", 1)).status_code == 201
    await client.register(student)
    await client.verify(student)
    records = (await client.get("/v1/archive/enrollments")).json()["items"]
    assert {one["id"] for one in records} == {record, new}
    assert (await client.get(f"/v1/archive/enrollments/{new}/photos/admission")).content == photos["admission"]
    assert (await client.get(f"/v1/archive/enrollments/{new}/photos/graduation")).status_code == 404
    for one, change in ((record, "transfer_out"), (new, "transfer_in")):
        history = (await client.get(f"/v1/archive/enrollments/{one}/history")).json()["items"]
        (line,) = (one for one in history if one["change"]["id"] == change)
        assert line["reason"]["id"] == "schools_agreed"
    # What both schools agreed on brought the photo along.
    assert [one["reason"]["id"] for one in history if one["change"]["id"] == "photo"] == ["schools_agreed"]
    looks = {row["purpose"] for row in await rows_of(parts, "record_accesses")}
    assert {"transfer", "transfer_out", "transfer_in"} <= looks


async def test_a_transfer_that_cannot_be_any_more_changes_nothing(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    one, two, three, taken = students(4)
    frozen = registered_row(three, expected_graduation_date=date(2031, 7, 10))
    elsewhere = registered_row(
        taken, institution_code=OTHER, institution_name="青石理工大学", student_number="2031T0001"
    )
    expelled, waiting, graduating, _ = await add_records(
        parts, [registered_row(one), registered_row(two), frozen, elsewhere]
    )
    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        ids = [(await _ask(here, record)).json()["transfer"]["id"] for record in (expelled, waiting, graduating)]
        await change_record(here, expelled, "expel", "discipline", 1)
        too_late = await there.client.post(f"{_TRANSFERS}/{ids[0]}/agree", _PLACE)
        assert (too_late.status_code, code_of(too_late)) == (409, "change_not_allowed")
        number = await there.client.post(f"{_TRANSFERS}/{ids[1]}/agree", _PLACE)
        assert (number.status_code, code_of(number)) == (409, "student_number_in_use")
    clock.pass_time(days=118)
    async with registrar_of(client, "registrar.six") as here, registrar_of(client, "registrar.seven", OTHER) as there:
        shown = (await here.client.get(f"{_TRANSFERS}/{ids[1]}")).json()
        assert shown["transfer"]["state"] == "expired"
        expired = await there.client.post(f"{_TRANSFERS}/{ids[1]}/agree", _PLACE)
        assert (expired.status_code, code_of(expired)) == (409, "transfer_closed")
        assert (await _ask(here, waiting)).status_code == 201
        stopped = await _ask(here, graduating)
        assert (stopped.status_code, code_of(stopped)) == (409, "record_frozen")
    assert len(await rows_of(parts, "enrollments")) == 4


async def test_a_school_that_did_not_take_a_student_does_not_read_the_record_any_more(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    records = await add_records(parts, [registered_row(one) for one in students(3)])
    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        refused, taken_back, late = [(await _ask(here, one)).json()["transfer"]["id"] for one in records]
        for path, school in ((f"{refused}/refuse", there), (f"{taken_back}/take-back", here)):
            assert (await school.client.post(f"{_TRANSFERS}/{path}", {})).status_code == 200
        assert (await there.client.get(f"{_TRANSFERS}/{late}")).status_code == 200
    clock.pass_time(days=31)
    async with registrar_of(client, "registrar.six") as here, registrar_of(client, "registrar.seven", OTHER) as there:
        for transfer in (refused, taken_back, late):
            closed = await there.client.get(f"{_TRANSFERS}/{transfer}")
            assert (closed.status_code, code_of(closed)) == (404, "transfer_not_found")
            assert (await here.client.get(f"{_TRANSFERS}/{transfer}")).status_code == 200
        listed = (await there.client.get(f"{_TRANSFERS}?direction=in")).json()["items"]
        assert {line["id"]: line["state"] for line in listed} == {
            refused: "refused",
            taken_back: "taken_back",
            late: "expired",
        }


async def test_whoever_answers_a_transfer_unread_has_seen_the_record_all_the_same(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        asked = (await _ask(here, record)).json()["transfer"]["id"]
        answer = await there.client.post(f"{_TRANSFERS}/{asked}/refuse", {})
        assert answer.json()["enrollment"]["student_number"] == student.record.student_number
    await client.register(student)
    await client.verify(student)
    looks = (await client.get("/v1/archive/accesses")).json()["items"]
    seen = sorted((look["institution"]["code"], look["action"]["id"], look["purpose"]["id"]) for look in looks)
    assert seen == [(SCHOOL, "viewed", "transfer"), (OTHER, "viewed", "transfer")]


async def test_a_transfer_is_asked_for_again_and_again_over_one_connection(client: Client, parts: Wiring) -> None:
    """From the sixth time on the database keeps one plan for any values."""
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    async with registrar_of(client) as here:
        for _ in range(10):
            asked = await _ask(here, record)
            assert asked.status_code == 201, asked.text
            path = f"{_TRANSFERS}/{asked.json()['transfer']['id']}"
            assert (await here.client.post(f"{path}/take-back", None)).status_code == 200
