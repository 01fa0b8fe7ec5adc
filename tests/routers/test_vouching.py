"""Classmates who vouch: who is asked, what for, and what it is worth."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from support.archive import enroll
from support.cases import case_of, claim, classmates_of, submit
from support.client import Client, code_of, connected_client
from support.people import Student, students
from support.tables import rows_of
from support.work import counted_work
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)


@dataclass
class _Scene:
    """A squatter's account, the person it says to be, that person's new account, and two classmates."""

    student: Student
    claimant: Client
    case_id: str
    mates: list[tuple[Student, Client]]

    async def ask(self, phone: str) -> Any:
        return await self.claimant.post(f"/v1/identity-cases/{self.case_id}/classmates", {"phone": phone})

    async def code_for(self, phone: str) -> str:
        case = await case_of(self.claimant, self.case_id)
        return str(next(one["code"] for one in case["classmates"] if one["phone_masked"].endswith(phone[-4:])))


async def _scene(stack: AsyncExitStack, client: Client, parts: Wiring, mates: int = 2) -> _Scene:
    (student,) = students(1)
    others = classmates_of(student, mates)
    await enroll(parts, student, *others)
    await client.register(student)
    claimant = await stack.enter_async_context(connected_client(client.app, parts))
    case_id = await claim(claimant, student)
    known = []
    for other in others:
        mate = await stack.enter_async_context(connected_client(client.app, parts))
        await mate.register(other)
        await mate.verify(other)
        known.append((other, mate))
    return _Scene(student, claimant, case_id, known)


async def test_two_verified_people_of_the_class_vouch_and_each_is_told_what_for(client: Client, parts: Wiring) -> None:
    async with AsyncExitStack() as stack:
        scene = await _scene(stack, client, parts)
        for number, (other, mate) in enumerate(scene.mates, start=1):
            assert (await scene.ask(other.phone)).status_code == 200
            assert any("证明其身份" in one.body for one in await mate.messages(other.phone))
            (asked,) = (await mate.get("/v1/vouching-requests")).json()["items"]
            assert scene.student.name in asked["statement"]
            assert asked["class_name"] == scene.student.record.class_name
            code = await scene.code_for(other.phone)
            answer = await mate.post(f"/v1/vouching-requests/{asked['id']}/vouch", {"code": code})
            assert (answer.status_code, answer.json()["state"]) == (200, "vouched")
            case = await case_of(scene.claimant, scene.case_id)
            assert len(case["evidence"]) == (number == 2)
        (evidence,) = case["evidence"]
        assert (evidence["kind"], evidence["strength"]) == ("classmates", "weak")
        assert (await submit(scene.claimant, scene.case_id))["state"] == "notice"


async def test_one_may_decline_and_one_alone_is_not_enough(client: Client, parts: Wiring) -> None:
    async with AsyncExitStack() as stack:
        scene = await _scene(stack, client, parts)
        (first, one), (second, two) = scene.mates
        for other in (first, second):
            await scene.ask(other.phone)
        (asked,) = (await one.get("/v1/vouching-requests")).json()["items"]
        await one.post(f"/v1/vouching-requests/{asked['id']}/vouch", {"code": await scene.code_for(first.phone)})
        (asked,) = (await two.get("/v1/vouching-requests")).json()["items"]
        declined = await two.post(f"/v1/vouching-requests/{asked['id']}/decline", None)
        assert declined.json()["state"] == "declined"
        code = await scene.code_for(second.phone)
        again = await two.post(f"/v1/vouching-requests/{asked['id']}/vouch", {"code": code})
        assert (again.status_code, code_of(again)) == (404, "vouching_not_found")
        refused = await scene.claimant.post(f"/v1/identity-cases/{scene.case_id}/submit", None)
        assert code_of(refused) == "evidence_needed"


async def test_a_stranger_and_a_number_of_nobody_look_like_a_classmate_who_does_not_answer(
    client: Client, parts: Wiring
) -> None:
    stranger = students(5)[4]
    async with AsyncExitStack() as stack:
        scene = await _scene(stack, client, parts, mates=1)
        other = await stack.enter_async_context(connected_client(client.app, parts))
        await enroll(parts, stranger)
        await other.register(stranger)
        await other.verify(stranger)
        works = []
        for phone in (scene.mates[0][0].phone, stranger.phone, "+8617177776666"):
            async with counted_work(scene.claimant) as work:
                assert (await scene.ask(phone)).status_code == 200
            works.append(work)
        assert works[0] == works[1] == works[2]
        shown = (await case_of(scene.claimant, scene.case_id))["classmates"]
        assert {one["state"] for one in shown} == {"asked"}
        assert len({len(one["code"]) for one in shown}) == 1
        assert (await other.get("/v1/vouching-requests")).json()["items"] == []
        assert not any("证明其身份" in one.body for one in await other.messages(stranger.phone))


async def test_a_classmate_who_is_not_verified_is_not_asked(client: Client, parts: Wiring) -> None:
    async with AsyncExitStack() as stack:
        scene = await _scene(stack, client, parts, mates=0)
        (other,) = classmates_of(scene.student, 1)
        await enroll(parts, other)
        mate = await stack.enter_async_context(connected_client(client.app, parts))
        await mate.register(other)
        await scene.ask(other.phone)
        assert code_of(await mate.get("/v1/vouching-requests")) == "insufficient_user_authentication"
        (row,) = await rows_of(parts, "vouchings")
        assert row["account_id"] is None


async def test_nobody_vouches_for_a_name_that_the_record_does_not_have(client: Client, parts: Wiring) -> None:
    async with AsyncExitStack() as stack:
        scene = await _scene(stack, client, parts, mates=1)
        await scene.claimant.post(f"/v1/identity-cases/{scene.case_id}/withdraw", None)
        false = await stack.enter_async_context(connected_client(client.app, parts))
        case_id = await claim(false, replace(scene.student, name="另一个人"), "+8617199990003")
        await false.post(f"/v1/identity-cases/{case_id}/classmates", {"phone": scene.mates[0][0].phone})
        assert (await scene.mates[0][1].get("/v1/vouching-requests")).json()["items"] == []


async def test_the_code_is_tried_few_times(client: Client, parts: Wiring) -> None:
    async with AsyncExitStack() as stack:
        scene = await _scene(stack, client, parts, mates=1)
        other, mate = scene.mates[0]
        await scene.ask(other.phone)
        (asked,) = (await mate.get("/v1/vouching-requests")).json()["items"]
        code = await scene.code_for(other.phone)
        wrong = "0" * 6 if code != "0" * 6 else "1" * 6
        for _ in range(5):
            refused = await mate.post(f"/v1/vouching-requests/{asked['id']}/vouch", {"code": wrong})
            assert (refused.status_code, code_of(refused)) == (403, "vouching_code_rejected")
        refused = await mate.post(f"/v1/vouching-requests/{asked['id']}/vouch", {"code": code})
        assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")


async def test_a_case_asks_few_classmates_and_the_same_only_once(client: Client, parts: Wiring) -> None:
    async with AsyncExitStack() as stack:
        scene = await _scene(stack, client, parts, mates=1)
        other, mate = scene.mates[0]
        for _ in range(2):
            await scene.ask(other.phone)
        assert len([one for one in await mate.messages(other.phone) if "证明其身份" in one.body]) == 1
        for number in range(4):
            assert (await scene.ask(f"+861717777000{number}")).status_code == 200
        assert code_of(await scene.ask("+8617177770009")) == "case_limit_reached"


@pytest.mark.settings(code_resend_seconds=1, vouchings_per_year=1)
async def test_one_person_vouches_for_few_in_a_year(client: Client, parts: Wiring) -> None:
    async with AsyncExitStack() as stack:
        scene = await _scene(stack, client, parts, mates=1)
        other, mate = scene.mates[0]
        await scene.ask(other.phone)
        (asked,) = (await mate.get("/v1/vouching-requests")).json()["items"]
        await mate.post(f"/v1/vouching-requests/{asked['id']}/vouch", {"code": await scene.code_for(other.phone)})
        scene.claimant = await stack.enter_async_context(connected_client(client.app, parts))
        scene.case_id = await claim(scene.claimant, scene.student, "+8617199990002")
        await scene.ask(other.phone)
        items = (await mate.get("/v1/vouching-requests")).json()["items"]
        (asked,) = [item for item in items if item["state"] == "asked"]
        code = await scene.code_for(other.phone)
        refused = await mate.post(f"/v1/vouching-requests/{asked['id']}/vouch", {"code": code})
        assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")


@pytest.mark.settings(code_resend_seconds=1, vouchings_per_year=1)
async def test_two_yeses_at_once_are_not_more_than_a_year_allows(client: Client, parts: Wiring) -> None:
    async with AsyncExitStack() as stack:
        scene = await _scene(stack, client, parts, mates=1)
        other, mate = scene.mates[0]
        await scene.ask(other.phone)
        codes = [await scene.code_for(other.phone)]
        scene.claimant = await stack.enter_async_context(connected_client(client.app, parts))
        scene.case_id = await claim(scene.claimant, scene.student, "+8617199990002")
        await scene.ask(other.phone)
        codes.append(await scene.code_for(other.phone))
        items = (await mate.get("/v1/vouching-requests")).json()["items"]
        first, second = sorted(items, key=lambda asked: str(asked["applicant_phone_masked"]))
        answers = await asyncio.gather(
            *(
                mate.post(f"/v1/vouching-requests/{asked['id']}/vouch", {"code": code})
                for asked, code in zip((first, second), codes, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 429]


async def test_after_the_case_is_handed_in_nobody_vouches_any_more(client: Client, parts: Wiring) -> None:
    async with AsyncExitStack() as stack:
        scene = await _scene(stack, client, parts, mates=1)
        other, mate = scene.mates[0]
        await scene.ask(other.phone)
        code = await scene.code_for(other.phone)
        (asked,) = (await mate.get("/v1/vouching-requests")).json()["items"]
        await scene.claimant.post(f"/v1/identity-cases/{scene.case_id}/withdraw", None)
        refused = await mate.post(f"/v1/vouching-requests/{asked['id']}/vouch", {"code": code})
        assert code_of(refused) == "vouching_not_found"
