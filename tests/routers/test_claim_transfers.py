"""A student who is claimed to be somebody else goes to another school while the claim waits: both records, or none."""

from __future__ import annotations

import asyncio

from support.claims import CLAIMS, DESK, WORDS, decide, former, hand_in, keys_of, with_former_record
from support.client import Client, code_of
from support.records import OTHER, province_of, registrar_of
from support.tables import rows_of
from support.transfers import agreement
from support.waiting import until_blocked
from xuexin_api.dependencies.wiring import Wiring

_MINE = "/v1/archive/enrollments"


async def test_a_record_that_went_on_while_its_claim_waited_is_given_with_what_it_became_by_the_province(
    client: Client, parts: Wiring
) -> None:
    _, before, shows, hidden = await with_former_record(client)
    claim = await hand_in(client, before)
    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        assert (await here.client.get(f"{DESK}/{claim}")).json()["transferred_to"] is None
        moved = await (await agreement(here, there, hidden))
        new = moved.json()["transfer"]["new_enrollment_id"]
        seen = (await here.client.get(f"{DESK}/{claim}")).json()
        assert (seen["transferred_to"]["code"], list(seen["decisions"])) == (OTHER, ["forward", "decline"])
        refused = await decide(here, claim, "grant", "identity_changed")
        assert (refused.status_code, code_of(refused)) == (409, "record_transferred")
        assert code_of(await decide(there, claim, "grant", "identity_changed")) == "claim_not_found"
        assert (await decide(here, claim, "forward", "records_elsewhere")).status_code == 200
    async with province_of(client) as province:
        granted = await decide(province, claim, "grant", "identity_changed")
        assert granted.status_code == 200, granted.text
        assert {one["id"] for one in (await client.get(_MINE)).json()["items"]} == {shows, hidden, new}
        (change, *_) = (await client.get(f"{_MINE}/{new}/history")).json()["items"]
        assert change["change"]["id"] == "claim_granted"
        # Nothing is left of who it was: the old number means the student.
        (identity,) = await rows_of(parts, "former_identities")
        assert (identity["stands_for"], str(identity["enrollment_id"])) == (True, hidden)
        assert (await decide(province, claim, "undo", "another_person")).status_code == 200
    assert {one["id"] for one in (await client.get(_MINE)).json()["items"]} == {shows}


async def test_a_record_that_had_gone_on_before_it_was_claimed_is_given_alone_by_its_school(
    client: Client, parts: Wiring
) -> None:
    student, before, shows, hidden = await with_former_record(client)
    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        new = (await (await agreement(here, there, hidden))).json()["transfer"]["new_enrollment_id"]
        client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
        claim = await hand_in(client, before)
        assert (await decide(here, claim, "grant", "identity_changed")).status_code == 200
        assert {one["id"] for one in (await client.get(_MINE)).json()["items"]} == {shows, hidden}
        # The other school answers for its own.
        beyond = former(student, institution_code=OTHER, student_number="2031T0001")
        second = await hand_in(client, beyond)
        assert (await decide(there, second, "grant", "identity_changed")).status_code == 200
    assert {one["id"] for one in (await client.get(_MINE)).json()["items"]} == {shows, hidden, new}


async def test_ones_own_other_claims_to_what_a_grant_brings_along_are_answered_with_it(
    client: Client, parts: Wiring
) -> None:
    student, before, shows, hidden = await with_former_record(client)
    first = await hand_in(client, before)
    async with (
        registrar_of(client) as here,
        registrar_of(client, "registrar.two", OTHER) as there,
        province_of(client) as province,
    ):
        new = (await (await agreement(here, there, hidden))).json()["transfer"]["new_enrollment_id"]
        second = await hand_in(client, former(student, institution_code=OTHER, student_number="2031T0001"))
        assert [one["id"] for one in (await there.client.get(DESK)).json()["items"]] == [second]
        assert (await decide(here, first, "forward", "records_elsewhere")).status_code == 200
        assert (await decide(province, first, "grant", "identity_changed")).status_code == 200
        assert {one["id"] for one in (await client.get(_MINE)).json()["items"]} == {shows, hidden, new}
        assert (await there.client.get(DESK)).json()["items"] == []
        assert code_of(await decide(there, second, "decline", "proof_missing")) == "claim_closed"
        answered = (await there.client.get(f"{DESK}/{second}")).json()["claim"]
    for seen in (answered, (await client.get(f"{CLAIMS}/{second}")).json()):
        assert (seen["state"], seen["reason"]["id"]) == ("withdrawn", "came_along")
        assert (seen["log"][-1]["kind"], seen["log"][-1]["actor"]) == ("withdrawn", "service")
    (told,) = [message.body for message in await client.messages(student.phone) if "无须再审核" in message.body]
    assert before.record.institution_name not in told
    late = await client.post(f"{CLAIMS}/{second}/submit", WORDS)
    assert (late.status_code, code_of(late), late.json()["enrollment_id"]) == (409, "record_shows", new)


async def test_a_draft_that_was_found_as_its_record_came_to_its_student_is_not_handed_in(
    client: Client, parts: Wiring
) -> None:
    _, before, _, hidden = await with_former_record(client)
    async with parts.database.engine.begin() as granting:
        await granting.exec_driver_sql(f"SELECT id FROM enrollments WHERE id = '{hidden}' FOR UPDATE")
        finding = asyncio.create_task(client.post(CLAIMS, keys_of(before)))
        await until_blocked(parts)
        await granting.exec_driver_sql(
            f"UPDATE enrollments SET person_id = (SELECT person_id FROM accounts) WHERE id = '{hidden}'"
        )
    draft = (await finding).json()["id"]
    late = await client.post(f"{CLAIMS}/{draft}/submit", WORDS)
    assert (late.status_code, code_of(late), late.json()["enrollment_id"]) == (409, "record_shows", hidden)


async def test_a_transfer_beside_a_grant_is_of_the_old_person_or_of_the_new_one_with_both_records(
    client: Client, parts: Wiring
) -> None:
    _, before, _, hidden = await with_former_record(client)
    claim = await hand_in(client, before)
    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        agree = await agreement(here, there, hidden)
        agreed, granted = await asyncio.gather(agree, decide(here, claim, "grant", "registered_wrongly"))
        assert agreed.status_code == 200, agreed.text
        shown = len((await client.get(_MINE)).json()["items"])
        if granted.status_code == 200:
            assert shown == 3
        else:
            assert (code_of(granted), shown) == ("record_transferred", 1)
    assert (await client.get(f"{CLAIMS}/{claim}")).json()["state"] in {"granted", "school_review"}


async def test_a_school_that_undoes_its_grant_leaves_what_the_other_school_granted(
    client: Client, parts: Wiring
) -> None:
    student, before, shows, hidden = await with_former_record(client)
    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        new = (await (await agreement(here, there, hidden))).json()["transfer"]["new_enrollment_id"]
        client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
        first = await hand_in(client, before)
        assert (await decide(here, first, "grant", "identity_changed")).status_code == 200
        second = await hand_in(client, former(student, institution_code=OTHER, student_number="2031T0001"))
        assert (await decide(there, second, "grant", "identity_changed")).status_code == 200
        assert (await decide(here, first, "undo", "another_person")).status_code == 200
        assert {one["id"] for one in (await client.get(_MINE)).json()["items"]} == {shows, new}
        assert (await decide(there, second, "undo", "another_person")).status_code == 200
    assert {one["id"] for one in (await client.get(_MINE)).json()["items"]} == {shows}
    owners = {str(row["id"]): row["person_id"] for row in await rows_of(parts, "enrollments")}
    assert owners[new] == owners[hidden] != owners[shows]
