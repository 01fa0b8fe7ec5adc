"""Corrections beside what else happens to a record, and by people who should have no word in it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest
from structlog.testing import capture_logs

from support.claims import decide as decide_claim
from support.claims import former, hand_in, row_of
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.corrections import DESK, MINE, corrected, decide, look, of_record, submit, take, take_and_decide
from support.keys import keys_for_tests
from support.people import students
from support.records import OFFICE, add_records, province_of, registered_row, registrar_of
from support.tables import rows_of
from xuexin_api.assembly import wire
from xuexin_api.core.documents import mask_document_number
from xuexin_api.dependencies.wiring import Wiring

_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = '{}' AND table_schema = 'public'"

pytestmark = pytest.mark.settings(code_resend_seconds=1)


@pytest.mark.parametrize("fields", [("document_number",), ("name", "document_number")])
async def test_an_undone_claim_gives_a_corrected_record_back_as_it_was_and_nothing_else_with_it(
    client: Client, parts: Wiring, fields: tuple[str, ...]
) -> None:
    (student,) = students(1)
    before = former(student)
    shows, hidden = await add_records(parts, [row_of(student), row_of(before)])
    await client.register(student)
    await client.verify(student)
    claim = await hand_in(client, before)
    now_is = {"name": "更名同学", "document_number": student.document_number}
    async with registrar_of(client) as registrar, province_of(client) as province:
        assert (await decide_claim(registrar, claim, "grant", "identity_changed")).status_code == 200
        for field in fields:
            correction = await corrected(client, hidden, **{field: now_is[field]})
            await take_and_decide(registrar, correction, "forward", "province_decides")
            await take_and_decide(province, correction, "apply", "identity_changed")
        assert (await client.get(of_record(hidden))).json()["document_number_masked"] == mask_document_number(
            student.document_number
        )
        undone = await decide_claim(registrar, claim, "undo", "another_person")
        assert undone.json()["claim"]["state"] == "undone", undone.text
        found = (await registrar.client.get(f"{OFFICE}/{hidden}?purpose=student_request")).json()["enrollment"]
    assert (found["name"], found["document_number_masked"]) == (
        before.name,
        mask_document_number(before.document_number),
    )
    assert [one["id"] for one in (await client.get("/v1/archive/enrollments")).json()["items"]] == [shows]
    known = (await client.get("/v1/archive/former-identities")).json()["items"]
    assert all(one["undone_at"] is not None for one in known)
    kept = await rows_of(parts, "", f"SELECT document_key, person_id FROM enrollments WHERE id = '{hidden}'")
    whose = await rows_of(parts, "", f"SELECT document_key FROM persons WHERE id = '{kept[0]['person_id']}'")
    assert kept[0]["document_key"] == whose[0]["document_key"]
    undoing = (
        f"SELECT before, after FROM enrollment_changes WHERE change = 'claim_undone' AND enrollment_id = '{hidden}'"
    )
    (line,) = await rows_of(parts, "", undoing)
    assert line["before"]["former_name"] == before.name
    for field in fields:
        shown = {"name": "name", "document_number": "document_number_masked"}[field]
        assert line["after"][shown] == found[shown]


async def test_a_candidate_number_by_which_photos_find_another_student_is_not_given(
    client: Client, parts: Wiring
) -> None:
    student, other, third = students(3)
    record, _, thirds = await add_records(parts, [registered_row(one) for one in (student, other, third)])
    await client.register(student)
    await client.verify(student)
    wish = {"candidate_number": other.record.candidate_number}
    correction = await corrected(client, record, **wish)
    async with registrar_of(client) as registrar, registrar_of(client, "registrar.two") as second:
        await take(registrar, correction)
        assert code_of(await decide(registrar, correction, "apply", "registered_wrongly")) == "candidate_number_in_use"
        shown = (await client.get(of_record(record))).json()
        assert shown["candidate_number"] == student.record.candidate_number
        assert (await decide(registrar, correction, "decline", "record_is_right")).status_code == 204
        # Of two who ask for a free one at once, one gets it.
        async with connected_client(client.app, parts) as else_one:
            await else_one.register(third)
            await else_one.verify(third)
            free = {"candidate_number": "20430101159999"}
            both = [await corrected(client, record, **free), await corrected(else_one, thirds, **free)]
            desks = (registrar, second)
            versions = []
            for desk, one in zip(desks, both, strict=True):
                await take(desk, one)
                versions.append((await look(desk, one))["version"])
            ends = await asyncio.gather(
                *(
                    decide(desk, one, "apply", "registered_wrongly", version=version)
                    for desk, one, version in zip(desks, both, versions, strict=True)
                )
            )
        assert sorted(end.status_code for end in ends) == [204, 409]


@pytest.mark.parametrize(("step", "reason"), [("return", "proof_missing"), ("decline", "record_is_right")])
async def test_who_decided_at_the_school_decides_nothing_as_the_province_even_about_the_next_one(
    client: Client, parts: Wiring, step: str, reason: str
) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    await client.register(student)
    await client.verify(student)
    correction = await corrected(client, record, name="新名同学")
    async with (
        registrar_of(client, document="110101199003079999") as registrar,
        registrar_of(client, "registrar.two") as second,
        province_of(client, "province.same", document="110101199003079999") as same,
        province_of(client) as province,
    ):
        await take_and_decide(registrar, correction, step, reason)
        if step == "return":
            again = {"statement": "已补充。", "proof_ids": []}
            assert (await client.post(f"{MINE}/{correction}/submit", again)).status_code == 200
        else:
            correction = await corrected(client, record, name="新名同学")
        await take_and_decide(second, correction, "forward", "province_decides")
        assert code_of(await same.client.post(f"{DESK}/{correction}/take", None)) == "not_yours_to_decide"
        await take_and_decide(province, correction, "apply", "registered_wrongly")


async def test_what_a_superseded_account_left_open_keeps_its_person_from_nothing_and_is_not_applied(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    await client.register(student)
    await client.verify(student)
    squatted = await corrected(client, record, class_name="二班")
    async with registrar_of(client) as registrar:
        await take(registrar, squatted)
        over = "UPDATE accounts SET state = 'superseded', person_id = NULL, phone_key = NULL RETURNING id"
        await rows_of(parts, "accounts", over)
        assert code_of(await decide(registrar, squatted, "apply", "registered_wrongly")) == "correction_closed"
    async with connected_client(client.app, parts) as owner:
        await owner.register(replace(student, phone="+8617188888888"))
        await owner.verify(student)
        assert (await owner.get(MINE)).json()["items"] == []
        assert code_of(await owner.get(f"{MINE}/{squatted}")) == "correction_not_found"
        assert code_of(await owner.post(f"{MINE}/{squatted}/withdraw", None)) == "correction_not_found"
        sent = await submit(owner, record, class_name="三班")
        assert sent.status_code == 201, sent.text
        assert code_of(await submit(owner, record, class_name="三班")) == "correction_open"


async def test_no_school_alone_corrects_an_entry_to_a_day_for_which_it_registers_nobody_any_more(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student, admission_date=date(2031, 1, 10))])
    await client.register(student)
    await client.verify(student)
    async with registrar_of(client) as registrar, province_of(client) as province:
        # Today is 5 March 2031.
        await take_and_decide(
            registrar, await corrected(client, record, admission_date="2030-12-05"), "apply", "registered_wrongly"
        )
        late = await corrected(client, record, admission_date="2030-12-04")
        await take(registrar, late)
        assert (await look(registrar, late))["province_needed"] == "entry"
        assert code_of(await decide(registrar, late, "apply", "registered_wrongly")) == "province_needed"
        assert (await decide(registrar, late, "forward", "province_decides")).status_code == 204
        await take_and_decide(province, late, "apply", "registered_wrongly")
    assert (await client.get(of_record(record))).json()["admission_date"] == "2030-12-04"


async def test_of_several_processes_whose_clocks_run_out_one_sends_a_correction_on(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    people = students(3)[::2]
    records = await add_records(parts, [registered_row(one) for one in people])
    for student, record in zip(people, records, strict=True):
        async with connected_client(client.app, parts) as one:
            await one.register(student)
            await one.verify(student)
            await corrected(one, record, class_name="二班")
    clock.pass_time(days=15)
    others = [
        wire(parts.settings, keys=keys_for_tests(), database=parts.database, clock=clock, entropy=parts.entropy)
        for _ in range(3)
    ]
    await asyncio.gather(*(one.housekeeping.purge() for one in (parts, *others)))
    events = await rows_of(parts, "", "SELECT correction_id FROM correction_events WHERE kind = 'forwarded'")
    assert len({row["correction_id"] for row in events}) == len(events) == len(people)
    for student in people:
        bodies = [message.body for message in await client.messages(student.phone)]
        assert sum("转报" in body for body in bodies) == 1
    clock.pass_time(days=30)
    await asyncio.gather(*(one.housekeeping.purge() for one in (parts, *others)))
    for student in people:
        bodies = [message.body for message in await client.messages(student.phone)]
        assert sum("未在期限内" in body for body in bodies) == 1, "nor do they say twice that the province is late"


async def test_a_hundred_corrections_that_fail_hold_up_none_that_comes_after_them(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    broken, student = students(3)[::2]
    records = await add_records(parts, [registered_row(one) for one in (broken, student)])
    asked = []
    for one, record in zip((broken, student), records, strict=True):
        async with connected_client(client.app, parts) as its:
            await its.register(one)
            await its.verify(one)
            asked.append(await corrected(its, record, class_name="二班"))
    columns = [row["column_name"] for row in await rows_of(parts, "", _COLUMNS.format("enrollments"))]
    copies = ", ".join({"id": "gen_random_uuid()", "student_number": "'X' || n"}.get(one, one) for one in columns)
    await rows_of(
        parts,
        "",
        f"INSERT INTO enrollments ({', '.join(columns)}) SELECT {copies} FROM enrollments, generate_series(1, 104) AS n"
        f" WHERE id = '{records[0]}' RETURNING id",
    )
    # More than one list of what is due, all of it due before the last; whoever is told of them has no phone to open.
    columns = [row["column_name"] for row in await rows_of(parts, "", _COLUMNS.format("record_corrections"))]
    copied = {"id": "gen_random_uuid()", "enrollment_id": "e.id", "due_at": "c.due_at - interval '1 hour'"}
    copies = ", ".join(copied.get(one, f"c.{one}") for one in columns)
    await rows_of(
        parts,
        "",
        f"INSERT INTO record_corrections ({', '.join(columns)})"
        f" SELECT {copies} FROM record_corrections c, enrollments e"
        f" WHERE c.id = '{asked[0]}' AND e.student_number LIKE 'X%' RETURNING id",
    )
    key = parts.lookups.phone(broken.phone).hex()
    unreadable = f"UPDATE accounts SET phone_ciphertext = '\\x00' WHERE phone_key = '\\x{key}' RETURNING id"
    assert len(await rows_of(parts, "", unreadable)) == 1
    clock.pass_time(days=15)
    with capture_logs() as logged:
        async with asyncio.timeout(60):
            await parts.housekeeping.purge()
    assert sum(line["event"] == "correction_failed" for line in logged) == 105
    states = {str(row["id"]): row["state"] for row in await rows_of(parts, "record_corrections")}
    assert states.pop(asked[1]) == "forwarded"
    assert (len(states), set(states.values())) == (105, {"submitted"})
