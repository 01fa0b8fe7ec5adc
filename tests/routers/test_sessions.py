"""Logging in, staying, leaving: what right gets, what wrong gets, and what a thief gets."""

from __future__ import annotations

import asyncio

import pytest
from passlib.context import CryptContext
from sqlalchemy import text

from support.archive import enroll
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.entropy import CODE
from support.people import students
from support.tables import rows_of
from support.waiting import until, until_blocked
from xuexin_api.dependencies.wiring import Wiring


async def test_phone_and_document_number_are_login_names_however_they_are_typed(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in student.document_number)
    for identifier in (student.phone, student.phone[3:], f"+86 {student.phone[3:]}", student.document_number, wide):
        assert (await client.log_in(identifier))["account"]["name"] == student.name


async def test_every_wrong_pair_gets_the_same_answer(client: Client) -> None:
    known, unknown = students(2)
    await client.register(known)
    client.device_token = client.access_token = None
    wrong = [
        (known.phone, "not-the-password"),
        (unknown.phone, PASSWORD),
        (unknown.document_number, PASSWORD),
        ("nobody@example.edu", PASSWORD),
        ("no such name", PASSWORD),
    ]
    answers = [await client.try_to_log_in(*pair) for pair in wrong]
    assert {answer.status_code for answer in answers} == {401}
    bodies = [{key: value for key, value in answer.json().items() if key != "request_id"} for answer in answers]
    assert all(body == bodies[0] for body in bodies)
    assert code_of(answers[0]) == "login_rejected"


async def _registered(client: Client, count: int) -> list[tuple[str, str]]:
    """Phones and device tokens of so many accounts."""
    found = []
    for student in students(count):
        client.device_token = client.access_token = None
        await client.register(student)
        found.append((student.phone, str(client.device_token)))
    client.device_token = client.access_token = None
    return found


@pytest.mark.settings(hashing_queue=1, hashing_threads=1, argon2_passes=300)
async def test_past_the_queue_logins_are_refused_with_a_time_to_come_back(client: Client) -> None:
    """Which of them find room is the scheduler's; that nothing waits for ever and nothing breaks is ours."""
    accounts = await _registered(client, 12)
    burst = [client.try_to_log_in(phone, device_token=device) for phone, device in accounts * 2]
    answers = await asyncio.gather(*burst)
    assert {answer.status_code for answer in answers} == {201, 503}
    busy = [answer for answer in answers if answer.status_code == 503]
    assert {(code_of(answer), answer.headers["retry-after"]) for answer in busy} == {("service_busy", "2")}


@pytest.mark.settings(hashing_queue=4, hashing_threads=1, hashing_wait_seconds=20, argon2_passes=40000)
async def test_while_the_queue_is_half_full_strangers_bring_a_challenge(client: Client, parts: Wiring) -> None:
    ((phone, device),) = await _registered(client, 1)
    owners = [asyncio.create_task(client.try_to_log_in(phone, device_token=device)) for _ in range(3)]
    await until(lambda: asyncio.sleep(0, parts.hashing.half_full))
    refused = await client.try_to_log_in(phone)
    assert (refused.status_code, code_of(refused)) == (403, "challenge_required")
    made_up = await client.try_to_log_in(phone, device_token=device[:-4] + "AAA=")
    assert code_of(made_up) == "challenge_required"
    assert {answer.status_code for answer in await asyncio.gather(*owners)} == {201}


async def test_a_phone_code_logs_in_on_a_device_that_logged_in_before(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    clock.pass_time(minutes=2)
    answer = await client.try_to_log_in_by_code(student.phone)
    assert answer.status_code == 201
    assert answer.json()["device_token"] == client.device_token


async def test_a_phone_code_on_a_new_device_needs_one_more_factor(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    client.device_token = client.access_token = None
    clock.pass_time(minutes=2)
    first = await client.try_to_log_in_by_code(student.phone)
    assert first.status_code == 200
    assert [factor["id"] for factor in first.json()["next"]] == ["password", "record_fact"]
    ticket = first.json()["ticket"]
    wrong = await client.post("/v1/sessions/continue", {"ticket": ticket, "factor": "password", "answer": "no"})
    assert code_of(wrong) == "login_rejected"
    right = {"ticket": ticket, "factor": "password", "answer": PASSWORD}
    answers = await asyncio.gather(*(client.post("/v1/sessions/continue", right) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 4


async def test_a_ticket_dies_of_five_wrong_factors_and_of_time(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    client.device_token = client.access_token = None
    clock.pass_time(minutes=2)
    ticket = (await client.try_to_log_in_by_code(student.phone)).json()["ticket"]
    for _ in range(5):
        await client.post("/v1/sessions/continue", {"ticket": ticket, "factor": "password", "answer": "no"})
    body = {"ticket": ticket, "factor": "password", "answer": PASSWORD}
    assert code_of(await client.post("/v1/sessions/continue", body)) == "ticket_rejected"
    clock.pass_time(minutes=2)
    ticket = (await client.try_to_log_in_by_code(student.phone)).json()["ticket"]
    clock.pass_time(seconds=300)
    assert code_of(await client.post("/v1/sessions/continue", body | {"ticket": ticket})) == "ticket_rejected"


async def test_fifteen_wrong_codes_close_a_phone_for_strangers_and_not_for_its_owner(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """A stranger with a device of his own is still a stranger here."""
    owner, stranger = students(2)
    await client.register(owner)
    async with connected_client(client.app, parts, "198.51.100.3") as other:
        await other.register(stranger)
        other.access_token = None
        codes = []
        for _ in range(4):
            clock.pass_time(minutes=1)
            codes.append(await other.send_code(owner.phone, purpose="login"))
        body = {"method": "phone_code", "phone": owner.phone, "code": "000000", "device_token": other.device_token}
        for code_id in codes[:3]:
            for _ in range(5):
                assert code_of(await other.post("/v1/sessions", body | {"code_id": code_id})) == "login_rejected"
        closed = await other.post("/v1/sessions", body | {"code_id": codes[3]})
        assert (closed.status_code, code_of(closed)) == (429, "daily_limit_reached")
    mine = body | {"code_id": codes[3], "code": CODE, "device_token": client.device_token}
    assert (await client.post("/v1/sessions", mine)).status_code == 201


async def test_a_right_code_of_an_unknown_phone_is_a_rejected_login(client: Client) -> None:
    answer = await client.try_to_log_in_by_code("17012340001")
    assert (answer.status_code, code_of(answer)) == (401, "login_rejected")


async def test_a_wrong_code_is_a_rejected_login_and_counted(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    clock.pass_time(minutes=2)
    code_id = await client.send_code(student.phone, purpose="login")
    body = {"method": "phone_code", "code_id": code_id, "phone": student.phone, "code": "000000"}
    for _ in range(5):
        assert code_of(await client.post("/v1/sessions", body)) == "login_rejected"
    assert code_of(await client.post("/v1/sessions", body | {"code": CODE})) == "login_rejected"


async def test_of_twenty_parallel_refreshes_all_get_the_same_successor(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    body = {"refresh_token": client.refresh_token}
    answers = await asyncio.gather(*(client.post("/v1/sessions/refresh", body) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["tokens"]["refresh_token"] for answer in answers}) == 1
    (session,) = await rows_of(parts, "sessions")
    assert session["generation"] == 1


async def test_reuse_after_the_grace_ends_the_session_and_tells_the_owner(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    stolen = client.refresh_token
    renewed = client.keep((await client.post("/v1/sessions/refresh", {"refresh_token": stolen})).json())
    clock.pass_time(seconds=31)
    reused = await client.post("/v1/sessions/refresh", {"refresh_token": stolen})
    assert (reused.status_code, code_of(reused)) == (401, "refresh_rejected")
    successor = {"refresh_token": renewed["tokens"]["refresh_token"]}
    assert code_of(await client.post("/v1/sessions/refresh", successor)) == "refresh_rejected"
    assert code_of(await client.get("/v1/account")) == "token_invalid"
    assert (await client.messages(student.phone))[0].purpose == "notice"


async def test_within_the_grace_a_used_successor_ends_it_too(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    first = client.refresh_token
    second = client.keep((await client.post("/v1/sessions/refresh", {"refresh_token": first})).json())
    await client.post("/v1/sessions/refresh", {"refresh_token": second["tokens"]["refresh_token"]})
    clock.pass_time(seconds=5)
    assert code_of(await client.post("/v1/sessions/refresh", {"refresh_token": first})) == "refresh_rejected"


@pytest.mark.parametrize(("seconds", "status"), [(30, 200), (31, 401)])
async def test_the_grace_is_thirty_seconds(client: Client, clock: HandClock, seconds: int, status: int) -> None:
    (student,) = students(1)
    await client.register(student)
    body = {"refresh_token": client.refresh_token}
    await client.post("/v1/sessions/refresh", body)
    clock.pass_time(seconds=seconds)
    assert (await client.post("/v1/sessions/refresh", body)).status_code == status


async def test_an_unused_session_ends_and_a_used_one_too_in_the_end(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    for _ in range(6):
        clock.pass_time(days=13)
        client.keep((await client.post("/v1/sessions/refresh", {"refresh_token": client.refresh_token})).json())
    clock.pass_time(days=13)
    ended = await client.post("/v1/sessions/refresh", {"refresh_token": client.refresh_token})
    assert code_of(ended) == "refresh_rejected"
    await client.log_in(student.phone)
    clock.pass_time(days=14)
    idle = await client.post("/v1/sessions/refresh", {"refresh_token": client.refresh_token})
    assert code_of(idle) == "refresh_rejected"


@pytest.mark.parametrize("token", ["x", "A" * 70, "-" * 70, "é" * 10, "A" * 71])
async def test_a_refresh_token_that_is_none_is_rejected(client: Client, token: str) -> None:
    assert code_of(await client.post("/v1/sessions/refresh", {"refresh_token": token})) == "refresh_rejected"


async def test_an_access_token_lives_ten_minutes(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    clock.pass_time(seconds=599)
    assert (await client.get("/v1/account")).status_code == 200
    clock.pass_time(seconds=1)
    assert code_of(await client.get("/v1/account")) == "token_invalid"


async def test_after_logout_both_tokens_are_dead_and_other_sessions_live(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as other:
        await other.log_in(student.phone)
        assert (await client.delete("/v1/sessions/current")).status_code == 204
        assert code_of(await client.get("/v1/account")) == "token_invalid"
        assert code_of(await client.delete("/v1/sessions/current")) == "token_invalid"
        refresh = await client.post("/v1/sessions/refresh", {"refresh_token": client.refresh_token})
        assert code_of(refresh) == "refresh_rejected"
        assert (await other.get("/v1/account")).status_code == 200


async def test_a_verification_does_not_survive_its_time_by_refreshing(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    await client.verify(student)
    clock.pass_time(minutes=20)
    answer = client.keep((await client.post("/v1/sessions/refresh", {"refresh_token": client.refresh_token})).json())
    assert answer["tokens"]["acr"] == "urn:xuexin:acr:verified"
    clock.pass_time(minutes=9)
    assert (await client.get("/v1/archive/enrollments")).status_code == 200
    clock.pass_time(minutes=1)
    refused = await client.get("/v1/archive/enrollments")
    assert code_of(refused) in {"insufficient_user_authentication", "token_invalid"}
    answer = client.keep((await client.post("/v1/sessions/refresh", {"refresh_token": client.refresh_token})).json())
    assert answer["tokens"]["acr"] == "urn:xuexin:acr:login"
    assert code_of(await client.get("/v1/archive/enrollments")) == "insufficient_user_authentication"


async def test_a_cheaper_hash_is_replaced_at_the_next_login(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    cheaper = CryptContext(
        ["argon2"], argon2__type="ID", argon2__memory_cost=8, argon2__time_cost=3, argon2__parallelism=1
    ).hash(PASSWORD)
    await rows_of(parts, "credentials", f"UPDATE credentials SET password_hash = '{cheaper}' RETURNING account_id")
    await client.log_in(student.phone)
    (stored,) = await rows_of(parts, "credentials")
    assert "t=1,p=1" in stored["password_hash"]
    await client.log_in(student.phone)


@pytest.mark.parametrize("closes", ["NULL", "'2031-03-20Z'"])
async def test_a_login_that_meets_a_change_of_its_password_waits_and_opens_nothing(
    client: Client, parts: Wiring, closes: str
) -> None:
    """Else whoever logs in all the time with a stolen password keeps a session when its owner changes it."""
    (student,) = students(1)
    await client.register(student)
    client.access_token = None
    state = "active" if closes == "NULL" else "closing"
    await rows_of(parts, "", f"UPDATE accounts SET state = '{state}', closes_at = {closes} RETURNING id")
    async with parts.database.engine.begin() as change:
        await change.execute(text("SELECT id FROM accounts FOR UPDATE"))
        login = asyncio.create_task(client.try_to_log_in(student.phone))
        await until_blocked(parts)
        await change.execute(text("UPDATE credentials SET password_hash = 'of another password'"))
    assert code_of(await login) == "login_rejected"
    for table in ("sessions", "devices"):
        assert len(await rows_of(parts, table)) == 1
    assert len(await rows_of(parts, "", "SELECT id FROM audit_events WHERE action = 'session:login'")) == 0
    assert [row["state"] for row in await rows_of(parts, "accounts")] == [state]
