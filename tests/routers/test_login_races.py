"""A login that meets a change of its account: it opens what the account is by then, or nothing."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from passlib.context import CryptContext
from sqlalchemy import text

from support.client import PASSWORD, Client, code_of
from support.clock import HandClock
from support.people import students
from support.tables import rows_of
from support.waiting import until_blocked
from xuexin_api.dependencies.wiring import Wiring

_FORGET = "UPDATE devices SET token_hash = uuid_send(id)"


async def _met(client: Client, parts: Wiring, change: str, clock: HandClock | None = None) -> httpx.Response:
    """A right login on a known device, while somebody has locked the account and then changes it.

    By a phone code with a `clock`, by which another code may be asked for.
    """
    (student,) = students(1)
    await client.register(student)
    client.access_token = None
    if clock is not None:
        clock.pass_time(minutes=2)
    async with parts.database.engine.begin() as changing:
        await changing.execute(text("SELECT id FROM accounts FOR UPDATE"))
        await changing.execute(text("SELECT id FROM devices FOR UPDATE"))
        by_password, by_code = client.try_to_log_in, client.try_to_log_in_by_code
        login = asyncio.create_task(by_password(student.phone) if clock is None else by_code(student.phone))
        await until_blocked(parts)
        await changing.execute(text(change))
    return await login


async def _count(parts: Wiring) -> tuple[int, int]:
    return len(await rows_of(parts, "sessions")), len(await rows_of(parts, "devices"))


async def test_it_undoes_a_closing(client: Client, parts: Wiring) -> None:
    """A session of an account that is erased all the same would be no way back."""
    done = await _met(client, parts, "UPDATE accounts SET state = 'closing', closes_at = '2031-03-20Z'")
    assert (done.status_code, done.json()["account"]["state"]) == (201, "active")
    assert [(row["state"], row["closes_at"]) for row in await rows_of(parts, "accounts")] == [("active", None)]


async def test_it_is_asked_for_a_second_factor(client: Client, parts: Wiring) -> None:
    asked = await _met(client, parts, "UPDATE accounts SET second_factors = '{totp}'")
    assert (asked.status_code, [option["id"] for option in asked.json()["next"]]) == (200, ["totp", "recovery_code"])
    assert await _count(parts) == (1, 1)


async def test_it_is_asked_for_a_phone(client: Client, parts: Wiring) -> None:
    asked = await _met(
        client, parts, "UPDATE accounts SET phone_key = NULL, phone_ciphertext = NULL, phone_bound_at = NULL"
    )
    assert (asked.status_code, [option["id"] for option in asked.json()["next"]]) == (200, ["phone_proof"])
    assert await _count(parts) == (1, 1)


@pytest.mark.parametrize("state", ["superseded", "closed"])
async def test_it_opens_nothing_where_the_account_is_over(client: Client, parts: Wiring, state: str) -> None:
    assert code_of(await _met(client, parts, f"UPDATE accounts SET state = '{state}'")) == "login_rejected"
    assert await _count(parts) == (1, 1)


async def test_it_is_told_as_a_strangers_where_its_device_was_forgotten(client: Client, parts: Wiring) -> None:
    """The owner ends a thief's session while the thief logs in."""
    done = await _met(client, parts, _FORGET)
    assert done.status_code == 201
    assert done.json()["device_token"] != client.device_token
    assert len([one for one in await client.messages(students(1)[0].phone) if "新设备" in one.body]) == 1


async def test_a_phone_code_is_asked_for_more_where_its_device_was_forgotten(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    asked = await _met(client, parts, _FORGET, clock)
    assert (asked.status_code, [option["id"] for option in asked.json()["next"]]) == (200, ["password", "record_fact"])
    assert await _count(parts) == (1, 1)


async def test_all_that_arrive_with_a_cheaper_hash_are_right(client: Client, parts: Wiring) -> None:
    """The first replaces it, and the others were judged by what it replaced."""
    (student,) = students(1)
    await client.register(student)
    client.access_token = None
    cheaper = CryptContext(
        ["argon2"], argon2__type="ID", argon2__memory_cost=8, argon2__time_cost=3, argon2__parallelism=1
    ).hash(PASSWORD)
    await rows_of(parts, "credentials", f"UPDATE credentials SET password_hash = '{cheaper}' RETURNING account_id")
    async with parts.database.engine.begin() as holding:
        await holding.execute(text("SELECT account_id FROM credentials FOR UPDATE"))
        logins = [asyncio.create_task(client.try_to_log_in(student.phone)) for _ in range(3)]
        await until_blocked(parts, waiting=3)
    assert [login.status_code for login in await asyncio.gather(*logins)] == [201] * 3
