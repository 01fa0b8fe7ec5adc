"""The address of an office: who sets it, when it counts, and who learns of that."""

from __future__ import annotations

import asyncio

import pytest

from support.client import Client, code_of
from support.clock import HandClock
from support.entropy import CODE
from support.offices import CONTACT, MAILBOX, ask, prove, set_contact, told
from support.people import students
from support.records import SCHOOL, add_records, province_of, registered_row, registrar_of
from support.staff import member
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

NEW = "office.two@example.edu"


@pytest.fixture(autouse=True)
async def _school(parts: Wiring) -> None:
    await add_records(parts, [registered_row(one) for one in students(2)])


async def test_an_address_counts_once_it_is_proven_for_all_who_work_there(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with registrar_of(client) as one, registrar_of(client, "registrar.two") as two:
        none = {"email_masked": None, "proven_at": None, "told_at": None}
        assert (await one.client.get(CONTACT)).json().items() >= (none | {"office": SCHOOL}).items()
        asked = await ask(one, " Registrar@Example.edu ")
        assert asked.status_code == 202, asked.text
        assert (await two.client.get(CONTACT)).json().items() >= none.items(), "nobody proved it"
        (mail,) = await client.messages(MAILBOX)
        assert (mail.code, mail.purpose) == (CODE, "office_contact")

        done = await prove(one, asked.json()["code_id"])
        assert done.json()["email_masked"] == "r***@example.edu"
        assert done.json()["proven_at"] == clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        assert (await two.client.get(CONTACT)).json() == done.json()
    (row,) = await rows_of(parts, "office_contacts")
    assert MAILBOX.encode() not in row["email_ciphertext"]
    assert row["email_key"] == parts.lookups.email(MAILBOX)
    actions = [event["action"] for event in await rows_of(parts, "staff_events") if "office" in event["action"]]
    assert sorted(actions) == ["office_contact:code", "office_contact:set"]


async def test_an_office_has_its_own_and_a_former_address_is_told(client: Client, clock: HandClock) -> None:
    async with registrar_of(client) as registrar, province_of(client) as province:
        await set_contact(registrar)
        assert (await province.client.get(CONTACT)).json()["email_masked"] is None
        await set_contact(province, "province@example.edu")
        assert (await province.client.get(CONTACT)).json()["office"] == "99"

        await set_contact(registrar, NEW)
        assert "不再是" in (await told(client))[0]
        assert (await registrar.client.get(CONTACT)).json()["email_masked"] == "o***@example.edu"
        assert (await registrar.client.delete(CONTACT)).status_code == 204
        assert (await registrar.client.delete(CONTACT)).status_code == 204
        assert (await registrar.client.get(CONTACT)).json()["email_masked"] is None
        assert len(await told(client, NEW)) == 1
        assert await told(client, "province@example.edu") == []


async def test_a_code_is_good_once_for_whoever_asked_and_for_its_address(client: Client, clock: HandClock) -> None:
    async with registrar_of(client) as one, registrar_of(client, "registrar.two") as two:
        code_id = (await ask(one)).json()["code_id"]
        for refused in (
            await prove(two, code_id),
            await prove(one, code_id, NEW),
            await prove(one, code_id, code="000000"),
        ):
            assert code_of(refused) == "code_rejected"
        answers = await asyncio.gather(*(prove(one, code_id) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [200, 403]

        clock.pass_time(minutes=1)
        late = (await ask(one, NEW)).json()["code_id"]
        clock.pass_time(minutes=5)
        assert code_of(await prove(one, late, NEW)) == "code_rejected"
        clock.pass_time(minutes=1)
        guessed = (await ask(one, NEW)).json()["code_id"]
        for _ in range(5):
            assert code_of(await prove(one, guessed, NEW, "000000")) == "code_rejected"
        assert code_of(await prove(one, guessed, NEW)) == "code_rejected", "five wrong tries kill it"


@pytest.mark.settings(office_codes_per_day=3)
async def test_codes_are_spaced_and_few_a_day_and_take_nothing_from_students(client: Client, clock: HandClock) -> None:
    async with registrar_of(client) as registrar:
        assert (await ask(registrar)).status_code == 202
        assert code_of(await ask(registrar)) == "too_many_operations"
        assert (await ask(registrar, "b@example.edu")).status_code == 202
        assert (await ask(registrar, "c@example.edu")).status_code == 202
        assert code_of(await ask(registrar, "d@example.edu")) == "daily_limit_reached"
        of_student = await client.ask_for_code(MAILBOX, purpose="login", channel="email")
        assert of_student.status_code == 202


async def test_only_schools_and_provinces_have_one(client: Client) -> None:
    async with member(client) as reviewer:
        assert code_of(await reviewer.client.get(CONTACT)) == "role_not_allowed"
        assert code_of(await ask(reviewer)) == "role_not_allowed"
        assert code_of(await reviewer.client.delete(CONTACT)) == "role_not_allowed"
    assert code_of(await client.get(CONTACT)) == "token_missing"
    async with registrar_of(client) as registrar:
        bad = await ask(registrar, "nowhere")
        assert [(one["pointer"], one["code"]) for one in bad.json()["errors"]] == [("/email", "email_malformed")]
