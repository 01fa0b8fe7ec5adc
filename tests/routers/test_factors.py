"""More factors: set up, asked for at every login, never skipped, each code good once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from support.archive import enroll
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.entropy import CODE
from support.people import students
from support.tables import count_rows, rows_of
from xuexin_api.dependencies.wiring import Wiring

TOTP_PATH = "/v1/account/factors/totp"


def _code(secret: str, clock: HandClock, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=30 * steps))


async def _set_up(client: Client, clock: HandClock) -> tuple[str, list[str]]:
    """(secret, recovery codes) of the client's account, with a fresh time step afterwards."""
    proposed = await client.post(TOTP_PATH, {"password": PASSWORD})
    assert proposed.status_code == 201, proposed.text
    secret = str(proposed.json()["secret"])
    confirmed = await client.post(f"{TOTP_PATH}/confirm", {"code": _code(secret, clock)})
    assert confirmed.status_code == 200, confirmed.text
    clock.pass_time(minutes=2)
    return secret, list(confirmed.json()["recovery_codes"])


async def test_a_login_asks_for_the_code_on_every_device(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    secret, codes = await _set_up(client, clock)
    assert (await client.get("/v1/account/factors")).json() == {"totp": True, "passkeys": 0, "recovery_codes_left": 10}
    assert len(set(codes)) == 10
    asked = await client.try_to_log_in(student.phone)
    assert (asked.status_code, [option["id"] for option in asked.json()["next"]]) == (200, ["totp", "recovery_code"])
    done = await client.go_on(asked, "totp", _code(secret, clock))
    assert done.status_code == 201, done.text
    client.keep(done.json())
    (session, *_) = (await client.get("/v1/sessions")).json()["items"]
    assert session["methods"] == ["pwd", "otp", "mfa"]


async def test_a_wrong_password_says_nothing_of_a_second_factor(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    await _set_up(client, clock)
    assert code_of(await client.try_to_log_in(student.phone, "not-the-password")) == "login_rejected"


async def test_a_phone_code_and_the_second_factor_log_in_on_a_new_device(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    secret, _ = await _set_up(client, clock)
    async with connected_client(client.app, parts) as other:
        code_id = await other.send_code(student.phone, purpose="login")
        body = {"method": "phone_code", "code_id": code_id, "phone": student.phone, "code": CODE}
        asked = await other.post("/v1/sessions", body)
        assert [option["id"] for option in asked.json()["next"]] == ["totp", "recovery_code"]
        assert code_of(await other.go_on(asked, "password", PASSWORD)) == "ticket_rejected"
        assert (await other.go_on(asked, "totp", _code(secret, clock))).status_code == 201


async def test_one_code_works_once_of_many_at_the_same_time(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    secret, _ = await _set_up(client, clock)
    tickets = [await client.try_to_log_in(student.phone) for _ in range(8)]
    code = _code(secret, clock)
    answers = await asyncio.gather(*(client.go_on(ticket, "totp", code) for ticket in tickets))
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 7
    assert code_of(await client.go_on(tickets[0], "totp", code)) in {"login_rejected", "ticket_rejected"}


async def test_the_step_before_and_after_count_and_no_other(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    secret, _ = await _set_up(client, clock)
    for steps, status in ((-2, 401), (2, 401), (-1, 201), (0, 201), (1, 201)):
        ticket = await client.try_to_log_in(student.phone)
        assert (await client.go_on(ticket, "totp", _code(secret, clock, steps))).status_code == status, steps
    # A step that lies before one that was used is spent as well.
    ticket = await client.try_to_log_in(student.phone)
    assert (await client.go_on(ticket, "totp", _code(secret, clock, 0))).status_code == 401


async def test_a_recovery_code_logs_in_once_and_its_use_is_told(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    _, codes = await _set_up(client, clock)
    typed = f" {codes[0][:5].lower()}-{codes[0][5:]} "
    ticket = await client.try_to_log_in(student.phone)
    assert (await client.go_on(ticket, "recovery_code", typed)).status_code == 201
    ticket = await client.try_to_log_in(student.phone)
    assert code_of(await client.go_on(ticket, "recovery_code", typed)) == "login_rejected"
    assert any("恢复码登录" in message.body for message in await client.messages(student.phone))
    assert (await client.get("/v1/account/factors")).json()["recovery_codes_left"] == 9


async def test_new_recovery_codes_replace_the_old(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    _, old = await _set_up(client, clock)
    body: dict[str, Any] = {"password": PASSWORD}
    refused = await client.post("/v1/account/factors/recovery-codes", body)
    assert (refused.status_code, code_of(refused)) == (403, "second_factor_needed")
    body["second_factor"] = {"factor": "recovery_code", "answer": old[0]}
    renewed = await client.post("/v1/account/factors/recovery-codes", body)
    assert renewed.status_code == 201
    ticket = await client.try_to_log_in(student.phone)
    assert code_of(await client.go_on(ticket, "recovery_code", old[1])) == "login_rejected"
    assert (await client.go_on(ticket, "recovery_code", renewed.json()["recovery_codes"][0])).status_code == 201


@pytest.mark.settings(factor_tries_per_day=6)
async def test_strangers_who_know_the_password_guess_few_codes_and_lock_no_owner_out(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    secret, _ = await _set_up(client, clock)
    guesses = []
    async with connected_client(client.app, parts, "198.51.100.7") as stranger:
        for _ in range(2):
            ticket = await stranger.try_to_log_in(student.phone)
            guesses += [await stranger.go_on(ticket, "totp", "000000") for _ in range(4)]
    assert [code_of(guess) for guess in guesses[:5]] == ["login_rejected"] * 5
    assert {code_of(guess) for guess in guesses[5:]} == {"too_many_operations"}
    ticket = await client.try_to_log_in(student.phone)
    assert (await client.go_on(ticket, "totp", _code(secret, clock))).status_code == 201


async def test_setting_it_up_needs_the_password_and_a_code(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    refused = await client.post(TOTP_PATH, {"password": "not-the-password"})
    assert (refused.status_code, code_of(refused)) == (403, "password_rejected")
    secret = (await client.post(TOTP_PATH, {"password": PASSWORD})).json()["secret"]
    assert code_of(await client.post(f"{TOTP_PATH}/confirm", {"code": "000000"})) == "code_rejected"
    assert (await client.try_to_log_in(student.phone)).status_code == 201
    assert (await client.post(f"{TOTP_PATH}/confirm", {"code": _code(secret, clock)})).status_code == 200
    assert code_of(await client.post(TOTP_PATH, {"password": PASSWORD})) == "factor_set"
    (stored,) = await rows_of(parts, "totp_secrets")
    assert secret.encode() not in bytes(stored["sealed"])


async def test_ten_wrong_passwords_of_a_stolen_token_are_all_there_are(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    answers = await asyncio.gather(*(client.post(TOTP_PATH, {"password": f"wrong-guess-{n}"}) for n in range(14)))
    codes = sorted(code_of(answer) for answer in answers)
    assert codes == ["password_rejected"] * 10 + ["too_many_operations"] * 4
    assert code_of(await client.post(TOTP_PATH, {"password": PASSWORD})) == "too_many_operations"
    clock.pass_time(minutes=15)
    await client.log_in(student.phone)
    assert (await client.post(TOTP_PATH, {"password": PASSWORD})).status_code == 201


async def test_an_account_that_was_verified_needs_a_fresh_verification(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    await client.verify(student)
    await client.log_in(student.phone)
    refused = await client.post(TOTP_PATH, {"password": PASSWORD})
    assert (refused.status_code, code_of(refused)) == (401, "insufficient_user_authentication")
    await client.verify(student)
    assert (await client.post(TOTP_PATH, {"password": PASSWORD})).status_code == 201


async def test_it_is_given_up_by_a_code_and_its_recovery_codes_with_it(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    secret, _ = await _set_up(client, clock)
    body: dict[str, Any] = {"password": PASSWORD}
    assert code_of(await client.post(f"{TOTP_PATH}/remove", body)) == "second_factor_needed"
    body["second_factor"] = {"factor": "totp", "answer": "000000"}
    assert code_of(await client.post(f"{TOTP_PATH}/remove", body)) == "code_rejected"
    body["second_factor"]["answer"] = _code(secret, clock)
    removed = await client.post(f"{TOTP_PATH}/remove", body)
    assert removed.status_code == 204
    assert await count_rows(parts, "recovery_codes") == 0
    assert (await client.try_to_log_in(student.phone)).status_code == 201
    assert code_of(await client.post(f"{TOTP_PATH}/remove", body)) == "factor_not_set"


async def test_a_recovery_does_not_skip_it(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    secret, codes = await _set_up(client, clock)
    async with connected_client(client.app, parts) as other:
        challenge = await other.answered_challenge("recovery")
        triple = {"username": student.phone, "name": student.name, "document_number": student.document_number}
        begun = (await other.post("/v1/recovery/password", triple | {"challenge": challenge})).json()
        path = f"/v1/recovery/password/{begun['id']}"
        await other.post(f"{path}/send", {"secret": begun["secret"], "way": "phone"})
        await other.post(f"{path}/confirm", {"secret": begun["secret"], "way": "phone", "code": CODE})
        new = "another-river-under-stars"
        body = {"secret": begun["secret"], "password": new, "password_confirmation": new}
        refused = await other.post(f"{path}/complete", body)
        assert (refused.status_code, code_of(refused)) == (403, "second_factor_needed")
        assert [option["id"] for option in refused.json()["options"]] == ["totp", "recovery_code"]
        wrong = {"second_factor": {"factor": "totp", "answer": "000000"}}
        assert code_of(await other.post(f"{path}/complete", body | wrong)) == "code_rejected"
        right = {"second_factor": {"factor": "recovery_code", "answer": codes[3]}}
        assert (await other.post(f"{path}/complete", body | right)).status_code == 200
        ticket = await other.try_to_log_in(student.phone, new)
        assert (await other.go_on(ticket, "totp", _code(secret, clock))).status_code == 201
