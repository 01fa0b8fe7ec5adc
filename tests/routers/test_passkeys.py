"""Passkeys: made, asked for, good alone, never skipped, never for anybody or anything else."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import httpx
import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from support.archive import enroll
from support.authenticator import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    USER_PRESENT,
    USER_VERIFIED,
    Authenticator,
    PrivateKey,
    b64,
    cbor,
    unb64,
)
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.entropy import CODE
from support.people import Student, students
from support.tables import count_rows, rows_of
from support.work import counted_work
from xuexin_api.dependencies.wiring import Wiring

PATH = "/v1/account/factors/passkeys"
OPTIONS = "/v1/sessions/passkey-options"
NEW_PASSWORD = "another-river-under-stars"


async def _begin(client: Client, **more: Any) -> dict[str, Any]:
    """Creation options."""
    offered = await client.post(f"{PATH}/creation-options", {"password": PASSWORD} | more)
    assert offered.status_code == 200, offered.text
    return dict(offered.json()["public_key"])


async def _finish(client: Client, credential: dict[str, Any], name: str = "我的手机") -> httpx.Response:
    return await client.post(PATH, {"name": name, "credential": credential})


async def _add(client: Client, device: Authenticator, **more: Any) -> dict[str, Any]:
    """The answer to a new passkey of the device."""
    key = more.pop("key", None)
    added = await _finish(client, device.create(await _begin(client, **more), key=key))
    assert added.status_code == 201, added.text
    return dict(added.json())


async def _ask(client: Client, ticket: httpx.Response | None = None) -> dict[str, Any]:
    """Request options: for a ticket, or for a login by the passkey alone."""
    body = {} if ticket is None else {"ticket": ticket.json()["ticket"]}
    offered = await client.post(OPTIONS, body)
    assert offered.status_code == 200, offered.text
    return dict(offered.json()["public_key"])


async def _go_on(client: Client, ticket: httpx.Response, assertion: dict[str, Any]) -> httpx.Response:
    body = {"ticket": ticket.json()["ticket"], "factor": "passkey", "assertion": assertion}
    return await client.post("/v1/sessions/continue", body)


async def _log_in_by(client: Client, assertion: dict[str, Any]) -> httpx.Response:
    return await client.post("/v1/sessions", {"method": "passkey", "assertion": assertion})


async def _confirmation(client: Client, device: Authenticator) -> dict[str, Any]:
    """`second_factor` for a change of factors."""
    offered = await client.post(f"{PATH}/assertion-options", None)
    assert offered.status_code == 200, offered.text
    return {"factor": "passkey", "assertion": device.get(offered.json()["public_key"])}


async def _registered(client: Client) -> tuple[Student, Authenticator]:
    """A student who has one passkey."""
    (student,) = students(1)
    await client.register(student)
    device = Authenticator()
    await _add(client, device)
    return student, device


def _next_of(ticket: httpx.Response) -> list[str]:
    assert ticket.status_code == 200, ticket.text
    return [option["id"] for option in ticket.json()["next"]]


async def test_a_passkey_is_made_listed_renamed_and_told(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    device = Authenticator(aaguid=bytes(range(16)), flags=USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE | BACKED_UP)
    options = await _begin(client)
    assert options["rp"] == {"id": "localhost", "name": "学信"}
    assert (options["attestation"], options["timeout"]) == ("none", 300_000)
    assert {kind["alg"] for kind in options["pubKeyCredParams"]} == {-7, -8, -257}
    assert options["authenticatorSelection"]["residentKey"] == "preferred"
    for said in (student.phone, student.name, student.document_number):
        assert said not in str(options)
    (account,) = await rows_of(parts, "accounts")
    assert account["id"].bytes not in unb64(options["user"]["id"])
    added = await _finish(client, device.create(options))
    assert added.status_code == 201, added.text
    assert len(set(added.json()["recovery_codes"])) == 10
    listed = (await client.get(PATH)).json()["items"]
    assert listed == [added.json()["passkey"]]
    assert (listed[0]["name"], listed[0]["backed_up"], listed[0]["last_used_at"]) == ("我的手机", True, None)
    assert listed[0]["aaguid"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    renamed = await client.request("PATCH", f"{PATH}/{listed[0]['id']}", json={"name": " 平板 "})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "平板")
    assert (await client.get("/v1/account/factors")).json() == {
        "totp": False,
        "passkeys": 1,
        "recovery_codes_left": 10,
    }
    assert any("添加一个通行密钥" in message.body for message in await client.messages(student.phone))
    (stored,) = await rows_of(parts, "passkeys")
    assert stored["transports"] == ["hybrid", "internal"]
    actions = {event["action"] for event in await rows_of(parts, "audit_events")}
    assert "account:passkey:change" in actions
    assert options["challenge"] not in str(await rows_of(parts, "spent_challenges"))


async def test_recovery_codes_come_with_the_first_factor_only(client: Client, clock: HandClock) -> None:
    _, device = await _registered(client)
    options = await _begin(client, second_factor=await _confirmation(client, device))
    assert [unb64(one["id"]) for one in options["excludeCredentials"]] == [device.credentials[0].id]
    assert (await _finish(client, device.create(options))).json()["recovery_codes"] == []
    confirmed = {"password": PASSWORD, "second_factor": await _confirmation(client, device)}
    secret = (await client.post("/v1/account/factors/totp", confirmed)).json()["secret"]
    answer = await client.post("/v1/account/factors/totp/confirm", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert (answer.status_code, answer.json()["recovery_codes"]) == (200, [])


@pytest.mark.parametrize("kind", ["ES256", "EdDSA", "RS256"])
async def test_a_login_asks_for_it_whatever_its_key(client: Client, clock: HandClock, kind: str) -> None:
    (student,) = students(1)
    await client.register(student)
    device = Authenticator(flags=USER_PRESENT)
    keys: dict[str, PrivateKey | None] = {
        "ES256": None,
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        "RS256": rsa.generate_private_key(65537, 2048),
    }
    await _add(client, device, key=keys[kind])
    clock.pass_time(minutes=1)
    ticket = await client.try_to_log_in(student.phone)
    assert _next_of(ticket) == ["passkey", "recovery_code"]
    options = await _ask(client, ticket)
    assert options["userVerification"] == "preferred"
    assert [unb64(one["id"]) for one in options["allowCredentials"]] == [device.credentials[0].id]
    done = await _go_on(client, ticket, device.get(options, user_handle=None))
    assert done.status_code == 201, done.text
    client.keep(done.json())
    assert (await client.get("/v1/sessions")).json()["items"][0]["methods"] == ["pwd", "pop", "user", "mfa"]
    assert (await client.get(PATH)).json()["items"][0]["last_used_at"] is not None


async def test_it_logs_in_alone_and_names_nobody_before(client: Client, parts: Wiring, clock: HandClock) -> None:
    student, device = await _registered(client)
    clock.pass_time(minutes=1)
    async with connected_client(client.app, parts, "198.51.100.7") as elsewhere:
        options = await _ask(elsewhere)
        assert (options["allowCredentials"], options["userVerification"]) == ([], "required")
        done = await _log_in_by(elsewhere, device.get(options))
        assert done.status_code == 201, done.text
        elsewhere.keep(done.json())
        assert (await elsewhere.get("/v1/sessions")).json()["items"][0]["methods"] == ["pop", "user", "mfa"]
    assert any("新设备" in message.body for message in await client.messages(student.phone))


async def test_alone_it_must_verify_its_user_and_name_its_account(client: Client) -> None:
    _, device = await _registered(client)
    for lie in ({"flags": USER_PRESENT}, {"user_handle": None}, {"user_handle": b"somebody else"}):
        assert code_of(await _log_in_by(client, device.get(await _ask(client), **lie))) == "login_rejected", lie
    assert (await _log_in_by(client, device.get(await _ask(client)))).status_code == 201


LIES: list[dict[str, Any]] = [
    {"origin": "https://xuexin.example"},
    {"origin": "http://localhost:3001"},
    {"rp_id": "xuexin.example"},
    {"flags": 0},
    {"flags": USER_VERIFIED},
    {"flags": USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE},
    {"flags": USER_PRESENT | USER_VERIFIED | BACKED_UP},
    {"type": "webauthn.create"},
    {"challenge": b64(bytes(40))},
    {"more_client_data": {"crossOrigin": True, "topOrigin": "https://frame.example"}},
    {"signature": bytes(70)},
]


@pytest.mark.parametrize("lie", LIES, ids=str)
async def test_what_was_signed_elsewhere_or_otherwise_is_refused(client: Client, lie: dict[str, Any]) -> None:
    student, device = await _registered(client)
    assert code_of(await _log_in_by(client, device.get(await _ask(client), **lie))) == "login_rejected"
    ticket = await client.try_to_log_in(student.phone)
    assert code_of(await _go_on(client, ticket, device.get(await _ask(client, ticket), **lie))) == "login_rejected"


@pytest.mark.parametrize(
    "lie",
    [
        *LIES[:5],
        {"flags": USER_PRESENT | BACKED_UP},
        {"flags": USER_PRESENT | 0x80},
        {"type": "webauthn.get"},
        {"challenge": b64(bytes(40))},
        {"more_client_data": {"crossOrigin": True}},
        {"public_key": cbor({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})},
        {"public_key": cbor({1: 1, 3: -7, -1: 6, -2: b"x" * 33})},
        {"public_key": cbor({1: 3, 3: -7, -1: b"n" * 256, -2: b"\1\0\1"})},
        {"public_key": cbor({1: 3, 3: -257, -1: b"n" * 2048, -2: b"\1\0\1"})},
        {"public_key": cbor({1: 2, 3: -36, -1: 3, -2: b"x" * 66, -3: b"y" * 66})},
    ],
    ids=lambda lie: str(lie)[:60],
)
async def test_a_passkey_made_elsewhere_or_otherwise_is_refused(client: Client, lie: dict[str, Any]) -> None:
    (student,) = students(1)
    await client.register(student)
    refused = await _finish(client, Authenticator().create(await _begin(client), **lie))
    assert (refused.status_code, code_of(refused)) == (403, "passkey_rejected")
    assert (await client.try_to_log_in(student.phone)).status_code == 201


async def test_attestations_are_not_looked_at(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    packed = {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"not a signature", "x5c": b"not a certificate"}}
    assert (await _finish(client, Authenticator().create(await _begin(client), attestation=packed))).status_code == 201


@pytest.mark.settings(login_failures_before_wait=100)
async def test_one_assertion_used_twenty_times_at_once_is_one_session(client: Client, parts: Wiring) -> None:
    student, device = await _registered(client)
    before = await count_rows(parts, "sessions")
    assertion = device.get(await _ask(client))
    answers = await asyncio.gather(*(_log_in_by(client, assertion) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 19
    assert await count_rows(parts, "sessions") == before + 1
    assert (await client.get(PATH)).json()["items"][0]["copy_suspected_at"] is None
    assert not any("复制" in message.body for message in await client.messages(student.phone))


@pytest.mark.settings(login_failures_before_wait=100)
async def test_one_assertion_of_a_passkey_that_counts_nothing_works_once_as_well(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    device = Authenticator(counts=False)
    await _add(client, device)
    assertion = device.get(await _ask(client))
    answers = await asyncio.gather(*(_log_in_by(client, assertion) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 19
    assert (await _log_in_by(client, device.get(await _ask(client)))).status_code == 201


async def test_what_was_signed_for_one_thing_is_good_for_no_other(client: Client, clock: HandClock) -> None:
    student, device = await _registered(client)
    one, other = [await client.try_to_log_in(student.phone) for _ in range(2)]
    for_one = device.get(await _ask(client, one))
    assert code_of(await _go_on(client, other, for_one)) == "login_rejected"
    assert code_of(await _log_in_by(client, for_one)) == "login_rejected"
    assert code_of(await _go_on(client, one, device.get(await _ask(client)))) == "login_rejected"
    session = await _confirmation(client, device)
    assert code_of(await _go_on(client, one, session["assertion"])) == "login_rejected"
    # Used for what it is for, it is good still: nothing of it was spent. But the counter went on.
    assert (await _go_on(client, one, device.get(await _ask(client, one)))).status_code == 201


async def test_a_challenge_is_good_for_five_minutes(client: Client, clock: HandClock) -> None:
    _, device = await _registered(client)
    early, late = await _ask(client), await _ask(client)
    creation = await _begin(client, second_factor=await _confirmation(client, device))
    clock.pass_time(seconds=299)
    assert (await _log_in_by(client, device.get(early))).status_code == 201
    clock.pass_time(seconds=1)
    assert code_of(await _log_in_by(client, device.get(late))) == "login_rejected"
    assert code_of(await _finish(client, device.create(creation))) == "passkey_rejected"


async def test_another_accounts_passkey_answers_for_nobody_else(client: Client, parts: Wiring) -> None:
    student, other = students(2)
    await client.register(student)
    mine, theirs = Authenticator(), Authenticator()
    await _add(client, mine)
    async with connected_client(client.app, parts, "198.51.100.7") as stranger:
        await stranger.register(other)
        # A credential is one account's, whoever else claims to have made it.
        taken = Authenticator().create(await _begin(stranger), credential_id=mine.credentials[0].id)
        assert code_of(await _finish(stranger, taken)) == "passkey_rejected"
        await _add(stranger, theirs)
        ticket = await client.try_to_log_in(student.phone)
        options = await _ask(client, ticket) | {"allowCredentials": []}
        assert code_of(await _go_on(client, ticket, theirs.get(options))) == "login_rejected"
        forged = replace(theirs.credentials[0], id=mine.credentials[0].id)
        signed = theirs.get(await _ask(stranger), credential=forged)
        assert code_of(await _log_in_by(stranger, signed)) == "login_rejected"


async def test_a_copy_is_refused_and_told_once_a_day(client: Client, parts: Wiring, clock: HandClock) -> None:
    student, device = await _registered(client)
    copy = replace(device.credentials[0])
    for _ in range(3):
        assert (await _log_in_by(client, device.get(await _ask(client)))).status_code == 201
    stolen = device.get(await _ask(client), credential=copy)
    for _ in range(2):
        assert code_of(await _log_in_by(client, stolen)) == "login_rejected"
    ticket = await client.try_to_log_in(student.phone)
    signed = device.get(await _ask(client, ticket), credential=copy)
    assert code_of(await _go_on(client, ticket, signed)) == "login_rejected"
    told = [message for message in await client.messages(student.phone) if "疑似被复制" in message.body]
    assert len(told) == 1
    assert (await _log_in_by(client, device.get(await _ask(client)))).status_code == 201
    assert (await client.get(PATH)).json()["items"][0]["copy_suspected_at"] == "2031-03-05T02:00:00Z"
    clock.pass_time(days=1, minutes=1)
    ticket = await client.try_to_log_in(student.phone)
    signed = device.get(await _ask(client, ticket), credential=copy, sign_count=1)
    assert code_of(await _go_on(client, ticket, signed)) == "login_rejected"
    told = [message for message in await client.messages(student.phone) if "疑似被复制" in message.body]
    assert len(told) == 2
    copied = [event for event in await rows_of(parts, "audit_events") if event["action"] == "account:passkey:copied"]
    assert len(copied) == 2


BROKEN = [
    b"\xff",
    b"\xa0",
    b"\x80",
    b"\x9f",
    b"\x5b" + b"\xff" * 8,
    b"\x81" * 6000,
    b"\xa1\x68authData\x40",
    b"\xa1\x68authData\x58\xa0" + bytes(160),
    b"\xa1\x68authData\x58\x40" + bytes(32) + b"\xc1" + bytes(31),
    b"\xa2\x68authData\x01\x68authData\x02",
    b"\xd8\x23\x63(((",
    b"\xc5\x82\x1b" + b"\x7f" * 8 + b"\x01",
    b"{}",
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken[:8].hex())
async def test_malformed_bytes_are_refused_and_never_a_failure(client: Client, broken: bytes) -> None:
    _, device = await _registered(client)
    credential = device.create(await _begin(client, second_factor=await _confirmation(client, device)))
    for part in ("attestationObject", "clientDataJSON"):
        damaged = credential | {"response": credential["response"] | {part: b64(broken)}}
        assert code_of(await _finish(client, damaged)) == "passkey_rejected"
    assertion = device.get(await _ask(client))
    for part in ("authenticatorData", "clientDataJSON"):
        damaged = assertion | {"response": assertion["response"] | {part: b64(broken)}}
        assert code_of(await _log_in_by(client, damaged)) == "login_rejected"
    assert code_of(await _log_in_by(client, assertion | {"rawId": "AAAAA"})) == "login_rejected"


@pytest.mark.parametrize("text", ["", "=", "é", "a b", "x" * 20000, 1, None, ["AAAA"]])
async def test_what_is_no_base64url_is_malformed(client: Client, text: object) -> None:
    _, device = await _registered(client)
    assertion = device.get(await _ask(client))
    refused = await _log_in_by(client, assertion | {"response": assertion["response"] | {"signature": text}})
    assert (refused.status_code, code_of(refused)) == (422, "invalid_request")


async def test_an_unknown_passkey_costs_what_a_known_one_costs(client: Client) -> None:
    _, device = await _registered(client)
    unknown = Authenticator(credentials=[replace(device.credentials[0], id=bytes(24))])
    work = []
    for one in (device, unknown):
        assertion = one.get(await _ask(client), signature=bytes(70))
        async with counted_work(client) as counted:
            assert code_of(await _log_in_by(client, assertion)) == "login_rejected"
        work.append(counted)
    assert work[0] == work[1]


@pytest.mark.settings(login_failures_before_wait=3)
async def test_refused_passkeys_are_counted_by_what_was_sent_and_from_where(client: Client, parts: Wiring) -> None:
    _, device = await _registered(client)
    for known in (True, False):
        sent = Authenticator(
            credentials=[replace(device.credentials[0], id=device.credentials[0].id if known else b"?")]
        )
        answers = [await _log_in_by(client, sent.get(await _ask(client), signature=bytes(70))) for _ in range(4)]
        assert [code_of(answer) for answer in answers] == ["login_rejected"] * 3 + ["too_many_operations"]
    async with connected_client(client.app, parts, "198.51.100.7") as owner:
        for _ in range(5):
            assert (await _log_in_by(owner, device.get(await _ask(owner)))).status_code == 201


async def test_options_for_a_ticket_are_tries_of_it(client: Client) -> None:
    student, _ = await _registered(client)
    ticket = await client.try_to_log_in(student.phone)
    for _ in range(5):
        await _ask(client, ticket)
    for secret in (ticket.json()["ticket"], "unknown"):
        refused = await client.post(OPTIONS, {"ticket": secret})
        assert (refused.status_code, code_of(refused)) == (401, "ticket_rejected")


async def test_a_ticket_that_asks_for_no_passkey_gets_no_options(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    clock.pass_time(minutes=1)
    async with connected_client(client.app, parts, "198.51.100.7") as other:
        code_id = await other.send_code(student.phone, purpose="login")
        body = {"method": "phone_code", "code_id": code_id, "phone": student.phone, "code": CODE}
        ticket = await other.post("/v1/sessions", body)
        assert _next_of(ticket) == ["password", "record_fact"]
        assert code_of(await other.post(OPTIONS, {"ticket": ticket.json()["ticket"]})) == "ticket_rejected"
    assert code_of(await client.post(f"{PATH}/assertion-options", None)) == "factor_not_set"


async def test_a_password_alone_adds_no_factor_beside_one_and_takes_none_away(client: Client, clock: HandClock) -> None:
    _, device = await _registered(client)
    (passkey,) = (await client.get(PATH)).json()["items"]
    paths = (f"{PATH}/creation-options", f"{PATH}/{passkey['id']}/remove", "/v1/account/factors/totp")
    for path in (*paths, "/v1/account/factors/recovery-codes"):
        refused = await client.post(path, {"password": PASSWORD})
        assert (refused.status_code, code_of(refused)) == (403, "second_factor_needed")
        assert [option["id"] for option in refused.json()["options"]] == ["passkey", "recovery_code"]
        wrong = {"factor": "recovery_code", "answer": "0000000000"}
        assert code_of(await client.post(path, {"password": PASSWORD, "second_factor": wrong})) == "code_rejected"
        right = await _confirmation(client, device)
        assert code_of(await client.post(path, {"password": "not-it", "second_factor": right})) == "password_rejected"
    # Signed in another session, it confirms nothing in this one.
    elsewhere = await _confirmation(client, device)
    client.keep((await _log_in_by(client, device.get(await _ask(client)))).json())
    refused = await client.post(paths[0], {"password": PASSWORD, "second_factor": elsewhere})
    assert code_of(refused) == "code_rejected"


async def test_who_proposed_an_app_before_the_passkey_confirms_it_no_more(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    proposed = await client.post("/v1/account/factors/totp", {"password": PASSWORD})
    await _add(client, Authenticator())
    code = pyotp.TOTP(proposed.json()["secret"]).at(clock.now())
    assert code_of(await client.post("/v1/account/factors/totp/confirm", {"code": code})) == "code_rejected"


async def test_options_begun_before_a_factor_was_set_make_no_passkey_after(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    begun = [await _begin(client) for _ in range(2)]
    answers = [await _finish(client, Authenticator().create(options)) for options in begun]
    assert [answer.status_code for answer in answers] == [201, 403]


async def test_one_creation_is_one_passkey(client: Client, parts: Wiring) -> None:
    await client.register(students(1)[0])
    options = await _begin(client)
    made = [Authenticator().create(options) for _ in range(8)]
    answers = await asyncio.gather(*(_finish(client, credential) for credential in made))
    assert sorted(answer.status_code for answer in answers) == [201] + [403] * 7
    assert await count_rows(parts, "passkeys") == 1
    assert await count_rows(parts, "recovery_codes") == 10


@pytest.mark.settings(passkeys_per_account=3)
async def test_there_are_only_so_many(client: Client, parts: Wiring) -> None:
    _, device = await _registered(client)
    begun = [await _begin(client, second_factor=await _confirmation(client, device)) for _ in range(6)]
    answers = await asyncio.gather(*(_finish(client, Authenticator().create(options)) for options in begun))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 4
    assert await count_rows(parts, "passkeys") == 3
    refused = await client.post(f"{PATH}/creation-options", {"password": PASSWORD})
    assert code_of(refused) == "passkey_limit_reached"


async def test_an_account_that_was_verified_needs_a_fresh_verification(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    await client.verify(student)
    await client.log_in(student.phone)
    refused = await client.post(f"{PATH}/creation-options", {"password": PASSWORD})
    assert (refused.status_code, code_of(refused)) == (401, "insufficient_user_authentication")
    await client.verify(student)
    await _add(client, Authenticator())


async def test_the_last_one_takes_the_recovery_codes_along(client: Client, parts: Wiring, clock: HandClock) -> None:
    student, device = await _registered(client)
    clock.pass_time(minutes=1)
    await _add(client, device, second_factor=await _confirmation(client, device))
    first, second = (await client.get(PATH)).json()["items"]
    for passkey, codes in ((first, 10), (second, 0)):
        body = {"password": PASSWORD, "second_factor": await _confirmation(client, device)}
        assert (await client.post(f"{PATH}/{passkey['id']}/remove", body)).status_code == 204
        assert await count_rows(parts, "recovery_codes") == codes
        device.credentials.pop(0)
    assert (await client.try_to_log_in(student.phone)).status_code == 201
    assert sum("移除一个通行密钥" in message.body for message in await client.messages(student.phone)) == 2


async def test_two_removed_at_once_leave_no_login_that_asks_for_nothing(client: Client, parts: Wiring) -> None:
    student, device = await _registered(client)
    added = await _add(client, device, second_factor=await _confirmation(client, device))
    assert added["recovery_codes"] == []
    both = (await client.get(PATH)).json()["items"]
    bodies = [{"password": PASSWORD, "second_factor": await _confirmation(client, device)} for _ in both]
    answers = await asyncio.gather(
        *(client.post(f"{PATH}/{one['id']}/remove", body) for one, body in zip(both, bodies, strict=True))
    )
    left = await count_rows(parts, "passkeys")
    assert left == sum(answer.status_code != 204 for answer in answers)
    assert (await client.try_to_log_in(student.phone)).status_code == (200 if left else 201)


async def test_nobody_sees_or_touches_anothers(client: Client, parts: Wiring) -> None:
    _, other = students(2)
    await _registered(client)
    (passkey,) = (await client.get(PATH)).json()["items"]
    async with connected_client(client.app, parts, "198.51.100.7") as stranger:
        await stranger.register(other)
        assert (await stranger.get(PATH)).json()["items"] == []
        removed = await stranger.post(f"{PATH}/{passkey['id']}/remove", {"password": PASSWORD})
        renamed = await stranger.request("PATCH", f"{PATH}/{passkey['id']}", json={"name": "x"})
        assert {code_of(removed), code_of(renamed)} == {"passkey_not_found"}
    client.access_token = None
    assert code_of(await client.get(PATH)) == "token_missing"


async def _proven_recovery(client: Client, student: Student) -> tuple[str, dict[str, Any]]:
    """(its path, the body that completes it)."""
    challenge = await client.answered_challenge("recovery")
    triple = {"username": student.phone, "name": student.name, "document_number": student.document_number}
    begun = (await client.post("/v1/recovery/password", triple | {"challenge": challenge})).json()
    path, secret = f"/v1/recovery/password/{begun['id']}", begun["secret"]
    early = await client.post(f"{path}/passkey-options", {"secret": secret})
    assert (early.status_code, code_of(early)) == (403, "recovery_rejected")
    await client.post(f"{path}/send", {"secret": secret, "way": "phone"})
    await client.post(f"{path}/confirm", {"secret": secret, "way": "phone", "code": CODE})
    return path, {"secret": secret, "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD}


async def test_a_recovery_does_not_skip_it_and_is_completed_by_it(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, device = await _registered(client)
    async with connected_client(client.app, parts) as other:
        path, body = await _proven_recovery(other, student)
        refused = await other.post(f"{path}/complete", body)
        assert (refused.status_code, code_of(refused)) == (403, "second_factor_needed")
        assert [option["id"] for option in refused.json()["options"]] == ["passkey", "recovery_code"]
        clock.pass_time(minutes=2)
        another, _ = await _proven_recovery(other, student)
        assert another != path
        login = device.get(await _ask(other))
        wrong = {"second_factor": {"factor": "passkey", "assertion": login}}
        assert code_of(await other.post(f"{path}/complete", body | wrong)) == "code_rejected"
        offered = await other.post(f"{path}/passkey-options", {"secret": body["secret"]})
        assertion = device.get(offered.json()["public_key"])
        right = {"second_factor": {"factor": "passkey", "assertion": assertion}}
        assert (await other.post(f"{path}/complete", body | right)).status_code == 200
        ticket = await other.try_to_log_in(student.phone, NEW_PASSWORD)
        assert (await _go_on(other, ticket, device.get(await _ask(other, ticket)))).status_code == 201


async def test_who_lost_it_recovers_by_a_recovery_code(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    codes = (await _add(client, Authenticator()))["recovery_codes"]
    async with connected_client(client.app, parts) as other:
        path, body = await _proven_recovery(other, student)
        by_code = {"second_factor": {"factor": "recovery_code", "answer": codes[0]}}
        assert (await other.post(f"{path}/complete", body | by_code)).status_code == 200


async def test_a_recovery_of_an_account_without_passkeys_gets_no_options(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as other:
        path, body = await _proven_recovery(other, student)
        refused = await other.post(f"{path}/passkey-options", {"secret": body["secret"]})
        assert code_of(refused) == "factor_not_set"


async def test_a_passkey_that_an_intruder_set_is_undone_by_the_owners_link(client: Client, parts: Wiring) -> None:
    student, device = await _registered(client)
    (link,) = {
        found.group(1)
        for message in await client.messages(student.phone)
        if (found := re.search(r"/undo#([0-9a-f]{64})", message.body))
    }
    async with connected_client(client.app, parts) as owner:
        undone = await owner.post("/v1/account/changes/undo", {"secret": link})
        assert (undone.status_code, undone.json()["restored"]) == (200, ["passkey"])
        assert code_of(await _log_in_by(client, device.get(await _ask(client)))) == "login_rejected"
        assert await count_rows(parts, "recovery_codes") == await count_rows(parts, "passkeys") == 0
        assert (await owner.try_to_log_in(student.phone)).status_code == 201


async def test_a_login_by_it_undoes_a_closing_and_erasure_takes_it(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    _, device = await _registered(client)
    soon = clock.now().isoformat()
    close = f"UPDATE accounts SET state = 'closing', closes_at = timestamptz '{soon}' + interval '15 days' RETURNING id"
    await rows_of(parts, "", close)
    done = await _log_in_by(client, device.get(await _ask(client)))
    assert (done.status_code, done.json()["account"]["state"]) == (201, "active")
    await rows_of(parts, "", close)
    clock.pass_time(days=15)
    assert code_of(await _log_in_by(client, device.get(await _ask(client)))) == "login_rejected"
    await parts.housekeeping.purge()
    assert await count_rows(parts, "passkeys") == await count_rows(parts, "spent_challenges") == 0


async def test_accounts_that_are_no_more_are_not_opened_and_those_without_a_phone_bind_one(
    client: Client, parts: Wiring
) -> None:
    _, device = await _registered(client)
    await rows_of(parts, "", "UPDATE accounts SET phone_key = NULL, phone_ciphertext = NULL RETURNING id")
    assert _next_of(await _log_in_by(client, device.get(await _ask(client)))) == ["phone_proof"]
    await rows_of(parts, "", "UPDATE accounts SET state = 'superseded' RETURNING id")
    assert code_of(await _log_in_by(client, device.get(await _ask(client)))) == "login_rejected"


async def test_the_owners_copy_names_them_without_their_keys(client: Client) -> None:
    await _registered(client)
    copy = await client.post("/v1/account/export", {"password": PASSWORD})
    (held,) = copy.json()["passkeys"]["items"]
    assert set(held) == {"name", "created_at", "last_used_at", "backed_up", "copy_suspected_at"}
