"""Every state of an account, every way to log in: what happens, and that a code is used up whatever happens."""

from __future__ import annotations

import pytest

from support.archive import enroll
from support.client import PASSWORD, Client, code_of
from support.clock import HandClock
from support.people import Student, students
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

EMAIL = "owner@example.edu"
OPEN = ("active", "conflict", "closing")
OVER = ("past its closing", "superseded", "closed")
BY_PASSWORD = ("phone", "document", "email")


async def _account(client: Client, parts: Wiring, clock: HandClock) -> Student:
    """An account with everything a login can go by, and the client a device of its owner."""
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student, recovery_email=EMAIL)
    await rows_of(parts, "", "UPDATE accounts SET email_verified_at = now() RETURNING id")
    await client.verify(student)
    client.access_token = None
    clock.pass_time(minutes=2)
    return student


async def _set(parts: Wiring, state: str) -> None:
    """Only the state: what else an account loses with it is not to be what closes the door."""
    closes = {"closing": "'2031-03-20Z'", "past its closing": "'2031-03-05Z'"}.get(state, "NULL")
    name = "closing" if state == "past its closing" else state
    await rows_of(parts, "", f"UPDATE accounts SET state = '{name}', closes_at = {closes} RETURNING id")


def _name(student: Student, kind: str) -> str:
    return {"phone": student.phone, "document": student.document_number, "email": EMAIL}[kind]


async def _states(parts: Wiring) -> list[str]:
    return [row["state"] for row in await rows_of(parts, "accounts")]


@pytest.mark.parametrize("device", ["known", "new"])
@pytest.mark.parametrize("kind", BY_PASSWORD)
@pytest.mark.parametrize("state", OPEN)
async def test_a_password_opens_every_account_that_lives(
    client: Client, parts: Wiring, clock: HandClock, state: str, kind: str, device: str
) -> None:
    student = await _account(client, parts, clock)
    await _set(parts, state)
    if device == "new":
        client.device_token = None
    account = (await client.log_in(_name(student, kind)))["account"]
    assert account["state"] == ("active" if state == "closing" else state)
    assert await _states(parts) == [account["state"]]


@pytest.mark.parametrize("device", ["known", "new"])
@pytest.mark.parametrize("kind", BY_PASSWORD)
@pytest.mark.parametrize("state", OVER)
async def test_a_right_password_of_an_account_that_is_over_is_a_wrong_pair(
    client: Client, parts: Wiring, clock: HandClock, state: str, kind: str, device: str
) -> None:
    student = await _account(client, parts, clock)
    await _set(parts, state)
    before = await _states(parts)
    if device == "new":
        client.device_token = None
    refused = await client.try_to_log_in(_name(student, kind))
    assert (refused.status_code, code_of(refused)) == (401, "login_rejected")
    assert await _states(parts) == before


@pytest.mark.parametrize("state", OPEN)
async def test_a_phone_code_opens_every_account_that_lives_on_a_known_device_and_asks_for_more_on_a_new_one(
    client: Client, parts: Wiring, clock: HandClock, state: str
) -> None:
    student = await _account(client, parts, clock)
    await _set(parts, state)
    device, client.device_token = client.device_token, None
    asked = await client.try_to_log_in_by_code(student.phone)
    assert [factor["id"] for factor in asked.json()["next"]] == ["password", "record_fact"]
    assert await _states(parts) == [state], "a ticket is no login"
    assert (await client.go_on(asked, "password", PASSWORD)).status_code == 201
    clock.pass_time(minutes=2)
    await _set(parts, state)
    client.device_token = device
    assert (await client.try_to_log_in_by_code(student.phone)).status_code == 201
    assert await _states(parts) == ["active" if state == "closing" else state]


@pytest.mark.parametrize("device", ["known", "new"])
@pytest.mark.parametrize("state", OVER)
async def test_a_right_phone_code_of_an_account_that_is_over_is_refused_and_used_up(
    client: Client, parts: Wiring, clock: HandClock, state: str, device: str
) -> None:
    """As a right code of a phone that belongs to nobody: no second try, and none of the day's tries lost."""
    student = await _account(client, parts, clock)
    await _set(parts, state)
    if device == "new":
        client.device_token = None
    refused = await client.try_to_log_in_by_code(student.phone)
    assert (refused.status_code, code_of(refused)) == (401, "login_rejected")
    (code,) = await rows_of(parts, "", "SELECT * FROM one_time_codes WHERE purpose = 'login'")
    assert (code["tries"], code["consumed_at"]) == (1, clock.now())
    (wrong,) = await rows_of(parts, "", "SELECT count FROM attempt_counters WHERE scope = 'wrong_codes'")
    assert wrong["count"] == 0
    assert await rows_of(parts, "flows") == []


@pytest.mark.parametrize("factor", ["password", "record_fact"])
@pytest.mark.parametrize("state", OVER)
async def test_a_ticket_ends_with_its_account(
    client: Client, parts: Wiring, clock: HandClock, state: str, factor: str
) -> None:
    student = await _account(client, parts, clock)
    client.device_token = None
    asked = await client.try_to_log_in_by_code(student.phone)
    await _set(parts, state)
    answer = PASSWORD if factor == "password" else student.record.candidate_number
    assert code_of(await client.go_on(asked, factor, answer)) == "ticket_rejected"


async def test_of_an_account_under_review_no_fact_is_right(client: Client, parts: Wiring, clock: HandClock) -> None:
    student = await _account(client, parts, clock)
    await rows_of(parts, "", "UPDATE accounts SET state = 'conflict', person_id = NULL RETURNING id")
    client.device_token = None
    asked = await client.try_to_log_in_by_code(student.phone)
    refused = await client.go_on(asked, "record_fact", student.record.candidate_number)
    assert code_of(refused) == "login_rejected"
