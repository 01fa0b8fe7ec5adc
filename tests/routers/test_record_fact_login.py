"""A fact of one's own record as the factor after a phone code: for whom it counts, and what it must not tell."""

from __future__ import annotations

import pyotp
import pytest

from support.archive import enroll
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.people import Student, students
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

EMAIL = "owner@example.edu"


async def _verified(client: Client, clock: HandClock) -> Student:
    """A verified account with a proven e-mail; the client is a device that was never there."""
    (student,) = students(1)
    await enroll(client.parts, student)
    await client.register(student, recovery_email=EMAIL)
    await rows_of(client.parts, "", "UPDATE accounts SET email_verified_at = now() RETURNING id")
    await client.verify(student)
    client.access_token = client.device_token = None
    clock.pass_time(minutes=2)
    return student


async def test_the_candidate_number_after_a_phone_code_logs_in_and_every_channel_is_told(
    client: Client, clock: HandClock
) -> None:
    student = await _verified(client, clock)
    asked = await client.try_to_log_in_by_code(student.phone)
    assert [factor["id"] for factor in asked.json()["next"]] == ["password", "record_fact"]
    done = await client.go_on(asked, "record_fact", f" {student.record.candidate_number} ")
    assert done.status_code == 201, done.text
    assert client.keep(done.json())["tokens"]["acr"] == "urn:xuexin:acr:login"
    (session, *_) = (await client.get("/v1/sessions")).json()["items"]
    assert session["methods"] == ["sms", "kba"]
    told = {message.destination for message in await client.messages() if "学籍信息登录" in message.body}
    assert told == {student.phone, EMAIL}
    assert any("新设备" in message.body for message in await client.messages(student.phone))
    assert code_of(await client.go_on(asked, "password", PASSWORD)) == "ticket_rejected"
    client.access_token = None
    clock.pass_time(minutes=2)
    assert (await client.try_to_log_in_by_code(student.phone)).status_code == 201


async def test_a_session_opened_by_a_fact_names_its_method_once_when_verified(client: Client, clock: HandClock) -> None:
    student = await _verified(client, clock)
    done = await client.go_on(
        await client.try_to_log_in_by_code(student.phone), "record_fact", student.record.candidate_number
    )
    client.keep(done.json())
    await client.verify(student)
    assert client.parts.mint.read(str(client.access_token)).methods == ("sms", "kba")


async def test_a_wrong_fact_is_a_rejected_login_and_the_ticket_stays_good(client: Client, clock: HandClock) -> None:
    student = await _verified(client, clock)
    asked = await client.try_to_log_in_by_code(student.phone)
    refused = await client.go_on(asked, "record_fact", "00000000000000")
    assert (refused.status_code, code_of(refused)) == (401, "login_rejected")
    assert (await client.go_on(asked, "record_fact", student.record.candidate_number)).status_code == 201


async def test_facts_are_tried_five_times_a_day_for_one_person_and_a_right_one_takes_its_try_back(
    client: Client, clock: HandClock
) -> None:
    student = await _verified(client, clock)
    asked = await client.try_to_log_in_by_code(student.phone)
    for _ in range(4):
        assert code_of(await client.go_on(asked, "record_fact", "0")) == "login_rejected"
    assert (await client.go_on(asked, "record_fact", student.record.candidate_number)).status_code == 201
    clock.pass_time(minutes=2)
    asked = await client.try_to_log_in_by_code(student.phone)
    assert code_of(await client.go_on(asked, "record_fact", "0")) == "login_rejected"
    limited = await client.go_on(asked, "record_fact", student.record.candidate_number)
    assert (limited.status_code, code_of(limited)) == (429, "too_many_operations")
    assert (await client.go_on(asked, "password", PASSWORD)).status_code == 201


@pytest.mark.parametrize("enrolled", [True, False])
async def test_without_a_verified_person_the_offer_is_the_same_and_no_fact_is_right(
    client: Client, parts: Wiring, clock: HandClock, enrolled: bool
) -> None:
    """Whoever registered with somebody's document number is not that person for knowing the candidate number too."""
    (student,) = students(1)
    if enrolled:
        await enroll(parts, student)
    await client.register(student)
    client.access_token = client.device_token = None
    clock.pass_time(minutes=2)
    asked = await client.try_to_log_in_by_code(student.phone)
    assert [factor["id"] for factor in asked.json()["next"]] == ["password", "record_fact"]
    for _ in range(4):
        refused = await client.go_on(asked, "record_fact", student.record.candidate_number)
        assert (refused.status_code, code_of(refused)) == (401, "login_rejected")
    clock.pass_time(minutes=2)
    asked = await client.try_to_log_in_by_code(student.phone)
    assert code_of(await client.go_on(asked, "record_fact", "0")) == "login_rejected"
    assert code_of(await client.go_on(asked, "record_fact", "0")) == "too_many_operations"


async def test_a_fact_of_somebody_elses_record_is_wrong(client: Client, parts: Wiring, clock: HandClock) -> None:
    student = await _verified(client, clock)
    (other,) = students(1, seed=8)
    await enroll(parts, other)
    asked = await client.try_to_log_in_by_code(student.phone)
    assert code_of(await client.go_on(asked, "record_fact", other.record.candidate_number)) == "login_rejected"


async def test_a_fact_never_stands_for_a_second_factor_not_even_one_set_meanwhile(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = await _verified(client, clock)
    before = await client.try_to_log_in_by_code(student.phone)
    async with connected_client(client.app, parts) as owner:
        await owner.log_in(student.phone)
        await owner.verify(student)
        secret = (await owner.post("/v1/account/factors/totp", {"password": PASSWORD})).json()["secret"]
        generator = pyotp.TOTP(secret)
        confirm = {"code": generator.at(clock.now())}
        assert (await owner.post("/v1/account/factors/totp/confirm", confirm)).status_code == 200
    clock.pass_time(minutes=2)
    further = await client.go_on(before, "record_fact", student.record.candidate_number)
    assert [factor["id"] for factor in further.json()["next"]] == ["totp", "recovery_code"]
    asked = await client.try_to_log_in_by_code(student.phone)
    assert [factor["id"] for factor in asked.json()["next"]] == ["totp", "recovery_code"]
    refused = await client.go_on(asked, "record_fact", student.record.candidate_number)
    assert code_of(refused) == "ticket_rejected"
    assert (await client.go_on(further, "totp", generator.at(clock.now()))).status_code == 201


@pytest.mark.settings(factor_tries_per_day=6)
async def test_passwords_after_a_phone_code_have_their_number_a_day_and_known_devices_their_own(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """Who holds a recycled number guesses no more often by asking for ticket after ticket."""
    (student,) = students(1)
    await client.register(student)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as holder:
        for tries in (4, 2):
            asked = await holder.try_to_log_in_by_code(student.phone)
            for _ in range(tries):
                assert code_of(await holder.go_on(asked, "password", "wrong-password")) == "login_rejected"
            clock.pass_time(minutes=2)
        limited = await holder.go_on(asked, "password", PASSWORD)
        assert (limited.status_code, code_of(limited)) == (429, "too_many_operations")
        assert (await holder.try_to_log_in(student.phone)).status_code == 201
    await client.log_in(student.phone)
