"""What failed logins cost, whom, and whom not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.people import Student, students
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

WRONG = "wrong-password"
EAGER = {"login_failures_before_challenge": 100, "login_strangers_failures_before_challenge": 100}
"""Waits by themselves, without challenges before them."""


@asynccontextmanager
async def _stranger(client: Client, address: str) -> AsyncIterator[Client]:
    async with connected_client(client.app, client.parts, address) as stranger:
        yield stranger


async def _registered(client: Client) -> Student:
    """An account; the client stays its owner's device, logged out."""
    (student,) = students(1)
    await client.register(student)
    client.access_token = None
    return student


async def _with_challenge(client: Client, identifier: str, password: str = WRONG) -> httpx.Response:
    return await client.try_to_log_in(identifier, password, challenge=await client.answered_challenge("login"))


async def _failures(parts: Wiring, scope: str) -> list[int]:
    rows = await rows_of(parts, "", f"SELECT count FROM attempt_counters WHERE scope = '{scope}' ORDER BY count")
    return [row["count"] for row in rows]


@pytest.mark.parametrize("known", [True, False])
async def test_after_three_failures_a_challenge_is_asked_for_and_after_ten_waits_that_double(
    client: Client, clock: HandClock, known: bool
) -> None:
    (student,) = students(1)
    if known:
        await client.register(student)
        client.device_token = client.access_token = None
    for _ in range(3):
        assert code_of(await client.try_to_log_in(student.phone, WRONG)) == "login_rejected"
    asked = await client.try_to_log_in(student.phone, WRONG)
    assert (asked.status_code, code_of(asked)) == (403, "challenge_required")
    for _ in range(7):
        assert code_of(await _with_challenge(client, student.phone)) == "login_rejected"
    waits = []
    for _ in range(9):
        waiting = await _with_challenge(client, student.phone, PASSWORD)
        assert (waiting.status_code, code_of(waiting)) == (429, "too_many_operations")
        assert waiting.json()["title"].startswith("操作过于频繁，操作被禁止")
        waits.append(int(waiting.headers["retry-after"]))
        clock.pass_time(seconds=waits[-1])
        assert code_of(await _with_challenge(client, student.phone)) == "login_rejected"
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    clock.pass_time(seconds=3600)
    after = await _with_challenge(client, student.phone, PASSWORD)
    assert after.status_code == (201 if known else 401)


@pytest.mark.settings(**EAGER, login_failures_before_wait=2)
async def test_asking_again_during_a_wait_neither_prolongs_it_nor_tells_anything(
    client: Client, clock: HandClock
) -> None:
    student = await _registered(client)
    client.device_token = None
    for _ in range(2):
        assert code_of(await client.try_to_log_in(student.phone, WRONG)) == "login_rejected"
    for left in range(30, 0, -3):
        for password in (PASSWORD, WRONG):
            waiting = await client.try_to_log_in(student.phone, password)
            assert (code_of(waiting), waiting.headers["retry-after"]) == ("too_many_operations", str(left))
        clock.pass_time(seconds=3)
    await client.log_in(student.phone)


@pytest.mark.settings(**EAGER, login_failures_before_wait=2)
async def test_failures_are_forgotten_a_day_after_the_last(client: Client, clock: HandClock) -> None:
    for _ in range(2):
        await client.try_to_log_in("17012340001", WRONG)
    clock.pass_time(hours=23)
    await client.try_to_log_in("17012340001", WRONG)
    assert code_of(await client.try_to_log_in("17012340001", WRONG)) == "too_many_operations"
    clock.pass_time(hours=24)
    for _ in range(2):
        assert code_of(await client.try_to_log_in("17012340001", WRONG)) == "login_rejected"


@pytest.mark.settings(**EAGER, login_failures_before_wait=5)
async def test_of_parallel_tries_no_more_are_judged_than_of_tries_in_turn(client: Client, parts: Wiring) -> None:
    student = await _registered(client)
    client.device_token = None
    answers = await asyncio.gather(*(client.try_to_log_in(student.phone, WRONG) for _ in range(20)))
    _five_were_judged(answers)
    assert await _failures(parts, "login_failures") == [5]


@pytest.mark.settings(**EAGER, login_strangers_failures_before_wait=5)
async def test_nor_of_parallel_tries_from_twenty_addresses(client: Client, parts: Wiring) -> None:
    student = await _registered(client)

    async def guess(number: int) -> httpx.Response:
        async with _stranger(client, f"198.51.100.{number}") as guesser:
            return await guesser.try_to_log_in(student.phone, WRONG)

    _five_were_judged(await asyncio.gather(*(guess(number) for number in range(20))))
    assert await _failures(parts, "login_failures_of_strangers") == [5]


def _five_were_judged(answers: list[httpx.Response]) -> None:
    codes = [code_of(answer) for answer in answers]
    assert (codes.count("login_rejected"), codes.count("too_many_operations")) == (5, 15)
    assert {answer.headers["retry-after"] for answer in answers if answer.status_code == 429} == {"30"}


async def test_parallel_wrong_passwords_are_all_counted(client: Client, parts: Wiring) -> None:
    student = await _registered(client)
    client.device_token = None
    answers = await asyncio.gather(*(client.try_to_log_in(student.phone, WRONG) for _ in range(20)))
    codes = [code_of(answer) for answer in answers]
    assert (codes.count("login_rejected"), codes.count("challenge_required")) == (3, 17)
    assert await _failures(parts, "login_failures") == [3]


@pytest.mark.settings(**EAGER, login_failures_before_wait=2)
async def test_a_strangers_wrong_tries_do_not_lock_the_owners_device(client: Client) -> None:
    """Not even from the owner's own address."""
    student = await _registered(client)
    async with _stranger(client, "203.0.113.7") as stranger:
        for _ in range(2):
            await stranger.try_to_log_in(student.phone, WRONG)
        assert code_of(await stranger.try_to_log_in(student.phone, PASSWORD)) == "too_many_operations"
    await client.log_in(student.phone)


@pytest.mark.settings(login_failures_before_wait=4)
async def test_a_known_device_waits_for_its_own_failures_alone(client: Client) -> None:
    student = await _registered(client)
    for _ in range(4):
        assert code_of(await client.try_to_log_in(student.phone, WRONG)) == "login_rejected"
    assert code_of(await client.try_to_log_in(student.phone)) == "too_many_operations"
    async with _stranger(client, "203.0.113.7") as stranger:
        await stranger.log_in(student.phone)


async def test_somebody_elses_device_token_is_a_strangers(client: Client) -> None:
    first, second = students(2)
    await client.register(first)
    async with _stranger(client, "203.0.113.7") as other:
        await other.register(second)
        other.access_token = None
        for _ in range(3):
            assert code_of(await other.try_to_log_in(first.phone, WRONG)) == "login_rejected"
        assert code_of(await other.try_to_log_in(first.phone, WRONG)) == "challenge_required"


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.settings(login_strangers_failures_before_challenge=4, login_strangers_failures_before_wait=6)
async def test_one_name_guessed_from_many_addresses_costs_all_strangers_and_no_known_device(
    client: Client, clock: HandClock, known: bool
) -> None:
    owner, unknown = students(2)
    await client.register(owner)
    client.access_token = None
    phone = owner.phone if known else unknown.phone
    for number in range(1, 5):
        async with _stranger(client, f"198.51.100.{number}") as guesser:
            assert code_of(await guesser.try_to_log_in(phone, WRONG)) == "login_rejected"
    async with _stranger(client, "198.51.100.5") as guesser:
        assert code_of(await guesser.try_to_log_in(phone, WRONG)) == "challenge_required"
        for _ in range(2):
            assert code_of(await _with_challenge(guesser, phone)) == "login_rejected"
    async with _stranger(client, "198.51.100.6") as guesser:
        waiting = await _with_challenge(guesser, phone, PASSWORD)
        assert (code_of(waiting), waiting.headers["retry-after"]) == ("too_many_operations", "30")
        await client.log_in(owner.phone)
        clock.pass_time(seconds=30)
        assert code_of(await _with_challenge(guesser, phone)) == "login_rejected"
        waiting = await _with_challenge(guesser, phone)
        assert waiting.headers["retry-after"] == "60"


async def test_a_success_forgets_the_failures_of_its_own_address_and_no_others(client: Client, parts: Wiring) -> None:
    student = await _registered(client)
    async with _stranger(client, "198.51.100.1") as guesser, _stranger(client, "198.51.100.2") as owner:
        for _ in range(3):
            await guesser.try_to_log_in(student.phone, WRONG)
        for _ in range(2):
            await owner.try_to_log_in(student.phone, WRONG)
        assert await _failures(parts, "login_failures_of_strangers") == [5]
        await owner.log_in(student.phone)
        assert await _failures(parts, "login_failures") == [3]
        assert await _failures(parts, "login_failures_of_strangers") == [3]
        assert code_of(await guesser.try_to_log_in(student.phone, WRONG)) == "challenge_required"
    await client.log_in(student.phone)
    assert await _failures(parts, "login_failures_of_strangers") == [3]


async def test_the_names_of_one_account_are_counted_apart_or_they_would_tell_that_they_belong_together(
    client: Client,
) -> None:
    student = await _registered(client)
    client.device_token = None
    for _ in range(3):
        await client.try_to_log_in(student.phone, WRONG)
    assert code_of(await client.try_to_log_in(student.document_number, WRONG)) == "login_rejected"


@pytest.mark.settings(login_failures_per_address_hour=6)
async def test_one_guesser_makes_his_address_dearer_and_shuts_nobody_out(client: Client) -> None:
    """Many names, one try each; his own account, logged in to in between, clears nothing."""
    student = await _registered(client)
    mine, *others = students(8, seed=8)
    async with _stranger(client, "198.51.100.1") as guesser, _stranger(client, "198.51.100.1") as neighbour:
        await guesser.register(mine)
        guesser.access_token = None
        for other in others[:6]:
            assert code_of(await guesser.try_to_log_in(other.phone, PASSWORD)) == "login_rejected"
            await guesser.log_in(mine.phone)
            guesser.access_token = None
        assert code_of(await guesser.try_to_log_in(others[6].phone, PASSWORD)) == "challenge_required"
        assert code_of(await neighbour.try_to_log_in(student.phone)) == "challenge_required"
        assert (await _with_challenge(neighbour, student.phone, PASSWORD)).status_code == 201
        neighbour.device_token = client.device_token
        await neighbour.log_in(student.phone)
    async with _stranger(client, "198.51.100.2") as elsewhere:
        await elsewhere.log_in(student.phone)


@pytest.mark.settings(logins_per_address_minute=3)
async def test_an_address_has_its_logins_a_minute_then_as_many_with_a_challenge_and_known_devices_have_theirs(
    client: Client,
) -> None:
    student = await _registered(client)
    async with _stranger(client, "203.0.113.7") as stranger:
        for other in students(3, seed=8):
            assert code_of(await stranger.try_to_log_in(other.phone)) == "login_rejected"
        assert code_of(await stranger.try_to_log_in("17012340009")) == "challenge_required"
        for other in students(3, seed=9):
            assert code_of(await _with_challenge(stranger, other.phone)) == "login_rejected"
        refused = await _with_challenge(stranger, "17012340009")
        assert (refused.status_code, code_of(refused)) == (429, "address_limited")
    await client.log_in(student.phone)


@pytest.mark.settings(logins_per_device_minute=2)
async def test_a_known_device_has_its_logins_a_minute(client: Client) -> None:
    student = await _registered(client)
    for _ in range(2):
        await client.log_in(student.phone)
        client.access_token = None
    refused = await client.try_to_log_in(student.phone)
    assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")
    assert 0 < int(refused.headers["retry-after"]) <= 60


@pytest.mark.settings(hashing_wait_seconds=0.001, hashing_threads=1, argon2_passes=40_000)
async def test_a_login_that_the_service_was_too_busy_to_judge_is_no_failure(client: Client, parts: Wiring) -> None:
    answers = await asyncio.gather(*(client.try_to_log_in("17012340001", WRONG) for _ in range(3)))
    busy = [answer for answer in answers if answer.status_code == 503]
    assert busy
    assert {code_of(answer) for answer in busy} == {"service_busy"}
    for scope in ("login_failures", "login_failures_of_strangers"):
        assert await _failures(parts, scope) == [len(answers) - len(busy)]
