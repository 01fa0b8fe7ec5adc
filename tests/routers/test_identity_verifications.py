"""Record facts: who passes, who does not, and that nobody learns which answer was wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from support.archive import enroll
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import Student, students
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring


async def _start(client: Client) -> dict[str, Any]:
    answer = await client.post("/v1/identity-verifications", {"method": "record_facts"})
    assert answer.status_code == 201, answer.text
    started: dict[str, Any] = answer.json()
    return started


async def _answer(client: Client, student: Student, started: Any = None, **wrong: str) -> Any:
    started = started or await _start(client)
    answers = {question["id"]: student.fact(question["id"]) for question in started["questions"]}
    return await client.post(f"/v1/identity-verifications/{started['id']}/answers", {"answers": answers | wrong})


async def test_the_candidate_number_and_two_more_facts_are_asked_for(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    started = await _start(client)
    asked = [question["id"] for question in started["questions"]]
    assert asked[0] == "candidate_number"
    assert len(asked) == 3
    assert started["questions"][0]["title"] == "考生号"


async def test_an_account_without_a_record_gets_the_same_questions_and_the_same_refusal(
    client: Client, parts: Wiring
) -> None:
    known, unknown = students(2)
    await enroll(parts, known)
    shapes = []
    for student in (known, unknown):
        async with connected_client(client.app, parts) as own:
            await own.register(student)
            methods = (await own.get("/v1/identity-verifications/methods")).json()
            started = await _start(own)
            refused = await _answer(own, student, started, candidate_number="00000000")
            assert refused.status_code == 403
            body = {key: value for key, value in refused.json().items() if key != "request_id"}
            shapes.append((methods, started["questions"], body))
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"candidate_number": "99999999999999"},
        {"student_number": "1"},
        {"institution_code": "4199999002"},
        {"candidate_number": "99999999999999", "student_number": "1"},
    ],
)
async def test_whatever_is_wrong_the_refusal_is_the_same(client: Client, parts: Wiring, wrong: dict[str, str]) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    refused = await _answer(client, student, **wrong)
    assert (refused.status_code, code_of(refused)) == (403, "facts_do_not_match")
    assert "errors" not in refused.json()


async def test_who_has_left_school_answers_with_the_number_of_the_certificate(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await rows_of(
        parts,
        "",
        "INSERT INTO qualifications SELECT gen_random_uuid(), id, person_id, institution_code, name, sex, birth_date,"
        " level, programme_code, programme_name, duration_years, category, study_form, admission_date,"
        " DATE '2030-07-01', 'graduated', '示例校长', '990011203005000001', NULL, now() FROM enrollments RETURNING id",
    )
    await client.register(student)
    for number, status in (("990011203005000002", 403), ("990011203005000001", 200)):
        started = await _start(client)
        _, *others = (question["id"] for question in started["questions"])
        answers = {question: student.fact(question) for question in others} | {"certificate_number": number}
        path = f"/v1/identity-verifications/{started['id']}/answers"
        # A wrong candidate number is not made good by it.
        both = await client.post(path, {"answers": answers | {"candidate_number": "1"}})
        assert code_of(both) == "facts_do_not_match"
        assert (await client.post(path, {"answers": answers})).status_code == status


async def test_a_claimed_name_that_is_not_the_records_does_not_pass(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student, name="另一个名字")
    assert code_of(await _answer(client, student)) == "facts_do_not_match"


async def test_width_case_spaces_and_the_short_school_code_do_not_matter(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in student.record.candidate_number)
    answer = await _answer(client, student, candidate_number=f" {wide} ", institution_code="99001")
    assert answer.status_code == 200, answer.text


async def test_facts_of_one_record_must_not_be_mixed_with_anothers(client: Client, parts: Wiring) -> None:
    first, second = students(2)
    await enroll(parts, first, second)
    await client.register(first)
    assert code_of(await _answer(client, first, student_number=second.record.student_number)) == "facts_do_not_match"


async def test_success_ends_every_earlier_token_of_the_session(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    old_access, old_refresh = client.access_token, client.refresh_token
    await client.verify(student)
    assert (await client.get("/v1/account")).status_code == 200
    old = await client.get("/v1/account", headers={"Authorization": f"Bearer {old_access}"})
    assert code_of(old) == "token_invalid"
    assert code_of(await client.post("/v1/sessions/refresh", {"refresh_token": old_refresh})) == "refresh_rejected"


async def test_three_wrong_answers_end_a_verification(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    started = await _start(client)
    for _ in range(3):
        assert code_of(await _answer(client, student, started, student_number="1")) == "facts_do_not_match"
    ended = await _answer(client, student, started)
    assert (ended.status_code, code_of(ended)) == (404, "verification_not_found")


async def test_five_wrong_answers_a_day_close_the_person_for_every_account(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """The document is claimed by one account after the other; the limit is the person's."""
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    for _ in range(5):
        assert code_of(await _answer(client, student, student_number="1")) == "facts_do_not_match"
    await rows_of(parts, "accounts", "UPDATE accounts SET state = 'superseded', phone_key = NULL RETURNING id")
    async with connected_client(client.app, parts) as other:
        await other.register(replace(student, phone="+8617188888888"))
        refused = await _answer(other, student)
        assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")
        clock.pass_time(hours=24)
        await other.log_in("17188888888")
        assert (await _answer(other, student)).status_code == 200


async def test_right_answers_never_use_up_the_day(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    for _ in range(8):
        await client.verify(student)


async def test_of_ten_right_answers_at_once_one_counts(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    started = await _start(client)
    answers = await asyncio.gather(*(_answer(client, student, started) for _ in range(10)))
    assert [answer.status_code for answer in answers].count(200) == 1


async def test_a_verification_belongs_to_its_session_and_has_its_time(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    started = await _start(client)
    async with connected_client(client.app, parts) as other:
        await other.log_in(student.phone)
        assert code_of(await _answer(other, student, started)) == "verification_not_found"
    clock.pass_time(seconds=900)
    client.keep((await client.post("/v1/sessions/refresh", {"refresh_token": client.refresh_token})).json())
    assert code_of(await _answer(client, student, started)) == "verification_not_found"


async def test_an_account_in_conflict_may_not_verify_by_facts(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    await rows_of(parts, "accounts", "UPDATE accounts SET state = 'conflict' RETURNING id")
    method, *_ = (await client.get("/v1/identity-verifications/methods")).json()["items"]
    assert (method["available"], method["reason"]) == (False, "given_to_its_case")
    refused = await client.post("/v1/identity-verifications", {"method": "record_facts"})
    assert (refused.status_code, code_of(refused)) == (409, "method_not_available")


async def test_a_person_verified_by_another_account_is_refused(client: Client, parts: Wiring) -> None:
    """Only possible when documents differ and the person is the same: then the index decides."""
    first, second = students(2)
    await enroll(parts, first, second)
    await client.register(first)
    async with connected_client(client.app, parts) as other:
        await other.register(second)
        await rows_of(
            parts,
            "accounts",
            "UPDATE accounts SET person_id = (SELECT person_id FROM enrollments WHERE student_number = "
            f"'{first.record.student_number}') WHERE document_key = "
            f"decode('{parts.lookups.document(second.document_number).hex()}', 'hex') RETURNING id",
        )
    refused = await _answer(client, first)
    assert (refused.status_code, code_of(refused)) == (409, "identity_held")


async def test_questions_that_were_not_asked_and_missing_answers_do_not_pass(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    started = await _start(client)
    path = f"/v1/identity-verifications/{started['id']}/answers"
    only_one = {"answers": {"candidate_number": student.record.candidate_number}}
    assert code_of(await client.post(path, only_one)) == "facts_do_not_match"
    made_up = {"answers": {"favourite_colour": "blue"}}
    refused = await client.post(path, made_up)
    assert refused.status_code == 422
