"""找回: what is told to whom, which ways suffice, and that nobody learns whether there is an account."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from support.archive import enroll
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.entropy import CODE
from support.people import Student, students
from support.tables import count_rows, rows_of
from xuexin_api.dependencies.wiring import Wiring

NEW_PASSWORD = "another-river-under-stars"
EMAIL = "owner@example.edu"
QUESTIONS = [
    {"question_id": "first_teacher", "answer": "陈老师"},
    {"question_id": "birth_town", "answer": "示例镇"},
    {"question_id": "first_pet", "answer": "小花猫"},
]


async def _registered(client: Client, student: Student, clock: HandClock, **more: Any) -> None:
    await client.register(student, **more)
    client.access_token = client.device_token = None
    clock.pass_time(minutes=2)


async def _prove_email(parts: Wiring) -> None:
    await rows_of(parts, "", "UPDATE accounts SET email_verified_at = now() WHERE email_key IS NOT NULL RETURNING id")


async def _ask_username(client: Client, name: str, number: str) -> httpx.Response:
    challenge = await client.answered_challenge("recovery")
    body = {"name": name, "document_number": number, "challenge": challenge}
    return await client.post("/v1/recovery/username", body)


async def _begin(client: Client, student: Student, **changes: str) -> httpx.Response:
    challenge = await client.answered_challenge("recovery")
    body = {
        "username": student.phone,
        "name": student.name,
        "document_number": student.document_number,
        "challenge": challenge,
    }
    return await client.post("/v1/recovery/password", body | changes)


class _Recovery:
    """A recovery that was begun, and its steps."""

    def __init__(self, client: Client, begun: httpx.Response) -> None:
        assert begun.status_code == 201, begun.text
        self.client = client
        self.begun = begun.json()
        self.ways = {way["id"]: way for way in self.begun["ways"]}

    async def step(self, name: str, **body: Any) -> httpx.Response:
        path = f"/v1/recovery/password/{self.begun['id']}/{name}"
        return await self.client.post(path, {"secret": self.begun["secret"]} | body)

    async def send(self, way: str = "phone") -> httpx.Response:
        return await self.step("send", way=way)

    async def confirm(self, code: str = CODE, way: str = "phone") -> httpx.Response:
        return await self.step("confirm", way=way, code=code)

    async def prove(self, way: str = "phone") -> None:
        assert (await self.send(way)).status_code == 202
        proven = await self.confirm(way=way)
        assert proven.status_code == 200, proven.text

    async def complete(self, password: str = NEW_PASSWORD, **more: Any) -> httpx.Response:
        return await self.step("complete", password=password, password_confirmation=password, **more)


async def _recovery(client: Client, student: Student, **changes: str) -> _Recovery:
    return _Recovery(client, await _begin(client, student, **changes))


async def test_the_username_goes_to_the_accounts_own_channels_and_into_no_answer(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    known, unknown = students(2)
    await _registered(client, known, clock, recovery_email=EMAIL)
    await _prove_email(parts)
    answers = [
        await _ask_username(client, known.name, known.document_number),
        await _ask_username(client, unknown.name, known.document_number),
        await _ask_username(client, unknown.name, unknown.document_number),
    ]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    told = [message for message in await client.messages() if message.purpose == "notice"]
    assert {message.destination for message in told} == {known.phone, EMAIL}
    assert all(known.phone in message.body for message in told)


async def test_an_address_that_was_never_proven_hears_nothing(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await _registered(client, student, clock, recovery_email=EMAIL)
    await _ask_username(client, student.name, student.document_number)
    assert EMAIL not in {message.destination for message in await client.messages()}


async def test_usernames_are_asked_for_three_times_a_day_per_document_known_or_not(client: Client) -> None:
    (unknown,) = students(1)
    for _ in range(3):
        assert (await _ask_username(client, unknown.name, unknown.document_number)).status_code == 202
    refused = await _ask_username(client, unknown.name, unknown.document_number)
    assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")


async def test_a_password_is_recovered_by_phone_and_everything_old_ends(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student, recovery_email=EMAIL)
    await _prove_email(parts)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as other:
        recovery = await _recovery(other, student)
        assert recovery.ways["phone"]["destination_masked"] == "+86170****" + student.phone[-4:]
        assert recovery.ways["email"]["destination_masked"] == "o***@***"
        await recovery.prove()
        done = await recovery.complete()
        assert (done.status_code, [option["id"] for option in done.json()["next"]]) == (200, ["login"])
        assert code_of(await other.try_to_log_in(student.phone, PASSWORD)) == "login_rejected"
        await other.log_in(student.phone, NEW_PASSWORD)
        assert code_of(await recovery.complete("third-of-its-kind-here")) == "recovery_rejected"
    assert code_of(await client.get("/v1/account")) == "token_invalid"
    refreshed = await client.post("/v1/sessions/refresh", {"refresh_token": client.refresh_token})
    assert code_of(refreshed) == "refresh_rejected"
    told = {message.destination for message in await client.messages() if "重新设置" in message.body}
    assert told == {student.phone, EMAIL}


async def test_after_a_recovery_no_device_is_known_any_more(client: Client, parts: Wiring, clock: HandClock) -> None:
    """Whoever got in once must not stay a known device: it would be told to nobody, and a code alone would do."""
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as thief:
        await thief.log_in(student.phone)
        clock.pass_time(minutes=2)
        recovery = await _recovery(client, student)
        await recovery.prove()
        assert (await recovery.complete()).status_code == 200
        clock.pass_time(minutes=2)
        code_id = await thief.send_code(student.phone, purpose="login")
        body = {"method": "phone_code", "code_id": code_id, "phone": student.phone, "code": CODE}
        asked = await thief.post("/v1/sessions", body | {"device_token": thief.device_token})
        assert (asked.status_code, "ticket" in asked.json()) == (200, True)
        before = len(await client.messages(student.phone))
        old = thief.device_token
        clock.pass_time(seconds=1)
        await thief.log_in(student.phone, NEW_PASSWORD)
        assert thief.device_token != old
        assert "新设备" in (await client.messages(student.phone))[0].body
        assert len(await client.messages(student.phone)) == before + 1


def _back(begun: httpx.Response, code: str) -> dict[str, str]:
    state = parse_qs(urlsplit(begun.json()["authorize_url"]).query)["state"][0]
    return {"state": state, "code": code, "secret": begun.json()["secret"]}


async def _link(client: Client, provider: str, code: str) -> None:
    path = f"/v1/account/linked-identities/{provider}"
    begun = await client.post(f"{path}/start", {"password": PASSWORD})
    assert (await client.post(f"{path}/callback", _back(begun, code))).status_code == 201


async def _log_in_by(client: Client, provider: str, code: str) -> httpx.Response:
    begun = await client.request("POST", f"/v1/third-party/{provider}/start")
    return await client.post(f"/v1/third-party/{provider}/callback", _back(begun, code))


async def test_a_recovery_releases_whom_somebody_linked_lately(client: Client, parts: Wiring, clock: HandClock) -> None:
    """Whoever knew the password and linked himself must not log in again when the owner has a new one."""
    (student,) = students(1)
    await client.register(student)
    await _link(client, "weibo", "demo-owner")
    clock.pass_time(hours=73)
    async with connected_client(client.app, parts) as thief:
        await thief.log_in(student.phone)
        await _link(thief, "wechat", "demo-thief")
        recovery = await _recovery(client, student)
        await recovery.prove()
        assert (await recovery.complete()).status_code == 200
        assert code_of(await _log_in_by(thief, "wechat", "demo-thief")) == "third_party_not_linked"
    assert (await _log_in_by(client, "weibo", "demo-owner")).status_code == 201


async def test_a_code_by_email_does_as_well(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await _registered(client, student, clock, recovery_email=EMAIL)
    await _prove_email(parts)
    recovery = await _recovery(client, student, username=EMAIL)
    await recovery.prove("email")
    assert (await recovery.complete()).status_code == 200
    await client.log_in(student.phone, NEW_PASSWORD)


@pytest.mark.parametrize("wrong", ["username", "name", "document_number"])
async def test_a_wrong_triple_gets_ways_that_stay_and_lead_nowhere(
    client: Client, parts: Wiring, clock: HandClock, wrong: str
) -> None:
    known, stranger = students(2)
    await _registered(client, known, clock)
    change = {
        "username": {"username": stranger.phone},
        "name": {"name": stranger.name},
        "document_number": {"document_number": stranger.document_number},
    }[wrong]
    first, again = await _recovery(client, known, **change), await _recovery(client, known, **change)
    assert first.begun["ways"] == again.begun["ways"]
    right = await _recovery(client, known)
    assert first.begun.keys() == right.begun.keys()
    assert first.ways["phone"].keys() == right.ways["phone"].keys()
    assert (await first.send()).status_code == 202
    assert await client.messages(known.phone) == []
    # The tests' code is known; even the right guess of a code that nobody got proves nothing.
    refused = await first.confirm()
    assert (refused.status_code, code_of(refused)) == (403, "code_rejected")
    assert code_of(await first.complete()) == "recovery_rejected"


async def test_a_username_that_is_a_phone_shows_itself_known_or_not(client: Client, clock: HandClock) -> None:
    known, unknown = students(2)
    await _registered(client, known, clock)
    for student in (known, unknown):
        recovery = await _recovery(client, student)
        assert recovery.ways["phone"]["destination_masked"] == f"{student.phone[:6]}****{student.phone[-4:]}"


async def test_what_was_not_typed_is_only_hinted_at_known_or_not(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """Name and document number are known to many: they must not show which number or domain somebody has."""
    known, *others = students(40)
    await _registered(client, known, clock, recovery_email=EMAIL)
    await _prove_email(parts)
    phones, emails, kinds = set(), set(), set()
    for student in (known, *others):
        recovery = await _recovery(client, student, username=student.document_number)
        kinds.add(tuple(recovery.ways))
        phones |= {way["destination_masked"] for name, way in recovery.ways.items() if name == "phone"}
        emails |= {way["destination_masked"] for name, way in recovery.ways.items() if name == "email"}
    assert all(re.fullmatch(r"\*{4}[0-9]{4}", phone) for phone in phones)
    assert all(re.fullmatch(r"[a-z0-9]\*{3}@\*{3}", email) for email in emails)
    assert len(kinds) > 2
    assert f"****{known.phone[-4:]}" in phones


async def test_questions_count_only_with_a_fact_of_the_record(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await _registered(client, student, clock, security_questions=QUESTIONS)
    recovery = await _recovery(client, student)
    asked = recovery.ways["security_questions"]["questions"]
    assert {question["id"] for question in asked} == {question["question_id"] for question in QUESTIONS}
    right = student.record.candidate_number
    for answers, fact in ((QUESTIONS, "00000000000000"), ([*QUESTIONS[:2], QUESTIONS[2] | {"answer": "狗"}], right)):
        refused = await recovery.step("confirm", way="security_questions", answers=answers, candidate_number=fact)
        assert (refused.status_code, code_of(refused)) == (403, "facts_do_not_match")
    spelled = [QUESTIONS[0] | {"answer": " 陈 老师 "}, *QUESTIONS[1:]]
    proven = await recovery.step("confirm", way="security_questions", answers=spelled, candidate_number=right)
    assert (proven.status_code, proven.json()["needs_phone"]) == (200, False)
    assert (await recovery.complete()).status_code == 200


@pytest.mark.settings(recovery_by_questions=False)
async def test_questions_can_be_switched_off(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await _registered(client, student, clock, security_questions=QUESTIONS)
    recovery = await _recovery(client, student)
    assert set(recovery.ways) == {"phone"}
    refused = await recovery.step(
        "confirm", way="security_questions", answers=QUESTIONS, candidate_number=student.record.candidate_number
    )
    assert code_of(refused) == "way_not_offered"


def _facts(student: Student) -> dict[str, str]:
    return {name: student.fact(name) for name in ("candidate_number", "student_number", "admission_year")}


async def _phone_proof(client: Client, phone: str) -> str:
    code_id = await client.send_code(phone, purpose="recovery")
    body = {"code_id": code_id, "phone": phone, "code": CODE, "purpose": "recovery"}
    return str((await client.post("/v1/phone-proofs", body)).json()["phone_proof"])


async def test_without_any_channel_facts_bind_a_new_phone_after_time_to_object(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, spare = students(2)
    await enroll(parts, student)
    await _registered(client, student, clock)
    recovery = await _recovery(client, student)
    proven = await recovery.step("confirm", way="record_facts", answers=_facts(student))
    assert (proven.status_code, proven.json()["needs_phone"]) == (200, True)
    assert "24小时" in (await client.messages(student.phone))[0].body
    early = await recovery.complete(phone_proof=await _phone_proof(client, spare.phone))
    assert (early.status_code, code_of(early)) == (409, "recovery_waiting")
    clock.pass_time(seconds=int(early.headers["retry-after"]))
    assert code_of(await recovery.complete()) == "phone_proof_rejected"
    done = await recovery.complete(phone_proof=await _phone_proof(client, spare.phone))
    assert done.status_code == 200, done.text
    assert code_of(await client.try_to_log_in(student.phone, NEW_PASSWORD)) == "login_rejected"
    account = (await client.log_in(spare.phone, NEW_PASSWORD))["account"]
    assert account["phone_masked"].endswith(spare.phone[-4:])
    assert any("重新设置" in message.body for message in await client.messages(student.phone))


async def test_the_owner_objects_by_a_change_from_where_he_is_logged_in(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, spare = students(2)
    await enroll(parts, student)
    await client.register(student)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as stranger:
        recovery = await _recovery(stranger, student)
        assert (await recovery.step("confirm", way="record_facts", answers=_facts(student))).status_code == 200
        body = {"current_password": PASSWORD, "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD}
        assert (await client.request("PUT", "/v1/account/password", json=body)).status_code == 204
        clock.pass_time(hours=24)
        refused = await recovery.complete(
            "third-of-its-kind-here", phone_proof=await _phone_proof(stranger, spare.phone)
        )
        assert (refused.status_code, code_of(refused)) == (403, "recovery_rejected")


async def test_a_recovered_password_is_not_undone_by_an_older_link(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """Whoever knew the old password and still has a link must not bring it back over the owner's new one."""
    (student,) = students(1)
    await client.register(student)
    clock.pass_time(minutes=2)
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD}
    assert (await client.request("PUT", "/v1/account/password", json=body)).status_code == 204
    link = (await client.messages(student.phone))[0].body.partition("#")[2][:64]
    clock.pass_time(minutes=2)
    recovery = await _recovery(client, student)
    await recovery.prove()
    assert (await recovery.complete("third-of-its-kind-here")).status_code == 200
    undone = await client.post("/v1/account/changes/undo", {"secret": link})
    assert (undone.status_code, code_of(undone)) == (403, "undo_rejected")
    await client.log_in(student.phone, "third-of-its-kind-here")


async def test_strangers_who_guess_facts_keep_nobody_from_his_archive(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """Anybody may type a document number into a recovery: its tries are not those of who claims it."""
    student, stranger = students(2)
    await enroll(parts, student)
    await client.register(student)
    wrong = {"candidate_number": "0", "student_number": "0", "admission_year": "1999"}
    async with connected_client(client.app, parts, "198.51.100.9") as other:
        recovery = await _recovery(other, student, username=stranger.phone, name=stranger.name)
        answers = [await recovery.step("confirm", way="record_facts", answers=wrong) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    await client.verify(student)


async def test_a_closed_number_still_recovers_on_a_device_of_its_owner(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    device = client.device_token
    client.access_token = None
    for _ in range(3):
        clock.pass_time(minutes=2)
        code_id = await client.send_code(student.phone, purpose="login")
        guess = {"method": "phone_code", "code_id": code_id, "phone": student.phone, "code": "000000"}
        for _ in range(5):
            assert (await client.post("/v1/sessions", guess)).status_code == 401
    clock.pass_time(minutes=2)
    recovery = await _recovery(client, student)
    assert (await recovery.send()).status_code == 202
    assert code_of(await recovery.confirm()) == "code_rejected"
    clock.pass_time(minutes=2)
    assert (await recovery.step("send", way="phone", device_token=device)).status_code == 202
    proven = await recovery.step("confirm", way="phone", code=CODE, device_token=device)
    assert proven.status_code == 200, proven.text


@pytest.mark.settings(codes_per_destination_day=3)
async def test_messages_that_strangers_used_up_are_not_missed_on_a_device_of_the_owner(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    device = client.device_token
    client.access_token = None
    for _ in range(2):
        clock.pass_time(minutes=2)
        await client.send_code(student.phone, purpose="login")
    clock.pass_time(minutes=2)
    recovery = await _recovery(client, student)
    assert (await recovery.step("send", way="phone", device_token=device)).status_code == 202
    assert (await client.messages(student.phone))[0].purpose == "recovery"


async def test_where_nobody_can_be_told_facts_do_not_suffice(client: Client, parts: Wiring, clock: HandClock) -> None:
    """A recycled number is taken over, and who holds it knows what classmates know: that must not open the account."""
    student, newcomer = students(2)
    await enroll(parts, student)
    await _registered(client, student, clock)
    async with connected_client(client.app, parts) as other:
        await other.register(replace(newcomer, phone=student.phone), on_phone_registered="take_over")
        other.access_token = None
        recovery = await _recovery(other, student, username=student.document_number)
        refused = await recovery.step("confirm", way="record_facts", answers=_facts(student))
        assert (refused.status_code, code_of(refused)) == (409, "identity_case_needed")


async def test_the_owner_objects_by_logging_in(client: Client, parts: Wiring, clock: HandClock) -> None:
    student, spare = students(2)
    await enroll(parts, student)
    await _registered(client, student, clock)
    recovery = await _recovery(client, student)
    assert (await recovery.step("confirm", way="record_facts", answers=_facts(student))).status_code == 200
    clock.pass_time(hours=3)
    await client.log_in(student.phone)
    clock.pass_time(hours=22)
    refused = await recovery.complete(phone_proof=await _phone_proof(client, spare.phone))
    assert (refused.status_code, code_of(refused)) == (409, "recovery_objected")
    await client.log_in(student.phone)


async def test_facts_alone_never_open_an_account_that_was_verified(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    await client.verify(student)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as other:
        recovery = await _recovery(other, student)
        refused = await recovery.step("confirm", way="record_facts", answers=_facts(student))
        assert (refused.status_code, code_of(refused)) == (409, "identity_case_needed")


async def test_facts_are_limited_per_person_together_with_verifications(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await _registered(client, student, clock)
    wrong = _facts(student) | {"student_number": "0"}
    for _ in range(5):
        recovery = await _recovery(client, student)
        assert code_of(await recovery.step("confirm", way="record_facts", answers=wrong)) == "facts_do_not_match"
    recovery = await _recovery(client, student)
    limited = await recovery.step("confirm", way="record_facts", answers=_facts(student))
    assert (limited.status_code, code_of(limited)) == (429, "too_many_operations")


async def test_a_recovery_is_tried_eight_times_and_then_never_again(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await _registered(client, student, clock)
    recovery = await _recovery(client, student)
    for _ in range(2):
        assert (await recovery.send()).status_code == 202
        for _ in range(4):
            assert code_of(await recovery.confirm("000000")) == "code_rejected"
        clock.pass_time(minutes=1)
    assert (await recovery.send()).status_code == 202
    assert code_of(await recovery.confirm()) == "recovery_rejected"


async def test_only_its_secret_moves_a_recovery(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await _registered(client, student, clock)
    recovery = await _recovery(client, student)
    await recovery.prove()
    recovery.begun["secret"] = "0" * 64
    for answer in (await recovery.send(), await recovery.confirm(), await recovery.complete()):
        assert (answer.status_code, code_of(answer)) == (403, "recovery_rejected")


async def test_a_code_of_another_request_is_no_proof(client: Client, clock: HandClock) -> None:
    """The code is bound to the request that asked for it: one sent through /verification-codes does not fit."""
    (student,) = students(1)
    await _registered(client, student, clock)
    recovery = await _recovery(client, student)
    await client.send_code(student.phone, purpose="recovery")
    assert code_of(await recovery.confirm()) == "code_rejected"


async def test_the_first_code_is_dead_once_a_second_was_sent_and_a_minute_lies_between(
    client: Client, clock: HandClock
) -> None:
    (student,) = students(1)
    await _registered(client, student, clock)
    recovery = await _recovery(client, student)
    assert (await recovery.send()).status_code == 202
    early = await recovery.send()
    assert (early.status_code, code_of(early), early.headers["retry-after"]) == (429, "too_many_operations", "60")


async def test_two_recoveries_of_one_account_have_one_winner(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await _registered(client, student, clock)
    recoveries = []
    for _ in range(4):
        recovery = await _recovery(client, student)
        await recovery.prove()
        recoveries.append(recovery)
        clock.pass_time(minutes=1)
    passwords = [f"river-number-{index}-by-night" for index in range(4)]
    answers = await asyncio.gather(
        *(recovery.complete(password) for recovery, password in zip(recoveries, passwords, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]
    assert {code_of(answer) for answer in answers if answer.status_code == 403} == {"recovery_rejected"}
    (winner,) = [one for one, answer in zip(passwords, answers, strict=True) if answer.status_code == 200]
    await client.log_in(student.phone, winner)
    told = [message for message in await client.messages(student.phone) if "重新设置" in message.body]
    assert len(told) == 1


async def test_a_refused_password_leaves_the_proof_whole(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await _registered(client, student, clock)
    recovery = await _recovery(client, student)
    await recovery.prove()
    refused = await recovery.step("complete", password="12345678", password_confirmation="87654321")
    assert {error["pointer"] for error in refused.json()["errors"]} == {"/password", "/password_confirmation"}
    own = await recovery.complete(f"{student.phone[3:]}a")
    assert own.json()["errors"][0]["code"] == "password_too_personal"
    assert (await recovery.complete()).status_code == 200


async def test_a_number_that_has_moved_recovers_nothing_of_its_old_account(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    old, new = students(2)
    await _registered(client, old, clock)
    recovery = await _recovery(client, old)
    await recovery.prove()
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as taker:
        await taker.register(replace(new, phone=old.phone), on_phone_registered="take_over")
    assert code_of(await recovery.complete()) == "recovery_rejected"
    later = await _recovery(client, old, username=old.document_number)
    assert "phone" not in later.ways


async def test_recoveries_end_and_are_cleared_away(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await _registered(client, student, clock)
    recovery = await _recovery(client, student)
    clock.pass_time(minutes=30)
    assert code_of(await recovery.send()) == "recovery_rejected"
    await parts.housekeeping.purge()
    assert await count_rows(parts, "recoveries") == 0
