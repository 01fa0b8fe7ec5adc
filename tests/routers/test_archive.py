"""Reading 学籍: one's own, fresh from a verification, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.archive import add_photos, enroll, import_rows
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import students
from support.tables import rows_of
from xuexin_api.demo.rosters import roster_row
from xuexin_api.dependencies.wiring import Wiring

UNKNOWN = "01999999-9999-7999-8999-999999999999"


async def _verified(client: Client, parts: Wiring, seed: int = 7) -> str:
    """A verified student; the id of the record."""
    (student,) = students(1, seed)
    await enroll(parts, student)
    await client.register(student)
    await client.verify(student)
    return str((await client.get("/v1/archive/enrollments")).json()["items"][0]["id"])


async def test_somebody_elses_record_is_not_found(client: Client, parts: Wiring) -> None:
    await _verified(client, parts, seed=7)
    async with connected_client(client.app, parts) as other:
        theirs = await _verified(other, parts, seed=8)
    for path in (theirs, UNKNOWN):
        refused = await client.get(f"/v1/archive/enrollments/{path}")
        assert (refused.status_code, code_of(refused)) == (404, "record_not_found")
        photo = await client.get(f"/v1/archive/enrollments/{path}/photos/admission")
        assert code_of(photo) == "record_not_found"


async def test_a_record_without_photos_says_so(client: Client, parts: Wiring) -> None:
    record = await _verified(client, parts)
    answer = (await client.get(f"/v1/archive/enrollments/{record}")).json()
    assert answer["photos"] == [
        {"kind": "admission", "available": False},
        {"kind": "graduation", "available": False},
    ]
    photo = await client.get(f"/v1/archive/enrollments/{record}/photos/graduation")
    assert (photo.status_code, code_of(photo)) == (404, "photo_not_found")
    assert (await client.get(f"/v1/archive/enrollments/{record}/photos/portrait")).status_code == 422


async def test_a_photo_that_is_there_already_is_not_sent_again_but_to_its_owner(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await add_photos(parts, student)
    await client.register(student)
    await client.verify(student)
    record = (await client.get("/v1/archive/enrollments")).json()["items"][0]["id"]
    path = f"/v1/archive/enrollments/{record}/photos/admission"
    photo = await client.get(path)
    tag = photo.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        spared = await client.get(path, headers={"If-None-Match": known})
        assert (spared.status_code, spared.content, spared.headers["etag"]) == (304, b"", tag)
        assert "no-store" in spared.headers["cache-control"]
    other = await client.get(path, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, photo.content)
    async with connected_client(client.app, parts) as stranger:
        assert (await stranger.get(path, headers={"If-None-Match": tag})).status_code == 401


async def test_every_field_of_the_roster_is_shown_in_the_archives_words(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    row = roster_row(student.record)
    row[8], row[13], row[16], row[17], row[22] = "其它", "东校区", "高职", "2.5", "休学"
    report, rejected = await import_rows(parts, [row])
    assert report.added == 1, rejected
    await client.register(student)
    await client.verify(student)
    (record,) = (await client.get("/v1/archive/enrollments")).json()["items"]
    assert {
        key: record[key] for key in ("ethnicity", "branch", "level", "duration_years", "category", "study_form")
    } == {
        "ethnicity": "其他",
        "branch": "东校区",
        "level": "专科",
        "duration_years": 2.5,
        "category": "普通高等教育",
        "study_form": "普通全日制",
    }
    assert record["status"] == {"code": "suspended", "display": "在籍（休学）", "enrolled": True}
    assert record["expected_graduation_date"] == f"{student.record.expected_graduation_date}"
    assert record["leaving_date"] is None
    assert record["sex"] == student.sex


async def test_several_records_of_one_person_come_in_pages(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    rows = []
    for number, level in enumerate(("专科", "本科", "硕士")):
        row = roster_row(replace(student.record, student_number=f"S{number}", candidate_number=f"2200000{number}"))
        row[16] = level
        rows.append(row)
    await import_rows(parts, rows)
    await client.register(student)
    started = (await client.post("/v1/identity-verifications", {"method": "record_facts"})).json()
    answers = {question["id"]: student.fact(question["id"]) for question in started["questions"]}
    answers |= {"candidate_number": "22000001", "student_number": "S1"}
    client.keep((await client.post(f"/v1/identity-verifications/{started['id']}/answers", {"answers": answers})).json())

    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        more = f"&cursor={cursor}" if cursor else ""
        page = (await client.get(f"/v1/archive/enrollments?limit=1{more}")).json()
        seen += [record["student_number"] for record in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == ["S0", "S1", "S2"]
    assert cursor is None
    whole = (await client.get("/v1/archive/enrollments")).json()
    assert [record["student_number"] for record in whole["items"]] == seen


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%00", "cursor=AAAA", "limit=0", "limit=101", "limit=x"])
async def test_a_cursor_or_limit_that_is_none_is_refused(client: Client, parts: Wiring, query: str) -> None:
    await _verified(client, parts)
    refused = await client.get(f"/v1/archive/enrollments?{query}")
    assert (refused.status_code, code_of(refused)) == (422, "invalid_request")


@pytest.mark.parametrize(("minutes", "status"), [(29, 200), (30, 401)])
async def test_the_archive_stays_open_for_thirty_minutes(
    client: Client, parts: Wiring, clock: HandClock, minutes: int, status: int
) -> None:
    await _verified(client, parts)
    clock.pass_time(minutes=minutes - 5)
    client.keep((await client.post("/v1/sessions/refresh", {"refresh_token": client.refresh_token})).json())
    clock.pass_time(minutes=5)
    assert (await client.get("/v1/archive/enrollments")).status_code == status


async def test_an_account_that_fell_into_conflict_sees_nothing(client: Client, parts: Wiring) -> None:
    record = await _verified(client, parts)
    await rows_of(parts, "accounts", "UPDATE accounts SET state = 'conflict' RETURNING id")
    assert (await client.get("/v1/archive/enrollments")).json()["items"] == []
    assert code_of(await client.get(f"/v1/archive/enrollments/{record}")) == "record_not_found"


async def test_answers_with_personal_data_are_not_stored_on_the_way(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    record = await _verified(client, parts)
    await add_photos(parts, student)
    for path in (
        "/v1/account",
        f"/v1/archive/enrollments/{record}",
        f"/v1/archive/enrollments/{record}/photos/admission",
    ):
        assert "no-store" in (await client.get(path)).headers["cache-control"]


async def test_photos_lie_sealed_in_the_store(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await _verified(client, parts)
    photos = await add_photos(parts, student)
    stored = [path.read_bytes() for path in (parts.settings.data_dir / "photos").rglob("*") if path.is_file()]
    assert len(stored) == 2
    assert not any(photo[:64] in data for photo in photos.values() for data in stored)
