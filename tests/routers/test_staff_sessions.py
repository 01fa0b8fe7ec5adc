"""Staff: how they come in, that two factors are always asked for, and that their tokens are no student's."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from support.archive import add_schools
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import SCHOOLS, students
from support.staff import STAFF_PASSWORD, Member, invite, member, staff_accounts
from support.tables import rows_of
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.staff import Role
from xuexin_api.dependencies.wiring import Wiring


async def test_a_member_enrols_by_an_invitation_and_logs_in_by_both_factors(client: Client, parts: Wiring) -> None:
    async with member(client) as one:
        me = (await one.client.get("/v1/staff/me")).json()
        assert (me["login_name"], me["role"], me["institution_code"]) == ("reviewer.one", "reviewer", None)
        assert (await one.client.delete("/v1/staff/sessions/current")).status_code == 204
        assert code_of(await one.client.get("/v1/staff/me")) == "token_invalid"
    (row,) = await rows_of(parts, "staff")
    assert row["password_hash"].startswith("$argon2id$")
    assert one.totp.encode() not in row["totp_sealed"]
    actions = {event["action"] for event in await rows_of(parts, "staff_events")}
    assert actions == {"staff:add", "staff:enrol", "staff:login", "staff:logout"}


async def test_an_invitation_works_once_and_for_three_days(client: Client, parts: Wiring, clock: HandClock) -> None:
    first, late = await invite(parts, "reviewer.one"), await invite(parts, "reviewer.two")
    body = {"password": STAFF_PASSWORD, "password_confirmation": STAFF_PASSWORD}
    async with connected_client(client.app, parts) as desk:
        await Member(desk, "reviewer.one").enrol(first)
    for invitation in (first, "0" * 64):
        refused = await client.post("/v1/staff/enrolments", body | {"invitation": invitation})
        assert (refused.status_code, code_of(refused)) == (403, "invitation_rejected")
    clock.pass_time(hours=72)
    refused = await client.post("/v1/staff/enrolments", body | {"invitation": late})
    assert code_of(refused) == "invitation_rejected"


async def test_nothing_counts_before_a_code_of_the_app_was_given(client: Client, parts: Wiring) -> None:
    invitation = await invite(parts, "reviewer.one")
    body = {"invitation": invitation, "password": STAFF_PASSWORD, "password_confirmation": STAFF_PASSWORD}
    confirming = {"invitation": invitation, "code": "000000"}
    assert code_of(await client.post("/v1/staff/enrolments/confirm", confirming)) == "code_rejected"
    one = Member(client, "reviewer.one")
    one.totp = (await client.post("/v1/staff/enrolments", body)).json()["totp_secret"]
    assert code_of(await one.try_to_log_in()) == "login_rejected"
    wrong = f"{(int(one.code()) + 1) % 10**6:06d}"
    assert code_of(await client.post("/v1/staff/enrolments/confirm", confirming | {"code": wrong})) == "code_rejected"
    # Asked again, the app gets a new secret, and the old one counts no more.
    old = one.code()
    one.totp = (await client.post("/v1/staff/enrolments", body)).json()["totp_secret"]
    if old != one.code():
        assert code_of(await client.post("/v1/staff/enrolments/confirm", confirming | {"code": old})) == (
            "code_rejected"
        )


async def test_codes_of_an_invitation_are_tried_few_times(client: Client, parts: Wiring) -> None:
    invitation = await invite(parts, "reviewer.one")
    for _ in range(30):
        await client.post("/v1/staff/enrolments/confirm", {"invitation": invitation, "code": "000000"})
    refused = await client.post("/v1/staff/enrolments/confirm", {"invitation": invitation, "code": "000000"})
    assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")


async def test_a_bad_password_is_refused_with_its_reason(client: Client, parts: Wiring) -> None:
    invitation = await invite(parts, "reviewer.one")
    body = {"invitation": invitation, "password": "reviewer.one", "password_confirmation": "reviewer.two"}
    refused = await client.post("/v1/staff/enrolments", body)
    errors = {error["pointer"]: error["code"] for error in refused.json()["errors"]}
    assert errors == {"/password": "password_too_personal", "/password_confirmation": "passwords_differ"}


@pytest.mark.parametrize(
    "wrong", [{"password": "not-the-password"}, {"code": "000000"}, {"login_name": "reviewer.none"}]
)
async def test_whatever_is_wrong_the_answer_is_the_same(
    client: Client, clock: HandClock, wrong: dict[str, Any]
) -> None:
    async with member(client) as one:
        clock.pass_time(seconds=30)
        refused = await one.try_to_log_in(**wrong)
        assert (refused.status_code, code_of(refused)) == (401, "login_rejected")


async def test_a_code_logs_in_once_also_when_ten_ask_at_once(client: Client, clock: HandClock) -> None:
    async with member(client) as one:
        clock.pass_time(seconds=30)
        answers = await asyncio.gather(*(one.try_to_log_in() for _ in range(3)))
        assert [answer.status_code for answer in answers].count(201) == 1


async def test_failures_ask_for_a_challenge_and_then_for_patience(client: Client, clock: HandClock) -> None:
    async with member(client) as one:
        clock.pass_time(seconds=30)
        for _ in range(3):
            assert code_of(await one.try_to_log_in(password="not-the-password")) == "login_rejected"
        assert code_of(await one.try_to_log_in()) == "challenge_required"
        challenge = await one.client.answered_challenge("login")
        assert (await one.try_to_log_in(challenge=challenge)).status_code == 201
        for _ in range(11):
            challenge = await one.client.answered_challenge("login")
            refused = await one.try_to_log_in(password="not-the-password", challenge=challenge)
        assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")
        # Elsewhere the member comes in: a stranger locks nobody out.
        clock.pass_time(seconds=30)
        async with connected_client(client.app, client.parts, address="203.0.113.9") as elsewhere:
            other = Member(elsewhere, one.login_name)
            other.totp = one.totp
            assert (await other.try_to_log_in()).status_code == 201


@pytest.mark.settings(staff_codes_per_day=3, login_failures_before_challenge=100, login_failures_before_wait=100)
async def test_who_knows_the_password_tries_few_codes_a_day_from_wherever(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with member(client) as one:
        clock.pass_time(seconds=30)
        for number in range(3):
            async with connected_client(client.app, parts, address=f"203.0.113.{number}") as thief:
                other = Member(thief, one.login_name)
                other.totp = one.totp
                assert code_of(await other.try_to_log_in(code="000000")) == "login_rejected"
        refused = await one.try_to_log_in()
        assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")
        clock.pass_time(hours=24)
        assert (await one.try_to_log_in()).status_code == 201


async def test_no_token_is_ever_taken_for_the_other_kind(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    async with member(client) as one:
        staffs = {"Authorization": f"Bearer {one.client.access_token}"}
        students_own = {"Authorization": f"Bearer {client.access_token}"}
        assert code_of(await client.get("/v1/account", headers=staffs)) == "token_invalid"
        assert code_of(await client.get("/v1/archive/enrollments", headers=staffs)) == "token_invalid"
        assert code_of(await one.client.get("/v1/staff/me", headers=students_own)) == "token_invalid"
        assert code_of(await one.client.get("/v1/staff/identity-cases", headers=students_own)) == "token_invalid"
        for token, kind, audience in (
            (one.client.access_token, "staff+jwt", "xuexin-staff"),
            (client.access_token, "at+jwt", "xuexin-api"),
        ):
            header, payload, _ = (token or "").split(".")
            assert json.loads(urlsafe_b64decode(header + "=="))["typ"] == kind
            claims = json.loads(urlsafe_b64decode(payload + "=="))
            assert claims["aud"] == audience
            assert ("account" in claims["scope"]) is (kind == "at+jwt")


async def test_a_session_ends_after_half_an_hour_without_a_request_and_after_a_working_day(
    client: Client, clock: HandClock
) -> None:
    async with member(client) as one:
        clock.pass_time(minutes=29)
        assert (await one.client.get("/v1/staff/me")).status_code == 200
        clock.pass_time(minutes=30)
        assert code_of(await one.client.get("/v1/staff/me")) == "token_invalid"
        await one.log_in()
        for _ in range(19):
            clock.pass_time(minutes=25)
            assert (await one.client.get("/v1/staff/me")).status_code == 200
        clock.pass_time(minutes=25)
        assert code_of(await one.client.get("/v1/staff/me")) == "token_invalid"


async def test_a_disabled_member_is_out_at_the_next_request(client: Client, parts: Wiring, clock: HandClock) -> None:
    async with member(client) as one:
        await staff_accounts(parts).disable("reviewer.one")
        assert code_of(await one.client.get("/v1/staff/me")) == "token_invalid"
        clock.pass_time(seconds=30)
        assert code_of(await one.try_to_log_in()) == "login_rejected"


async def test_a_new_invitation_ends_what_was_before(client: Client, parts: Wiring, clock: HandClock) -> None:
    async with member(client) as one:
        again = await staff_accounts(parts).invite_again("reviewer.one")
        assert code_of(await one.client.get("/v1/staff/me")) == "token_invalid"
        clock.pass_time(seconds=30)
        assert code_of(await one.try_to_log_in()) == "login_rejected"
        await one.enrol(again.secret)
        await one.log_in()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"login_name": "No Spaces"}, "staff_name_malformed"),
        ({"role": Role.REGISTRAR}, "staff_institution_needed"),
        ({"institution_code": SCHOOLS[0][0]}, "staff_institution_needed"),
        ({"role": Role.REGISTRAR, "institution_code": "4100000000"}, "institution_unknown"),
        ({"role": Role.PROVINCE}, "staff_province_needed"),
        ({"province": "99"}, "staff_province_needed"),
        ({"role": Role.PROVINCE, "province": "99", "institution_code": SCHOOLS[0][0]}, "staff_institution_needed"),
        ({"role": Role.PROVINCE, "province": "41"}, "province_unknown"),
        ({"role": Role.PROVINCE, "province": "9"}, "province_unknown"),
        ({"phone": "12"}, "phone_malformed"),
    ],
)
async def test_what_does_not_fit_makes_no_member(client: Client, parts: Wiring, changes: Any, code: str) -> None:
    await add_schools(parts)
    fields: dict[str, Any] = {
        "login_name": "member.one",
        "role": Role.REVIEWER,
        "document_number": "110101199003070017",
        "phone": "17190000000",
        "institution_code": None,
        "province": None,
    }
    with pytest.raises(BrokenRuleError) as refused:
        await staff_accounts(parts).add(**(fields | changes))
    assert refused.value.code == code
    assert await rows_of(parts, "staff") == []


async def test_a_member_of_a_province_belongs_to_it_and_works_at_no_school(client: Client, parts: Wiring) -> None:
    await add_schools(parts)
    async with member(client, "province.one", role=Role.PROVINCE, province="99") as one:
        me = (await one.client.get("/v1/staff/me")).json()
        assert (me["role"], me["institution_code"], me["province"]) == ("province", None, "99")
        for desk in ("identity-cases", "identity-verifications"):
            refused = await one.client.get(f"/v1/staff/{desk}")
            assert (refused.status_code, code_of(refused)) == (403, "role_not_allowed")


async def test_a_registrar_belongs_to_one_institution_and_a_name_to_one_member(client: Client, parts: Wiring) -> None:
    await add_schools(parts)
    async with member(client, "registrar.one", role=Role.REGISTRAR, institution_code=SCHOOLS[0][0]) as one:
        assert (await one.client.get("/v1/staff/me")).json()["institution_code"] == SCHOOLS[0][0]
        refused = await one.client.get("/v1/staff/identity-cases")
        assert (refused.status_code, code_of(refused)) == (403, "role_not_allowed")
    with pytest.raises(BrokenRuleError) as taken:
        await invite(parts, "registrar.one")
    assert taken.value.code == "staff_name_taken"
