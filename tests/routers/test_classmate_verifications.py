"""Verified by two classmates where nobody contests the document: asked, vouched, taken up by the session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from support.archive import enroll
from support.cases import claim, classmates_of, give_facts, submit, verify_strongly
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import Student, students
from support.tables import rows_of
from support.work import counted_work
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)
_VERIFICATIONS = "/v1/identity-verifications"


@dataclass
class _Scene:
    """An applicant whom nobody contests, and verified classmates, each with a phone."""

    student: Student
    own: Client
    mates: list[tuple[Student, Client]]
    mine: str

    async def ask(self, phone: str, mine: str | None = None) -> Any:
        return await self.own.post(f"{mine or self.mine}/classmates", {"phone": phone})

    async def shown(self) -> dict[str, Any]:
        answer = await self.own.get(self.mine)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def vouch(self, number: int) -> Any:
        """One classmate, asked before, types the code."""
        other, mate = self.mates[number]
        asked = (await mate.get("/v1/vouching-requests")).json()["items"][0]
        mates = (await self.shown())["classmates"]
        code = next(one["code"] for one in mates if one["phone_masked"].endswith(other.phone[-4:]))
        return await mate.post(f"/v1/vouching-requests/{asked['id']}/vouch", {"code": code})

    async def ask_all(self) -> None:
        for other, _ in self.mates:
            assert (await self.ask(other.phone)).status_code == 200

    async def check(self) -> Any:
        return await self.own.post(f"{self.mine}/check", None)


async def _begin(client: Client) -> str:
    begun = await client.post(_VERIFICATIONS, {"method": "classmates"})
    assert begun.status_code == 201, begun.text
    assert (begun.json()["questions"], begun.json()["redirect_url"]) == ([], None)
    assert begun.json()["expires_in"] == 3 * 86400
    return f"{_VERIFICATIONS}/{begun.json()['id']}"


@asynccontextmanager
async def _scene(client: Client, parts: Wiring, mates: int = 2, **changes: Any) -> AsyncIterator[_Scene]:
    (student,) = students(1)
    others = classmates_of(student, mates)
    await enroll(parts, student, *others)
    await client.register(replace(student, **changes))
    async with AsyncExitStack() as stack:
        known = []
        for other in others:
            mate = await stack.enter_async_context(connected_client(client.app, parts))
            await mate.register(other)
            await mate.verify(other)
            known.append((other, mate))
        yield _Scene(student, client, known, await _begin(client))


async def test_two_classmates_open_the_archive_to_the_session_that_began(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts) as scene:
        await scene.ask_all()
        (asked,) = (await scene.mates[0][1].get("/v1/vouching-requests")).json()["items"]
        assert scene.student.name in asked["statement"]
        assert asked["class_name"] == scene.student.record.class_name
        assert (await scene.vouch(0)).json()["state"] == "vouched"
        assert (await scene.check()).json() | {"id": ""} == {
            "id": "",
            "status": "pending",
            "tokens": None,
            "case_id": None,
        }
        assert code_of(await client.get("/v1/archive/enrollments")) == "insufficient_user_authentication"
        assert [step["id"] for step in (await scene.shown())["next"]] == ["ask_classmates", "end_verification"]
        assert (await scene.vouch(1)).json()["state"] == "vouched"
        assert any("已有足够的同班同学" in one.body for one in await client.messages(scene.student.phone))
        assert (await scene.shown())["next"][0]["id"] == "check_verification"
        passed = (await scene.check()).json()
        assert passed["status"] == "passed"
        client.keep(passed)
        (record,) = (await client.get("/v1/archive/enrollments")).json()["items"]
        assert record["name"] == scene.student.name
        shown = await scene.shown()
        assert (shown["status"], shown["strength"]) == ("passed", "weak")
        assert [(line["kind"], line["actor"]) for line in shown["log"]] == [
            ("classmate_asked", "owner"),
            ("classmate_asked", "owner"),
            ("classmate_vouched", "classmate"),
            ("classmate_vouched", "classmate"),
        ]
        assert parts.mint.read(str(client.access_token)).methods[-1] == "vouch"
        assert code_of(await scene.check()) == "verification_not_found"


async def test_it_is_the_session_that_began_which_asks_and_takes_up(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts) as scene, connected_client(client.app, parts) as elsewhere:
        await scene.ask_all()
        for number in range(2):
            await scene.vouch(number)
        elsewhere.keep((await elsewhere.try_to_log_in(scene.student.phone)).json())
        steps = [step["id"] for step in (await elsewhere.get(scene.mine)).json()["next"]]
        assert steps == ["verify_identity", "end_verification"]
        assert code_of(await elsewhere.post(f"{scene.mine}/check", None)) == "verification_not_found"
        asked = await elsewhere.post(f"{scene.mine}/classmates", {"phone": "+8617177776666"})
        assert code_of(asked) == "verification_not_found"
        stranger = scene.mates[0][1]
        assert code_of(await stranger.post(f"{scene.mine}/check", None)) == "verification_not_found"
        assert (await scene.check()).json()["status"] == "passed"


async def test_taken_up_many_times_at_once_it_gives_tokens_once(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts) as scene:
        await scene.ask_all()
        for number in range(2):
            await scene.vouch(number)
        answers = await asyncio.gather(*(scene.check() for _ in range(6)))
        assert sorted(answer.status_code for answer in answers).count(200) == 1
        assert {code_of(answer) for answer in answers if answer.status_code != 200} <= {
            "verification_not_found",
            "token_invalid",
        }


async def test_one_classmate_twice_and_one_who_declines_are_not_enough(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts) as scene:
        await scene.ask_all()
        await scene.vouch(0)
        assert code_of(await scene.vouch(0)) == "vouching_not_found"
        _, mate = scene.mates[1]
        (asked,) = (await mate.get("/v1/vouching-requests")).json()["items"]
        assert (await mate.post(f"/v1/vouching-requests/{asked['id']}/decline", None)).json()["state"] == "declined"
        assert (await scene.check()).json()["status"] == "pending"
        assert {one["state"] for one in (await scene.shown())["classmates"]} == {"vouched", "declined"}


async def test_while_somebody_claims_the_document_classmates_open_nothing(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts) as scene, connected_client(client.app, parts) as claimant:
        await scene.ask_all()
        for number in range(2):
            await scene.vouch(number)
        case_id = await claim(claimant, scene.student)
        await give_facts(claimant, case_id, scene.student)
        await submit(claimant, case_id)
        assert code_of(await scene.check()) == "method_not_available"
        assert code_of(await client.post(_VERIFICATIONS, {"method": "classmates"})) == "method_not_available"
        await claimant.post(f"/v1/identity-cases/{case_id}/withdraw", None)
        assert (await scene.check()).json()["status"] == "passed"


async def test_a_person_whom_another_account_holds_is_refused(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts) as scene, connected_client(client.app, parts) as other:
        await scene.ask_all()
        for number in range(2):
            await scene.vouch(number)
        third = students(3)[2]
        await other.register(third)
        await rows_of(
            parts,
            "",
            "UPDATE accounts SET person_id = (SELECT person_id FROM enrollments WHERE student_number = "
            f"'{scene.student.record.student_number}') WHERE document_key = "
            f"decode('{parts.lookups.document(third.document_number).hex()}', 'hex') RETURNING id",
        )
        refused = await scene.check()
        assert (refused.status_code, code_of(refused)) == (409, "identity_held")
        assert (await scene.shown())["status"] == "pending"


async def test_nobody_vouches_for_a_name_that_the_record_does_not_have(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts, mates=1, name="另一个人") as scene:
        await scene.ask_all()
        assert (await scene.mates[0][1].get("/v1/vouching-requests")).json()["items"] == []


async def test_a_number_of_nobody_looks_like_a_classmate_who_does_not_answer(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts, mates=1) as scene:
        works = []
        for phone in (scene.mates[0][0].phone, "+8617177776666"):
            async with counted_work(client) as work:
                answer = await scene.ask(phone)
            works.append(work)
            assert (answer.json()["classmates"][-1]["state"], answer.json()["classmates"][-1]["answered_at"]) == (
                "asked",
                None,
            )
        assert works[0] == works[1]


async def test_few_are_asked_in_a_day_whatever_is_begun_anew(client: Client, parts: Wiring, clock: HandClock) -> None:
    async with _scene(client, parts, mates=0) as scene:
        for number in range(3):
            for _ in range(2):
                assert (await scene.ask(f"+861717777000{number}")).status_code == 200
        scene.mine = await _begin(client)
        for number in range(3, 5):
            assert (await scene.ask(f"+861717777000{number}")).status_code == 200
        refused = await scene.ask("+8617177770009")
        assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")
        assert len((await scene.shown())["classmates"]) == 2
        clock.pass_time(days=1)
        client.keep((await client.post("/v1/sessions/refresh", {"refresh_token": client.refresh_token})).json())
        assert (await scene.ask("+8617177770009")).status_code == 200
        answer = await scene.ask("12")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/phone")


async def test_what_was_ended_or_ran_out_takes_no_answer(client: Client, parts: Wiring, clock: HandClock) -> None:
    async with _scene(client, parts) as scene:
        await scene.ask_all()
        before = scene.mine
        scene.mine = await _begin(client)
        assert (await client.get(before)).json()["status"] == "ended"
        (asked,) = (await scene.mates[0][1].get("/v1/vouching-requests")).json()["items"]
        refused = await scene.mates[0][1].post(f"/v1/vouching-requests/{asked['id']}/vouch", {"code": "000000"})
        assert code_of(refused) == "vouching_not_found"
        assert code_of(await scene.ask("+8617177776666", before)) == "verification_closed"
        assert (await client.delete(scene.mine)).status_code == 204
        assert (await scene.shown())["status"] == "ended"
        scene.mine = await _begin(client)
        clock.pass_time(days=3)
        client.keep((await client.try_to_log_in(scene.student.phone)).json())
        assert (await scene.shown())["status"] == "expired"


async def test_whoever_was_only_vouched_for_vouches_for_nobody(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts) as scene:
        await scene.ask_all()
        for number in range(2):
            await scene.vouch(number)
        client.keep((await scene.check()).json())
        third = classmates_of(scene.student, 3)[2]
        await enroll(parts, third)
        async with connected_client(client.app, parts) as another:
            await another.register(third)
            mine = await _begin(another)
            answer = await another.post(f"{mine}/classmates", {"phone": scene.student.phone})
            code = answer.json()["classmates"][0]["code"]
            (asked,) = (await client.get("/v1/vouching-requests")).json()["items"]
            path = f"/v1/vouching-requests/{asked['id']}/vouch"
            refused = await client.post(path, {"code": code})
            assert (refused.status_code, code_of(refused)) == (403, "vouched_for_only")
            await client.verify(scene.student)
            await verify_strongly(parts, scene.student)
            assert (await client.post(path, {"code": code})).json()["state"] == "vouched"


async def test_an_account_in_conflict_gives_classmates_to_its_case(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts, mates=0) as scene, connected_client(client.app, parts) as claimant:
        await claim(claimant, scene.student)
        refused = await claimant.post(_VERIFICATIONS, {"method": "classmates"})
        assert code_of(refused) == "method_not_available"


async def test_what_the_archive_showed_after_classmates_makes_nobody_a_voucher(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with _scene(client, parts) as scene:
        await scene.ask_all()
        for number in range(2):
            await scene.vouch(number)
        client.keep((await scene.check()).json())
        (record,) = (await client.get("/v1/archive/enrollments")).json()["items"]
        read = {
            "candidate_number": record["candidate_number"],
            "student_number": record["student_number"],
            "admission_year": record["admission_date"][:4],
            "institution_code": record["institution"]["code"],
            "programme_name": record["programme"]["name"],
        }
        clock.pass_time(minutes=1)
        started = (await client.post(_VERIFICATIONS, {"method": "record_facts"})).json()
        answers = {"answers": {question["id"]: read[question["id"]] for question in started["questions"]}}
        client.keep((await client.post(f"{_VERIFICATIONS}/{started['id']}/answers", answers)).json())
        third = classmates_of(scene.student, 3)[2]
        await enroll(parts, third)
        async with connected_client(client.app, parts) as another:
            await another.register(third)
            mine = await _begin(another)
            answer = await another.post(f"{mine}/classmates", {"phone": scene.student.phone})
            code = answer.json()["classmates"][0]["code"]
            (asked,) = (await client.get("/v1/vouching-requests")).json()["items"]
            path = f"/v1/vouching-requests/{asked['id']}/vouch"
            assert code_of(await client.post(path, {"code": code})) == "vouched_for_only"
            await verify_strongly(parts, scene.student)
            assert (await client.post(path, {"code": code})).json()["state"] == "vouched"


async def test_the_yes_of_an_account_that_lost_its_person_counts_no_more(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts) as scene:
        await scene.ask_all()
        for number in range(2):
            await scene.vouch(number)
        lost = parts.lookups.document(scene.mates[0][0].document_number).hex()
        await rows_of(
            parts,
            "",
            "UPDATE accounts SET state = 'superseded', person_id = NULL, verified_strength = NULL "
            f"WHERE document_key = '\\x{lost}' RETURNING id",
        )
        assert (await scene.check()).json()["status"] == "pending"


async def test_one_phone_is_told_few_times_a_day_whatever_is_begun_anew(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts, mates=1) as scene:
        other, mate = scene.mates[0]
        before = len(await client.messages(other.phone))
        for _ in range(5):
            assert (await scene.ask(other.phone)).status_code == 200
            scene.mine = await _begin(client)
        assert len(await client.messages(other.phone)) - before == 3
        assert len((await mate.get("/v1/vouching-requests")).json()["items"]) == 5


@pytest.mark.settings(vouchings_per_year=1)
async def test_vouching_again_for_the_same_account_is_no_other_one(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with _scene(client, parts) as scene:
        for _ in range(2):
            await scene.ask_all()
            for number in range(2):
                assert (await scene.vouch(number)).status_code == 200
            client.keep((await scene.check()).json())
            clock.pass_time(minutes=1)
            scene.mine = await _begin(client)


async def test_begun_many_times_at_once_one_is_under_way(client: Client, parts: Wiring) -> None:
    async with _scene(client, parts, mates=0):
        await asyncio.gather(*(_begin(client) for _ in range(4)))
        rows = await rows_of(parts, "identity_verifications")
        assert sorted(str(row["status"]) for row in rows) == ["ended"] * 4 + ["pending"]
