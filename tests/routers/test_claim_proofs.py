"""Pictures that prove a claim: sent while anybody may still decide, looked at with a trace, erased some time after."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx

from support.claims import CLAIMS, DESK, WORDS, decide, former, hand_in, keys_of, row_of
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.corrections import stored
from support.people import students
from support.photos import photo
from support.records import OTHER, add_records, province_of, registrar_of
from support.tables import rows_of
from support.waiting import until_blocked
from xuexin_api.dependencies.wiring import Wiring


async def _send(client: Client, claim: str, data: bytes | None = None) -> httpx.Response:
    client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    file = photo() if data is None else data
    return await client.request("POST", f"{CLAIMS}/{claim}/proofs", files={"file": ("证明.jpg", file)})


async def test_a_picture_that_comes_beside_a_grant_is_taken_and_holds_up_nobody(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    before = former(student)
    _, hidden = await add_records(parts, [row_of(student), row_of(before)])
    await client.register(student)
    await client.verify(student)
    claim = await hand_in(client, before)
    async with registrar_of(client) as school:
        async with parts.database.engine.begin() as holding:
            # By then the grant has asked for the account that claims.
            await holding.exec_driver_sql(f"SELECT id FROM enrollments WHERE id = '{hidden}' FOR UPDATE")
            granting = asyncio.create_task(decide(school, claim, "grant", "identity_changed"))
            await until_blocked(parts)
            async with asyncio.timeout(10):
                sent = await _send(client, claim)
            assert sent.status_code == 201, sent.text
        assert (await granting).status_code == 200


async def test_pictures_prove_a_claim_to_whoever_decides_and_to_nobody_else(client: Client, parts: Wiring) -> None:
    student, stranger = students(2)
    before = former(student)
    await add_records(parts, [row_of(student), row_of(before), row_of(stranger)])
    await client.register(student)
    await client.verify(student)
    draft = (await client.post(CLAIMS, keys_of(before))).json()["id"]
    first = await _send(client, draft)
    assert (first.status_code, first.json()["state"]) == (201, "received"), first.text
    assert (await client.post(f"{CLAIMS}/{draft}/submit", WORDS)).status_code == 200
    second = await _send(client, draft, photo(30))
    assert second.status_code == 201, second.text
    refused = await _send(client, draft, b"no picture at all")
    assert refused.status_code == 415, refused.text
    path = f"{CLAIMS}/{draft}/proofs"
    assert [one["state"] for one in (await client.get(path)).json()["items"]] == ["received", "received", "refused"]
    ids = [answer.json()["id"] for answer in (first, second)]
    mine = await client.get(f"{path}/{ids[0]}")
    assert (mine.status_code, mine.headers["content-type"]) == (200, "image/jpeg")
    async with connected_client(client.app, parts) as other:
        await other.register(stranger)
        await other.verify(stranger)
        assert code_of(await other.get(path)) == "claim_not_found"
        assert code_of(await other.get(f"{path}/{ids[0]}")) == "upload_not_found"
        assert code_of(await _send(other, draft)) == "claim_not_found"

    async with registrar_of(client) as school, registrar_of(client, "registrar.two", OTHER) as elsewhere:
        seen = (await school.client.get(f"{DESK}/{draft}")).json()
        assert [one["id"] for one in seen["proofs"]] == ids
        looked = await school.client.get(f"{DESK}/{draft}/proofs/{ids[0]}")
        assert (looked.status_code, looked.content) == (200, mine.content)
        assert code_of(await elsewhere.client.get(f"{DESK}/{draft}/proofs/{ids[0]}")) == "claim_not_found"
        assert (await decide(school, draft, "forward", "cannot_be_told")).status_code == 200
    async with province_of(client) as ours:
        assert (await ours.client.get(f"{DESK}/{draft}/proofs/{ids[1]}")).status_code == 200
        assert code_of(await ours.client.get(f"{DESK}/{draft}/proofs/{draft}")) == "upload_not_found"
    looks = (await client.get("/v1/archive/accesses")).json()["items"]
    assert "claim_proof" in {one["purpose"]["id"] for one in looks}
    assert code_of(await client.delete(f"{path}/{ids[0]}")) == "upload_not_found", "somebody looked at it"
    third = await _send(client, draft)
    assert (await client.delete(f"{path}/{third.json()['id']}")).status_code == 204
    kinds = [event["kind"] for event in (await client.get(f"{CLAIMS}/{draft}")).json()["log"]]
    assert kinds == [
        "opened", "photo_received", "submitted", "photo_received", "photo_refused", "forwarded", "photo_received",
        "photo_removed",
    ]  # fmt: skip


async def test_pictures_of_a_claim_go_some_time_after_nobody_can_change_it_any_more(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    before = former(student)
    await add_records(parts, [row_of(student), row_of(before)])
    await client.register(student)
    await client.verify(student)
    claim = await hand_in(client, before)
    assert (await _send(client, claim)).status_code == 201
    async with registrar_of(client) as school:
        assert (await decide(school, claim, "grant", "identity_changed")).status_code == 200
    assert code_of(await _send(client, claim)) == "claim_closed"
    clock.pass_time(days=29)
    await parts.housekeeping.purge()
    assert len(stored(parts)) == 1, "it can be undone, and whoever does looks at what was shown"
    clock.pass_time(days=2)
    clock.pass_time(seconds=timedelta(seconds=parts.settings.photos_kept_seconds).total_seconds())
    await parts.housekeeping.purge()
    assert stored(parts) == []
    (row,) = await rows_of(parts, "uploads")
    assert row["erased_at"] is not None
