"""Passkeys of staff: in the place of the app or beside it, always after the password, never the last one given up."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from support.authenticator import USER_PRESENT, USER_VERIFIED, Authenticator, unb64
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import students
from support.staff import STAFF_PASSWORD, Member, invite, member, staff_accounts
from support.tables import rows_of
from support.waiting import until_blocked
from xuexin_api.dependencies.wiring import Wiring

FACTORS = "/v1/staff/factors"
ENROLMENTS = "/v1/staff/enrolments"


class Holder(Member):
    """A member with a device that holds passkeys."""

    def __init__(self, client: Client, login_name: str = "reviewer.one") -> None:
        super().__init__(client, login_name)
        self.device = Authenticator()

    async def propose(self, invitation: str, password: str = STAFF_PASSWORD) -> dict[str, Any]:
        """What the enrolment offers."""
        body = {"invitation": invitation, "password": password, "password_confirmation": password}
        answer = await self.client.post(ENROLMENTS, body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def confirm(self, invitation: str, credential: dict[str, Any]) -> httpx.Response:
        body = {"invitation": invitation, "name": "钥匙", "credential": credential}
        return await self.client.post(f"{ENROLMENTS}/passkey", body)

    async def enrol(self, invitation: str) -> None:
        proposed = await self.propose(invitation)
        confirmed = await self.confirm(invitation, self.device.create(proposed["public_key"]))
        assert confirmed.status_code == 204, confirmed.text

    async def assertion(self, path: str = "/v1/staff/sessions/passkey-options", **lies: Any) -> dict[str, Any]:
        options = (await self.client.post(path, None)).json()["public_key"]
        return self.device.get(options, **lies)

    async def try_to_log_in(self, **changes: Any) -> httpx.Response:
        body = {"login_name": self.login_name, "password": STAFF_PASSWORD, "factor": "passkey"} | changes
        if "assertion" not in body:
            body["assertion"] = await self.assertion()
        return await self.client.post("/v1/staff/sessions", body)

    async def confirmation(self, **lies: Any) -> dict[str, Any]:
        """What confirms a change of factors."""
        signed = await self.assertion(f"{FACTORS}/passkeys/assertion-options", **lies)
        return {"password": STAFF_PASSWORD, "factor": "passkey", "assertion": signed}

    async def add(self, device: Authenticator, proof: dict[str, Any]) -> httpx.Response:
        offered = await self.client.post(f"{FACTORS}/passkeys/creation-options", proof)
        assert offered.status_code == 200, offered.text
        credential = device.create(offered.json()["public_key"])
        return await self.client.post(f"{FACTORS}/passkeys", {"name": "备用钥匙", "credential": credential})

    async def passkeys(self) -> list[dict[str, Any]]:
        return list((await self.client.get(FACTORS)).json()["passkeys"])


async def _holder(client: Client, parts: Wiring) -> Holder:
    """A member enrolled and logged in by a passkey."""
    one = Holder(client)
    await one.enrol(await invite(parts, one.login_name))
    await one.log_in()
    return one


async def test_a_member_enrols_and_logs_in_by_password_and_passkey_without_an_app(
    client: Client, parts: Wiring
) -> None:
    one = Holder(client)
    invitation = await invite(parts, one.login_name)
    options = (await one.propose(invitation))["public_key"]
    wishes = options["authenticatorSelection"]
    assert (wishes["residentKey"], wishes["userVerification"]) == ("required", "required")
    (row,) = await rows_of(parts, "staff")
    assert row["id"].bytes not in unb64(options["user"]["id"])
    # Not without the holder's finger, not what was offered before another password was set, and only once.
    unverified = one.device.create(options, flags=USER_PRESENT)
    assert code_of(await one.confirm(invitation, unverified)) == "passkey_rejected"
    stale = one.device.create(options)
    fresh = one.device.create((await one.propose(invitation))["public_key"])
    assert code_of(await one.confirm(invitation, stale)) == "passkey_rejected"
    answers = await asyncio.gather(*(one.confirm(invitation, fresh) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 403, 403]
    one.device.credentials = one.device.credentials[-1:]
    await one.log_in()
    claims = json.loads(urlsafe_b64decode((client.access_token or "").split(".")[1] + "=="))
    assert claims["amr"] == ["pwd", "pop", "user", "mfa"]
    factors = (await client.get(FACTORS)).json()
    assert (factors["totp"], [one["name"] for one in factors["passkeys"]]) == (False, ["钥匙"])
    (row,) = await rows_of(parts, "staff")
    assert (row["state"], row["totp_sealed"]) == ("active", None)
    # The secret of the app that nobody confirmed opens nothing.
    refused = await client.post(
        "/v1/staff/sessions",
        {"login_name": one.login_name, "password": STAFF_PASSWORD, "factor": "totp", "code": "000000"},
    )
    assert code_of(refused) == "login_rejected"
    body = {"login_name": one.login_name, "password": STAFF_PASSWORD}
    for more, problems in (
        ({}, [("/code", "required")]),
        ({"factor": "passkey", "code": "000000"}, [("/assertion", "required"), ("/code", "extra_field")]),
    ):
        answer = await client.post("/v1/staff/sessions", body | more)
        assert answer.status_code == 422
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == problems
    actions = [event["action"] for event in await rows_of(parts, "staff_events")]
    assert sorted(actions) == ["staff:add", "staff:enrol", "staff:login", "staff:passkey:add"]


@pytest.mark.parametrize(
    "lies",
    [
        {"flags": USER_PRESENT},
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"user_handle": None},
        {"sign_count": 0},
        {"signature": b"0" * 70},
        {"type": "webauthn.create"},
        {"more_client_data": {"crossOrigin": True}},
    ],
)
async def test_whatever_is_wrong_with_a_signature_the_answer_is_the_same(
    client: Client, parts: Wiring, lies: dict[str, Any]
) -> None:
    one = await _holder(client, parts)
    refused = await one.try_to_log_in(assertion=await one.assertion(**lies))
    assert (refused.status_code, code_of(refused)) == (401, "login_rejected")


@pytest.mark.settings(login_failures_before_challenge=100, login_failures_before_wait=100)
async def test_a_signature_logs_in_once_within_its_time_and_only_its_owner(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    one = await _holder(client, parts)
    signed = await one.assertion()
    assert code_of(await one.try_to_log_in(password="not-the-password", assertion=signed)) == "login_rejected"
    # A wrong password uses nothing up; of three at once, one comes in.
    answers = await asyncio.gather(*(one.try_to_log_in(assertion=signed) for _ in range(3)))
    assert [answer.status_code for answer in answers].count(201) == 1
    late = await one.assertion()
    clock.pass_time(seconds=301)
    assert code_of(await one.try_to_log_in(assertion=late)) == "login_rejected"
    clock.pass_time(minutes=20)
    # What confirms a change logs nobody in, and no student's passkey is a member's, nor the other way round.
    await one.log_in()
    other_use = (await one.confirmation())["assertion"]
    assert code_of(await one.try_to_log_in(assertion=other_use)) == "login_rejected"
    async with connected_client(client.app, parts) as desk:
        two = Holder(desk, "reviewer.two")
        await two.enrol(await invite(parts, "reviewer.two"))
        assert code_of(await two.try_to_log_in(assertion=await one.assertion())) == "login_rejected"
    (student,) = students(1)
    await client.register(student)
    options = (await client.post("/v1/sessions/passkey-options", {})).json()["public_key"]
    refused = await client.post("/v1/sessions", {"method": "passkey", "assertion": one.device.get(options)})
    assert code_of(refused) == "login_rejected"


@pytest.mark.settings(staff_codes_per_day=3, login_failures_before_challenge=100, login_failures_before_wait=100)
async def test_a_copy_is_refused_noted_and_counts_as_a_try(client: Client, parts: Wiring) -> None:
    one = await _holder(client, parts)
    (credential,) = one.device.credentials
    credential.sign_count = -1
    for _ in range(3):
        credential.sign_count = -1
        assert code_of(await one.try_to_log_in()) == "login_rejected"
    credential.sign_count = 100
    refused = await one.try_to_log_in()
    assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")
    (passkey,) = await one.passkeys()
    assert passkey["copy_suspected_at"] is not None
    actions = [event["action"] for event in await rows_of(parts, "staff_events")]
    assert actions.count("staff:passkey:copied") == 1


async def test_a_passkey_beside_the_app_is_confirmed_by_the_app_and_the_last_factor_stays(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with member(client) as by_app, connected_client(client.app, parts) as elsewhere:
        one = Holder(by_app.client)
        one.totp = by_app.totp
        password = {"password": STAFF_PASSWORD}
        assert code_of(await one.client.post(f"{FACTORS}/passkeys/assertion-options", None)) == "factor_not_set"
        begin = f"{FACTORS}/passkeys/creation-options"
        wrong = await one.client.post(begin, password | {"factor": "totp", "code": "000000"})
        assert (wrong.status_code, code_of(wrong)) == (403, "confirmation_rejected")
        clock.pass_time(seconds=30)
        by_code = password | {"factor": "totp", "code": one.code()}
        added = await one.add(one.device, by_code)
        assert (added.status_code, (await one.passkeys())[0]["id"]) == (201, added.json()["id"])
        assert code_of(await one.client.post(begin, by_code)) == "confirmation_rejected"
        other = Holder(elsewhere)
        other.device = one.device
        answer = await other.try_to_log_in()
        assert answer.status_code == 201
        elsewhere.access_token = answer.json()["access_token"]
        # Given up by the passkey itself: the app is left, and every other session ends.
        removed = await one.client.post(f"{FACTORS}/passkeys/{added.json()['id']}/remove", await one.confirmation())
        assert removed.status_code == 204
        assert await one.passkeys() == []
        assert code_of(await elsewhere.get("/v1/staff/me")) == "token_invalid"
        assert code_of(await other.try_to_log_in()) == "login_rejected"
        clock.pass_time(seconds=30)
        by_code |= {"code": one.code(), "challenge": await one.client.answered_challenge("login")}
        missing = await one.client.post(f"{FACTORS}/passkeys/{added.json()['id']}/remove", by_code)
        assert (missing.status_code, code_of(missing)) == (404, "passkey_not_found")


async def test_two_given_up_at_once_leave_one(client: Client, parts: Wiring) -> None:
    one = await _holder(client, parts)
    spare = Authenticator()
    assert (await one.add(spare, await one.confirmation())).status_code == 201
    proofs = [await one.confirmation(), await one.confirmation()]
    paths = [f"{FACTORS}/passkeys/{passkey['id']}/remove" for passkey in await one.passkeys()]
    answers = await asyncio.gather(*(client.post(path, proof) for path, proof in zip(paths, proofs, strict=True)))
    assert min(answer.status_code for answer in answers) == 204
    assert len(await one.passkeys()) == 1
    one.device.credentials += spare.credentials
    (left,) = await one.passkeys()
    rows = await rows_of(parts, "staff_passkeys")
    assert [str(row["id"]) for row in rows] == [left["id"]]
    (kept,) = (held for held in one.device.credentials if held.id == rows[0]["credential_id"])
    proof = await one.confirmation(credential=kept)
    refused = await client.post(f"{FACTORS}/passkeys/{left['id']}/remove", proof)
    assert (refused.status_code, code_of(refused)) == (409, "last_factor")


async def test_a_new_invitation_and_a_disabling_take_the_passkeys(client: Client, parts: Wiring) -> None:
    one = await _holder(client, parts)
    pending = await client.post(f"{FACTORS}/passkeys/creation-options", await one.confirmation())
    again = await staff_accounts(parts).invite_again(one.login_name)
    assert await rows_of(parts, "staff_passkeys") == []
    # What an old session began makes no passkey beside the invitation.
    credential = Authenticator(flags=USER_PRESENT | USER_VERIFIED).create(pending.json()["public_key"])
    refused = await client.post(f"{FACTORS}/passkeys", {"name": "迟到", "credential": credential})
    assert code_of(refused) == "token_invalid"
    assert code_of(await one.try_to_log_in()) == "login_rejected"
    one.device = Authenticator()
    await one.enrol(again.secret)
    await one.log_in()
    await staff_accounts(parts).disable(one.login_name)
    assert await rows_of(parts, "staff_passkeys") == []
    assert code_of(await one.try_to_log_in()) == "login_rejected"


async def test_a_login_and_a_new_invitation_take_turns(client: Client, parts: Wiring) -> None:
    """Whoever comes second waits for the member, holding nothing that the first still needs."""
    one = await _holder(client, parts)
    signed = await one.assertion()
    async with parts.database.engine.connect() as between, between.begin():
        await between.execute(text("SELECT id FROM staff_passkeys FOR UPDATE"))
        login = asyncio.create_task(one.try_to_log_in(assertion=signed))
        await until_blocked(parts)
        inviting = asyncio.create_task(staff_accounts(parts).invite_again(one.login_name))
        await until_blocked(parts, waiting=2)
    answer, invitation = await asyncio.gather(login, inviting)
    assert answer.status_code == 201
    client.access_token = answer.json()["access_token"]
    assert code_of(await client.get("/v1/staff/me")) == "token_invalid"
    # Nor later, when the member is active again.
    again = Holder(client)
    await again.enrol(invitation.secret)
    assert code_of(await client.get("/v1/staff/me")) == "token_invalid"


async def test_a_request_and_a_new_invitation_take_turns(client: Client, parts: Wiring) -> None:
    one = await _holder(client, parts)
    async with parts.database.engine.connect() as between, between.begin():
        await between.execute(text("SELECT id FROM staff_sessions FOR UPDATE"))
        leaving = asyncio.create_task(client.delete("/v1/staff/sessions/current"))
        await until_blocked(parts)
        inviting = asyncio.create_task(staff_accounts(parts).invite_again(one.login_name))
        await until_blocked(parts, waiting=2)
    answer, _ = await asyncio.gather(leaving, inviting)
    assert answer.status_code == 204
    assert [row["ended_at"] is None for row in await rows_of(parts, "staff_sessions")] == [False]


@pytest.mark.parametrize("by_app", [True, False])
async def test_what_is_set_while_a_factor_is_confirmed_does_not_count_by_it(
    client: Client, parts: Wiring, by_app: bool
) -> None:
    """Two hold the same invitation: what the first confirms is what the first set, or nothing."""
    one = Holder(client)
    invitation = await invite(parts, one.login_name)
    proposed = await one.propose(invitation)
    one.totp = proposed["totp_secret"]
    async with parts.database.engine.connect() as between, between.begin():
        await between.execute(text("SELECT id FROM staff FOR UPDATE"))
        other = asyncio.create_task(one.propose(invitation, "another-password-by-moonlight"))
        await until_blocked(parts)
        confirming = asyncio.create_task(
            client.post(f"{ENROLMENTS}/confirm", {"invitation": invitation, "code": one.code()})
            if by_app
            else one.confirm(invitation, one.device.create(proposed["public_key"]))
        )
        await until_blocked(parts, waiting=2)
    await other
    assert code_of(await confirming) == "invitation_rejected"
    (row,) = await rows_of(parts, "staff")
    assert (row["state"], await rows_of(parts, "staff_passkeys")) == ("invited", [])


async def test_an_invitation_that_is_renewed_while_it_is_accepted_is_dead(client: Client, parts: Wiring) -> None:
    one = Holder(client)
    invitation = await invite(parts, one.login_name)
    one.totp = (await one.propose(invitation))["totp_secret"]
    async with parts.database.engine.connect() as between, between.begin():
        await between.execute(text("SELECT id FROM staff FOR UPDATE"))
        inviting = asyncio.create_task(staff_accounts(parts).invite_again(one.login_name))
        await until_blocked(parts)
        confirming = asyncio.create_task(
            client.post(f"{ENROLMENTS}/confirm", {"invitation": invitation, "code": one.code()})
        )
        await until_blocked(parts, waiting=2)
    renewed = await inviting
    assert code_of(await confirming) == "invitation_rejected"
    await one.enrol(renewed.secret)
    await one.log_in()
