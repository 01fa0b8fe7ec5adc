"""Corrections at the desks: who may look and decide, what that does to a record, and what the clock does."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from support.archive import add_photos, import_rows
from support.claims import decide as decide_claim
from support.claims import former, hand_in, row_of
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.corrections import (
    DESK,
    MINE,
    come,
    corrected,
    decide,
    look,
    of_record,
    proof_of,
    stored,
    submit,
    take,
    take_and_decide,
)
from support.people import FAR_SCHOOL, Student, students
from support.records import OTHER, SCHOOL, add_records, change_record, province_of, registered_row, registrar_of
from support.staff import Member
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)


async def _reader(client: Client, parts: Wiring, **changes: Any) -> tuple[Student, str]:
    """A verified student, and the record."""
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student, **changes)])
    await client.register(student)
    await client.verify(student)
    return student, record


async def _queue(desk: Member) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await desk.client.get(DESK)).json()["items"]
    return items


async def _code(desk: Member, correction: str, step: str, reason: str, **more: Any) -> str:
    return code_of(await decide(desk, correction, step, reason, **more))


async def _overdue(client: Client) -> float:
    """As an operator's machine reads it."""
    async with connected_client(client.app, client.parts, address="127.0.0.1") as operator:
        text = (await operator.get("/metrics")).text
    (line,) = [line for line in text.splitlines() if line.startswith('xuexin_overdue{what="corrections"} ')]
    return float(line.split()[1])


async def _told_overdue(client: Client, student: Student) -> int:
    return sum("未在期限内处理" in message.body for message in await client.messages(student.phone))


async def _actions(parts: Wiring) -> list[str]:
    return [row["action"] for row in await rows_of(parts, "staff_events")]


async def test_one_registrar_of_the_school_has_it_at_a_time_and_others_have_none(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, record = await _reader(client, parts)
    correction = await corrected(client, record, class_name="二班")
    async with (
        registrar_of(client) as one,
        registrar_of(client, "registrar.two") as two,
        registrar_of(client, "registrar.far", OTHER) as far,
        province_of(client) as province,
    ):
        (line,) = await _queue(one)
        assert (line["id"], line["assigned"], line["overdue"]) == (correction, False, False)
        assert student.name not in str(line)
        assert await _queue(far) == await _queue(province) == []
        for stranger in (far, province):
            for method, path in (("GET", ""), ("POST", "/take"), ("POST", "/release")):
                refused = await stranger.client.request(method, f"{DESK}/{correction}{path}")
                assert code_of(refused) == "correction_not_found"
        # The province reaches it once it comes there, another school never: each try is a line.
        assert (await _actions(parts)).count("correction:out_of_reach") == 6
        assert code_of(await one.client.get(f"{DESK}/{correction}")) == "case_not_assigned"
        takes = await asyncio.gather(
            *(desk.client.post(f"{DESK}/{correction}/take", None) for desk in (one, two)),
        )
        assert sorted(answer.status_code for answer in takes) == [200, 409]
        assert {code_of(answer) for answer in takes if answer.status_code != 200} == {"case_taken"}
        has, waits = (one, two) if takes[0].status_code == 200 else (two, one)
        assert (await take(has, correction))["mine"] is True
        assert [(line["assigned"], line["mine"]) for line in await _queue(waits)] == [(True, False)]
        assert await _code(waits, correction, "decline", "record_is_right") == "case_not_assigned"
        assert (await has.client.post(f"{DESK}/{correction}/release", None)).status_code == 204
        assert (await client.get(f"{MINE}/{correction}")).json()["state"] == "submitted"
        await take(waits, correction)
        # Left for too long, it is free again, and its first taker has lost it.
        clock.pass_time(days=1)
        await waits.log_in()
        await has.log_in()
        assert code_of(await waits.client.get(f"{DESK}/{correction}")) == "case_not_assigned"
        await take(has, correction)
        assert code_of(await waits.client.post(f"{DESK}/{correction}/take", None)) == "case_taken"
    async with registrar_of(client, "registrar.own", document=student.document_number) as own:
        assert code_of(await own.client.post(f"{DESK}/{correction}/take", None)) == "not_yours_to_decide"


async def test_every_look_is_seen_by_the_student_and_a_picture_by_whoever_has_the_correction(
    client: Client, parts: Wiring
) -> None:
    student, record = await _reader(client, parts)
    correction = await corrected(client, record, class_name="二班")
    (picture,) = (await client.get(f"{MINE}/{correction}")).json()["proofs"]
    path = f"{DESK}/{correction}/proofs/{picture['id']}"
    async with registrar_of(client) as registrar, registrar_of(client, "registrar.two") as other:
        assert code_of(await registrar.client.get(path)) == "case_not_assigned"
        await take(registrar, correction)
        seen = await look(registrar, correction)
        assert (seen["enrollment"]["name"], seen["version"], seen["province_needed"]) == (student.name, 1, None)
        assert seen["correction"]["values"][0]["after"] == "二班"
        assert seen["decisions"]["apply"] == ["registered_wrongly"]
        assert student.document_number not in str(seen)
        shown = await registrar.client.get(path)
        assert (shown.content[:3], shown.headers["cache-control"]) == (b"\xff\xd8\xff", "no-store, private")
        assert code_of(await other.client.get(path)) == "case_not_assigned"
        unknown = await registrar.client.get(f"{DESK}/{correction}/proofs/{correction}")
        assert code_of(unknown) == "upload_not_found"
    looks = (await client.get("/v1/archive/accesses")).json()["items"]
    assert sorted(one["purpose"]["id"] for one in looks) == ["correction", "correction_proof"]
    assert {one["institution"]["code"] for one in looks} == {SCHOOL}
    assert (await client.get(f"{MINE}/{correction}")).json()["proofs"][0]["state"] == "seen"
    assert {"correction:take", "correction:view", "correction:proof:view"} <= set(await _actions(parts))


async def test_a_school_applies_its_own_error_at_the_version_that_it_saw(client: Client, parts: Wiring) -> None:
    _, record = await _reader(client, parts)
    correction = await corrected(client, record, class_name="二班", student_number="2031X001")
    async with registrar_of(client) as registrar, registrar_of(client, "registrar.two") as other:
        await take(registrar, correction)
        assert await _code(registrar, correction, "apply", "record_is_right", version=1) == "invalid_request"
        assert await _code(registrar, correction, "apply", "identity_changed", version=1) == "invalid_request"
        assert await _code(registrar, correction, "apply", "registered_wrongly", version=None) == "version_needed"
        await change_record(other, record, "suspend", "health", 1)
        assert await _code(registrar, correction, "apply", "registered_wrongly", version=1) == "record_changed"
        assert (await client.get(f"{MINE}/{correction}")).json()["state"] == "school_review"
        applied = await decide(registrar, correction, "apply", "registered_wrongly", note="已核对。")
        assert applied.status_code == 204, applied.text
        assert await _code(registrar, correction, "apply", "registered_wrongly", version=3) == "correction_not_found"
    shown = (await client.get(of_record(record))).json()
    assert (shown["class_name"], shown["student_number"], shown["status"]["code"]) == ("二班", "2031X001", "suspended")
    newest = (await client.get(f"{of_record(record)}/history")).json()["items"][0]
    assert (newest["note"], {one["field"] for one in newest["fields"]}) == (
        "已核对。",
        {"class_name", "student_number"},
    )
    done = (await client.get(f"{MINE}/{correction}")).json()
    assert (done["state"], done["reason"]["id"], done["note"]) == ("applied", "registered_wrongly", "已核对。")
    bodies = [message.body for message in await client.messages(students(1)[0].phone)]
    assert "已更正" in bodies[0]


async def test_an_old_roster_does_not_put_back_what_was_corrected(client: Client, parts: Wiring) -> None:
    student, record = await _reader(client, parts)
    asked: dict[str, Any] = {
        "class_name": "二班",
        "duration_years": "5",
        "department": None,
        "student_number": "2031X001",
    }
    correction = await corrected(client, record, **asked)
    async with registrar_of(client) as registrar:
        await take_and_decide(registrar, correction, "apply", "registered_wrongly")
    report, rejected = await import_rows(parts, [registered_row(student)])
    assert report.added == 0
    assert ("XH", "corrected_meanwhile") in [(cell.column, cell.code) for cell in rejected]
    now = {"class_name": "二班", "duration": "5", "department": "", "student_number": "2031X001"}
    for column, stale in (("BH", "class_name"), ("XZ", "duration"), ("XSH", "department")):
        row = registered_row(student, **{name: value for name, value in now.items() if name != stale})
        report, rejected = await import_rows(parts, [row])
        assert [(cell.column, cell.code) for cell in rejected] == [(column, "corrected_meanwhile")], stale
    report, rejected = await import_rows(parts, [registered_row(student, **(now | {"class_name": "三班"}))])
    assert (report.changed, rejected) == (1, [])
    assert (await client.get(of_record(record))).json()["class_name"] == "三班"


async def test_a_number_that_another_student_has_is_not_given(client: Client, parts: Wiring) -> None:
    _, record = await _reader(client, parts)
    (other,) = students(2)[1:]
    await add_records(parts, [registered_row(other, student_number="2031X009")])
    correction = await corrected(client, record, student_number="2031X009")
    async with registrar_of(client) as registrar:
        await take(registrar, correction)
        assert await _code(registrar, correction, "apply", "registered_wrongly") == "student_number_in_use"
    assert (await client.get(f"{MINE}/{correction}")).json()["state"] == "school_review"


async def test_what_the_record_says_by_now_is_not_corrected_again(client: Client, parts: Wiring) -> None:
    _, record = await _reader(client, parts)
    correction = await corrected(client, record, programme_name="文学", programme_code="050101", class_name="二班")
    async with registrar_of(client) as registrar:
        await take(registrar, correction)
        changed = await change_record(
            registrar,
            record,
            "change_programme",
            "student_request",
            1,
            programme_code="050101",
            programme_name="文学",
        )
        assert changed.status_code == 201, changed.text
        unfit = await decide(registrar, correction, "apply", "registered_wrongly")
        assert (code_of(unfit), unfit.json()["fields"]) == ("correction_unfit", ["programme_name", "programme_code"])


async def test_a_school_says_what_is_missing_or_why_not_in_words_and_returns_a_few_times_only(
    client: Client, parts: Wiring
) -> None:
    _, record = await _reader(client, parts)
    correction = await corrected(client, record, class_name="二班")
    async with registrar_of(client) as registrar:
        for _ in range(parts.settings.correction_returns):
            await take(registrar, correction)
            assert (await decide(registrar, correction, "return", "proof_unreadable", note=None)).status_code == 422
            assert (await decide(registrar, correction, "return", "proof_unreadable")).status_code == 204
            assert (await look(registrar, correction))["decisions"] == {}
            again = {"statement": "重新拍摄。", "proof_ids": [await proof_of(client, record)]}
            assert (await client.post(f"{MINE}/{correction}/submit", again)).status_code == 200
        await take(registrar, correction)
        assert "return" not in (await look(registrar, correction))["decisions"]
        assert await _code(registrar, correction, "return", "proof_unreadable") == "correction_closed"
        assert (await decide(registrar, correction, "decline", "record_is_right", note=None)).status_code == 422
        assert await _code(registrar, correction, "decline", "proof_missing") == "invalid_request"
        assert (await decide(registrar, correction, "decline", "record_is_right")).status_code == 204
    mine = (await client.get(f"{MINE}/{correction}")).json()
    assert (mine["state"], mine["holder"], mine["next"][0]["id"]) == ("declined", None, "ask_school")
    assert "未通过" in (await client.messages(students(1)[0].phone))[0].body


async def test_who_the_student_is_is_for_the_province_to_change_and_the_old_name_is_kept(
    client: Client, parts: Wiring
) -> None:
    student, record = await _reader(client, parts)
    correction = await corrected(client, record, name="新名同学")
    async with (
        registrar_of(client, document="110101199003079999") as registrar,
        province_of(client) as province,
        province_of(client, "province.far", province=FAR_SCHOOL[0][2:4]) as far,
        province_of(client, "province.same", document="110101199003079999") as same,
    ):
        await take(registrar, correction)
        assert (await look(registrar, correction))["province_needed"] == "identity"
        refused = await decide(registrar, correction, "apply", "registered_wrongly")
        assert (code_of(refused), refused.json()["why"]) == ("province_needed", "identity")
        assert (await decide(registrar, correction, "forward", "province_decides", note=None)).status_code == 204
        mine = (await client.get(f"{MINE}/{correction}")).json()
        assert (mine["state"], mine["holder"], mine["next"][0]["id"]) == ("forwarded", "province", "await_province")
        assert mine["deadline"].startswith("2031-04-04")
        assert await _queue(registrar) == []
        assert code_of(await registrar.client.post(f"{DESK}/{correction}/take", None)) == "correction_not_found"
        assert await _queue(far) == []
        assert code_of(await far.client.post(f"{DESK}/{correction}/take", None)) == "correction_not_found"
        assert (await _actions(parts)).count("correction:out_of_reach") == 1
        # Whoever forwarded it as the school decides nothing as the province.
        assert code_of(await same.client.post(f"{DESK}/{correction}/take", None)) == "not_yours_to_decide"
        (line,) = await _queue(province)
        assert (line["id"], line["state"]) == (correction, "forwarded")
        await take(province, correction)
        assert set((await look(province, correction))["decisions"]) == {"apply", "decline"}
        assert await _code(province, correction, "return", "proof_missing") == "correction_closed"
        assert (await decide(province, correction, "apply", "identity_changed")).status_code == 204
    assert (await client.get(of_record(record))).json()["name"] == "新名同学"
    (identity,) = (await client.get("/v1/archive/former-identities")).json()["items"]
    assert (identity["name"], identity["undone_at"]) == (student.name, None)
    looks = (await client.get("/v1/archive/accesses")).json()["items"]
    departments = {one["institution"]["name"] for one in looks if one["institution"]["code"] == "99"}
    assert departments == {"省级教育行政部门"}
    assert {one["institution"]["code"] for one in looks} > {"99"}
    (kept,) = await rows_of(parts, "former_identities")
    assert kept["stands_for"] is False


async def test_a_name_that_the_school_wrote_wrongly_was_never_the_students(client: Client, parts: Wiring) -> None:
    _, record = await _reader(client, parts)
    correction = await corrected(client, record, name="正名同学")
    async with registrar_of(client) as registrar, province_of(client) as province:
        await take_and_decide(registrar, correction, "forward", "province_decides")
        await take_and_decide(province, correction, "apply", "registered_wrongly")
    assert (await client.get(of_record(record))).json()["name"] == "正名同学"
    assert (await client.get("/v1/archive/former-identities")).json()["items"] == []


@pytest.mark.settings(corrections_per_day=20)
async def test_the_queue_has_the_next_to_be_over_first_page_by_page(client: Client, parts: Wiring) -> None:
    student, record = await _reader(client, parts)
    await _graduate(client, parts, student, record)
    made = [
        await corrected(client, record, class_name="二班"),
        await corrected(client, record, "qualification", president_name="正名校长"),
        await corrected(client, record, "degree", degree_name="理学学士学位"),
    ]
    async with registrar_of(client) as registrar:
        first = (await registrar.client.get(f"{DESK}?limit=1")).json()
        assert [line["id"] for line in first["items"]] == made[:1]
        # What the page ended with is decided meanwhile, and nothing that waits is passed over.
        await take_and_decide(registrar, made[0], "decline", "record_is_right")
        rest = (await registrar.client.get(f"{DESK}?limit=5&cursor={first['next_cursor']}")).json()
        assert ([line["id"] for line in rest["items"]], rest["next_cursor"]) == (made[1:], None)


async def test_a_number_of_before_is_corrected_to_the_one_that_was_verified(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    before = former(student)
    await add_records(parts, [row_of(student), row_of(before)])
    await client.register(student)
    await client.verify(student)
    claim = await hand_in(client, before)
    async with registrar_of(client) as registrar, province_of(client) as province:
        assert (await decide_claim(registrar, claim, "grant", "registered_wrongly")).status_code == 200
        record = (await client.get(f"/v1/archive/claims/{claim}")).json()["enrollment_id"]
        sent = await submit(client, record, document_number=student.document_number)
        assert sent.status_code == 201, sent.text
        assert student.document_number not in sent.text
        correction = sent.json()["id"]
        await take_and_decide(registrar, correction, "forward", "province_decides")
        await take_and_decide(province, correction, "apply", "document_renewed")
    shown = (await client.get(of_record(record))).json()
    assert (shown["name"], shown["document_number_masked"][-4:]) == (student.name, student.document_number[-4:])
    (change, *_) = (await client.get(f"{of_record(record)}/history")).json()["items"]
    assert {one["field"] for one in change["fields"]} == {"document_number_masked"}
    assert before.document_number not in str(change)
    # The claim taught it already.
    assert len((await client.get("/v1/archive/former-identities")).json()["items"]) == 1


async def _graduate(client: Client, parts: Wiring, student: Student, record: str, serial: int = 1) -> None:
    await add_photos(parts, student)
    async with registrar_of(client, f"registrar.of.graduates.{serial}") as registrar:
        certificate = {"certificate_number": f"99001120310500000{serial}", "president_name": "示例校长"}
        done = await change_record(registrar, record, "graduate", "requirements_met", 1, **certificate)
        assert done.status_code == 201, done.text
        degree = {"degree_name": "工学学士学位", "certificate_number": f"990014203100000{serial}"}
        awarded = await change_record(registrar, record, "award_degree", "degree_conferred", 2, **degree)
        assert awarded.status_code == 201, awarded.text


async def test_a_published_record_changes_only_by_a_correction_of_the_schools_error(
    client: Client, parts: Wiring
) -> None:
    student, record = await _reader(client, parts)
    await _graduate(client, parts, student, record)
    of_certificate = await corrected(client, record, "qualification", president_name="正名校长")
    of_degree = await corrected(client, record, "degree", degree_name="理学学士学位")
    of_enrollment = await corrected(client, record, class_name="二班")
    wrong = await submit(client, record, "qualification", certificate_number="990012203105000001")
    assert [error["code"] for error in wrong.json()["errors"]] == ["certificate_type_mismatch"]
    async with registrar_of(client) as registrar, province_of(client) as province:
        for correction in (of_certificate, of_degree, of_enrollment):
            await take(registrar, correction)
            seen = await look(registrar, correction)
            assert (seen["province_needed"], "apply" in seen["decisions"]) == ("published", False)
            assert await _code(registrar, correction, "apply", "registered_wrongly") == "province_needed"
            assert (await decide(registrar, correction, "forward", "province_decides")).status_code == 204
            await take(province, correction)
            assert await _code(province, correction, "apply", "identity_changed") == "invalid_request"
            assert (await decide(province, correction, "apply", "registered_wrongly")).status_code == 204
    (shown,) = (await client.get("/v1/archive/qualifications")).json()["items"]
    assert (shown["president_name"], shown["certificate_number"]) == ("正名校长", "990011203105000001")
    (degree,) = (await client.get("/v1/archive/degrees")).json()["items"]
    assert degree["name"] == "理学学士学位"
    assert (await client.get(of_record(record))).json()["class_name"] == "二班"
    changes = (await client.get(f"{of_record(record)}/history")).json()["items"]
    assert [one["change"]["id"] for one in changes[:3]] == [
        "correct_enrollment",
        "correct_degree",
        "correct_qualification",
    ]
    assert changes[2]["fields"] == [
        {"field": "president_name", "title": "校（院）长姓名", "before": "示例校长", "after": "正名校长"}
    ]


@pytest.mark.parametrize(
    ("kind", "field", "taken"),
    [
        ("qualification", "certificate_number", "990011203105000002"),
        ("degree", "degree_certificate_number", "9900142031000002"),
    ],
)
async def test_a_certificate_number_that_is_taken_is_not_given(
    client: Client, parts: Wiring, kind: str, field: str, taken: str
) -> None:
    student, record = await _reader(client, parts)
    (other,) = students(2)[1:]
    (theirs,) = await add_records(parts, [registered_row(other, level="本科")])
    await _graduate(client, parts, student, record)
    await _graduate(client, parts, other, theirs, serial=2)
    correction = await corrected(client, record, kind, **{field: taken})
    async with registrar_of(client) as registrar, province_of(client) as province:
        await take_and_decide(registrar, correction, "forward", "school_cannot_settle")
        await take(province, correction)
        assert await _code(province, correction, "apply", "registered_wrongly") == "certificate_number_taken"


async def test_what_a_certificate_will_say_is_frozen_for_the_school_and_not_for_the_province(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, record = await _reader(client, parts, expected_graduation_date=date(2031, 7, 10))
    clock.moment = clock.moment.replace(month=7, day=1)
    await come(client, student)
    free = await corrected(client, record, class_name="二班")
    async with registrar_of(client) as registrar, province_of(client) as province:
        await take_and_decide(registrar, free, "apply", "registered_wrongly")
        frozen = await corrected(client, record, programme_name="文学")
        await take(registrar, frozen)
        assert (await look(registrar, frozen))["province_needed"] == "frozen"
        assert await _code(registrar, frozen, "apply", "registered_wrongly") == "province_needed"
        assert (await decide(registrar, frozen, "forward", "province_decides")).status_code == 204
        await take_and_decide(province, frozen, "apply", "registered_wrongly")
        # Out of this summer, or into it, is the province's too.
        out = await corrected(client, record, expected_graduation_date="2032-07-01")
        await take(registrar, out)
        assert (await look(registrar, out))["province_needed"] == "frozen"
    assert (await client.get(of_record(record))).json()["programme"]["name"] == "文学"


async def test_a_student_who_withdraws_and_a_registrar_who_applies_at_once_agree_on_one_end(
    client: Client, parts: Wiring
) -> None:
    _, record = await _reader(client, parts)
    async with registrar_of(client) as registrar:
        for number in range(4):
            correction = await corrected(client, record, class_name=f"{number}班")
            await take(registrar, correction)
            version = (await look(registrar, correction))["version"]
            withdrawn, applied = await asyncio.gather(
                client.post(f"{MINE}/{correction}/withdraw", None),
                decide(registrar, correction, "apply", "registered_wrongly", version=version),
            )
            state = (await client.get(f"{MINE}/{correction}")).json()["state"]
            shown = (await client.get(of_record(record))).json()["class_name"]
            if state == "applied":
                assert (code_of(withdrawn), shown) == ("correction_closed", f"{number}班")
            else:
                assert (withdrawn.status_code, shown != f"{number}班") == (200, True)
                assert code_of(applied) in {"correction_closed", "correction_not_found"}


async def test_what_a_school_leaves_goes_to_the_province_and_what_that_leaves_is_overdue(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, record = await _reader(client, parts)
    waiting = await corrected(client, record, class_name="二班")
    clock.pass_time(days=14, hours=23)
    await parts.housekeeping.purge()
    await come(client, student)
    assert (await client.get(f"{MINE}/{waiting}")).json()["state"] == "submitted"
    async with registrar_of(client) as registrar:
        # Whoever has it loses it too.
        await take(registrar, waiting)
        clock.pass_time(hours=1)
        await parts.housekeeping.purge()
        await registrar.log_in()
        assert (await look(registrar, waiting))["decisions"] == {}
        assert await _code(registrar, waiting, "decline", "record_is_right") == "correction_not_found"
    await come(client, student)
    mine = (await client.get(f"{MINE}/{waiting}")).json()
    assert (mine["state"], mine["holder"], mine["reason"]["id"]) == ("forwarded", "province", "school_overdue")
    assert (mine["log"][-1]["actor"], mine["overdue"]) == ("service", False)
    assert "转报" in (await client.messages(student.phone))[0].body
    assert await _overdue(client) == 0
    clock.pass_time(days=30, minutes=-5)
    await parts.housekeeping.purge()
    assert await _told_overdue(client, student) == 0
    clock.pass_time(minutes=5)
    await parts.housekeeping.purge()
    await parts.housekeeping.purge()
    assert await _told_overdue(client, student) == 1
    assert await _overdue(client) == 1
    await come(client, student)
    mine = (await client.get(f"{MINE}/{waiting}")).json()
    assert (mine["state"], mine["overdue"]) == ("forwarded", True)
    assert (mine["log"][-1]["kind"], mine["log"][-1]["actor"]) == ("overdue", "service")
    async with province_of(client) as province:
        assert [line["overdue"] for line in await _queue(province)] == [True]
        await take_and_decide(province, waiting, "apply", "registered_wrongly")
    await parts.housekeeping.purge()
    assert await _overdue(client) == 0


async def test_what_was_returned_and_forgotten_is_withdrawn_by_the_clock(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, record = await _reader(client, parts)
    correction = await corrected(client, record, class_name="二班")
    async with registrar_of(client) as registrar:
        await take_and_decide(registrar, correction, "return", "proof_missing")
    clock.pass_time(days=30)
    await parts.housekeeping.purge()
    await parts.housekeeping.purge()
    await come(client, student)
    mine = (await client.get(f"{MINE}/{correction}")).json()
    assert (mine["state"], mine["reason"]["id"], mine["log"][-1]["actor"]) == (
        "withdrawn",
        "not_submitted_again",
        "service",
    )
    assert stored(parts) == []
    assert "自动撤回" in (await client.messages(student.phone))[0].body
    assert (await submit(client, record, class_name="二班")).status_code == 201


async def test_a_record_that_went_to_another_school_or_person_is_not_changed_by_the_old_desk(
    client: Client, parts: Wiring
) -> None:
    _, record = await _reader(client, parts)
    correction = await corrected(client, record, class_name="二班")
    async with registrar_of(client) as registrar:
        await take(registrar, correction)
        await rows_of(
            parts, "", f"UPDATE enrollments SET institution_code = '{OTHER}' WHERE id = '{record}' RETURNING id"
        )
        assert (await look(registrar, correction))["province_needed"] == "moved"
        assert await _code(registrar, correction, "apply", "registered_wrongly") == "province_needed"
        await rows_of(
            parts,
            "",
            "WITH other AS (INSERT INTO persons SELECT gen_random_uuid(), document_type, '\\x01', document_ciphertext,"
            " name, sex, birth_date, ethnicity, created_at FROM persons RETURNING id)"
            f" UPDATE enrollments SET person_id = (SELECT id FROM other) WHERE id = '{record}' RETURNING id",
        )
        assert await _code(registrar, correction, "apply", "registered_wrongly") == "correction_closed"
