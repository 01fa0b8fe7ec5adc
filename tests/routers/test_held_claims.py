"""A claimed record that another account holds verified: told, heard, and given by the province only, or kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest

from support.claims import CLAIMS, DESK, decide, former, hand_in, keys_of, row_of
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.corrections import DESK as CORRECTIONS
from support.corrections import corrected, submit, take
from support.people import Student, students
from support.records import add_records, province_of, registrar_of
from support.staff import Member
from support.tables import rows_of
from support.waiting import until_blocked
from xuexin_api.dependencies.wiring import Wiring

_HELD = "/v1/archive/held-claims"
_NOTICE_DAYS = 7
_NO = "该学籍为本人所有。"


@dataclass
class _Scene:
    """A record, whose account holds it verified, and somebody of the same name and birthday who claims it."""

    claimant: Client
    student: Student
    holder: Client
    owner: Student
    record: str
    claim: str

    async def return_after(self, **time: float) -> None:
        """Everybody logs in again, for sessions have ended."""
        self.claimant.parts.clock.pass_time(**time)  # type: ignore[attr-defined]
        for client, person in ((self.claimant, self.student), (self.holder, self.owner)):
            await client.log_in(person.phone)
            await client.verify(person)

    async def object(self, words: str = _NO) -> httpx.Response:
        return await self.holder.post(f"{_HELD}/{self.claim}/objection", {"words": words})

    async def shown(self) -> tuple[bool, bool]:
        """Whether the record shows to the claimant, and to the holder."""
        lists = [(await one.get("/v1/archive/enrollments")).json()["items"] for one in (self.claimant, self.holder)]
        claimant, holder = (self.record in {item["id"] for item in items} for items in lists)
        return claimant, holder


@asynccontextmanager
async def _scene(client: Client, parts: Wiring) -> AsyncIterator[_Scene]:
    (student,) = students(1)
    owner = replace(former(student), phone="+8617199990003")
    _, record = await add_records(parts, [row_of(student), row_of(owner)])
    async with connected_client(client.app, parts) as holder:
        await holder.register(owner)
        await holder.verify(owner)
        await client.register(student)
        await client.verify(student)
        claim = await hand_in(client, owner)
        yield _Scene(client, student, holder, owner, record, claim)


async def _forward(client: Client, claim: str) -> None:
    async with registrar_of(client) as school:
        assert (await decide(school, claim, "forward", "held_by_another")).status_code == 200


async def _grant(desk: Member, claim: str, *, read: bool = False) -> httpx.Response:
    body = {"reason": "identity_changed", "note": "已核对。", "objection_read": read}
    return await desk.client.post(f"{DESK}/{claim}/grant", body)


async def test_a_held_record_is_given_by_the_province_once_the_holder_was_told_for_a_week(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with _scene(client, parts) as scene:
        (mine,) = (await scene.holder.get(_HELD)).json()["items"]
        assert (mine["id"], mine["enrollment_id"], mine["state"]) == (scene.claim, scene.record, "school_review")
        assert (mine["told_at"], mine["grant_from"]) == ("2031-03-05T02:00:00Z", "2031-03-12T02:00:00Z")
        assert [one["id"] for one in mine["next"]] == ["object_to_claim"]
        assert any("7天" in one.body for one in await client.messages(scene.owner.phone))
        assert (await client.get(_HELD)).json()["items"] == [], "who claims is told of no claim"
        waiting = (await client.get(f"{CLAIMS}/{scene.claim}")).json()
        assert [one["id"] for one in waiting["next"]] == ["await_school", "use_other_account"]
        async with registrar_of(client) as school:
            seen = (await school.client.get(f"{DESK}/{scene.claim}")).json()
            assert (seen["held"], list(seen["decisions"])) == (True, ["forward", "decline"])
            assert seen["holder"]["objected_at"] is None
            assert code_of(await _grant(school, scene.claim)) == "record_held"
            assert (await decide(school, scene.claim, "forward", "held_by_another")).status_code == 200
        async with province_of(client) as ours:
            assert list((await ours.client.get(f"{DESK}/{scene.claim}")).json()["decisions"]) == ["decline"]
            early = await _grant(ours, scene.claim)
            assert (early.status_code, code_of(early)) == (409, "claim_notice_running")
            assert early.json()["grant_from"] == "2031-03-12T02:00:00Z"
        await scene.return_after(days=_NOTICE_DAYS, seconds=-91)
        async with province_of(client, "province.two") as ours:
            assert code_of(await _grant(ours, scene.claim)) == "claim_notice_running"
            clock.pass_time(seconds=1)
            assert set((await ours.client.get(f"{DESK}/{scene.claim}")).json()["decisions"]) == {"grant", "decline"}
            granted = await _grant(ours, scene.claim)
            assert granted.status_code == 200, granted.text
            assert await scene.shown() == (True, False)
            assert any("已转给申请人" in one.body for one in await client.messages(scene.owner.phone))
            (given,) = (await scene.holder.get(_HELD)).json()["items"]
            assert (given["state"], given["reason"]["id"]) == ("granted", "identity_changed")
            # The number is the holder's own: what comes with it later is not the claimant's.
            assert [row["stands_for"] for row in await rows_of(parts, "former_identities")] == [False]
            # Objecting to a grant tells whoever can undo it.
            assert (await scene.object()).json()["next"] == []
            (line,) = (await ours.client.get(f"{DESK}?state=granted")).json()["items"]
            assert line["objected"] is True
            assert (await decide(ours, scene.claim, "undo", "another_person")).status_code == 200
        assert await scene.shown() == (False, True)
        assert any("已转回您的档案" in one.body for one in await client.messages(scene.owner.phone))
        mine = (await client.get(f"{CLAIMS}/{scene.claim}")).json()
        kinds = [(event["kind"], event["actor"]) for event in mine["log"]]
        assert kinds[2:] == [
            ("forwarded", "school"), ("granted", "province"), ("objected", "holder"), ("undone", "province"),
        ]  # fmt: skip
        assert _NO not in str(mine), "who claims is not told what the holder says"
        export = (await scene.holder.post("/v1/account/export", {"password": PASSWORD})).json()
        assert export["held_claims"]["items"][0]["objection"] == _NO


async def test_an_objection_is_read_before_the_record_is_given(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts) as scene:
        assert code_of(await client.post(f"{_HELD}/{scene.claim}/objection", {"words": _NO})) == "claim_not_found"
        objected = await scene.object()
        assert (objected.status_code, objected.json()["objection"]) == (200, _NO)
        assert code_of(await scene.object()) == "claim_closed", "once"
        await _forward(client, scene.claim)
        await scene.return_after(days=_NOTICE_DAYS)
        async with province_of(client) as ours:
            assert (await ours.client.get(DESK)).json()["items"][0]["objected"] is True
            assert (await ours.client.get(f"{DESK}/{scene.claim}")).json()["holder"]["objection"] == _NO
            unread = await _grant(ours, scene.claim)
            assert (unread.status_code, code_of(unread)) == (409, "objection_unread")
            assert await scene.shown() == (False, True)
            assert (await _grant(ours, scene.claim, read=True)).status_code == 200
        assert await scene.shown() == (True, False)
    (row,) = await rows_of(parts, "claim_notices")
    assert _NO.encode() not in row["objection"]


async def test_an_objection_beside_a_grant_is_in_time_or_made_to_the_grant(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts) as scene:
        await _forward(client, scene.claim)
        await scene.return_after(days=_NOTICE_DAYS)
        async with province_of(client) as ours:
            granted, objected = await asyncio.gather(_grant(ours, scene.claim), scene.object())
            assert objected.status_code == 200, objected.text
            if granted.status_code == 200:
                assert await scene.shown() == (True, False)
            else:
                assert code_of(granted) == "objection_unread"
                assert await scene.shown() == (False, True)
            assert (await ours.client.get(f"{DESK}/{scene.claim}")).json()["holder"]["objection"] == _NO


async def test_a_grant_that_meets_an_objection_on_its_way_waits_and_reads_it(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts) as scene:
        await _forward(client, scene.claim)
        await scene.return_after(days=_NOTICE_DAYS)
        async with province_of(client) as ours:
            async with parts.database.engine.begin() as objecting:
                await objecting.exec_driver_sql("UPDATE claim_notices SET objected_at = now(), objection = '\\x00'")
                granting = asyncio.create_task(_grant(ours, scene.claim))
                await until_blocked(parts)
            assert code_of(await granting) == "objection_unread"


async def test_who_came_to_hold_the_record_after_the_claim_is_told_before_it_is_given(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    owner = replace(former(student), phone="+8617199990003")
    _, record = await add_records(parts, [row_of(student), row_of(owner)])
    await client.register(student)
    await client.verify(student)
    claim = await hand_in(client, owner)
    await _forward(client, claim)
    async with connected_client(client.app, parts) as holder:
        await holder.register(owner)
        await holder.verify(owner)
        scene = _Scene(client, student, holder, owner, record, claim)
        await scene.return_after(days=_NOTICE_DAYS)
        assert (await holder.get(_HELD)).json()["items"] == []
        async with province_of(client) as ours:
            assert (await ours.client.get(f"{DESK}/{claim}")).json()["holder"] is None
            assert code_of(await _grant(ours, claim)) == "claim_notice_running"
            (told,) = (await holder.get(_HELD)).json()["items"]
            assert (await ours.client.get(f"{DESK}/{claim}")).json()["holder"]["grant_from"] == told["grant_from"]
            assert (await decide(ours, claim, "decline", "another_person")).status_code == 200
        assert await scene.shown() == (False, True)
        assert any("记录仍属于您" in one.body for one in await client.messages(owner.phone))
        assert code_of(await scene.object()) == "claim_closed"
        assert (await client.post(CLAIMS, keys_of(owner))).status_code == 201, "and may be claimed anew"


async def test_the_clock_tells_the_holder_of_what_it_sends_to_the_province(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with _scene(client, parts) as scene:
        await rows_of(parts, "", "DELETE FROM claim_notices RETURNING claim_id")
        clock.pass_time(days=15)
        await parts.housekeeping.purge()
        (row,) = await rows_of(parts, "claim_notices")
        assert (str(row["claim_id"]), row["told_at"]) == (scene.claim, clock.now())
        await scene.return_after(seconds=0)
        assert (await client.post(f"{CLAIMS}/{scene.claim}/withdraw", None)).json()["state"] == "withdrawn"
        assert any("已撤回，记录仍属于您" in one.body for one in await client.messages(scene.owner.phone))
        assert code_of(await scene.object()) == "claim_closed"
        async with province_of(client) as ours:
            assert code_of(await decide(ours, scene.claim, "decline", "another_person")) == "claim_closed"


@pytest.mark.parametrize(("late", "code"), [(-1, None), (0, "objection_late")])
async def test_a_grant_is_objected_to_for_thirty_days_and_then_undone_for_as_long(
    client: Client, parts: Wiring, clock: HandClock, late: int, code: str | None
) -> None:
    async with _scene(client, parts) as scene:
        assert (await scene.holder.get(_HELD)).json()["items"][0]["object_until"] is None
        await _forward(client, scene.claim)
        await scene.return_after(days=_NOTICE_DAYS)
        async with province_of(client) as ours:
            assert (await _grant(ours, scene.claim)).status_code == 200
        assert any("30天内" in one.body for one in await client.messages(scene.owner.phone))
        # Who lost the record cannot verify by it again: the grant is moved into the past instead.
        last = clock.now() - timedelta(seconds=late)
        past = f"undo_until = '{last}', decided_at = '{last - timedelta(days=30)}'"
        await rows_of(parts, "", f"UPDATE record_claims SET {past} RETURNING id")
        (given,) = (await scene.holder.get(_HELD)).json()["items"]
        assert given["object_until"] == f"{last:%Y-%m-%dT%H:%M:%SZ}"
        assert [one["id"] for one in given["next"]] == ([] if code else ["object_to_claim"])
        objected = await scene.object()
        if code is not None:
            assert (objected.status_code, code_of(objected)) == (409, code)
            assert objected.json()["object_until"] == given["object_until"]
            return
        assert objected.status_code == 200, objected.text
        assert objected.json()["object_until"] == given["object_until"]
        # Whoever granted has the time to read it.
        clock.pass_time(days=29)
        async with province_of(client, "province.two") as ours:
            assert (await decide(ours, scene.claim, "undo", "another_person")).status_code == 200
        await scene.return_after(seconds=0)
        assert await scene.shown() == (False, True)


async def test_who_has_no_record_left_to_verify_by_objects_to_the_grant_by_a_login(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with _scene(client, parts) as scene:
        clock.pass_time(hours=1)
        await scene.holder.log_in(scene.owner.phone)
        for answer in (await scene.holder.get(_HELD), await scene.object()):
            assert code_of(answer) == "insufficient_user_authentication", "it waits, and the record is there"
        await _forward(client, scene.claim)
        await scene.return_after(days=_NOTICE_DAYS)
        async with province_of(client) as ours:
            assert (await _grant(ours, scene.claim)).status_code == 200
            clock.pass_time(days=20)
            await scene.holder.log_in(scene.owner.phone)
            (given,) = (await scene.holder.get(_HELD)).json()["items"]
            assert (given["id"], given["state"]) == (scene.claim, "granted")
            unknown = await scene.holder.post(f"{_HELD}/{scene.record}/objection", {"words": _NO})
            assert code_of(unknown) == "insufficient_user_authentication"
            assert (await scene.object()).status_code == 200
            await ours.log_in()
            assert (await ours.client.get(f"{DESK}/{scene.claim}")).json()["holder"]["objection"] == _NO


async def test_what_the_holder_asked_to_correct_ends_with_the_grant_and_they_are_told(
    client: Client, parts: Wiring
) -> None:
    async with _scene(client, parts) as scene:
        lost = await corrected(scene.holder, scene.record, class_name="二班")
        await _forward(client, scene.claim)
        await scene.return_after(days=_NOTICE_DAYS)
        async with registrar_of(client, "registrar.two") as school, province_of(client) as ours:
            await take(school, lost)
            assert (await _grant(ours, scene.claim)).status_code == 200
            assert (await school.client.get(CORRECTIONS)).json()["items"] == []
        (ended,) = await rows_of(parts, "record_corrections")
        assert (ended["state"], ended["reason"]) == ("withdrawn", "given_to_another")
        assert any("更正申请已撤回：该记录已绑定" in one.body for one in await client.messages(scene.owner.phone))
        # Whose it is now asks for themselves.
        assert (await submit(client, scene.record, class_name="三班")).status_code == 201
