"""What a grant reaches: both numbers of whoever has the record now, and what the record became at other schools."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from support.claims import CLAIMS, DESK, decide, former, hand_in, keys_of, other_number, row_of, with_former_record
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import SCHOOLS, students
from support.records import OFFICE, OTHER, add_records, registrar_of
from support.staff import Member
from support.tables import rows_of
from support.transfers import agreement
from support.work import counted_work
from xuexin_api.dependencies.wiring import Wiring


async def _found(registrar: Member, number: str) -> set[str]:
    search = {"purpose": "student_request", "document_number": number}
    return {one["id"] for one in (await registrar.client.post(f"{OFFICE}/search", search)).json()["items"]}


async def test_an_undone_claim_takes_back_what_the_record_became_at_another_school(
    client: Client, parts: Wiring
) -> None:
    student, before, shows, hidden = await with_former_record(client)
    claim = await hand_in(client, before)
    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        # No number that was the student's: nothing but the transfer leads to the new record.
        assert (await decide(here, claim, "grant", "registered_wrongly")).status_code == 200
        for number in (student.document_number, before.document_number):
            assert hidden in await _found(here, number)
        assert shows not in await _found(here, before.document_number), "its person never had this number"
        agree = await agreement(here, there, hidden)
        moved = await agree
        assert moved.status_code == 200, moved.text
        for number in (student.document_number, before.document_number):
            (new,) = await _found(there, number)
        assert len((await client.get("/v1/archive/enrollments")).json()["items"]) == 3
        undone = await decide(here, claim, "undo", "another_person")
        assert undone.json()["claim"]["state"] == "undone", undone.text
        assert await _found(there, student.document_number) == set()
        assert await _found(there, before.document_number) == {new}
    assert [one["id"] for one in (await client.get("/v1/archive/enrollments")).json()["items"]] == [shows]
    changes = await rows_of(parts, "", "SELECT enrollment_id FROM enrollment_changes WHERE change = 'claim_undone'")
    assert {str(row["enrollment_id"]) for row in changes} == {hidden, new}


async def test_a_transfer_beside_an_undoing_leaves_no_record_behind(client: Client, parts: Wiring) -> None:
    _, before, shows, hidden = await with_former_record(client)
    claim = await hand_in(client, before)
    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        assert (await decide(here, claim, "grant", "registered_wrongly")).status_code == 200
        agree = await agreement(here, there, hidden)
        agreed, undone = await asyncio.gather(agree, decide(here, claim, "undo", "another_person"))
        assert (agreed.status_code, undone.status_code) == (200, 200), (agreed.text, undone.text)
    assert [one["id"] for one in (await client.get("/v1/archive/enrollments")).json()["items"]] == [shows]


async def test_a_list_of_claims_costs_the_same_however_many_there_are(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    befores = [
        former(
            student,
            document_number=other_number(student, place),
            student_number=f"2019F000{place}",
            candidate_number=f"1943010115999{place}",
        )
        for place in (1, 2, 3)
    ]
    await add_records(parts, [row_of(student), *(row_of(before) for before in befores)])
    await client.register(student)
    await client.verify(student)
    await hand_in(client, befores[0])
    async with counted_work(client) as one:
        assert len((await client.get(CLAIMS)).json()["items"]) == 1
    for before in befores[1:]:
        clock.pass_time(seconds=1)
        assert (await client.post(CLAIMS, keys_of(before))).status_code == 201
    async with counted_work(client) as three:
        items = (await client.get(CLAIMS)).json()["items"]
    assert one == three
    assert [[event["kind"] for event in item["log"]] for item in items] == [
        ["opened"],
        ["opened"],
        ["opened", "submitted"],
    ]
    page = (await client.get(f"{CLAIMS}?limit=2")).json()
    assert page["items"] == items[:2]
    rest = (await client.get(f"{CLAIMS}?limit=2&cursor={page['next_cursor']}")).json()
    assert (rest["items"], rest["next_cursor"]) == (items[2:], None)
    assert code_of(await client.get(f"{CLAIMS}?limit=0")) == "invalid_request"


async def test_whose_the_record_is_by_now_reads_of_a_look_at_a_claim_that_was_declined_before(
    client: Client, parts: Wiring
) -> None:
    one, another = students(2)
    before = former(one, institution_name=SCHOOLS[0][1])
    fields = "name", "sex", "birth_date", "institution_code", "institution_name"
    alike = {name: getattr(before.record, name) for name in fields}
    numbers = {
        "document_number": other_number(one, 2),
        "student_number": "2024F0009",
        "candidate_number": "24430109999",
    }
    second = replace(former(another, **alike, **numbers), sex=one.sex)
    await add_records(parts, [row_of(student) for student in (one, second, before)])
    async with connected_client(client.app, parts) as theirs, registrar_of(client) as here:
        for who, student in ((client, one), (theirs, second)):
            await who.register(student)
            await who.verify(student)
        declined = await hand_in(client, before)
        assert (await decide(here, declined, "decline", "another_person")).status_code == 200
        assert (await decide(here, await hand_in(theirs, before), "grant", "registered_wrongly")).status_code == 200
        known = [len((await who.get("/v1/archive/accesses")).json()["items"]) for who in (client, theirs)]
        assert (await here.client.get(f"{DESK}/{declined}")).status_code == 200
        seen = [(await who.get("/v1/archive/accesses")).json()["items"] for who in (client, theirs)]
        assert [len(looks) - before for looks, before in zip(seen, known, strict=True)] == [1, 1]
