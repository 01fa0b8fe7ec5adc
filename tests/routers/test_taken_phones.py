"""A recycled number: it moves to who holds it now, and nothing of its old account moves with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from support.archive import enroll
from support.cases import CLAIMANTS_PHONE, claim
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.entropy import CODE
from support.people import Student, students
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

NEW_PASSWORD = "another-river-under-stars"


async def _take_over(client: Client, student: Student, phone: str) -> dict[str, Any]:
    newcomer = replace(student, phone=phone)
    return await client.register(
        newcomer, on_phone_registered="take_over", password=NEW_PASSWORD, password_confirmation=NEW_PASSWORD
    )


async def test_the_number_moves_and_the_old_account_keeps_all_else(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    old, new = students(2)
    await enroll(parts, old)
    await client.register(old)
    await client.verify(old)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as taker:
        registered = await _take_over(taker, new, old.phone)
        assert registered["account"]["phone_masked"] == "+86170****" + old.phone[-4:]
        assert (await taker.get("/v1/account")).json()["name"] == new.name
        assert code_of(await taker.get("/v1/archive/enrollments")) == "insufficient_user_authentication"
    mine = (await client.get("/v1/account")).json()
    assert (mine["phone_masked"], mine["name"], mine["verified"]) == (None, old.name, True)
    assert (await client.get("/v1/archive/enrollments")).status_code == 200


async def test_the_phone_logs_in_to_its_new_account_only(client: Client, parts: Wiring, clock: HandClock) -> None:
    old, new = students(2)
    await client.register(old)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as taker:
        await _take_over(taker, new, old.phone)
        assert (await taker.log_in(old.phone, NEW_PASSWORD))["account"]["name"] == new.name
        assert code_of(await taker.try_to_log_in(old.phone, PASSWORD)) == "login_rejected"


async def test_the_owner_is_told_by_the_proven_address_and_never_by_the_lost_number(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    old, new = students(2)
    await client.register(old, recovery_email="owner@example.edu")
    await rows_of(parts, "", "UPDATE accounts SET email_verified_at = now() RETURNING id")
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as taker:
        await _take_over(taker, new, old.phone)
    notices = [message for message in await client.messages() if message.purpose == "notice"]
    assert [message.destination for message in notices] == ["owner@example.edu"]
    assert new.name not in notices[0].body


async def test_a_login_begun_with_the_number_cannot_be_finished_after_it_moved(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    old, new = students(2)
    await client.register(old)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as taker:
        code_id = await taker.send_code(old.phone, purpose="login")
        begun = await taker.post(
            "/v1/sessions", {"method": "phone_code", "code_id": code_id, "phone": old.phone, "code": CODE}
        )
        assert begun.status_code == 200
        clock.pass_time(minutes=2)
        await _take_over(taker, new, old.phone)
        taker.access_token = None
        body = {"ticket": begun.json()["ticket"], "factor": "password", "answer": PASSWORD}
        assert code_of(await taker.post("/v1/sessions/continue", body)) == "ticket_rejected"


async def test_a_refused_take_over_leaves_the_number_where_it_was(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    old, other, new = students(3)
    await client.register(old)
    async with connected_client(client.app, parts) as taker:
        await taker.register(other)
        clock.pass_time(minutes=2)
        stolen = replace(new, phone=old.phone, document_number=other.document_number, sex=other.sex)
        refused = await taker.try_to_register(stolen, on_phone_registered="take_over")
        assert code_of(refused) == "document_registered"
    assert (await client.get("/v1/account")).json()["phone_masked"] is not None
    assert [message for message in await client.messages() if message.purpose == "notice"] == []


async def test_taking_over_a_free_number_is_a_registration(client: Client) -> None:
    (student,) = students(1)
    await client.register(student, on_phone_registered="take_over")


@pytest.mark.parametrize("times", [4])
async def test_two_take_overs_of_one_number_have_one_winner(
    client: Client, parts: Wiring, clock: HandClock, times: int
) -> None:
    old, *others = students(times + 1)
    await client.register(old)
    client.access_token = None
    proofs = []
    for _ in others:
        clock.pass_time(minutes=2)
        proofs.append(await client.prove_phone(old.phone))
    answers = await asyncio.gather(
        *(
            client.try_to_register(replace(other, phone=old.phone), phone_proof=proof, on_phone_registered="take_over")
            for other, proof in zip(others, proofs, strict=True)
        )
    )
    # Whoever came later, and did not meet the others, took the number from the one before: all of it by proof.
    done = [answer for answer in answers if answer.status_code == 201]
    assert done
    assert {code_of(answer) for answer in answers if answer.status_code != 201} <= {"phone_busy"}
    holders = await rows_of(parts, "", "SELECT id FROM accounts WHERE phone_key IS NOT NULL")
    assert len(holders) == 1
    accounts = await rows_of(parts, "accounts")
    assert len(accounts) == 1 + len(done)


async def _proof_of(client: Client, phone: str) -> str:
    code_id = await client.send_code(phone, purpose="contact_change")
    body = {"code_id": code_id, "phone": phone, "code": CODE, "purpose": "contact_change"}
    return str((await client.post("/v1/phone-proofs", body)).json()["phone_proof"])


async def test_the_old_account_binds_a_new_number_at_its_next_login(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    old, new, spare = students(3)
    await client.register(old)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as taker:
        await _take_over(taker, new, old.phone)
    asked = await client.try_to_log_in(old.document_number)
    assert (asked.status_code, [option["id"] for option in asked.json()["next"]]) == (200, ["phone_proof"])
    body = {"ticket": asked.json()["ticket"], "factor": "phone_proof", "device_token": client.device_token}
    assert code_of(await client.post("/v1/sessions/continue", body | {"answer": "0" * 64})) == "phone_proof_rejected"
    clock.pass_time(minutes=2)
    taken = await client.post("/v1/sessions/continue", body | {"answer": await _proof_of(client, old.phone)})
    assert (taken.status_code, code_of(taken)) == (409, "phone_registered")
    done = await client.post("/v1/sessions/continue", body | {"answer": await _proof_of(client, spare.phone)})
    assert done.status_code == 201, done.text
    assert done.json()["account"]["phone_masked"].endswith(spare.phone[-4:])
    await client.log_in(spare.phone)


async def test_binding_and_taking_over_one_number_have_one_winner(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """A change of phone against a take-over of the same phone."""
    old, new, spare, third = students(4)
    await client.register(old)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as taker, connected_client(client.app, parts) as other:
        await _take_over(taker, new, old.phone)
        asked = await client.try_to_log_in(old.document_number)
        proof = await _proof_of(client, spare.phone)
        clock.pass_time(minutes=1)
        registering = await other.prove_phone(spare.phone)
        body = {"ticket": asked.json()["ticket"], "factor": "phone_proof", "answer": proof}
        bound, registered = await asyncio.gather(
            client.post("/v1/sessions/continue", body),
            other.try_to_register(
                replace(third, phone=spare.phone), phone_proof=registering, on_phone_registered="take_over"
            ),
        )
        assert 201 in {bound.status_code, registered.status_code}
        for answer in (bound, registered):
            assert answer.status_code == 201 or code_of(answer) in {"phone_busy", "phone_registered"}
        phones = [row["phone_key"] for row in await rows_of(parts, "accounts") if row["phone_key"] is not None]
        assert len(phones) == len(set(phones))
        if registered.status_code == 201:
            # It came last, or alone: by the rule of a recycled number it has it now.
            assert (await other.log_in(spare.phone))["account"]["name"] == third.name


async def test_whoever_holds_the_number_again_takes_it_back_at_the_next_login(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """A minute with somebody's phone in hand must not keep him out of his account for ever."""
    owner, thief = students(2)
    await client.register(owner)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as taker:
        await _take_over(taker, thief, owner.phone)
        asked = await client.try_to_log_in(owner.document_number)
        body = {"ticket": asked.json()["ticket"], "factor": "phone_proof", "on_phone_registered": "take_over"}
        clock.pass_time(minutes=2)
        done = await client.post("/v1/sessions/continue", body | {"answer": await _proof_of(client, owner.phone)})
        assert done.status_code == 201, done.text
        assert (await taker.get("/v1/account")).json()["phone_masked"] is None
    await client.log_in(owner.phone)


async def _change(client: Client, old: str, new: str, clock: HandClock, **choice: str) -> dict[str, Any]:
    """The body of a change of phone."""
    clock.pass_time(minutes=2)
    sent = await client.send_code(old, purpose="contact_change")
    proof = await _proof_of(client, new)
    return {"password": PASSWORD, "phone_proof": proof, "old_code": {"code_id": sent, "code": CODE}} | choice


async def test_a_change_of_phone_takes_a_recycled_number_where_that_is_said(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    owner, other = students(2)
    async with connected_client(client.app, parts) as former:
        await former.register(other, recovery_email="other@example.edu")
        await rows_of(parts, "", "UPDATE accounts SET email_verified_at = now() RETURNING id")
        await client.register(owner)
        body = await _change(client, owner.phone, other.phone, clock)
        refused = await client.request("PUT", "/v1/account/phone", json=body)
        assert (refused.status_code, code_of(refused)) == (409, "phone_registered")
        body = await _change(client, owner.phone, other.phone, clock, on_phone_registered="take_over")
        changed = await client.request("PUT", "/v1/account/phone", json=body)
        assert changed.status_code == 200, changed.text
        assert (await former.get("/v1/account")).json()["phone_masked"] is None
    assert (await client.messages("other@example.edu"))[0].purpose == "notice"


async def test_whoever_contests_a_document_does_not_take_its_holders_number(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """The holder is to be told there."""
    (holder,) = students(1)
    await client.register(holder)
    async with connected_client(client.app, parts) as claimant:
        await claim(claimant, holder)
        body = await _change(claimant, CLAIMANTS_PHONE, holder.phone, clock, on_phone_registered="take_over")
        refused = await claimant.request("PUT", "/v1/account/phone", json=body)
        assert (refused.status_code, code_of(refused)) == (409, "phone_registered")


async def test_two_accounts_that_take_each_others_number_wait_for_nobody(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    one, other = students(2)
    async with connected_client(client.app, parts) as second:
        await client.register(one)
        await second.register(other)
        mine = await _change(client, one.phone, other.phone, clock, on_phone_registered="take_over")
        theirs = await _change(second, other.phone, one.phone, clock, on_phone_registered="take_over")
        answers = await asyncio.gather(
            client.request("PUT", "/v1/account/phone", json=mine),
            second.request("PUT", "/v1/account/phone", json=theirs),
        )
    refused = {code_of(answer) for answer in answers if answer.status_code != 200}
    assert refused <= {"phone_busy", "token_invalid", "code_rejected"}, [answer.text for answer in answers]
    phones = [row["phone_key"] for row in await rows_of(parts, "accounts") if row["phone_key"] is not None]
    assert len(phones) == len(set(phones))
