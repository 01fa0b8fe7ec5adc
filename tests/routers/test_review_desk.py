"""The review desk: who sees what, who may decide, and what a decision does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from support.archive import enroll
from support.cases import (
    CLAIMANTS_PHONE,
    case_of,
    claim,
    give_facts,
    give_strong_evidence,
    link_in,
    submit,
    verify_strongly,
)
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import Student, students
from support.photos import send_both
from support.staff import member
from support.tables import rows_of
from xuexin_api.core.staff import Role
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)


@dataclass
class _Scene:
    """Holder, claimant, and a case between them."""

    student: Student
    holder: Client
    claimant: Client
    case_id: str

    async def log_in(self) -> None:
        await self.claimant.log_in(CLAIMANTS_PHONE)


@asynccontextmanager
async def _scene(client: Client, *, verified: bool = True) -> AsyncIterator[_Scene]:
    parts = client.parts
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    if verified:
        await client.verify(student)
    async with connected_client(client.app, parts) as claimant:
        yield _Scene(student, client, claimant, await claim(claimant, student))


async def _wait_for_review(scene: _Scene, *, strong: bool = False) -> None:
    """Handed in, and the notice has run out."""
    parts = scene.claimant.parts
    if strong:
        await verify_strongly(parts, scene.student)
        await give_strong_evidence(parts, scene.case_id)
    else:
        await give_facts(scene.claimant, scene.case_id, scene.student)
    await submit(scene.claimant, scene.case_id)
    parts.clock.pass_time(hours=72)  # type: ignore[attr-defined]
    await parts.housekeeping.purge()
    await scene.log_in()
    assert (await case_of(scene.claimant, scene.case_id))["state"] == "in_review"


async def test_a_key_of_staff_is_its_owners_alone(client: Client) -> None:
    key = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    async with _scene(client) as scene:
        await _wait_for_review(scene)
        async with member(client) as one, member(client, "reviewer.two") as other:
            path = f"/v1/staff/identity-cases/{scene.case_id}"
            taken, again = [await one.client.post(f"{path}/take", None, headers=key) for _ in range(2)]
            assert (taken.status_code, again.json()) == (200, taken.json())
            assert again.headers["idempotent-replayed"] == "true"
            assert code_of(await other.client.post(f"{path}/take", None, headers=key)) == "case_taken"
            decision = {"decision": "reject", "reason": "evidence_unconvincing", "note": None}
            answers = [await one.client.post(f"{path}/decision", decision, headers=key) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [204, 204]
            one.client.access_token = None
            assert code_of(await one.client.post(f"{path}/decision", decision, headers=key)) == "token_missing"


async def _account(parts: Wiring, phone: str) -> Any:
    key = parts.lookups.phone(phone).hex()
    (row,) = await rows_of(parts, "", f"SELECT * FROM accounts WHERE phone_key = '\\x{key}'")
    return row


async def test_the_queue_shows_age_and_deadline_and_nobody(client: Client, parts: Wiring, clock: HandClock) -> None:
    async with _scene(client) as scene, member(client) as reviewer:
        assert (await reviewer.client.get("/v1/staff/identity-cases")).json()["items"] == []
        await _wait_for_review(scene)
        await reviewer.log_in()
        answer = await reviewer.client.get("/v1/staff/identity-cases")
        (item,) = answer.json()["items"]
        assert (item["state"], item["strength"], item["reviewers"]) == ("in_review", "weak", 1)
        assert (item["overdue"], item["assigned"]) == (False, False)
        assert scene.student.name not in answer.text
        clock.pass_time(days=3, seconds=1)
        await reviewer.log_in()
        (item,) = (await reviewer.client.get("/v1/staff/identity-cases")).json()["items"]
        assert item["overdue"] is True


async def test_a_case_is_seen_only_by_who_has_it_and_each_look_is_shown_to_the_applicant(
    client: Client, parts: Wiring
) -> None:
    async with _scene(client) as scene, member(client) as one, member(client, "reviewer.two") as two:
        await _wait_for_review(scene)
        for reviewer in (one, two):
            await reviewer.log_in()
        path = f"/v1/staff/identity-cases/{scene.case_id}"
        assert code_of(await one.client.get(path)) == "case_not_assigned"
        assert (await one.take(scene.case_id)).json()["mine"] is True
        assert code_of(await two.take(scene.case_id)) == "case_taken"
        assert code_of(await two.client.get(path)) == "case_not_assigned"
        assert code_of(await two.decide(scene.case_id, "approve", "evidence_convincing")) == "case_not_assigned"
        seen = (await one.client.get(path)).json()
        assert seen["document_number"] == scene.student.document_number
        assert seen["claimed_name"] == scene.student.name
        assert [row["institution_name"] for row in seen["records"]] == [scene.student.record.institution_name]
        assert [holder["holding"] for holder in seen["holders"]] == ["weak"]
        assert set(seen["decisions"]) == {"approve", "reject"}
        await one.client.get(path)
        await scene.log_in()
        log = [event["kind"] for event in (await case_of(scene.claimant, scene.case_id))["log"]]
        assert log[-3:] == ["taken", "viewed", "viewed"]
        await scene.holder.log_in(scene.student.phone)
        assert "viewed" in [event["kind"] for event in (await case_of(scene.holder, scene.case_id))["log"]]
        # Whose records they are reads of each look, too, whatever becomes of the case.
        await scene.holder.verify(scene.student)
        looks = (await scene.holder.get("/v1/archive/accesses")).json()["items"]
        assert [(look["action"]["id"], look["purpose"]["id"], look["institution"]["code"]) for look in looks] == [
            ("viewed", "identity_review", "service")
        ] * 2
        assert (await one.client.post(f"{path}/release", None)).status_code == 204
        assert (await two.take(scene.case_id)).status_code == 200


async def test_a_case_taken_and_left_is_free_again_after_a_day(client: Client, clock: HandClock) -> None:
    async with _scene(client) as scene, member(client) as one, member(client, "reviewer.two") as two:
        await _wait_for_review(scene)
        await one.log_in()
        await one.take(scene.case_id)
        clock.pass_time(days=1)
        await one.log_in()
        await two.log_in()
        assert code_of(await one.decide(scene.case_id, "approve", "evidence_convincing")) == "case_not_assigned"
        assert (await two.take(scene.case_id)).status_code == 200


async def test_of_two_who_take_a_case_at_once_one_has_it(client: Client) -> None:
    async with _scene(client) as scene, member(client) as one, member(client, "reviewer.two") as two:
        await _wait_for_review(scene)
        await one.log_in()
        await two.log_in()
        answers = await asyncio.gather(one.take(scene.case_id), two.take(scene.case_id))
        assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_one_reviewer_grants_what_the_table_gives_to_one(client: Client, parts: Wiring) -> None:
    async with _scene(client) as scene, member(client) as one:
        await _wait_for_review(scene)
        await one.log_in()
        await one.take_and_decide(scene.case_id, "approve", "evidence_convincing", "学籍信息与申请一致。")
        await scene.log_in()
        case = await case_of(scene.claimant, scene.case_id)
        assert case["state"] == "approved"
        words = {event["kind"]: event for event in case["log"]}["reviewer_approve"]
        assert (words["actor"], words["reason"]["id"], words["note"]) == (
            "staff",
            "evidence_convincing",
            "学籍信息与申请一致。",
        )
        assert (await _account(parts, scene.student.phone))["state"] == "superseded"


async def test_a_reviewers_no_ends_the_claim_with_its_reason(client: Client, parts: Wiring) -> None:
    async with _scene(client) as scene, member(client) as one:
        await _wait_for_review(scene)
        await one.log_in()
        await one.take_and_decide(scene.case_id, "reject", "evidence_unconvincing")
        await scene.log_in()
        case = await case_of(scene.claimant, scene.case_id)
        assert (case["state"], case["reason"]["id"]) == ("rejected", "evidence_unconvincing")
        assert (await _account(parts, scene.student.phone))["state"] == "active"
        assert any("未通过" in one.body for one in await scene.claimant.messages(CLAIMANTS_PHONE))


async def test_two_reviewers_must_agree_where_the_table_says_so(client: Client, parts: Wiring) -> None:
    async with _scene(client) as scene, member(client) as one, member(client, "reviewer.two") as two:
        await _wait_for_review(scene, strong=True)
        await one.log_in()
        await two.log_in()
        await one.take_and_decide(scene.case_id, "approve", "evidence_convincing")
        assert (await _account(parts, scene.student.phone))["state"] == "active"
        again = await one.take(scene.case_id)
        assert (again.status_code, code_of(again)) == (403, "not_yours_to_decide")
        await two.take_and_decide(scene.case_id, "approve", "evidence_convincing")
        assert (await _account(parts, scene.student.phone))["state"] == "superseded"


async def test_one_no_of_two_reviewers_is_a_no(client: Client, parts: Wiring) -> None:
    async with _scene(client) as scene, member(client) as one, member(client, "reviewer.two") as two:
        await _wait_for_review(scene, strong=True)
        await one.log_in()
        await two.log_in()
        await one.take_and_decide(scene.case_id, "approve", "evidence_convincing")
        await two.take_and_decide(scene.case_id, "reject", "evidence_unconvincing")
        assert (await _account(parts, scene.student.phone))["state"] == "active"
        await scene.log_in()
        assert (await case_of(scene.claimant, scene.case_id))["state"] == "rejected"


async def test_a_decision_after_an_objection_waits_for_the_end_of_the_notice(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with (
        _scene(client, verified=False) as scene,
        member(client) as one,
        member(client, "operator.one", role=Role.OPERATOR) as operator,
    ):

        async def waiting() -> int:
            (cases, *_) = (await operator.client.get("/v1/staff/overview")).json()["waiting"]
            queue = (await one.client.get("/v1/staff/identity-cases")).json()["items"]
            assert (cases["what"], cases["count"]) == ("identity_cases", len(queue)), "operators see what reviewers see"
            return len(queue)

        await give_facts(scene.claimant, scene.case_id, scene.student)
        await submit(scene.claimant, scene.case_id)
        assert await waiting() == 0
        await client.post(f"/v1/identity-cases/{scene.case_id}/objection", {"statement": "这是我的账号"})
        assert await waiting() == 1
        await one.take(scene.case_id)
        seen = (await one.client.get(f"/v1/staff/identity-cases/{scene.case_id}")).json()
        assert seen["holders"][0]["objection"] == "这是我的账号"
        assert (await one.decide(scene.case_id, "approve", "objection_unfounded")).status_code == 204
        assert (await _account(parts, scene.student.phone))["state"] == "active"
        steps = [step["id"] for step in (await case_of(scene.claimant, scene.case_id))["next"]]
        assert steps == ["await_notice", "withdraw_case"]
        assert await waiting() == 0
        assert code_of(await one.take(scene.case_id)) == "case_closed"
        clock.pass_time(hours=24)
        await parts.housekeeping.purge()
        assert (await _account(parts, scene.student.phone))["state"] == "superseded"


@pytest.mark.parametrize("tie", ["document", "claimants_phone", "holders_phone"])
async def test_nobody_decides_a_case_that_has_to_do_with_them(client: Client, tie: str) -> None:
    async with _scene(client) as scene:
        await _wait_for_review(scene)
        own = {
            "document": {"document": scene.student.document_number},
            "claimants_phone": {"phone": CLAIMANTS_PHONE},
            "holders_phone": {"phone": scene.student.phone},
        }[tie]
        async with member(client, "reviewer.own", **own) as involved:
            refused = await involved.take(scene.case_id)
            assert (refused.status_code, code_of(refused)) == (403, "not_yours_to_decide")


async def test_a_holder_who_was_not_told_yet_does_not_decide(client: Client) -> None:
    async with _scene(client) as scene:
        await send_both(scene.claimant, f"/v1/identity-cases/{scene.case_id}")
        assert (await submit(scene.claimant, scene.case_id))["state"] == "submitted"
        async with member(client, "reviewer.own", phone=scene.student.phone) as holder:
            refused = await holder.take(scene.case_id)
            assert (refused.status_code, code_of(refused)) == (403, "not_yours_to_decide")


async def test_the_next_page_of_the_queue_passes_nothing_over_when_the_last_one_was_decided(client: Client) -> None:
    path = "/v1/staff/identity-cases"
    async with _scene(client) as scene, member(client) as one, connected_client(client.app, client.parts) as other:
        await send_both(scene.claimant, f"/v1/identity-cases/{scene.case_id}")
        await submit(scene.claimant, scene.case_id)
        student = students(2)[1]
        await enroll(client.parts, student)
        await other.register(student)
        async with connected_client(client.app, client.parts) as second:
            second_case = await claim(second, student, "+8617199990002")
            await send_both(second, f"/v1/identity-cases/{second_case}")
            await submit(second, second_case)
        page = (await one.client.get(path, params={"limit": 1})).json()
        assert [item["id"] for item in page["items"]] == [scene.case_id]
        await one.take_and_decide(scene.case_id, "accept_photos", "photos_show_applicant")
        following = {"limit": 1, "cursor": page["next_cursor"]}
        assert [item["id"] for item in (await one.client.get(path, params=following)).json()["items"]] == [second_case]


async def test_who_comes_to_be_in_a_case_sees_it_no_more(client: Client, parts: Wiring) -> None:
    async with _scene(client) as scene, member(client) as one:
        await _wait_for_review(scene)
        await one.log_in()
        assert (await one.take(scene.case_id)).status_code == 200
        # The holder's number is the reviewer's from now on.
        moved = "UPDATE accounts SET phone_key = s.phone_key FROM staff s WHERE accounts.state = 'active' RETURNING 1"
        assert len(await rows_of(parts, "", moved)) == 1
        refused = await one.client.get(f"/v1/staff/identity-cases/{scene.case_id}")
        assert (refused.status_code, code_of(refused)) == (403, "not_yours_to_decide")


async def test_a_classmate_who_was_asked_does_not_decide(client: Client) -> None:
    async with _scene(client) as scene:
        await scene.claimant.post(f"/v1/identity-cases/{scene.case_id}/classmates", {"phone": "17155556666"})
        await _wait_for_review(scene)
        async with member(client, "reviewer.mate", phone="17155556666") as mate:
            assert code_of(await mate.take(scene.case_id)) == "not_yours_to_decide"


@pytest.mark.parametrize("role", [Role.OPERATOR])
async def test_the_desk_is_for_reviewers(client: Client, role: Role) -> None:
    async with _scene(client) as scene, member(client, "member.other", role=role) as other:
        await _wait_for_review(scene)
        await other.log_in()
        path = f"/v1/staff/identity-cases/{scene.case_id}"
        for answer in (
            await other.client.get("/v1/staff/identity-cases"),
            await other.client.get(path),
            await other.take(scene.case_id),
            await other.client.post(f"{path}/release", None),
            await other.decide(scene.case_id, "approve", "evidence_convincing"),
        ):
            assert (answer.status_code, code_of(answer)) == (403, "role_not_allowed")


async def test_a_decision_fits_its_state_and_its_reason(client: Client) -> None:
    async with _scene(client) as scene, member(client) as one:
        await _wait_for_review(scene)
        await one.log_in()
        await one.take(scene.case_id)
        wrong = await one.decide(scene.case_id, "approve", "photos_edited")
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/reason")
        assert code_of(await one.decide(scene.case_id, "undo", "evidence_false")) == "case_closed"
        assert code_of(await one.decide(scene.case_id, "accept_photos", "photos_show_applicant")) == "case_closed"
        unknown = await one.take("0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b")
        assert (unknown.status_code, code_of(unknown)) == (404, "case_not_found")


async def _granted(scene: _Scene) -> str:
    """Granted at once by strong evidence; the secret of the former holder's link."""
    await give_strong_evidence(scene.claimant.parts, scene.case_id)
    assert (await submit(scene.claimant, scene.case_id))["state"] == "approved"
    (told,) = [one for one in await scene.holder.messages(scene.student.phone) if "强认证" in one.body]
    return link_in(told.body)


async def _ask_to_undo(scene: _Scene, secret: str) -> None:
    body = {"secret": secret, "statement": "这是我的账号"}
    assert (await scene.holder.post("/v1/identity-cases/objections", body, headers={})).status_code == 204


async def test_undoing_restores_every_account_exactly(client: Client, parts: Wiring, clock: HandClock) -> None:
    async with _scene(client, verified=False) as scene, member(client) as one:
        before = await rows_of(parts, "", "SELECT * FROM accounts ORDER BY id")
        secret = await _granted(scene)
        clock.pass_time(days=10)
        await _ask_to_undo(scene, secret)
        await one.log_in()
        await one.take_and_decide(scene.case_id, "undo", "objection_convincing")
        assert await rows_of(parts, "", "SELECT * FROM accounts ORDER BY id") == before
        (case,) = await rows_of(parts, "identity_cases")
        assert (case["state"], case["reason"]) == ("undone", "objection_convincing")
        await client.log_in(scene.student.phone)
        await client.verify(scene.student)
        await scene.log_in()
        assert (await scene.claimant.get("/v1/account")).json()["state"] == "conflict"
        history = (await scene.claimant.get("/v1/account/login-history")).json()["items"]
        assert "case_undone" in {login["end_reason"] for login in history}
        history = (await client.get("/v1/account/login-history")).json()["items"]
        assert "superseded" in {login["end_reason"] for login in history}


async def test_undoing_gives_a_closing_account_the_time_that_it_had(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with _scene(client, verified=False) as scene, member(client) as one:
        closes_at = clock.now() + timedelta(days=10)
        await rows_of(
            parts,
            "",
            f"UPDATE accounts SET state = 'closing', closes_at = '{closes_at}' WHERE state = 'active' RETURNING id",
        )
        secret = await _granted(scene)
        clock.pass_time(days=20)
        await _ask_to_undo(scene, secret)
        await one.log_in()
        granted_for = timedelta(days=20, seconds=60)
        await one.take_and_decide(scene.case_id, "undo", "objection_convincing")
        account = await _account(parts, scene.student.phone)
        assert account["state"] == "closing"
        assert abs(account["closes_at"] - closes_at - granted_for) < timedelta(minutes=2)


async def test_a_grant_that_a_reviewer_lets_stand_is_not_asked_about_again(client: Client, parts: Wiring) -> None:
    async with _scene(client, verified=False) as scene, member(client) as one:
        secret = await _granted(scene)
        await _ask_to_undo(scene, secret)
        await one.log_in()
        await one.take_and_decide(scene.case_id, "uphold", "objection_unfounded")
        assert (await _account(parts, scene.student.phone))["state"] == "superseded"
        assert (await case_of(scene.claimant, scene.case_id))["state"] == "approved"
        assert any("原决定维持" in one.body for one in await client.messages(scene.student.phone))
        refused = await client.post("/v1/identity-cases/objections", {"secret": secret, "statement": "再次"})
        assert code_of(refused) == "objection_rejected"


async def test_what_two_reviewers_granted_two_others_undo(client: Client, parts: Wiring, clock: HandClock) -> None:
    async with (
        _scene(client) as scene,
        member(client) as one,
        member(client, "reviewer.two") as two,
        member(client, "reviewer.three") as three,
        member(client, "reviewer.four") as four,
    ):
        await _wait_for_review(scene, strong=True)
        (told,) = [kept for kept in await client.messages(scene.student.phone) if "提出异议" in kept.body]
        for reviewer in (one, two):
            await reviewer.log_in()
            await reviewer.take_and_decide(scene.case_id, "approve", "evidence_convincing")
        await _ask_to_undo(scene, link_in(told.body))
        assert code_of(await one.take(scene.case_id)) == "not_yours_to_decide"
        await three.log_in()
        await three.take_and_decide(scene.case_id, "undo", "evidence_false")
        assert (await _account(parts, scene.student.phone))["state"] == "superseded"
        await four.log_in()
        await four.take_and_decide(scene.case_id, "undo", "evidence_false")
        holder = await _account(parts, scene.student.phone)
        assert (holder["state"], holder["verified_strength"]) == ("active", "strong")


async def test_who_accepted_the_photos_of_a_grant_does_not_judge_its_undoing(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """Against a weakly verified holder nobody else looks at the claim: the table asks for no reviewer."""
    async with _scene(client) as scene, member(client) as one, member(client, "reviewer.two") as two:
        await send_both(scene.claimant, f"/v1/identity-cases/{scene.case_id}")
        await submit(scene.claimant, scene.case_id)
        await one.take_and_decide(scene.case_id, "accept_photos", "photos_show_applicant", "证件与本人一致。")
        accepted = {event["kind"]: event for event in (await case_of(scene.claimant, scene.case_id))["log"]}
        assert accepted["evidence_accepted"]["note"] == "证件与本人一致。"
        (told,) = [kept for kept in await client.messages(scene.student.phone) if "提出异议" in kept.body]
        clock.pass_time(hours=72)
        await parts.housekeeping.purge()
        await _ask_to_undo(scene, link_in(told.body))
        for reviewer in (one, two):
            await reviewer.log_in()
        refused = await one.take(scene.case_id)
        assert (refused.status_code, code_of(refused)) == (403, "not_yours_to_decide")
        await two.take_and_decide(scene.case_id, "undo", "evidence_false")
        assert (await _account(parts, scene.student.phone))["state"] == "active"


async def test_an_objection_after_a_yes_is_heard(client: Client, parts: Wiring, clock: HandClock) -> None:
    """Two accounts hold what is claimed, one the document, one the person; each objects in its own time."""
    async with (
        _scene(client) as scene,
        member(client) as one,
        connected_client(client.app, parts) as second,
    ):
        key = parts.lookups.document(students(2)[1].document_number).hex()
        moved = f"UPDATE accounts SET document_key = '\\x{key}' WHERE state = 'active' RETURNING id"
        assert len(await rows_of(parts, "", moved)) == 1
        await second.register(replace(scene.student, phone="+8617199990002"))
        await give_facts(scene.claimant, scene.case_id, scene.student)
        await submit(scene.claimant, scene.case_id)
        path = f"/v1/identity-cases/{scene.case_id}/objection"
        assert (await second.post(path, {"statement": "不属实"})).status_code == 200
        await one.take_and_decide(scene.case_id, "approve", "objection_unfounded")
        assert (await one.client.get("/v1/staff/identity-cases")).json()["items"] == []
        heard = await client.post(path, {"statement": "这是我的学籍"})
        assert (heard.json()["state"], heard.json()["waiting"]["cases_before"]) == ("in_review", 0)
        (item,) = (await one.client.get("/v1/staff/identity-cases")).json()["items"]
        assert (item["approvals"], item["assigned"]) == (0, False)
        clock.pass_time(hours=72)
        await parts.housekeeping.purge()
        assert (await _account(parts, scene.student.phone))["state"] == "active"
        await one.log_in()
        await one.take_and_decide(scene.case_id, "reject", "objection_convincing")
        assert (await _account(parts, scene.student.phone))["state"] == "active"


async def test_who_has_a_case_takes_it_anew_when_its_holder_objects(client: Client) -> None:
    async with _scene(client) as scene, member(client) as one:
        await _wait_for_review(scene)
        await one.log_in()
        await one.take(scene.case_id)
        await scene.holder.log_in(scene.student.phone)
        path = f"/v1/identity-cases/{scene.case_id}/objection"
        assert (await scene.holder.post(path, {"statement": "不属实"})).status_code == 200
        assert code_of(await one.decide(scene.case_id, "approve", "evidence_convincing")) == "case_not_assigned"
        await one.take_and_decide(scene.case_id, "approve", "objection_unfounded")


async def test_a_grant_on_which_a_later_one_stands_is_not_undone_before_it(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with _scene(client, verified=False) as scene, member(client) as one:
        await give_facts(scene.claimant, scene.case_id, scene.student)
        await submit(scene.claimant, scene.case_id)
        (told,) = [kept for kept in await client.messages(scene.student.phone) if "提出异议" in kept.body]
        clock.pass_time(hours=24)
        await parts.housekeeping.purge()
        async with connected_client(client.app, parts) as later:
            case_id = await claim(later, scene.student, "+8617199990002")
            await give_strong_evidence(parts, case_id)
            await submit(later, case_id)
        clock.pass_time(hours=72)
        await parts.housekeeping.purge()
        assert (await _account(parts, CLAIMANTS_PHONE))["state"] == "superseded"
        await _ask_to_undo(scene, link_in(told.body))
        await one.log_in()
        await one.take(scene.case_id)
        refused = await one.decide(scene.case_id, "undo", "objection_convincing")
        assert (refused.status_code, code_of(refused)) == (409, "case_overtaken")
        assert (await _account(parts, scene.student.phone))["state"] == "superseded"
        assert (await one.decide(scene.case_id, "uphold", "objection_unfounded")).status_code == 204


async def test_a_grant_is_not_undone_for_a_holder_whose_own_number_was_registered_since(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    async with _scene(client) as scene, member(client) as one:
        # The holder is the person by a number that the person does not have any more.
        other = students(2)[1]
        key = parts.lookups.document(other.document_number).hex()
        moved = f"UPDATE accounts SET document_key = '\\x{key}' WHERE state = 'active' RETURNING id"
        assert len(await rows_of(parts, "", moved)) == 1
        await give_strong_evidence(parts, scene.case_id)
        await submit(scene.claimant, scene.case_id)
        (told,) = [kept for kept in await client.messages(scene.student.phone) if "提出异议" in kept.body]
        clock.pass_time(hours=72)
        await parts.housekeeping.purge()
        async with connected_client(client.app, parts) as later:
            await later.register(other)
        await _ask_to_undo(scene, link_in(told.body))
        await one.log_in()
        await one.take(scene.case_id)
        refused = await one.decide(scene.case_id, "undo", "objection_convincing")
        assert (refused.status_code, code_of(refused)) == (409, "case_overtaken")
        assert (await _account(parts, scene.student.phone))["state"] == "superseded"


async def test_photos_are_looked_at_first_and_the_holder_hears_only_of_accepted_ones(
    client: Client, parts: Wiring
) -> None:
    async with _scene(client) as scene, member(client) as one:
        await send_both(scene.claimant, f"/v1/identity-cases/{scene.case_id}")
        case = await submit(scene.claimant, scene.case_id)
        assert case["state"] == "submitted"
        assert not any("提出异议" in kept.body for kept in await client.messages(scene.student.phone))
        await one.take(scene.case_id)
        seen = (await one.client.get(f"/v1/staff/identity-cases/{scene.case_id}")).json()
        assert {photo["side"] for photo in seen["photos"]} == {"front", "back"}
        await one.look_at_photos(scene.case_id)
        assert (await one.decide(scene.case_id, "accept_photos", "photos_show_applicant")).status_code == 204
        case = await case_of(scene.claimant, scene.case_id)
        assert (case["state"], [row["kind"] for row in case["evidence"]]) == ("notice", ["handheld_photo"])
        assert any("提出异议" in kept.body for kept in await client.messages(scene.student.phone))


async def test_refused_photos_are_no_evidence_and_the_reason_is_told(client: Client, parts: Wiring) -> None:
    async with _scene(client) as scene, member(client) as one:
        await send_both(scene.claimant, f"/v1/identity-cases/{scene.case_id}")
        await submit(scene.claimant, scene.case_id)
        await one.take_and_decide(scene.case_id, "refuse_photos", "photos_unreadable", "证件反光。")
        case = await case_of(scene.claimant, scene.case_id)
        assert (case["state"], case["reason"]["id"]) == ("rejected", "evidence_not_accepted")
        told = {event["kind"]: event for event in case["log"]}["evidence_refused"]
        assert (told["reason"]["id"], told["note"]) == ("photos_unreadable", "证件反光。")


async def test_accepted_photos_end_a_weak_claim_that_waits_and_give_way_to_a_strong_one(
    client: Client, parts: Wiring
) -> None:
    async with (
        _scene(client) as scene,
        member(client) as one,
        connected_client(client.app, parts) as second,
        connected_client(client.app, parts) as third,
    ):
        await give_facts(scene.claimant, scene.case_id, scene.student)
        await submit(scene.claimant, scene.case_id)
        stronger = {"on_document_under_review": "stronger_evidence"}
        photos = await claim(second, scene.student, "+8617199990002", **stronger)
        await send_both(second, f"/v1/identity-cases/{photos}")
        assert (await submit(second, photos))["state"] == "submitted"
        # Unseen photos end nothing.
        assert (await case_of(scene.claimant, scene.case_id))["state"] == "notice"
        # And hold up nobody whose evidence is there.
        blocked = await third.try_to_register(
            replace(scene.student, phone="+8617199990003"),
            on_document_registered="re_register",
            acknowledged_warning="other_platforms",
            **stronger,
        )
        assert code_of(blocked) == "document_under_review"
        await one.take_and_decide(photos, "accept_photos", "photos_show_applicant")
        assert (await case_of(scene.claimant, scene.case_id))["reason"]["id"] == "preempted"
        assert (await case_of(second, photos))["state"] == "notice"


async def test_reviews_say_how_long_the_next_will_take(client: Client, parts: Wiring, clock: HandClock) -> None:
    async with _scene(client) as scene, member(client) as one:
        await _wait_for_review(scene)
        clock.pass_time(hours=5)
        await one.log_in()
        await one.take_and_decide(scene.case_id, "reject", "evidence_unconvincing")
        await scene.log_in()
        again = (await scene.claimant.post("/v1/identity-cases", None)).json()["id"]
        await give_facts(scene.claimant, again, scene.student)
        await submit(scene.claimant, again)
        clock.pass_time(hours=72)
        await parts.housekeeping.purge()
        await scene.log_in()
        (case,) = await rows_of(parts, "", "SELECT * FROM identity_cases WHERE state = 'in_review'")
        shown = (await case_of(scene.claimant, again))["waiting"]["expected_by"]
        expected = case["queued_at"] + timedelta(hours=5)
        assert shown[:15] == f"{expected:%Y-%m-%dT%H:%M}"[:15]


async def test_a_notice_is_no_part_of_what_a_review_takes(client: Client, parts: Wiring, clock: HandClock) -> None:
    async def expected_hours(student: Student, phone: str) -> float:
        """For somebody who hands in photos now, against who is verified."""
        async with connected_client(client.app, parts) as holder, connected_client(client.app, parts) as claimant:
            await holder.register(student)
            await holder.verify(student)
            waiting = await claim(claimant, student, phone)
            await send_both(claimant, f"/v1/identity-cases/{waiting}")
            case = await submit(claimant, waiting)
        expected = datetime.fromisoformat(case["waiting"]["expected_by"]) - clock.now()
        return round(expected.total_seconds() / 3600, 3)

    others = students(4)[1:]
    await enroll(parts, *others)
    async with _scene(client) as scene, member(client) as one:
        # Heard after an objection, long before the end of the notice.
        await give_facts(scene.claimant, scene.case_id, scene.student)
        await submit(scene.claimant, scene.case_id)
        clock.pass_time(hours=2)
        await scene.holder.log_in(scene.student.phone)
        said = {"statement": "不属实"}
        assert (await scene.holder.post(f"/v1/identity-cases/{scene.case_id}/objection", said)).status_code == 200
        clock.pass_time(hours=3)
        await one.log_in()
        await one.take_and_decide(scene.case_id, "approve", "evidence_convincing")
        clock.pass_time(hours=67)
        await parts.housekeeping.purge()
        (decided,) = await rows_of(parts, "", "SELECT id, state FROM identity_cases")
        assert decided == {"id": UUID(scene.case_id), "state": "approved"}
        assert await expected_hours(others[0], "+8617199990002") == pytest.approx(3, abs=0.02)
        # Photos that are accepted before a notice begins: three quarters of the way from one hour to three.
        clock.pass_time(hours=1)
        await one.log_in()
        (waiting,) = await rows_of(parts, "", "SELECT id FROM identity_cases WHERE state = 'submitted'")
        await one.take_and_decide(str(waiting["id"]), "accept_photos", "photos_show_applicant")
        assert await expected_hours(others[1], "+8617199990003") == pytest.approx(2.5, abs=0.02)
        clock.pass_time(hours=72)
        await parts.housekeeping.purge()
        assert await expected_hours(others[2], "+8617199990004") == pytest.approx(2.5, abs=0.02)


async def test_everything_staff_did_stands_in_their_trail(client: Client, parts: Wiring) -> None:
    async with _scene(client) as scene, member(client) as one:
        await _wait_for_review(scene)
        await one.log_in()
        await one.take(scene.case_id)
        await one.client.get(f"/v1/staff/identity-cases/{scene.case_id}")
        await one.decide(scene.case_id, "approve", "evidence_convincing")
        events = await rows_of(parts, "", "SELECT * FROM staff_events WHERE subject_id IS NOT NULL ORDER BY at")
        assert sorted(event["action"] for event in events) == ["case:approve", "case:take", "case:view"]
        assert {str(event["subject_id"]) for event in events} == {scene.case_id}


async def test_two_decisions_at_once_are_counted_once(client: Client, parts: Wiring) -> None:
    async with _scene(client) as scene, member(client) as one:
        await _wait_for_review(scene, strong=True)
        await one.log_in()
        await one.take(scene.case_id)
        answers = await asyncio.gather(*(one.decide(scene.case_id, "approve", "evidence_convincing") for _ in range(5)))
        assert [answer.status_code for answer in answers].count(204) == 1
        (case,) = await rows_of(parts, "identity_cases")
        assert (case["state"], case["approvals"]) == ("in_review", 1)
