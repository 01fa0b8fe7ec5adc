"""Asking for codes: who gets one, how often, and that nobody learns anything."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.entropy import CODE
from support.people import students
from support.tables import rows_of
from support.work import counted_work


async def test_a_known_and_an_unknown_phone_get_the_same_answer(client: Client, clock: HandClock) -> None:
    known, unknown = students(2)
    await client.register(known)
    clock.pass_time(minutes=2)
    client.access_token = None
    for purpose in ("login", "recovery"):
        answers = [await client.ask_for_code(phone, purpose=purpose) for phone in (known.phone, unknown.phone)]
        clock.pass_time(minutes=2)
        assert [answer.status_code for answer in answers] == [202, 202]
        shapes = [{key for key in answer.json() if key} for answer in answers]
        assert shapes[0] == shapes[1]
        assert {answer.json()["expires_in"] for answer in answers} == {300}


async def test_an_email_gets_a_code_as_a_phone_does(client: Client) -> None:
    answer = await client.ask_for_code("Student@Example.EDU", channel="email", purpose="recovery")
    assert answer.status_code == 202
    (message,) = await client.messages()
    assert (message.channel, message.destination) == ("email", "student@example.edu")


@pytest.mark.settings(codes_abroad_per_day=2)
async def test_codes_abroad_are_bounded_all_together_and_leave_the_others_alone(
    client: Client, clock: HandClock
) -> None:
    """Where floods earn money: numbers abroad that share what a message costs."""
    abroad = ("+85251234567", "+6591234567", "+447400123456")
    answers = [await client.ask_for_code(phone) for phone in abroad]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert code_of(answers[2]) == "daily_limit_reached"
    assert (await client.ask_for_code(students(1)[0].phone)).status_code == 202
    assert (await client.ask_for_code("student@example.edu", channel="email")).status_code == 202
    clock.pass_time(hours=24)
    assert (await client.ask_for_code(abroad[2])).status_code == 202


async def test_the_addresses_of_one_mailbox_are_counted_together(client: Client, clock: HandClock) -> None:
    """Otherwise student+1, student+2 and so on flood whoever is student."""
    assert (await client.ask_for_code("student@example.edu", channel="email")).status_code == 202
    early = await client.ask_for_code("student+1@example.edu", channel="email")
    assert code_of(early) == "too_many_operations"
    assert (await client.ask_for_code("student@example.org", channel="email")).status_code == 202
    clock.pass_time(minutes=1)
    assert (await client.ask_for_code("student+1@example.edu", channel="email")).status_code == 202
    assert (await client.messages("student+1@example.edu"))[0].code == CODE


async def test_a_second_code_within_a_minute_is_refused_and_says_when(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.send_code(student.phone)
    clock.pass_time(seconds=59)
    early = await client.ask_for_code(student.phone)
    assert (early.status_code, code_of(early), early.headers["retry-after"]) == (429, "too_many_operations", "1")
    clock.pass_time(seconds=1)
    assert (await client.ask_for_code(student.phone)).status_code == 202


async def test_the_eleventh_code_of_a_day_is_refused_until_the_day_is_over(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    for _ in range(10):
        assert (await client.ask_for_code(student.phone)).status_code == 202
        clock.pass_time(minutes=2)
    refused = await client.ask_for_code(student.phone)
    assert (refused.status_code, code_of(refused)) == (429, "daily_limit_reached")
    clock.pass_time(seconds=int(refused.headers["retry-after"]))
    assert (await client.ask_for_code(student.phone)).status_code == 202


async def test_however_a_number_is_typed_it_is_one_destination(client: Client) -> None:
    assert (await client.ask_for_code("17012340001")).status_code == 202
    for typed in ("+86 170 1234 0001", "0086-17012340001", "１７０１２３４０００１"):
        assert code_of(await client.ask_for_code(typed)) == "too_many_operations"


async def test_twenty_requests_at_once_send_one_code(client: Client) -> None:
    (student,) = students(1)
    challenges = [await client.answered_challenge("registration") for _ in range(20)]

    async def ask(challenge: str) -> int:
        body = {"channel": "sms", "destination": student.phone, "purpose": "registration", "challenge": challenge}
        return (await client.post("/v1/verification-codes", body)).status_code

    statuses = await asyncio.gather(*map(ask, challenges))
    assert sorted(statuses) == [202] + [429] * 19
    assert len(await client.messages(student.phone)) == 1


@pytest.mark.parametrize(
    ("channel", "destination", "code"),
    [
        ("sms", "1701234", "phone_malformed"),
        ("sms", "student@example.edu", "phone_malformed"),
        ("sms", "02812345678", "phone_not_mobile"),
        ("sms", "17012340001;ext=5", "phone_malformed"),
        ("email", "17012340001", "email_malformed"),
        ("email", "a@b", "email_malformed"),
        ("email", "a b@example.edu", "email_malformed"),
    ],
)
async def test_a_destination_that_is_none_is_named(client: Client, channel: str, destination: str, code: str) -> None:
    refused = await client.ask_for_code(destination, channel=channel)
    assert refused.status_code == 422
    assert [error["code"] for error in refused.json()["errors"]] == [code]
    assert refused.json()["errors"][0]["pointer"] == "/destination"
    assert await client.messages() == []


async def test_a_challenge_works_once_and_for_its_purpose_only(client: Client) -> None:
    first, second, third = students(3)
    challenge = await client.answered_challenge("registration")
    body = {"channel": "sms", "destination": first.phone, "purpose": "registration", "challenge": challenge}
    assert (await client.post("/v1/verification-codes", body)).status_code == 202
    again = await client.post("/v1/verification-codes", body | {"destination": second.phone})
    assert (again.status_code, code_of(again)) == (403, "challenge_rejected")
    other = await client.answered_challenge("login")
    misused = await client.post("/v1/verification-codes", body | {"destination": third.phone, "challenge": other})
    assert (misused.status_code, code_of(misused)) == (403, "challenge_rejected")


async def test_a_wrong_answer_uses_its_challenge_up(client: Client) -> None:
    """Checking a wrong answer costs as much as checking a right one: nobody gets that twice for one challenge."""
    (student,) = students(1)
    right = await client.answered_challenge("registration")
    wrong = json.loads(base64.b64decode(right))
    wrong["solution"]["counter"] += 1
    body = {"channel": "sms", "destination": student.phone, "purpose": "registration"}
    for answer in (base64.b64encode(json.dumps(wrong).encode()).decode(), right):
        refused = await client.post("/v1/verification-codes", body | {"challenge": answer})
        assert (refused.status_code, code_of(refused)) == (403, "challenge_rejected")
    assert len(await rows_of(client.parts, "spent_challenges")) == 1


@pytest.mark.settings(codes_per_address_day=5)
async def test_who_solves_no_challenge_uses_nothing_of_the_networks_number_up(client: Client) -> None:
    (student,) = students(1)
    body = {"channel": "sms", "destination": student.phone, "purpose": "registration", "challenge": "x"}
    for _ in range(25):
        assert code_of(await client.post("/v1/verification-codes", body)) == "challenge_rejected"
    challenge = (await client.post("/v1/challenges", {"purpose": "registration"})).json()
    assert challenge["parameters"]["cost"] == 1
    assert (await client.ask_for_code(student.phone)).status_code == 202


@pytest.mark.settings(challenges_per_address_minute=3)
async def test_challenges_are_bounded_per_address_and_minute(client: Client) -> None:
    answers = [await client.post("/v1/challenges", {"purpose": "login"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert int(answers[-1].headers["retry-after"]) <= 60


async def test_what_strangers_did_to_a_number_keeps_no_device_of_its_owner_waiting(
    client: Client, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, client.parts, "198.51.100.9") as stranger:
        for _ in range(3):
            clock.pass_time(minutes=2)
            code_id = await stranger.send_code(student.phone, purpose="login")
            guess = {"method": "phone_code", "code_id": code_id, "phone": student.phone, "code": "000000"}
            for _ in range(5):
                assert (await stranger.post("/v1/sessions", guess)).status_code == 401
        closed = await stranger.ask_for_code(student.phone, purpose="login")
        assert code_of(closed) == "daily_limit_reached"
    foreign = await client.ask_for_code(student.phone, purpose="login", device_token="A" * 64)
    assert code_of(foreign) == "daily_limit_reached"
    sent = await client.ask_for_code(student.phone, purpose="login", device_token=client.device_token)
    assert sent.status_code == 202, sent.text
    login = {"method": "phone_code", "code_id": sent.json()["code_id"], "phone": student.phone, "code": CODE}
    assert (await client.post("/v1/sessions", login | {"device_token": client.device_token})).status_code == 201


async def test_a_device_of_somebody_else_is_a_stranger_and_does_the_same_work(client: Client, clock: HandClock) -> None:
    """Whoever has an account of his own must not measure, by its device token, who else has one."""
    owner, known, unknown = students(3)
    await client.register(known)
    await client.register(owner)
    clock.pass_time(minutes=2)
    works = []
    for student in (known, unknown):
        async with counted_work(client) as work:
            sent = await client.ask_for_code(student.phone, purpose="login", device_token=client.device_token)
        assert sent.status_code == 202
        works.append(work)
        again = await client.ask_for_code(student.phone, purpose="login", device_token=client.device_token)
        assert code_of(again) == "too_many_operations"
    assert works[0] == works[1]


@pytest.mark.parametrize(
    "challenge", ["x", "e30=", "bnVsbA==", "W10=", "eyJjaGFsbGVuZ2UiOltdfQ==", "\u4f60", "A" * 4096]
)
async def test_a_challenge_that_is_none_is_refused(client: Client, challenge: str) -> None:
    body = {"channel": "sms", "destination": "17012340001", "purpose": "registration", "challenge": challenge}
    refused = await client.post("/v1/verification-codes", body)
    assert (refused.status_code, code_of(refused)) == (403, "challenge_rejected")


async def test_a_late_challenge_is_refused(client: Client, clock: HandClock) -> None:
    challenge = await client.answered_challenge("registration")
    clock.pass_time(seconds=600)
    body = {"channel": "sms", "destination": "17012340001", "purpose": "registration", "challenge": challenge}
    assert code_of(await client.post("/v1/verification-codes", body)) == "challenge_rejected"


async def test_busy_networks_pay_more_for_a_challenge(client: Client, clock: HandClock) -> None:
    async def cost() -> int:
        answer = await client.post("/v1/challenges", {"purpose": "registration"})
        return int(answer.json()["parameters"]["cost"])

    assert await cost() == 1
    for student in students(20):
        await client.ask_for_code(student.phone)
    assert await cost() == 2
    async with connected_client(client.app, client.parts, "198.51.100.9") as elsewhere:
        answer = await elsewhere.post("/v1/challenges", {"purpose": "registration"})
        assert answer.json()["parameters"]["cost"] == 1


@pytest.mark.settings(codes_per_address_day=2)
async def test_an_address_has_a_hard_cap_that_no_forwarded_header_can_shift(client: Client) -> None:
    first, second, third = students(3)
    assert (await client.ask_for_code(first.phone)).status_code == 202
    assert (await client.ask_for_code(second.phone)).status_code == 202
    challenge = await client.answered_challenge("registration")
    body = {"channel": "sms", "destination": third.phone, "purpose": "registration", "challenge": challenge}
    refused = await client.post("/v1/verification-codes", body, headers={"X-Forwarded-For": "192.0.2.55"})
    assert (refused.status_code, code_of(refused)) == (429, "address_limited")
    assert int(refused.headers["retry-after"]) > 0


async def test_the_language_of_a_refusal_is_the_callers(client: Client) -> None:
    body = {"channel": "sms", "destination": "17012340001", "purpose": "registration", "challenge": "x"}
    chinese = await client.post("/v1/verification-codes", body)
    english = await client.post("/v1/verification-codes", body, headers={"Accept-Language": "en-GB,zh;q=0.5"})
    assert chinese.headers["content-language"] == "zh-CN"
    assert "安全校验" in chinese.json()["title"]
    assert english.headers["content-language"] == "en"
    assert english.json()["title"].startswith("The challenge")
