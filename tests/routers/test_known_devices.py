"""Which devices an account knows, what that is worth, and when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from support.cases import CLAIM, CLAIMANTS_PHONE
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import Student, students


@asynccontextmanager
async def _second_device(client: Client, clock: HandClock) -> AsyncIterator[tuple[Student, Client]]:
    """An account, `client` the first of its devices, and a second one; both are logged in."""
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, client.parts, "198.51.100.3") as second:
        await second.log_in(student.phone)
        clock.pass_time(minutes=2)
        yield student, second


async def _is_known(device: Client, student: Student, clock: HandClock) -> bool:
    """Whether a phone code alone logs in on it."""
    device.access_token = None
    answer = await device.try_to_log_in_by_code(student.phone)
    clock.pass_time(minutes=2)
    return answer.status_code == 201


async def test_a_device_that_logged_out_stays_known(client: Client, clock: HandClock) -> None:
    async with _second_device(client, clock) as (student, second):
        assert (await second.delete("/v1/sessions/current")).status_code == 204
        assert await _is_known(second, student, clock)


async def test_a_device_whose_session_the_owner_ended_is_forgotten(client: Client, clock: HandClock) -> None:
    """A lost phone gets the code by SMS, too."""
    async with _second_device(client, clock) as (student, second):
        (lost,) = [one for one in (await client.get("/v1/sessions")).json()["items"] if not one["current"]]
        assert (await client.delete(f"/v1/sessions/{lost['id']}")).status_code == 204
        assert not await _is_known(second, student, clock)
        assert await _is_known(client, student, clock)


async def test_ending_all_other_sessions_forgets_all_other_devices(client: Client, clock: HandClock) -> None:
    """Also one that logged out before, and may be a thief's."""
    async with _second_device(client, clock) as (student, second):
        await second.delete("/v1/sessions/current")
        assert (await client.delete("/v1/sessions/others")).status_code == 204
        assert not await _is_known(second, student, clock)
        assert await _is_known(client, student, clock)


async def test_a_session_whose_refresh_token_was_copied_takes_its_device_along(
    client: Client, clock: HandClock
) -> None:
    async with _second_device(client, clock) as (student, second):
        stolen = second.refresh_token
        await second.post("/v1/sessions/refresh", {"refresh_token": stolen})
        clock.pass_time(minutes=1)
        reused = await second.post("/v1/sessions/refresh", {"refresh_token": stolen})
        assert code_of(reused) == "refresh_rejected"
        assert not await _is_known(second, student, clock)


@pytest.mark.settings(login_failures_before_challenge=100, login_failures_before_wait=3)
async def test_a_forgotten_device_is_a_stranger_at_the_next_login(client: Client, clock: HandClock) -> None:
    """Its login is told as a new device's, it gets a new token, and it waits for what strangers failed."""
    async with _second_device(client, clock) as (student, second):
        await client.delete("/v1/sessions/others")
        told = len(await client.messages(student.phone))
        forgotten, second.access_token = second.device_token, None
        await second.log_in(student.phone)
        assert second.device_token != forgotten
        assert len(await client.messages(student.phone)) == told + 1
        async with connected_client(client.app, client.parts, "198.51.100.3") as guesser:
            for _ in range(3):
                assert code_of(await guesser.try_to_log_in(student.phone, "wrong-password")) == "login_rejected"
        waits = await second.try_to_log_in(student.phone, device_token=forgotten)
        assert code_of(waits) == "too_many_operations"
        await second.log_in(student.phone)


async def test_a_document_number_stands_for_the_same_account_on_every_device(
    client: Client,
) -> None:
    """Who registered again, and waits for the decision, still logs in to the account that has the number."""
    (student,) = students(1)
    has = await client.register(student)
    again = await client.register(replace(student, phone=CLAIMANTS_PHONE), **CLAIM)
    client.access_token = None
    logged_in = await client.log_in(student.document_number)
    assert logged_in["account"]["id"] == has["account"]["id"] != again["account"]["id"]
