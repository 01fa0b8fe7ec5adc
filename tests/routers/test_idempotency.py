"""Idempotency-Key: done once, answered as often as asked, and never a secret twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import httpx
import pytest

from support.archive import enroll
from support.client import PASSWORD, Client, code_of, connected_client, registration_form
from support.clock import HandClock
from support.entropy import CODE
from support.people import students
from support.tables import count_rows, rows_of

KEY = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}


async def _code_request(client: Client, phone: str) -> dict[str, Any]:
    challenge = await client.answered_challenge("registration")
    return {"channel": "sms", "destination": phone, "purpose": "registration", "challenge": challenge}


async def _ask(client: Client, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await client.post("/v1/verification-codes", body, headers=KEY | headers)


async def test_a_repeated_request_for_a_code_sends_no_second_message(client: Client) -> None:
    body = await _code_request(client, students(1)[0].phone)
    first, second = await _ask(client, body), await _ask(client, body)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert (first.headers.get("idempotent-replayed"), second.headers["idempotent-replayed"]) == (None, "true")
    assert len(await client.messages()) == 1


async def test_of_many_at_once_one_sends_and_the_others_wait_or_get_its_answer(client: Client) -> None:
    body = await _code_request(client, students(1)[0].phone)
    answers = await asyncio.gather(*(_ask(client, body) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert {code_of(answer) for answer in answers if answer.status_code == 409} <= {"operation_in_progress"}
    assert len({answer.json()["code_id"] for answer in answers if answer.status_code == 202}) == 1
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 409)
    assert len(await client.messages()) == 1


async def test_of_many_equal_registrations_one_is_done(client: Client) -> None:
    (student,) = students(1)
    form = registration_form(student, phone_proof=await client.prove_phone(student.phone))
    answers = await asyncio.gather(*(client.post("/v1/registrations", form, headers=KEY) for _ in range(20)))
    codes = [code_of(answer) for answer in answers if answer.status_code != 201]
    assert len(codes) == 19
    assert set(codes) <= {"operation_in_progress", "already_done"}
    assert await count_rows(client.parts, "accounts") == 1


async def test_of_many_equal_changes_one_is_done_and_told_once(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    new = "another-river-under-stars"
    body = {"current_password": PASSWORD, "password": new, "password_confirmation": new}
    change = [client.request("PUT", "/v1/account/password", json=body, headers=KEY) for _ in range(20)]
    answers = await asyncio.gather(*change)
    assert {answer.status_code for answer in answers} <= {204, 409}
    assert {code_of(answer) for answer in answers if answer.status_code == 409} <= {"operation_in_progress"}
    again = await client.request("PUT", "/v1/account/password", json=body, headers=KEY)
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (204, b"", "true")
    assert await count_rows(client.parts, "account_changes") == 1
    (told,) = await client.messages(student.phone)
    assert told.purpose == "notice"


async def test_a_challenge_asked_for_again_is_the_same_one(client: Client) -> None:
    body = {"purpose": "registration"}
    answers = await asyncio.gather(*(client.post("/v1/challenges", body, headers=KEY) for _ in range(20)))
    given = {answer.text for answer in answers if answer.status_code == 201}
    assert len(given) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert (await client.post("/v1/challenges", body, headers=KEY)).text in given
    assert (await client.post("/v1/challenges", {"purpose": "login"}, headers=KEY)).text not in given


async def test_another_body_of_somebody_unknown_is_another_operation(client: Client) -> None:
    one, other = students(2)
    for student in (one, other):
        assert (await _ask(client, await _code_request(client, student.phone))).status_code == 202
    assert len(await client.messages()) == 2


async def test_after_a_refusal_the_same_key_asks_again(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.send_code(student.phone)
    body = await _code_request(client, student.phone)
    assert code_of(await _ask(client, body)) == "too_many_operations"
    # The challenge was spent by the refusal, and that refusal is a new one, not a stored one.
    assert code_of(await _ask(client, body)) == "challenge_rejected"
    clock.pass_time(minutes=1)
    assert (await _ask(client, await _code_request(client, student.phone))).status_code == 202


async def test_a_registration_asked_again_says_that_it_was_done_and_tells_no_tokens(client: Client) -> None:
    (student,) = students(1)
    form = registration_form(student, phone_proof=await client.prove_phone(student.phone))
    first = await client.post("/v1/registrations", form, headers=KEY)
    assert first.status_code == 201
    again = await client.post("/v1/registrations", form, headers=KEY)
    assert (again.status_code, code_of(again)) == (409, "already_done")
    assert await count_rows(client.parts, "accounts") == 1


async def test_one_phone_proof_with_one_key_and_two_forms_is_refused(client: Client) -> None:
    (student,) = students(1)
    form = registration_form(student, phone_proof=await client.prove_phone(student.phone))
    assert (await client.post("/v1/registrations", form, headers=KEY)).status_code == 201
    other = await client.post("/v1/registrations", form | {"name": "另一人"}, headers=KEY)
    assert (other.status_code, code_of(other)) == (409, "idempotency_key_reused")


async def test_a_phone_proof_asked_again_is_not_told_again(client: Client) -> None:
    (student,) = students(1)
    code_id = await client.send_code(student.phone)
    body = {"code_id": code_id, "phone": student.phone, "code": CODE, "purpose": "registration"}
    assert (await client.post("/v1/phone-proofs", body, headers=KEY)).status_code == 201
    assert code_of(await client.post("/v1/phone-proofs", body, headers=KEY)) == "already_done"
    assert await count_rows(client.parts, "phone_proofs") == 1


async def test_the_key_belongs_to_the_account_and_dies_with_the_session(client: Client) -> None:
    one, other = students(2)
    await client.register(one)
    start = {"method": "record_facts"}
    first = await client.post("/v1/identity-verifications", start, headers=KEY)
    again = await client.post("/v1/identity-verifications", start, headers=KEY)
    assert first.json() == again.json()
    async with connected_client(client.app, client.parts) as stranger:
        await stranger.register(other)
        foreign = await stranger.post("/v1/identity-verifications", start, headers=KEY)
        assert foreign.json()["id"] != first.json()["id"]
    assert (await client.delete("/v1/sessions/current")).status_code == 204
    dead = await client.post("/v1/identity-verifications", start, headers=KEY)
    assert (dead.status_code, code_of(dead)) == (401, "token_invalid")


async def test_a_key_is_kept_for_a_day(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    start = {"method": "record_facts"}
    first = await client.post("/v1/identity-verifications", start, headers=KEY)
    clock.pass_time(hours=24)
    await client.log_in(student.phone)
    later = await client.post("/v1/identity-verifications", start, headers=KEY)
    assert (later.status_code, "idempotent-replayed" in later.headers) == (201, False)
    assert later.json()["id"] != first.json()["id"]
    clock.pass_time(hours=25)
    await client.parts.housekeeping.purge()
    assert await count_rows(client.parts, "keyed_operations") == 0


async def test_what_broke_off_is_not_begun_again(client: Client, clock: HandClock) -> None:
    """A process that died left the key without an answer: nobody knows how far it came."""
    body = await _code_request(client, students(1)[0].phone)
    assert (await _ask(client, body)).status_code == 202
    await rows_of(client.parts, "", "UPDATE keyed_operations SET answered_at = NULL, sealed = NULL RETURNING key_hash")
    assert code_of(await _ask(client, body)) == "operation_in_progress"
    clock.pass_time(minutes=2)
    unknown = await _ask(client, body)
    assert (unknown.status_code, code_of(unknown)) == (409, "outcome_unknown")
    assert len(await client.messages()) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel"])
async def test_a_malformed_key_is_refused(client: Client, key: str) -> None:
    body = await _code_request(client, students(1)[0].phone)
    refused = await client.post("/v1/verification-codes", body, headers={"Idempotency-Key": key.encode("latin-1")})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/header/Idempotency-Key")
    assert await client.messages() == []


@pytest.mark.settings(idempotency_per_address_minute=2)
async def test_keys_from_one_address_are_limited(client: Client) -> None:
    body = await _code_request(client, students(1)[0].phone)
    for _ in range(2):
        assert (await _ask(client, body)).status_code == 202
    assert code_of(await _ask(client, body)) == "address_limited"


async def test_a_body_is_remembered_by_a_hash_that_needs_our_key(client: Client) -> None:
    """It may hold a password: against a plain hash of the body a stolen table could be guessed quickly."""
    (student,) = students(1)
    await client.register(student)
    body = {"method": "password", "identifier": student.phone, "password": PASSWORD}
    sent = json.dumps(body).encode()
    headers = KEY | {"Content-Type": "application/json"}
    assert (await client.request("POST", "/v1/sessions", content=sent, headers=headers)).status_code == 201
    (stored,) = await rows_of(client.parts, "keyed_operations")
    assert bytes(stored["body_hash"]) != hashlib.sha256(sent).digest()
    assert (await client.request("POST", "/v1/sessions", content=sent, headers=headers)).status_code == 409


async def test_one_key_at_two_addresses_of_a_kind_is_two_operations(client: Client) -> None:
    (student,) = students(1)
    await enroll(client.parts, student)
    await client.register(student)
    started = [(await client.post("/v1/identity-verifications", {"method": "record_facts"})).json() for _ in range(2)]
    answers = {question["id"]: student.fact(question["id"]) for question in started[0]["questions"]}
    first, second = (f"/v1/identity-verifications/{one['id']}/answers" for one in started)
    assert (await client.post(first, {"answers": answers}, headers=KEY)).status_code == 200
    await client.log_in(student.phone)
    other = await client.post(second, {"answers": answers}, headers=KEY)
    assert (other.status_code, code_of(other)) == (404, "verification_not_found")


async def test_no_answer_lies_open_in_the_table(client: Client) -> None:
    await client.register(students(1)[0])
    await client.post("/v1/identity-verifications", {"method": "record_facts"}, headers=KEY)
    (stored,) = await rows_of(client.parts, "keyed_operations")
    assert stored["sealed"] is not None
    assert b"candidate_number" not in bytes(stored["sealed"])
