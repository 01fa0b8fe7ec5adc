"""学历 and 学位 as their holder reads them: kept apart from 学籍, and explained where they are missing."""

from __future__ import annotations

from datetime import date

from support.archive import add_photos
from support.client import Client, connected_client
from support.people import SCHOOLS, students
from support.records import add_records, change_record, registered_row, registrar_of
from xuexin_api.dependencies.wiring import Wiring

_SENIOR = {"certificate_number": "990011203106000001", "president_name": "示例校长"}
_BACHELOR = {"certificate_number": "990011203105000001", "president_name": "示例校长"}


async def test_a_person_with_two_records_sees_each_outcome_when_it_is_there(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    early = registered_row(
        student,
        student_number="S1",
        candidate_number="22000001",
        level="专科",
        duration="3",
        admission_date=date(2022, 9, 1),
    )
    senior, bachelor = await add_records(parts, [early, registered_row(student, admission_date=date(2025, 9, 1))])
    await add_photos(parts, student)
    await client.register(student)
    await client.verify(student)
    none = (await client.get("/v1/archive/qualifications")).json()
    assert (none["items"], none["explanation"]["id"]) == ([], "enrolled")
    async with registrar_of(client) as registrar:
        refused = await change_record(registrar, senior, "graduate", "requirements_met", 1, **_SENIOR)
        assert refused.json()["code"] == "graduation_photo_missing"
        done = await change_record(registrar, bachelor, "graduate", "requirements_met", 1, **_BACHELOR)
        assert done.status_code == 201, done.text
        one = (await client.get("/v1/archive/qualifications")).json()
        assert (len(one["items"]), one["explanation"]["id"]) == (1, "enrolled")
        degrees = (await client.get("/v1/archive/degrees")).json()
        assert (degrees["items"], degrees["explanation"]["id"]) == ([], "no_degree_reported")
        degree = {"degree_name": "工学学士学位", "certificate_number": "9900142031000001"}
        assert (
            await change_record(registrar, bachelor, "award_degree", "degree_conferred", 2, **degree)
        ).status_code == 201
        left = await change_record(registrar, senior, "leave_incomplete", "left_before_the_end", 1)
        assert left.status_code == 201
    answer = await client.get("/v1/archive/qualifications")
    assert "no-store" in answer.headers["cache-control"]
    (shown,) = answer.json()["items"]
    assert answer.json()["explanation"] is None
    assert shown["enrollment_id"] == bachelor
    assert list(shown)[2:] == [
        "name",
        "sex",
        "birth_date",
        "admission_date",
        "graduation_date",
        "institution",
        "place",
        "programme",
        "category",
        "duration_years",
        "study_form",
        "level",
        "conclusion",
        "exchanged_on",
        "president_name",
        "certificate_number",
        "graduation_photo",
    ]
    assert (shown["institution"]["name"], shown["place"], shown["level"]) == (SCHOOLS[0][1], "示例省", "本科")
    assert (shown["conclusion"], shown["certificate_number"]) == (
        {"id": "graduated", "title": "毕业"},
        _BACHELOR["certificate_number"],
    )
    assert shown["graduation_photo"] is True
    (degree_shown,) = (await client.get("/v1/archive/degrees")).json()["items"]
    assert (degree_shown["name"], degree_shown["awarded_on"]) == ("工学学士学位", "2031-03-01")
    records = (await client.get("/v1/archive/enrollments")).json()["items"]
    assert {record["status"]["code"] for record in records} == {"incomplete", "graduated"}


async def test_outcomes_are_read_after_a_verification_only_and_are_ones_own(client: Client, parts: Wiring) -> None:
    one, _, other = students(3)
    record, _ = await add_records(parts, [registered_row(one), registered_row(other)])
    await add_photos(parts, one)
    async with registrar_of(client) as registrar:
        await change_record(registrar, record, "graduate", "requirements_met", 1, **_BACHELOR)
        degree = {"degree_name": "工学学士学位", "certificate_number": "9900142031000001"}
        await change_record(registrar, record, "award_degree", "degree_conferred", 2, **degree)
    paths = ("/v1/archive/qualifications", "/v1/archive/degrees")
    await client.register(one)
    assert [(await client.get(path)).status_code for path in paths] == [401, 401]
    await client.verify(one)
    assert [len((await client.get(path)).json()["items"]) for path in paths] == [1, 1]
    async with connected_client(client.app, parts) as stranger:
        await stranger.register(other)
        await stranger.verify(other)
        assert [(await stranger.get(path)).json()["items"] for path in paths] == [[], []]
