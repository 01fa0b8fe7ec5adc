"""Registrars: the records of their school, what they may do to them, and the trace that it leaves."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from datetime import date
from typing import Any

import pytest

from support.archive import HEADER, add_photos, enroll, import_rows
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.people import SCHOOLS, students
from support.records import OFFICE, OTHER, add_records, change_record, registered_row, registrar_of
from support.staff import member
from support.tables import rows_of
from xuexin_api.demo.rosters import generate_rows
from xuexin_api.dependencies.wiring import Wiring

UNKNOWN = "01999999-9999-7999-8999-999999999999"


async def test_a_registrar_sends_a_student_on_leave_and_both_read_what_became_of_the_record(
    client: Client, parts: Wiring
) -> None:
    student, other = students(2)
    (record,) = await add_records(parts, [registered_row(student)])
    await enroll(parts, other)
    async with registrar_of(client) as registrar:
        desk = registrar.client
        search = {"purpose": "student_request", "student_number": student.record.student_number}
        (line,) = (await desk.post(f"{OFFICE}/search", search)).json()["items"]
        assert (line["id"], line["name"]) == (record, student.name)
        seen = await desk.get(f"{OFFICE}/{record}?purpose=student_request")
        assert (seen.headers["etag"], seen.json()["version"]) == ('"1"', 1)
        assert seen.json()["changes"]["suspend"] == ["health", "start_up", "student_request"]

        for wrong, version, refusal in (
            ({}, None, (428, "version_needed")),
            ({}, 2, (412, "record_changed")),
            ({"reason": "ahead_of_plan"}, 1, (422, "invalid_request")),
            ({"effective_on": "2031-03-06"}, 1, (422, "invalid_request")),
            ({"effective_on": "2031-02-30"}, 1, (422, "invalid_request")),
            ({"change": "resume", "reason": "leave_ended"}, 1, (409, "change_not_allowed")),
        ):
            request = {"change": "suspend", "reason": "health"} | wrong
            refused = await change_record(
                registrar, record, request.pop("change"), request.pop("reason"), version, **request
            )
            assert (refused.status_code, code_of(refused)) == refusal, wrong
        assert await rows_of(parts, "enrollment_changes") == []

        done = await change_record(registrar, record, "suspend", "health", 1, note="教务〔2031〕12号")
        assert done.status_code == 201, done.text
        assert done.json()["enrollment"]["status"]["code"] == "suspended"
        assert done.json()["version"] == 2
        assert sorted(done.json()["changes"]) == sorted(
            ["resume", "retain", "withdraw", "expel", "record_death", "leave_incomplete"]
        )
        history = (await desk.get(f"{OFFICE}/{record}/changes?purpose=complaint")).json()

    await client.register(student)
    assert (await client.get(f"/v1/archive/enrollments/{record}/history")).status_code == 401
    await client.verify(student)
    own = await client.get(f"/v1/archive/enrollments/{record}/history")
    assert own.json() == history
    (change,) = own.json()["items"]
    assert (change["change"]["id"], change["reason"]["title"], change["note"], change["effective_on"]) == (
        "suspend",
        "身体原因",
        "教务〔2031〕12号",
        "2031-03-01",
    )
    assert [(field["field"], field["before"], field["after"]) for field in change["fields"]] == [
        ("status", "在籍（注册学籍）", "在籍（休学）")
    ]
    looks = await rows_of(parts, "record_accesses")
    assert sorted((look["action"], look["purpose"]) for look in looks) == [
        ("changed", "suspend"),
        ("listed", "student_request"),
        ("viewed", "complaint"),
        ("viewed", "student_request"),
    ]
    assert len({(look["person_id"], look["staff_id"]) for look in looks}) == 1
    first = (await client.get("/v1/archive/accesses?limit=3")).json()
    second = (await client.get(f"/v1/archive/accesses?limit=3&cursor={first['next_cursor']}")).json()
    assert second["next_cursor"] is None
    shown = first["items"] + second["items"]
    assert [look["id"] for look in shown] == sorted((str(look["id"]) for look in looks), reverse=True)
    assert {(look["enrollment_id"], look["staff_id"], look["institution"]["code"]) for look in shown} == {
        (record, str(looks[0]["staff_id"]), student.record.institution_code)
    }
    titles = {"学籍管理": 0, "休学": 1, "办理学生申请": 2, "处理投诉或核实": 1}
    assert Counter(look["purpose"]["title"] for look in shown) == Counter(titles)
    client.access_token = None
    await client.register(other)
    await client.verify(other)
    assert (await client.get("/v1/archive/accesses")).json() == {"items": [], "next_cursor": None}


async def test_another_schools_record_is_none_and_the_reach_for_it_is_written_down(
    client: Client, parts: Wiring
) -> None:
    one, two = students(2)
    elsewhere = registered_row(one, institution_code=OTHER, institution_name=SCHOOLS[1][1])
    theirs, _ = await add_records(parts, [elsewhere, registered_row(two)])
    async with registrar_of(client) as registrar:
        desk = registrar.client
        for record in (theirs, UNKNOWN):
            for refused in (
                await desk.get(f"{OFFICE}/{record}?purpose=complaint"),
                await desk.get(f"{OFFICE}/{record}/changes?purpose=complaint"),
                await change_record(registrar, record, "withdraw", "student_request", 1),
            ):
                assert (refused.status_code, code_of(refused)) == (404, "record_not_found")
        search = {"purpose": "complaint", "name": one.name}
        assert (await desk.post(f"{OFFICE}/search", search)).json()["items"] == []
    trail = await rows_of(parts, "", "SELECT * FROM staff_events WHERE action = 'record:out_of_reach'")
    assert sorted(str(line["subject_id"]) for line in trail) == sorted([theirs, UNKNOWN] * 3)
    assert await rows_of(parts, "record_accesses") == []
    async with member(client, "reviewer.two") as reviewer:
        refused = await reviewer.client.get(f"{OFFICE}/{theirs}?purpose=complaint")
        assert (refused.status_code, code_of(refused)) == (403, "role_not_allowed")


async def test_nobody_changes_their_own_record(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    async with registrar_of(client, document=student.document_number) as registrar:
        refused = await change_record(registrar, record, "skip_year", "ahead_of_plan", 1, **_EARLIER)
        assert (refused.status_code, code_of(refused)) == (403, "not_yours_to_decide")


_EARLIER: Any = {"grade": 2021, "expected_graduation_date": "2031-07-01"}
_LATER: Any = {"grade": 2023, "expected_graduation_date": "2033-07-01"}
_DIPLOMA: Any = {"president_name": "示例校长", "certificate_number": "990011203105000001"}


async def test_a_student_graduates_late_and_by_exchange_and_the_certificate_keeps_its_number(
    client: Client, parts: Wiring
) -> None:
    student, other = students(2)
    record, second = await add_records(parts, [registered_row(student), registered_row(other)])
    async with registrar_of(client) as registrar:
        repeated = await change_record(registrar, record, "repeat_year", "credits_missing", 1, **_LATER)
        assert repeated.json()["enrollment"]["expected_graduation_date"] == "2033-07-01"
        without = await change_record(registrar, record, "complete", "requirements_partly_met", 2, **_DIPLOMA)
        assert (without.status_code, code_of(without)) == (409, "graduation_photo_missing")
        await add_photos(parts, student)
        wrong = _DIPLOMA | {"certificate_number": "990011203205000001"}
        refused = await change_record(registrar, record, "complete", "requirements_partly_met", 2, **wrong)
        assert refused.json()["errors"][0]["pointer"] == "/certificate_number"
        completed = (
            await change_record(registrar, record, "complete", "requirements_partly_met", 2, **_DIPLOMA)
        ).json()
        assert completed["enrollment"]["status"]["code"] == "completed"
        assert completed["enrollment"]["leaving_date"] == "2031-03-01"
        assert completed["enrollment"]["expected_graduation_date"] is None
        assert list(completed["changes"]) == ["exchange_certificate"]
        before = await change_record(
            registrar, record, "exchange_certificate", "requirements_met_later", 3, effective_on="2031-02-28"
        )
        assert before.json()["errors"][0]["code"] == "date_impossible"
        exchange = await change_record(
            registrar, record, "exchange_certificate", "requirements_met_later", 3, effective_on="2031-03-04"
        )
        assert exchange.json()["certificate"] == {
            "conclusion": "graduated",
            "certificate_number": _DIPLOMA["certificate_number"],
            "graduation_date": "2031-03-01",
            "president_name": "示例校长",
            "exchanged_on": "2031-03-04",
        }
        degree = {"degree_name": "工学学士学位", "certificate_number": "9900142031000001"}
        awarded = await change_record(registrar, record, "award_degree", "degree_conferred", 4, **degree)
        assert awarded.json()["degree"]["awarded_on"] == "2031-03-01"
        await add_photos(parts, other)
        taken = await change_record(registrar, second, "graduate", "requirements_met", 1, **_DIPLOMA)
        assert (taken.status_code, code_of(taken)) == (409, "certificate_number_taken")
        untouched = (await registrar.client.get(f"{OFFICE}/{second}?purpose=certificate")).json()
        assert (untouched["version"], untouched["enrollment"]["status"]["code"]) == (1, "registered")
        page = (await registrar.client.get(f"{OFFICE}/{record}/changes?purpose=certificate&limit=3")).json()
        rest = await registrar.client.get(f"{OFFICE}/{record}/changes?purpose=certificate&cursor={page['next_cursor']}")
    await client.register(student)
    await client.verify(student)
    copy = (await client.post("/v1/account/export", {"password": PASSWORD})).json()
    assert copy["qualifications"]["items"][0]["certificate_number"] == _DIPLOMA["certificate_number"]
    assert copy["degrees"]["items"][0]["name"] == degree["degree_name"]
    assert {look["action"] for look in copy["record_accesses"]["items"]} == {"changed", "viewed"}
    kinds = [change["change"]["id"] for change in page["items"] + rest.json()["items"]]
    assert kinds == ["award_degree", "exchange_certificate", "complete", "photo", "photo", "repeat_year"]
    # No roster brings back who has left.
    report, rejected = await import_rows(parts, [registered_row(student)])
    assert (report.changed, [(cell.column, cell.code) for cell in rejected]) == (
        0,
        [("ZCZT", "status_move_not_allowed")],
    )


async def test_of_two_registrars_who_saw_the_same_record_one_changes_it(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    async with registrar_of(client) as one, registrar_of(client, "registrar.two") as two:
        answers = await asyncio.gather(
            change_record(one, record, "suspend", "health", 1),
            change_record(two, record, "withdraw", "student_request", 1),
            change_record(one, record, "defer_registration", "fees_unpaid", 1),
            change_record(two, record, "retain", "military_service", 1),
        )
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412, 412]
    (stored,) = await rows_of(parts, "enrollments")
    assert (stored["version"], len(await rows_of(parts, "enrollment_changes"))) == (2, 1)


async def test_new_students_are_registered_in_time_and_years_once(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    new, late = students(2)
    rows = [
        registered_row(
            new, status="待注册", admission_date=date(2030, 12, 5), expected_graduation_date=date(2034, 7, 1)
        ),
        registered_row(
            late, status="待注册", admission_date=date(2030, 12, 4), expected_graduation_date=date(2034, 7, 1)
        ),
    ]
    in_time, too_late = await add_records(parts, rows)
    async with registrar_of(client) as registrar:
        done = await change_record(registrar, in_time, "register", "entry_examined", 1)
        assert (done.status_code, done.json()["registered_year"]) == (201, 2030)
        refused = await change_record(registrar, too_late, "register", "entry_examined", 1)
        assert (refused.status_code, code_of(refused)) == (409, "registration_period_over")
        assert (await change_record(registrar, too_late, "register", "province_approved", 1)).status_code == 201
        too_soon = await change_record(registrar, in_time, "register_year", "year_begun", 2, school_year=2031)
        assert too_soon.json()["errors"][0]["code"] == "school_year_impossible"
    clock.pass_time(days=200)
    async with registrar_of(client, "registrar.two") as registrar:
        registered = await change_record(registrar, in_time, "register_year", "year_begun", 2, school_year=2031)
        assert registered.json()["registered_year"] == 2031
        again = await change_record(registrar, in_time, "register_year", "year_begun", 3, school_year=2031)
        assert again.json()["errors"][0]["code"] == "registered_before"


@pytest.mark.parametrize(("days", "frozen"), [(117, False), (118, True), (179, True), (180, False)])
async def test_from_the_first_of_july_nothing_changes_that_a_certificate_will_say(
    client: Client, parts: Wiring, clock: HandClock, days: int, frozen: bool
) -> None:
    student, other_student = students(2)
    leaves = date(2031, 7, 10)
    record, unchanged = await add_records(
        parts, [registered_row(student, expected_graduation_date=leaves), registered_row(other_student)]
    )
    clock.pass_time(days=days)
    other = registered_row(student, expected_graduation_date=leaves, programme_name="哲学")
    report, rejected = await import_rows(parts, [other], dry_run=True)
    assert (report.changed, [cell.code for cell in rejected]) == ((0, ["record_frozen"]) if frozen else (1, []))
    elsewhere = registered_row(student, expected_graduation_date=leaves, class_name="计科2299", status="休学")
    assert (await import_rows(parts, [elsewhere], dry_run=True))[0].changed == 1
    async with registrar_of(client) as registrar:
        programme = {"programme_code": "010101", "programme_name": "哲学"}
        refused = await change_record(registrar, record, "change_programme", "student_request", 1, **programme)
        assert refused.status_code == (409 if frozen else 201), refused.text
        if frozen:
            assert code_of(refused) == "record_frozen"
            assert (
                await change_record(registrar, record, "repeat_year", "credits_missing", 1, **_LATER)
            ).status_code == 201
            earlier = {"grade": 2022, "expected_graduation_date": "2031-07-10"}
            back = await change_record(registrar, record, "skip_year", "ahead_of_plan", 2, **earlier)
            assert code_of(back) == "record_frozen"
            # Put off by a year, the record may change; but what was frozen is in no certificate of this summer.
            moved = await change_record(registrar, record, "change_programme", "student_request", 2, **programme)
            assert moved.status_code == 201, moved.text
            for day, code in (("2031-07-01", "record_frozen"), ("2031-06-30", "invalid_request")):
                diploma = _DIPLOMA | {"effective_on": day}
                around = await change_record(registrar, record, "graduate", "requirements_met", 3, **diploma)
                assert code_of(around) == code
            early = await change_record(registrar, unchanged, "graduate", "requirements_met", 1, **_DIPLOMA)
            assert code_of(early) == "graduation_photo_missing"


@pytest.mark.settings(search_records=100, record_export_rows=2, record_exports_per_day=3)
async def test_records_are_found_by_what_they_say_and_taken_home_as_a_roster_that_comes_in_again(
    client: Client, parts: Wiring
) -> None:
    people = students(7)
    rows = [registered_row(one, class_name="计科2301") for one in people[:5]]
    rows[3] = registered_row(people[3], class_name="计科2301", status="休学")
    rows.append(registered_row(people[5], class_name="=计科"))
    elsewhere = registered_row(people[6], institution_code=OTHER, institution_name=SCHOOLS[1][1])
    records = await add_records(parts, [*rows, elsewhere])
    async with registrar_of(client) as registrar:
        desk = registrar.client

        async def found(**wanted: Any) -> list[int]:
            answer = await desk.post(f"{OFFICE}/search", {"purpose": "record_keeping"} | wanted)
            assert answer.status_code == 200, answer.text
            assert answer.json()["next_cursor"] is None
            return [records.index(line["id"]) for line in answer.json()["items"]]

        third = people[3].record
        assert await found(document_number=people[2].document_number.lower()) == [2]
        assert await found(document_number=people[6].document_number) == []
        assert await found(class_name="计科2301", statuses=["suspended"]) == [3]
        assert await found(statuses=["graduated", "withdrawn"]) == []
        assert await found(grade=third.admission_date.year, name=people[3].name) == [3]
        assert 0 in await found(programme_name=people[0].record.programme_name)
        unknown = await desk.post(f"{OFFICE}/search", {"purpose": "complaint", "statuses": ["在籍"]})
        assert unknown.status_code == 422

        answer = await desk.post(f"{OFFICE}/export", {"purpose": "certificate"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        assert answer.headers["cache-control"] == "no-store, private"
        header, *lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert header == HEADER
        numbers = {line[header.index("SFZH")] for line in lines}
        assert numbers == {one.document_number for one in people[:6]}
        # What a spreadsheet would run has a quotation mark in front.
        classes = Counter(line[header.index("BH")] for line in lines)
        assert classes == {"计科2301": 5, "'=计科": 1}
        report, rejected = await import_rows(parts, lines)
        assert (report.unchanged, report.changed, rejected) == (5, 1, [])

        leave = await desk.post(f"{OFFICE}/export", {"purpose": "certificate", "statuses": ["suspended"]})
        assert [line.split(",")[-1] for line in leave.text.splitlines()[1:]] == ["休学"]
        assert (await desk.post(f"{OFFICE}/export", {"purpose": "complaint", "name": "没有人"})).status_code == 200
        refused = await desk.post(f"{OFFICE}/export", {"purpose": "complaint"})
        assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")
    seen = [look for look in await rows_of(parts, "record_accesses") if look["action"] == "exported"]
    assert Counter(str(look["enrollment_id"]) for look in seen) == Counter([*records[:6], records[3]])
    assert {look["purpose"] for look in seen} == {"certificate"}
    trail = await rows_of(parts, "", "SELECT * FROM staff_events WHERE action = 'record:export'")
    assert len(trail) == 4
    await client.register(people[0])
    await client.verify(people[0])
    looks = (await client.get("/v1/archive/accesses")).json()["items"]
    assert ("导出学籍名册", "certificate") in {(look["action"]["title"], look["purpose"]["id"]) for look in looks}


@pytest.mark.settings(search_records=100)
async def test_a_page_that_looked_at_as_many_records_as_it_may_leads_on(client: Client, parts: Wiring) -> None:
    rows = generate_rows(250, seed=3, schools=SCHOOLS[:1])
    await import_rows(parts, ([*row[:-1], "休学" if number == 240 else "注册学籍"] for number, row in enumerate(rows)))
    async with registrar_of(client) as registrar:
        search: dict[str, Any] = {"purpose": "record_keeping", "statuses": ["suspended"]}
        pages: list[list[str]] = []
        while not pages or search["cursor"] is not None:
            page = (await registrar.client.post(f"{OFFICE}/search", search)).json()
            pages.append([line["status"]["code"] for line in page["items"]])
            search["cursor"] = page["next_cursor"]
        assert sorted(pages) == [[], [], ["suspended"]]
        copy = await registrar.client.post(f"{OFFICE}/export", {"purpose": "record_keeping", "statuses": ["suspended"]})
        assert len(copy.text.splitlines()) == 2


@pytest.mark.settings(search_records=100)
@pytest.mark.parametrize("limit", [1, 3, 4, 100])
async def test_a_search_leads_to_each_record_once_while_others_come(
    client: Client, parts: Wiring, clock: HandClock, limit: int
) -> None:
    # Some stand where the records end that one page looks at, and right behind them.
    away = {0, 1, 2, 3, 98, 99, 100, 199, 250, 299}
    rows = [
        [*row[:-1], "休学" if number in away else "注册学籍"]
        for number, row in enumerate(generate_rows(300, seed=3, schools=SCHOOLS[:1]))
    ]
    await import_rows(parts, rows)
    expected = [row[2] for row in rows if row[-1] == "休学"]
    later = [registered_row(student, status="休学") for student in students(2)]
    async with registrar_of(client) as registrar:
        search: dict[str, Any] = {"purpose": "record_keeping", "statuses": ["suspended"], "limit": limit}
        found: list[str] = []
        while not found or search["cursor"] is not None:
            page = (await registrar.client.post(f"{OFFICE}/search", search)).json()
            assert len(page["items"]) <= limit
            found += [line["student_number"] for line in page["items"]]
            search["cursor"] = page["next_cursor"]
            if later:
                clock.pass_time(seconds=1)
                await add_records(parts, [later[0]])
                expected.append(later.pop(0)[2])
    assert found == expected


async def test_the_whole_list_of_a_school_comes_in_pages(client: Client, parts: Wiring) -> None:
    rows = [registered_row(student) for student in students(7)]
    await add_records(parts, rows)
    async with registrar_of(client) as registrar:
        seen: list[str] = []
        cursor = None
        for _ in range(3):
            body = {"purpose": "record_keeping", "limit": 3, "cursor": cursor}
            page = (await registrar.client.post(f"{OFFICE}/search", body)).json()
            seen += [line["student_number"] for line in page["items"]]
            cursor = page["next_cursor"]
        assert cursor is None
        assert sorted(seen) == sorted(row[2] for row in rows)
        blank = await registrar.client.post(f"{OFFICE}/search", {"purpose": "record_keeping", "name": "1"})
        assert blank.json()["errors"][0]["pointer"] == "/name"
    async with connected_client(client.app, parts) as nobody:
        assert (await nobody.post(f"{OFFICE}/search", {"purpose": "record_keeping"})).status_code == 401


@pytest.mark.parametrize("name", ["   ", "示\u200b例", "\u202e学", "一\n二", "\t", "\ufffd"])
async def test_what_a_registrar_types_is_taken_by_the_rules_of_rosters(
    client: Client, parts: Wiring, name: str
) -> None:
    (record,) = await add_records(parts, [registered_row(one) for one in students(1)])
    async with registrar_of(client) as registrar:
        new = {"programme_code": "080902", "programme_name": name}
        refused = await change_record(registrar, record, "change_programme", "student_request", 1, **new)
        assert refused.status_code == 422, refused.text
        assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [("/programme_name", "malformed")]
        new |= {"programme_name": " 软件工程 "}
        changed = await change_record(registrar, record, "change_programme", "student_request", 1, **new)
        assert changed.json()["enrollment"]["programme"]["name"] == "软件工程"
