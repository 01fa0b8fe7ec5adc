"""Changes of an account: confirmed, told to the old channels, undone by their link."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from support.archive import enroll
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.entropy import CODE
from support.people import Student, students
from support.tables import count_rows, rows_of
from support.waiting import until_blocked
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.models import Base
from xuexin_api.repositories.accounts.holdings import ERASED_WITH_ACCOUNT
from xuexin_api.services.registration.agreements import version_in_force

NEW_PASSWORD = "another-river-under-stars"
EMAIL = "owner@example.edu"
QUESTIONS = [
    {"question_id": "first_teacher", "answer": "陈老师"},
    {"question_id": "birth_town", "answer": "示例镇"},
    {"question_id": "first_pet", "answer": "小花猫"},
]


async def _put(client: Client, path: str, body: dict[str, Any]) -> httpx.Response:
    return await client.request("PUT", f"/v1/account/{path}", json=body)


async def _code(client: Client, destination: str, clock: HandClock, channel: str = "sms") -> dict[str, str]:
    clock.pass_time(minutes=1)
    answer = await client.ask_for_code(destination, purpose="contact_change", channel=channel)
    assert answer.status_code == 202, answer.text
    return {"code_id": answer.json()["code_id"], "code": CODE}


async def _proof(client: Client, phone: str, clock: HandClock) -> str:
    sent = await _code(client, phone, clock)
    body = sent | {"phone": phone, "purpose": "contact_change"}
    return str((await client.post("/v1/phone-proofs", body)).json()["phone_proof"])


async def _change_phone(client: Client, old: str, new: str, clock: HandClock) -> httpx.Response:
    body = {
        "password": PASSWORD,
        "phone_proof": await _proof(client, new, clock),
        "old_code": await _code(client, old, clock),
    }
    return await _put(client, "phone", body)


async def _change_email(client: Client, email: str, clock: HandClock, password: str = PASSWORD) -> httpx.Response:
    sent = await _code(client, email, clock, "email")
    return await _put(client, "email", sent | {"password": password, "email": email})


async def _change_password(client: Client, old: str = PASSWORD, new: str = NEW_PASSWORD) -> httpx.Response:
    body = {"current_password": old, "password": new, "password_confirmation": new}
    return await _put(client, "password", body)


async def _link(client: Client, destination: str) -> str:
    """The secret of the newest link that was sent there."""
    for message in await client.messages(destination):
        found = re.search(r"http://localhost:3000/undo#([0-9a-f]{64})", message.body)
        if found:
            return found.group(1)
    raise AssertionError("no link was sent")


async def _undo(client: Client, secret: str) -> httpx.Response:
    return await client.post("/v1/account/changes/undo", {"secret": secret})


async def test_the_phone_is_changed_by_both_codes_and_the_old_one_hears_of_it(client: Client, clock: HandClock) -> None:
    student, spare = students(2)
    await client.register(student)
    changed = await _change_phone(client, student.phone, spare.phone, clock)
    assert changed.status_code == 200, changed.text
    assert changed.json()["phone_masked"].endswith(spare.phone[-4:])
    client.device_token = None
    assert code_of(await client.try_to_log_in(student.phone)) == "login_rejected"
    await client.log_in(spare.phone)
    assert await _link(client, student.phone)


async def test_what_is_so_already_is_neither_changed_nor_told_again(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """A PUT asked again without an Idempotency-Key."""
    (student,) = students(1)
    await client.register(student)
    assert (await _change_email(client, EMAIL, clock)).status_code == 200
    questions = {"password": PASSWORD, "security_questions": QUESTIONS}
    assert (await _put(client, "security-questions", questions)).status_code == 204
    before = await count_rows(parts, "account_changes")
    assert before == 2
    turned = questions | {"security_questions": QUESTIONS[::-1]}
    for repeated in (questions, turned):
        assert (await _put(client, "security-questions", repeated)).status_code == 204
    assert (await _change_email(client, EMAIL, clock)).json()["email_verified"] is True
    assert (await _change_password(client, PASSWORD, PASSWORD)).status_code == 204
    assert (await _change_phone(client, student.phone, student.phone, clock)).status_code == 200
    assert await count_rows(parts, "account_changes") == before
    none = questions | {"security_questions": []}
    for _ in range(2):
        assert (await _put(client, "security-questions", none)).status_code == 204
    assert await count_rows(parts, "account_changes") == before + 1


async def test_without_the_old_phone_a_fresh_verification_is_needed(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, spare = students(2)
    await enroll(parts, student)
    await client.register(student)
    body = {"password": PASSWORD, "phone_proof": await _proof(client, spare.phone, clock)}
    refused = await _put(client, "phone", body)
    assert (refused.status_code, code_of(refused)) == (403, "old_channel_needed")
    await client.verify(student)
    assert (await _put(client, "phone", body)).status_code == 200
    clock.pass_time(minutes=31)
    await client.log_in(spare.phone)
    stale = await _put(client, "phone", body)
    assert (stale.status_code, code_of(stale)) == (401, "insufficient_user_authentication")


@pytest.mark.parametrize("wrong", ["password", "old_code", "phone_proof"])
async def test_a_refused_change_changes_nothing(client: Client, parts: Wiring, clock: HandClock, wrong: str) -> None:
    student, spare = students(2)
    await client.register(student)
    body: dict[str, Any] = {
        "password": PASSWORD,
        "phone_proof": await _proof(client, spare.phone, clock),
        "old_code": await _code(client, student.phone, clock),
    }
    broken = {"password": "not-it-at-all", "old_code": body["old_code"] | {"code": "000000"}, "phone_proof": "0" * 64}
    refused = await _put(client, "phone", body | {wrong: broken[wrong]})
    expected = {"password": "password_rejected", "old_code": "code_rejected", "phone_proof": "phone_proof_rejected"}
    assert code_of(refused) == expected[wrong]
    assert await count_rows(parts, "account_changes") == 0
    assert [message for message in await client.messages() if message.purpose == "notice"] == []
    assert (await _put(client, "phone", body)).status_code == 200


async def test_a_phone_of_somebody_else_is_refused(client: Client, parts: Wiring, clock: HandClock) -> None:
    student, other = students(2)
    await client.register(student)
    async with connected_client(client.app, parts) as owner:
        await owner.register(other)
    refused = await _change_phone(client, student.phone, other.phone, clock)
    assert (refused.status_code, code_of(refused)) == (409, "phone_registered")


async def test_an_address_counts_only_after_its_own_code(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student, recovery_email=EMAIL)
    assert (await client.get("/v1/account")).json()["email_verified"] is False
    assert code_of(await client.try_to_log_in(EMAIL)) == "login_rejected"
    changed = await _change_email(client, EMAIL, clock)
    assert (changed.status_code, changed.json()["email_verified"]) == (200, True)
    await client.log_in(EMAIL)
    removed = await client.post("/v1/account/email/remove", {"password": PASSWORD})
    assert (removed.status_code, removed.json()["email_masked"]) == (200, None)
    assert await _link(client, student.phone)


async def test_one_address_belongs_to_one_account(client: Client, parts: Wiring, clock: HandClock) -> None:
    one, other = students(2)
    await client.register(one)
    assert (await _change_email(client, EMAIL, clock)).status_code == 200
    async with connected_client(client.app, parts) as second:
        await second.register(other)
        taken = await _change_email(second, EMAIL, clock)
        assert (taken.status_code, code_of(taken)) == (409, "email_registered")


async def test_a_new_password_ends_every_other_session(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as other:
        await other.log_in(student.phone)
        assert code_of(await _change_password(client, "not-it-at-all")) == "password_rejected"
        weak = await _change_password(client, PASSWORD, "12345678")
        assert weak.json()["errors"][0]["pointer"] == "/password"
        assert (await _change_password(client)).status_code == 204
        assert code_of(await other.get("/v1/account")) == "token_invalid"
    assert (await client.get("/v1/account")).status_code == 200
    assert code_of(await client.try_to_log_in(student.phone, PASSWORD)) == "login_rejected"
    await client.log_in(student.phone, NEW_PASSWORD)
    history = (await client.get("/v1/account/login-history")).json()["items"]
    assert "changed" in {login["end_reason"] for login in history}


async def test_a_new_password_leaves_only_the_device_known_that_set_it(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as other:
        await other.log_in(student.phone)
        assert (await _change_password(client)).status_code == 204
        for device, known in ((client, True), (other, False)):
            clock.pass_time(minutes=2)
            device.access_token = None
            code_id = await device.send_code(student.phone, purpose="login")
            body = {"method": "phone_code", "code_id": code_id, "phone": student.phone, "code": CODE}
            answer = await device.post("/v1/sessions", body | {"device_token": device.device_token})
            assert answer.status_code == (201 if known else 200)


async def test_security_questions_are_set_and_taken_away(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    body = {"password": PASSWORD, "security_questions": QUESTIONS}
    assert (await _put(client, "security-questions", body)).status_code == 204
    short = await _put(client, "security-questions", body | {"security_questions": QUESTIONS[:2]})
    assert short.json()["errors"][0]["code"] == "security_questions_needed"
    assert await count_rows(parts, "security_answers") == 1
    assert (await _put(client, "security-questions", body | {"security_questions": []})).status_code == 204
    assert await count_rows(parts, "security_answers") == 0


async def test_the_old_phone_undoes_the_change_once_and_all_that_came_after(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """Somebody got in, and changed phone, e-mail, password and questions: the first link puts all of it back."""
    student, thief = students(2)
    await client.register(student)
    assert (await _change_phone(client, student.phone, thief.phone, clock)).status_code == 200
    link = await _link(client, student.phone)
    assert (await _change_email(client, "thief@example.org", clock)).status_code == 200
    clock.pass_time(minutes=1)
    assert (await _change_password(client)).status_code == 204
    later = await _link(client, thief.phone)
    listed = (await client.get("/v1/account/changes")).json()["items"]
    assert [change["kind"] for change in listed] == ["password", "email", "phone"]
    async with connected_client(client.app, parts) as owner:
        undone = await _undo(owner, link)
        assert undone.status_code == 200, undone.text
        assert undone.json()["restored"] == ["email", "password", "phone"]
        assert undone.json()["not_restored"] == []
        assert [option["id"] for option in undone.json()["next"]] == ["recover_password"]
        for secret in (link, later):
            assert (await _undo(owner, secret)).status_code == 403
        account = (await owner.log_in(student.phone, PASSWORD))["account"]
    assert account["phone_masked"].endswith(student.phone[-4:])
    assert account["email_masked"] is None
    assert code_of(await client.get("/v1/account")) == "token_invalid"


async def test_a_channel_bound_lately_is_told_and_cannot_undo(client: Client, parts: Wiring, clock: HandClock) -> None:
    """Somebody got in and added an address of his: what the owner does against him must not be his to undo."""
    (student,) = students(1)
    await client.register(student)
    clock.pass_time(hours=73)
    await client.log_in(student.phone)
    assert (await _change_email(client, "thief@example.org", clock)).status_code == 200
    first = await _link(client, student.phone)
    clock.pass_time(hours=71)
    await client.log_in(student.phone)
    assert (await _change_password(client)).status_code == 204
    assert "撤销链接已发往" in (await client.messages("thief@example.org"))[0].body
    assert await _link(client, student.phone) != first
    with pytest.raises(AssertionError, match="no link"):
        await _link(client, "thief@example.org")


async def test_a_channel_that_has_stood_long_may_undo_beside_the_other(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    assert (await _change_email(client, EMAIL, clock)).status_code == 200
    clock.pass_time(hours=72)
    await client.log_in(student.phone)
    assert (await _change_password(client)).status_code == 204
    assert await _link(client, EMAIL) == await _link(client, student.phone)


async def test_of_channels_that_are_all_young_the_oldest_may_undo(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, spare = students(2)
    await client.register(student)
    assert (await _change_email(client, EMAIL, clock)).status_code == 200
    assert (await _change_phone(client, student.phone, spare.phone, clock)).status_code == 200
    assert (await _change_password(client)).status_code == 204
    assert await _link(client, EMAIL)
    assert "撤销链接已发往" in (await client.messages(spare.phone))[0].body


async def test_an_undone_phone_is_as_old_as_it_was(client: Client, clock: HandClock) -> None:
    student, spare = students(2)
    await client.register(student)
    clock.pass_time(hours=73)
    await client.log_in(student.phone)
    assert (await _change_email(client, EMAIL, clock)).status_code == 200
    assert (await _change_phone(client, student.phone, spare.phone, clock)).status_code == 200
    assert (await _undo(client, await _link(client, student.phone))).json()["restored"] == ["phone"]
    clock.pass_time(minutes=1)
    await client.log_in(student.phone)
    clock.pass_time(minutes=1)
    assert (await _change_password(client)).status_code == 204
    assert "密码已修改" in (await client.messages(student.phone))[0].body


async def test_a_session_that_ends_after_the_confirmation_changes_nothing_any_more(
    client: Client, parts: Wiring
) -> None:
    """The owner recovers the account at the very moment at which somebody changes it."""
    await client.register(students(1)[0])
    async with parts.database.engine.connect() as owner, owner.begin():
        await owner.execute(text("SELECT id FROM accounts FOR UPDATE"))
        change = asyncio.create_task(_change_password(client))
        await until_blocked(parts)
        await owner.execute(text("UPDATE sessions SET ended_at = created_at, end_reason = 'recovered'"))
    assert code_of(await change) == "token_invalid"
    assert await count_rows(parts, "account_changes") == 0


async def test_a_link_is_dead_after_three_days_and_what_it_kept_is_erased(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, spare = students(2)
    await client.register(student)
    await _change_phone(client, student.phone, spare.phone, clock)
    link = await _link(client, student.phone)
    clock.pass_time(hours=72)
    refused = await _undo(client, link)
    assert (refused.status_code, code_of(refused)) == (403, "undo_rejected")
    await parts.housekeeping.purge()
    assert await count_rows(parts, "account_changes") == 0


async def test_a_phone_that_another_account_has_by_now_is_not_put_back(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, spare, newcomer = students(3)
    await client.register(student)
    await _change_phone(client, student.phone, spare.phone, clock)
    link = await _link(client, student.phone)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as other:
        await other.register(replace(newcomer, phone=student.phone))
    undone = await _undo(client, link)
    assert (undone.json()["restored"], undone.json()["not_restored"]) == ([], ["phone"])
    await client.log_in(spare.phone)


@pytest.mark.settings(undos_per_address_minute=2)
async def test_neighbours_who_guess_links_do_not_hold_up_who_has_one(client: Client, clock: HandClock) -> None:
    student, spare = students(2)
    await client.register(student)
    await _change_phone(client, student.phone, spare.phone, clock)
    guesses = [await _undo(client, "0" * 64) for _ in range(3)]
    assert [code_of(guess) for guess in guesses] == ["undo_rejected", "undo_rejected", "address_limited"]
    assert (await _undo(client, await _link(client, student.phone))).status_code == 200


async def test_an_undo_is_told_where_the_account_was_and_where_it_is_again(client: Client, clock: HandClock) -> None:
    student, spare = students(2)
    await client.register(student)
    assert (await _change_email(client, EMAIL, clock)).status_code == 200
    clock.pass_time(hours=73)
    await client.log_in(student.phone)
    assert (await client.post("/v1/account/email/remove", {"password": PASSWORD})).status_code == 200
    link = await _link(client, student.phone)
    assert (await _change_phone(client, student.phone, spare.phone, clock)).status_code == 200
    clock.pass_time(minutes=1)
    assert (await _undo(client, link)).json()["restored"] == ["email", "phone"]
    told = [message.destination for message in await client.messages() if "已被撤销" in message.body]
    assert sorted(told) == sorted([student.phone, spare.phone, EMAIL])


@pytest.mark.settings(changes_per_day=3)
async def test_changes_are_few_a_day_for_each_is_told(client: Client, clock: HandClock) -> None:
    await client.register(students(1)[0])
    bodies = [{"password": PASSWORD, "security_questions": questions} for questions in (QUESTIONS, [])]
    answers = [await _put(client, "security-questions", bodies[turn % 2]) for turn in range(4)]
    assert [answer.status_code for answer in answers] == [204, 204, 204, 429]
    assert len([message for message in await client.messages() if message.purpose == "notice"]) == 3


async def test_one_link_used_many_times_at_once_undoes_once(client: Client, parts: Wiring, clock: HandClock) -> None:
    student, spare = students(2)
    await client.register(student)
    await _change_phone(client, student.phone, spare.phone, clock)
    link = await _link(client, student.phone)
    answers = await asyncio.gather(*(_undo(client, link) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 9


async def test_two_changes_to_one_phone_have_one_winner(client: Client, parts: Wiring, clock: HandClock) -> None:
    one, other, spare = students(3)
    await client.register(one)
    async with connected_client(client.app, parts) as second:
        await second.register(other)
        bodies = []
        for asker, student in ((client, one), (second, other)):
            bodies.append(
                {
                    "password": PASSWORD,
                    "phone_proof": await _proof(asker, spare.phone, clock),
                    "old_code": await _code(asker, student.phone, clock),
                }
            )
        answers = await asyncio.gather(_put(client, "phone", bodies[0]), _put(second, "phone", bodies[1]))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert {code_of(answer) for answer in answers if answer.status_code == 409} <= {"phone_busy", "phone_registered"}
    assert await count_rows(parts, "account_changes") == 1


async def test_no_secret_of_a_change_lies_open(client: Client, parts: Wiring, clock: HandClock) -> None:
    student, spare = students(2)
    await client.register(student)
    await _change_phone(client, student.phone, spare.phone, clock)
    link = await _link(client, student.phone)
    (stored,) = await rows_of(parts, "account_changes")
    assert link.encode() not in bytes(stored["before"]) + bytes(stored["secret_hash"])
    assert bytes.fromhex(link) != bytes(stored["secret_hash"])


async def test_a_copy_tells_nothing_of_who_had_the_number_before(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    old, new = students(2)
    await client.register(old)
    clock.pass_time(minutes=2)
    await client.send_code(old.phone, purpose="login")
    clock.pass_time(hours=30)
    async with connected_client(client.app, parts) as other:
        await other.register(replace(new, phone=old.phone), on_phone_registered="take_over")
        await other.send_code(old.phone, purpose="login")
        copy = await other.post("/v1/account/export", {"password": PASSWORD})
    (message,) = copy.json()["messages"]["items"]
    assert (message["purpose"], message["created_at"]) == ("login", "2031-03-06T08:02:00Z")


@pytest.mark.settings(confirmations_per_minute=5)
async def test_passwords_given_again_are_few_a_minute_right_or_wrong(client: Client) -> None:
    await client.register(students(1)[0])
    answers = [await client.post("/v1/account/factors/totp", {"password": PASSWORD}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) <= 60


@pytest.mark.settings(changes_per_day=3)
async def test_consents_that_change_nothing_are_not_kept_and_changes_are_few_a_day(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    await client.register(students(1)[0])
    version = version_in_force("privacy_policy")
    same = [await _put(client, "consents/service_messages", {"version": version, "given": False}) for _ in range(5)]
    assert {answer.status_code for answer in same} == {200}
    assert await count_rows(parts, "consents") == 3
    statuses = []
    for given in (True, False, True, False):
        clock.pass_time(seconds=1)
        turned = await _put(client, "consents/service_messages", {"version": version, "given": given})
        statuses.append(turned.status_code)
    assert statuses == [200, 200, 200, 429]
    assert await count_rows(parts, "consents") == 6


async def _close(client: Client, student: Student, clock: HandClock, **changes: Any) -> httpx.Response:
    clock.pass_time(minutes=1)
    sent = await client.ask_for_code(student.phone, purpose="closing")
    body = {
        "password": PASSWORD,
        "name": student.name,
        "document_number": student.document_number,
        "code_id": sent.json()["code_id"],
        "code": CODE,
    }
    return await client.post("/v1/account/closing", body | changes)


async def test_a_closing_account_comes_back_by_a_login(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    effects = (await client.get("/v1/account/closing/effects")).json()["items"]
    closing = await _close(client, student, clock)
    assert (closing.status_code, closing.json()["effects"]) == (202, effects)
    assert code_of(await client.get("/v1/account")) == "token_invalid"
    clock.pass_time(days=14)
    assert (await client.log_in(student.phone))["account"]["state"] == "active"
    assert (await client.get("/v1/account")).json()["state"] == "active"
    assert any("注销申请已撤销" in message.body for message in await client.messages(student.phone))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": "别的人"}, "closing_rejected"),
        ({"document_number": "110101199003078515"}, "closing_rejected"),
        ({"code": "000000"}, "code_rejected"),
        ({"password": "not-it-at-all"}, "password_rejected"),
    ],
)
async def test_an_account_is_closed_by_its_owner_only(
    client: Client, clock: HandClock, wrong: dict[str, str], code: str
) -> None:
    (student,) = students(1)
    await client.register(student)
    assert code_of(await _close(client, student, clock, **wrong)) == code
    assert (await client.get("/v1/account")).json()["state"] == "active"


async def test_after_fifteen_days_nothing_personal_is_left_and_the_archive_stays(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student, recovery_email=EMAIL, security_questions=QUESTIONS)
    await client.verify(student)
    records = await count_rows(parts, "enrollments")
    assert (await _close(client, student, clock)).status_code == 202
    clock.pass_time(days=15)
    assert code_of(await client.try_to_log_in(student.phone)) == "login_rejected"
    await parts.housekeeping.purge()
    (account,) = await rows_of(parts, "accounts")
    kept = {name for name, value in account.items() if value not in (None, "", b"", [])}
    assert kept == {"id", "state", "created_at", "closes_at"}
    assert account["state"] == "closed"
    for table in ("credentials", "security_answers", "devices", "sessions", "consents", "identity_verifications"):
        assert await count_rows(parts, table) == 0, table
    assert await count_rows(parts, "enrollments") == records
    assert await parts.housekeeping.purge() == 0
    client.access_token = client.device_token = None
    clock.pass_time(minutes=2)
    await client.register(student)


def test_every_table_that_hangs_on_an_account_is_erased_with_it() -> None:
    hanging = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(key.target_fullname == "accounts.id" for key in table.foreign_keys)
    }
    # The rows of photos go when the file store has lost them.
    assert hanging == {table.__tablename__ for table in ERASED_WITH_ACCOUNT} | {"uploads"}


async def test_consents_are_kept_as_a_history_and_the_optional_one_is_withdrawn(
    client: Client, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    clock.pass_time(minutes=1)
    items = (await client.get("/v1/account/consents")).json()["items"]
    version = {item["kind"]: item["version"] for item in items}
    assert set(version) == {"user_agreement", "privacy_policy", "service_messages"}
    giving = {"version": version["privacy_policy"], "given": True}
    given = await _put(client, "consents/service_messages", giving)
    assert (given.status_code, given.json()["given"]) == (200, True)
    clock.pass_time(minutes=1)
    assert (await _put(client, "consents/service_messages", giving)).json() == given.json()
    kept = await _put(client, "consents/user_agreement", {"version": version["user_agreement"], "given": False})
    assert (kept.status_code, code_of(kept)) == (409, "consent_required")
    old = await _put(client, "consents/user_agreement", {"version": "1999-01-01", "given": True})
    assert old.json()["errors"][0]["code"] == "agreement_version_not_in_force"
    page = (await client.get("/v1/account/consents?limit=1")).json()
    assert (page["items"][0]["kind"], page["items"][0]["given"]) == ("service_messages", True)
    rest = (await client.get(f"/v1/account/consents?cursor={page['next_cursor']}")).json()
    assert len(rest["items"]) == 3


async def test_the_owner_gets_a_copy_of_everything(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    await client.verify(student)
    await client.send_code(student.phone, purpose="login")
    refused = await client.post("/v1/account/export", {"password": "not-it-at-all"})
    assert code_of(refused) == "password_rejected"
    copy = await client.post("/v1/account/export", {"password": PASSWORD})
    assert copy.status_code == 200, copy.text
    held = copy.json()
    assert held["account"]["phone"] == student.phone
    assert held["account"]["document_number"] == student.document_number
    assert held["enrollments"]["items"][0]["student_number"] == student.record.student_number
    assert [held[section]["items"] for section in ("qualifications", "degrees", "record_accesses")] == [[], [], []]
    assert {row["purpose"] for row in held["messages"]["items"]} == {"login"}
    assert "account:export" in {row["action"] for row in held["audit_events"]["items"]}
    assert all(section["complete"] for name, section in held.items() if name != "account")
    assert "argon2" not in copy.text
    assert copy.headers["cache-control"] == "no-store"
    for _ in range(4):
        assert (await client.post("/v1/account/export", {"password": PASSWORD})).status_code == 200
    assert code_of(await client.post("/v1/account/export", {"password": PASSWORD})) == "too_many_operations"
