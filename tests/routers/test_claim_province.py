"""Claims that the school cannot tell, or leaves alone: the province decides them, and everybody sees who is late."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from support.claims import CLAIMS, DESK, decide, former, hand_in, keys_of, other_number, row_of
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import Student, students
from support.records import add_records, province_of, registrar_of
from support.tables import rows_of
from support.waiting import until_blocked
from xuexin_api.dependencies.wiring import Wiring

_SCHOOL_DAYS, _PROVINCE_DAYS = 15, 30


async def _forward(registrar: object, claim: str) -> httpx.Response:
    return await decide(registrar, claim, "forward", "cannot_be_told")  # type: ignore[arg-type]


async def _claim(client: Client, parts: Wiring) -> tuple[Student, str]:
    """A student who asked the school for a record under a former number."""
    (student,) = students(1)
    before = former(student)
    await add_records(parts, [row_of(student), row_of(before)])
    await client.register(student)
    await client.verify(student)
    return student, await hand_in(client, before)


async def _mine(client: Client, student: Student, claim: str) -> dict[str, object]:
    """The claim as its student reads it, however long after."""
    await client.log_in(student.phone)
    await client.verify(student)
    answer = await client.get(f"{CLAIMS}/{claim}")
    assert answer.status_code == 200, answer.text
    view: dict[str, object] = answer.json()
    return view


async def _overdue(client: Client) -> float:
    async with connected_client(client.app, client.parts, address="127.0.0.1") as operator:
        text = (await operator.get("/metrics")).text
    (line,) = [line for line in text.splitlines() if line.startswith('xuexin_overdue{what="claims"}')]
    return float(line.split()[-1])


async def test_a_claim_that_the_school_sends_on_is_decided_by_its_province_and_by_no_other(
    client: Client, parts: Wiring
) -> None:
    _, claim = await _claim(client, parts)
    async with registrar_of(client) as school, province_of(client) as ours, province_of(client, "p.two", "98") as other:
        assert (await ours.client.get(DESK)).json()["items"] == []
        assert code_of(await ours.client.get(f"{DESK}/{claim}")) == "claim_not_found", "it is with the school"
        assert code_of(await decide(ours, claim, "grant", "identity_changed")) == "claim_not_found"
        assert (await decide(school, claim, "forward", "identity_changed")).status_code == 422
        sent = await _forward(school, claim)
        assert sent.json()["claim"]["state"] == "province_review", sent.text
        assert sent.json()["decisions"] == {}
        assert code_of(await decide(school, claim, "grant", "identity_changed")) == "claim_closed"
        assert code_of(await _forward(school, claim)) == "claim_closed"
        mine = (await client.get(f"{CLAIMS}/{claim}")).json()
        assert (mine["holder"], mine["due_at"], mine["overdue"]) == ("province", "2031-04-04T02:01:30Z", False), mine
        assert mine["since"] == mine["forwarded_at"]
        assert [one["id"] for one in mine["next"]] == ["await_province"]
        assert (mine["log"][-1]["kind"], mine["log"][-1]["actor"]) == ("forwarded", "school")
        assert (mine["log"][-1]["reason"]["id"], mine["log"][-1]["note"]) == ("cannot_be_told", "已核对户籍证明。")

        (line,) = (await ours.client.get(DESK)).json()["items"]
        assert (line["id"], line["since"], line["due_at"]) == (claim, mine["since"], mine["due_at"])
        assert (await other.client.get(DESK)).json()["items"] == []
        for answer in (
            await other.client.get(f"{DESK}/{claim}"),
            await decide(other, claim, "decline", "proof_missing"),
        ):
            assert (answer.status_code, code_of(answer)) == (404, "claim_not_found")
        reaches = await rows_of(
            parts,
            "",
            "SELECT login_name FROM staff_events JOIN staff ON staff.id = staff_id WHERE action = 'claim:out_of_reach'",
        )
        assert sorted(row["login_name"] for row in reaches) == ["p.two", "p.two", "province.one", "province.one"]

        seen = (await ours.client.get(f"{DESK}/{claim}")).json()
        assert list(seen["decisions"]) == ["decline", "grant"] or list(seen["decisions"]) == ["grant", "decline"]
        granted = await decide(ours, claim, "grant", "identity_changed")
        assert granted.json()["claim"]["state"] == "granted", granted.text
        assert granted.json()["claim"]["log"][-1]["actor"] == "province"
        assert len((await client.get("/v1/archive/enrollments")).json()["items"]) == 2
        # Who gave it takes it back.
        assert code_of(await decide(school, claim, "undo", "another_person")) == "claim_closed"
        assert (await decide(ours, claim, "undo", "another_person")).json()["claim"]["state"] == "undone"
        assert (await ours.client.get(f"{DESK}?state=undone")).json()["items"][0]["id"] == claim
        assert (await school.client.get(f"{DESK}?state=undone")).json()["items"][0]["id"] == claim


async def test_who_worked_on_a_claim_at_the_school_does_not_decide_it_in_the_province(
    client: Client, parts: Wiring
) -> None:
    _, claim = await _claim(client, parts)
    number = "110101199003070017"
    async with registrar_of(client, document=number) as school:
        assert (await _forward(school, claim)).status_code == 200
    async with province_of(client, document=number) as same, province_of(client, "province.two") as another:
        for step, reason in (("grant", "identity_changed"), ("decline", "proof_missing")):
            refused = await decide(same, claim, step, reason)
            assert (refused.status_code, code_of(refused)) == (403, "not_yours_to_decide")
        assert (await decide(another, claim, "decline", "proof_missing")).status_code == 200


async def test_a_claim_that_the_school_leaves_goes_to_the_province_by_itself_and_is_overdue_there(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, claim = await _claim(client, parts)
    mine = (await client.get(f"{CLAIMS}/{claim}")).json()
    assert (mine["holder"], mine["due_at"]) == ("school", "2031-03-20T02:00:00Z")
    clock.pass_time(days=_SCHOOL_DAYS, seconds=-1)
    await parts.housekeeping.purge()
    assert (await _mine(client, student, claim))["state"] == "school_review"
    clock.pass_time(seconds=1)
    await parts.housekeeping.purge()
    await parts.housekeeping.purge()
    left = await _mine(client, student, claim)
    assert (left["state"], left["holder"], left["overdue"]) == ("province_review", "province", False)
    assert [(event["kind"], event["actor"]) for event in left["log"]][2:] == [("escalated", "service")]  # type: ignore[attr-defined]
    assert [one.body for one in await client.messages(student.phone) if "未在期限内" in one.body]
    assert await _overdue(client) == 0
    clock.pass_time(days=_PROVINCE_DAYS)
    await parts.housekeeping.purge()
    late = await _mine(client, student, claim)
    assert (late["state"], late["overdue"], late["due_at"]) == ("province_review", True, left["due_at"])
    assert await _overdue(client) == 1
    await parts.housekeeping.purge()
    told = [one.body for one in await client.messages(student.phone) if "省级教育行政部门未在期限内处理" in one.body]
    assert len(told) == 1, "once"
    assert [(event["kind"], event["actor"]) for event in late["log"]][3:] == [("overdue", "service")]  # type: ignore[attr-defined]
    async with province_of(client) as ours:
        assert (await ours.client.get(DESK)).json()["items"][0]["overdue"] is True
        assert (await decide(ours, claim, "decline", "proof_missing")).status_code == 200
    await parts.housekeeping.purge()
    assert await _overdue(client) == 0


@pytest.mark.parametrize("step", ["decline", "grant", "forward"])
async def test_a_school_that_decides_while_the_clock_runs_out_either_did_or_did_not(
    client: Client, parts: Wiring, clock: HandClock, step: str
) -> None:
    student, claim = await _claim(client, parts)
    clock.pass_time(days=_SCHOOL_DAYS)
    reason = {"decline": "proof_missing", "grant": "identity_changed", "forward": "cannot_be_told"}[step]
    async with registrar_of(client) as school:
        answer, _ = await asyncio.gather(decide(school, claim, step, reason), parts.housekeeping.purge())
    await parts.housekeeping.purge()
    kinds = [event["kind"] for event in (await _mine(client, student, claim))["log"]][2:]  # type: ignore[attr-defined]
    if answer.status_code == 200:
        assert kinds == [{"decline": "declined", "grant": "granted", "forward": "forwarded"}[step]]
    else:
        assert (code_of(answer), kinds) == ("claim_closed", ["escalated"])
    shown = len((await client.get("/v1/archive/enrollments")).json()["items"])
    assert shown == (2 if kinds == ["granted"] else 1)


async def test_a_school_that_waited_for_the_clock_is_told_that_it_is_too_late(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    _, claim = await _claim(client, parts)
    clock.pass_time(days=_SCHOOL_DAYS)
    async with registrar_of(client) as school:
        async with parts.database.engine.begin() as clock_step:
            await clock_step.exec_driver_sql(
                "UPDATE record_claims SET state = 'province_review', forwarded_at = now(), state_since = now()"
            )
            deciding = asyncio.create_task(decide(school, claim, "decline", "proof_missing"))
            await until_blocked(parts)
        assert code_of(await deciding) == "claim_closed"


async def test_of_two_who_decide_in_the_province_one_does(client: Client, parts: Wiring) -> None:
    _, claim = await _claim(client, parts)
    async with registrar_of(client) as school:
        await _forward(school, claim)
    async with province_of(client) as one, province_of(client, "province.two") as two:
        answers = await asyncio.gather(
            decide(one, claim, "grant", "identity_changed"), decide(two, claim, "decline", "proof_missing")
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    mine = (await client.get(f"{CLAIMS}/{claim}")).json()
    shown = len((await client.get("/v1/archive/enrollments")).json()["items"])
    assert (mine["state"], shown) in {("granted", 2), ("declined", 1)}
    assert len(mine["log"]) == 4


async def test_a_queue_is_read_from_the_longest_waiting_on_page_by_page(
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
    claims = []
    for before in befores:
        clock.pass_time(seconds=1)
        claims.append(await hand_in(client, before))
    assert (await client.post(CLAIMS, keys_of(befores[0]))).json()["id"] == claims[0], "the living one is found again"

    async def pages(desk: Client, query: str = "") -> list[str]:
        found: list[str] = []
        cursor = ""
        while True:
            page = (await desk.get(f"{DESK}?limit=2{query}{cursor}")).json()
            found += [line["id"] for line in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    async with registrar_of(client) as school, province_of(client) as ours:
        assert await pages(school.client) == claims
        for claim in (claims[2], claims[0], claims[1]):
            clock.pass_time(seconds=1)
            assert (await _forward(school, claim)).status_code == 200
        assert await pages(ours.client) == [claims[2], claims[0], claims[1]]
        first = (await ours.client.get(f"{DESK}?limit=1")).json()
        for claim in (claims[2], claims[0], claims[1]):
            clock.pass_time(seconds=1)
            assert (await decide(ours, claim, "decline", "proof_missing")).status_code == 200
            if claim == claims[2]:
                # What a page ended with is decided meanwhile, and nothing that waits is passed over.
                rest = (await ours.client.get(f"{DESK}?limit=2&cursor={first['next_cursor']}")).json()
                assert [line["id"] for line in rest["items"]] == [claims[0], claims[1]]
        assert await pages(ours.client, "&state=declined") == [claims[1], claims[0], claims[2]]
