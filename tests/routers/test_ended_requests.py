"""What was asked on the word of a grant ends when the grant is undone: no desk has it any more, and all are told."""

from __future__ import annotations

import asyncio

import pytest

from support.archive import add_photos
from support.cases import CLAIMANTS_PHONE, give_strong_evidence, link_in, submit
from support.cases import claim as claim_document
from support.claims import (
    CLAIMS,
    WORDS,
    add_owner,
    add_third,
    decide,
    hand_in,
    keys_of,
    row_of,
    with_former_record,
)
from support.claims import DESK as CLAIM_DESK
from support.client import PASSWORD, Client, code_of, connected_client
from support.corrections import DESK, MINE, corrected, proof_of, take, take_and_decide
from support.corrections import decide as decide_correction
from support.corrections import submit as submit_correction
from support.people import Student, students
from support.photos import photo
from support.records import OFFICE, add_records, province_of, registrar_of
from support.staff import member
from support.tables import rows_of
from support.waiting import until_blocked
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)


async def _granted(squatter: Client, student: Student) -> str:
    """The case by which a squatter got somebody's document, and is verified as them."""
    case = await claim_document(squatter, student)
    await give_strong_evidence(squatter.parts, case)
    assert (await submit(squatter, case))["state"] == "approved"
    await squatter.log_in(CLAIMANTS_PHONE)
    await squatter.verify(student)
    return case


async def _object(client: Client, student: Student) -> None:
    """Whoever lost the document asks to undo the grant, by the link in the message."""
    (told,) = [one for one in await client.messages(student.phone) if "强认证" in one.body]
    body = {"secret": link_in(told.body), "statement": "这是我的账号"}
    assert (await client.post("/v1/identity-cases/objections", body, headers={})).status_code == 204


async def test_an_open_correction_of_who_lost_the_record_is_withdrawn_with_the_grant(
    client: Client, parts: Wiring
) -> None:
    student, before, shows, hidden = await with_former_record(client)
    claim = await hand_in(client, before)
    async with registrar_of(client) as registrar:
        assert (await decide(registrar, claim, "grant", "registered_wrongly")).status_code == 200
        lost, kept = (
            await corrected(client, hidden, class_name="二班"),
            await corrected(client, shows, class_name="二班"),
        )
        await take(registrar, lost)
        assert (await decide(registrar, claim, "undo", "another_person")).status_code == 200
        assert [line["id"] for line in (await registrar.client.get(DESK)).json()["items"]] == [kept]
        assert code_of(await registrar.client.post(f"{DESK}/{lost}/take", None)) == "correction_not_found"
        assert code_of(await decide_correction(registrar, lost, "decline", "record_is_right")) == "correction_not_found"
    mine = (await client.get(f"{MINE}/{lost}")).json()
    assert (mine["state"], mine["reason"]["id"], mine["holder"]) == ("withdrawn", "grant_undone", None)
    assert (mine["log"][-1]["kind"], mine["log"][-1]["actor"]) == ("withdrawn", "service")
    assert any("更正申请已撤回" in message.body for message in await client.messages(student.phone))
    assert (await client.get(f"{MINE}/{kept}")).json()["state"] == "submitted"


async def test_a_claim_by_whose_the_record_is_again_ends_and_one_by_a_third_waits_on(
    client: Client, parts: Wiring
) -> None:
    student, before, _, hidden = await with_former_record(client)
    owner, third = await add_owner(parts, student), await add_third(parts, student)
    claim = await hand_in(client, before)
    async with registrar_of(client) as registrar:
        assert (await decide(registrar, claim, "grant", "registered_wrongly")).status_code == 200
        # Somebody else, whose own record shows, asks for what the claimant holds now.
        async with connected_client(client.app, parts) as other, connected_client(client.app, parts) as holder:
            claims = []
            for one, person in ((other, third), (holder, owner)):
                await one.register(person)
                await one.verify(person)
                claims.append(await hand_in(one, before))
            assert (await decide(registrar, claim, "undo", "another_person")).status_code == 200
            ended = (await holder.get(f"{CLAIMS}/{claims[1]}")).json()
            assert (ended["state"], ended["reason"]["id"]) == ("withdrawn", "grant_undone")
            assert any("绑定申请已随" in message.body for message in await client.messages(owner.phone))
            assert (await other.get(f"{CLAIMS}/{claims[0]}")).json()["state"] == "school_review"
            # Whose it is again is told before it is given.
            assert code_of(await decide(registrar, claims[0], "grant", "registered_wrongly")) == "record_held"
            (told,) = (await holder.get("/v1/archive/held-claims")).json()["items"]
            assert (told["id"], told["enrollment_id"]) == (claims[0], hidden)


async def test_a_draft_by_whose_the_record_is_again_is_not_handed_in(client: Client, parts: Wiring) -> None:
    student, before, _, hidden = await with_former_record(client)
    owner = await add_owner(parts, student)
    claim = await hand_in(client, before)
    async with registrar_of(client) as registrar, connected_client(client.app, parts) as holder:
        assert (await decide(registrar, claim, "grant", "registered_wrongly")).status_code == 200
        await holder.register(owner)
        await holder.verify(owner)
        draft = (await holder.post(CLAIMS, keys_of(before))).json()["id"]
        assert (await decide(registrar, claim, "undo", "another_person")).status_code == 200
        late = await holder.post(f"{CLAIMS}/{draft}/submit", WORDS)
        assert (late.status_code, code_of(late)) == (409, "record_shows")
        assert late.json()["enrollment_id"] == hidden


async def test_nor_is_a_draft_by_whose_the_record_is_again_while_that_is_being_undone(
    client: Client, parts: Wiring
) -> None:
    student, before, _, hidden = await with_former_record(client)
    owner, third = await add_owner(parts, student), await add_third(parts, student)
    claim = await hand_in(client, before)
    async with (
        registrar_of(client) as registrar,
        connected_client(client.app, parts) as other,
        connected_client(client.app, parts) as holder,
    ):
        assert (await decide(registrar, claim, "grant", "registered_wrongly")).status_code == 200
        for one, person in ((other, third), (holder, owner)):
            await one.register(person)
            await one.verify(person)
        waiting = await hand_in(other, before)
        draft = (await holder.post(CLAIMS, keys_of(before))).json()["id"]
        async with parts.database.engine.begin() as holding:
            # The last that an undoing changes: by then it has ended what was asked by whose the record is again.
            await holding.exec_driver_sql(f"SELECT id FROM record_claims WHERE id = '{waiting}' FOR UPDATE")
            undoing = asyncio.create_task(decide(registrar, claim, "undo", "another_person"))
            await until_blocked(parts)
            asking = asyncio.create_task(holder.post(f"{CLAIMS}/{draft}/submit", WORDS))
            await until_blocked(parts, waiting=2)
        assert (await undoing).status_code == 200
        late = await asking
        assert (late.status_code, code_of(late), late.json()["enrollment_id"]) == (409, "record_shows", hidden)


async def test_what_was_said_of_a_record_is_said_by_whose_it_was(client: Client, parts: Wiring) -> None:
    """Whoever gets it back has checked nothing, and has confirmed no photo."""
    student, before, _, hidden = await with_former_record(client)
    owner = await add_owner(parts, student)
    await add_photos(parts, before)
    claim = await hand_in(client, before)
    path = f"/v1/archive/enrollments/{hidden}"
    clock = client.parts.clock
    async with registrar_of(client) as registrar, connected_client(client.app, parts) as holder:
        assert (await decide(registrar, claim, "grant", "registered_wrongly")).status_code == 200
        clock.pass_time(seconds=1)  # type: ignore[attr-defined]
        assert (await client.post(f"{path}/check", {"result": "correct"})).status_code in {200, 201}
        said = (await client.post(f"{path}/photo-proof", {"answer": "right"})).json()
        clock.pass_time(seconds=1)  # type: ignore[attr-defined]
        assert (await decide(registrar, claim, "undo", "another_person")).status_code == 200
        await holder.register(owner)
        await holder.verify(owner)
        assert (await holder.get(f"{path}/check")).json()["last"] is None
        assert (await holder.get(f"{path}/photo-proof")).json()["last"] is None
        confirmed = await holder.post(f"{path}/photo-proof/confirm", {"proof_id": said["id"]})
        assert confirmed.status_code in {404, 409, 410}, confirmed.text
        copy = (await holder.post("/v1/account/export", {"password": PASSWORD})).json()
        assert (copy["record_checks"]["items"], copy["photo_proofs"]["items"]) == ([], [])
        assert (await holder.post(f"{path}/check", {"result": "correct"})).status_code in {200, 201}
        copy = (await holder.post("/v1/account/export", {"password": PASSWORD})).json()
        assert len(copy["record_checks"]["items"]) == 1


async def test_whose_the_record_is_again_does_not_read_who_had_it(client: Client, parts: Wiring) -> None:
    student, before, _, hidden = await with_former_record(client)
    owner = await add_owner(parts, student)
    claim = await hand_in(client, before)
    path = f"/v1/archive/enrollments/{hidden}/history"
    async with (
        registrar_of(client) as registrar,
        province_of(client) as province,
        connected_client(client.app, parts) as holder,
    ):
        assert (await decide(registrar, claim, "grant", "registered_wrongly")).status_code == 200
        correction = await corrected(client, hidden, name="别名同学", document_number=student.document_number)
        await take_and_decide(registrar, correction, "forward", "province_decides")
        await take_and_decide(province, correction, "apply", "registered_wrongly")
        assert "别名同学" in (await client.get(path)).text
        client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
        assert (await decide(registrar, claim, "undo", "another_person")).status_code == 200
        await holder.register(owner)
        await holder.verify(owner)
        seen = await holder.get(path)
        assert [one["change"]["id"] for one in seen.json()["items"]] == ["claim_undone", "claim_granted"]
        for told in ("别名同学", student.document_number[-4:]):
            assert told not in seen.text
        kept = await registrar.client.get(f"{OFFICE}/{hidden}/changes?purpose=student_request")
        assert "别名同学" in kept.text


async def test_an_undone_case_ends_what_its_claimant_asked(client: Client, parts: Wiring) -> None:
    student, before, shows, _ = await with_former_record(client, verifies=False)
    async with connected_client(client.app, parts) as squatter, registrar_of(client) as registrar:
        case = await _granted(squatter, student)
        correction = await corrected(squatter, shows, class_name="二班")
        asked = await hand_in(squatter, before)
        await _object(client, student)
        async with member(client) as reviewer:
            await reviewer.take_and_decide(case, "undo", "objection_convincing")
        for desk in (DESK, CLAIM_DESK):
            assert (await registrar.client.get(desk)).json()["items"] == []
        bodies = [message.body for message in await client.messages(CLAIMANTS_PHONE)]
        assert sum("更正申请已撤回" in one for one in bodies) == sum("绑定申请已随" in one for one in bodies) == 1
    ends = await rows_of(
        parts,
        "",
        f"SELECT state, reason FROM record_corrections WHERE id = '{correction}' UNION ALL"
        f" SELECT state, reason FROM record_claims WHERE id = '{asked}'",
    )
    assert [(row["state"], row["reason"]) for row in ends] == [("withdrawn", "grant_undone")] * 2


async def test_a_correction_that_came_beside_the_undoing_is_not_taken(client: Client, parts: Wiring) -> None:
    hidden = (await with_former_record(client)).hidden
    await rows_of(parts, "", "UPDATE enrollments SET person_id = (SELECT person_id FROM accounts) RETURNING id")
    proofs = [await proof_of(client, hidden)]
    async with parts.database.engine.begin() as undoing:
        await undoing.exec_driver_sql(f"SELECT id FROM enrollments WHERE id = '{hidden}' FOR UPDATE")
        asking = asyncio.create_task(submit_correction(client, hidden, proofs=proofs, class_name="二班"))
        await until_blocked(parts)
        await undoing.exec_driver_sql(
            "UPDATE enrollments SET person_id = p.id FROM persons p, accounts a"
            f" WHERE enrollments.id = '{hidden}' AND p.id <> a.person_id"
        )
    assert code_of(await asking) == "record_not_found"
    assert await rows_of(parts, "record_corrections") == []


async def test_nor_is_one_that_came_beside_the_undoing_of_a_case(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    (shows,) = await add_records(parts, [row_of(student)])
    await client.register(student)
    await client.verify(student)
    proofs = [await proof_of(client, shows)]
    async with parts.database.engine.begin() as undoing:
        await undoing.exec_driver_sql("SELECT id FROM accounts FOR UPDATE")
        asking = asyncio.create_task(submit_correction(client, shows, proofs=proofs, class_name="二班"))
        await until_blocked(parts)
        await undoing.exec_driver_sql("UPDATE accounts SET state = 'conflict', person_id = NULL")
        await undoing.exec_driver_sql("UPDATE sessions SET ended_at = now()")
    assert code_of(await asking) == "token_invalid"
    assert await rows_of(parts, "record_corrections") == []


async def test_nor_is_a_claim_handed_in_that_came_beside_the_undoing_of_a_case(client: Client, parts: Wiring) -> None:
    student, before, _, _ = await with_former_record(client, verifies=False)
    async with connected_client(client.app, parts) as squatter, member(client) as reviewer:
        case = await _granted(squatter, student)
        draft = (await squatter.post(CLAIMS, keys_of(before))).json()["id"]
        await _object(client, student)
        async with parts.database.engine.begin() as holding:
            # The last account that the undoing changes: by then it has ended what the claimant had asked.
            await holding.exec_driver_sql("SELECT id FROM accounts WHERE state = 'superseded' FOR UPDATE")
            undoing = asyncio.create_task(reviewer.take_and_decide(case, "undo", "objection_convincing"))
            await until_blocked(parts)
            asking = asyncio.create_task(squatter.post(f"{CLAIMS}/{draft}/submit", WORDS))
            await until_blocked(parts, waiting=2)
        await undoing
        assert code_of(await asking) == "token_invalid"
    (claim,) = await rows_of(parts, "record_claims")
    assert claim["state"] == "draft"


async def test_a_picture_beside_the_undoing_of_a_case_holds_up_neither(client: Client, parts: Wiring) -> None:
    student, before, _, _ = await with_former_record(client, verifies=False)
    async with connected_client(client.app, parts) as squatter, member(client) as reviewer:
        case = await _granted(squatter, student)
        claim = await hand_in(squatter, before)
        await _object(client, student)
        async with parts.database.engine.begin() as holding:
            await holding.exec_driver_sql("SELECT id FROM record_claims FOR UPDATE")
            picture = {"file": ("证明.jpg", photo())}
            sending = asyncio.create_task(squatter.request("POST", f"{CLAIMS}/{claim}/proofs", files=picture))
            await until_blocked(parts)
            undoing = asyncio.create_task(reviewer.take_and_decide(case, "undo", "objection_convincing"))
            await until_blocked(parts, waiting=2)
        await undoing
        # While its bytes are stored nothing is locked: the undoing may come between.
        assert code_of(await sending) == "claim_closed"
    (row,) = await rows_of(parts, "record_claims")
    assert row["state"] == "withdrawn"
