"""A document that somebody else registered: who is told, what waits, who wins, and the way back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from support.archive import enroll
from support.cases import (
    CLAIM,
    CLAIMANTS_PHONE,
    case_of,
    claim,
    facts_of,
    give_facts,
    give_strong_evidence,
    link_in,
    submit,
    verify_strongly,
)
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.keys import keys_for_tests
from support.people import Student, students
from support.tables import rows_of
from support.work import counted_work
from xuexin_api.assembly import wire
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)


async def _hold(client: Client, parts: Wiring, *, verified: bool = False) -> Student:
    """A student with a record, whose document this client's account has."""
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    if verified:
        await client.verify(student)
    return student


def _steps(case: dict[str, Any]) -> list[str]:
    return [step["id"] for step in case["next"]]


async def _state_of(parts: Wiring, phone: str) -> Any:
    key = parts.lookups.phone(phone).hex()
    (row,) = await rows_of(parts, "", f"SELECT * FROM accounts WHERE phone_key = '\\x{key}'")
    return row


async def test_re_registering_comes_with_a_warning_that_must_be_acknowledged(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        another = replace(student, phone=CLAIMANTS_PHONE)
        proof = await claimant.prove_phone(CLAIMANTS_PHONE)
        refused = await claimant.try_to_register(another, phone_proof=proof)
        assert code_of(refused) == "document_registered"
        assert refused.json()["warning"]["id"] == "other_platforms"
        assert "其他平台" in refused.json()["warning"]["title"]
        refused = await claimant.try_to_register(another, phone_proof=proof, on_document_registered="re_register")
        assert (refused.status_code, code_of(refused)) == (409, "warning_not_acknowledged")
        wrong = CLAIM | {"acknowledged_warning": "another_one"}
        assert code_of(await claimant.try_to_register(another, phone_proof=proof, **wrong)) == (
            "warning_not_acknowledged"
        )
        answer = await claimant.try_to_register(another, phone_proof=proof, **CLAIM)
        assert answer.status_code == 201
        assert answer.json()["account"]["state"] == "conflict"
        assert [step["id"] for step in answer.json()["next"]] == ["give_evidence"]


async def test_an_account_in_conflict_logs_in_and_sees_nothing_else(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = await _hold(client, parts, verified=True)
    async with connected_client(client.app, parts) as claimant:
        await claim(claimant, student)
        await claimant.log_in(CLAIMANTS_PHONE)
        assert (await claimant.get("/v1/account")).json()["state"] == "conflict"
        refused = await claimant.post("/v1/identity-verifications", {"method": "record_facts"})
        assert code_of(refused) == "method_not_available"
        assert code_of(await claimant.get("/v1/archive/enrollments")) == "insufficient_user_authentication"
    assert (await client.get("/v1/archive/enrollments")).status_code == 200


async def test_re_registering_a_free_document_is_a_registration(client: Client) -> None:
    (student,) = students(1)
    answer = await client.register(student, **CLAIM)
    assert answer["account"]["state"] == "active"
    assert code_of(await client.post("/v1/identity-cases", None)) == "no_conflict"


async def test_the_phone_of_the_documents_own_account_recovers_it_and_claims_nothing(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """Else the phone by which the holder is told would be gone before the notice."""
    student = await _hold(client, parts)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as claimant:
        refused = await claimant.try_to_register(student, **CLAIM, on_phone_registered="take_over")
        assert code_of(refused) == "phone_registered"
        assert "recover" in [option["id"] for option in refused.json()["options"]]


async def test_a_draft_is_told_to_nobody_and_expires(client: Client, parts: Wiring, clock: HandClock) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        case = await case_of(claimant, case_id)
        assert (case["role"], case["state"]) == ("claimant", "draft")
        assert [question["id"] for question in case["questions"]] == [
            "candidate_number",
            "student_number",
            "admission_year",
        ]
        assert (await client.get("/v1/identity-cases")).json()["items"] == []
        assert [one for one in await client.messages(student.phone) if "证件号码" in one.body] == []
        assert code_of(await claimant.post("/v1/identity-cases", None)) == "case_exists"
        clock.pass_time(hours=24)
        await claimant.log_in(CLAIMANTS_PHONE)
        refused = await claimant.post(f"/v1/identity-cases/{case_id}/record-facts", facts_of(student))
        assert code_of(refused) == "case_closed"
        seen = await case_of(claimant, case_id)
        await parts.housekeeping.purge()
        assert (await case_of(claimant, case_id))["state"] == "expired"
        # Before it was swept it was over just as well.
        assert (seen["state"], _steps(seen), seen["questions"]) == ("expired", ["open_case"], [])
        assert code_of(await claimant.post(f"/v1/identity-cases/{case_id}/withdraw", None)) == "case_closed"
        again = await claimant.post("/v1/identity-cases", None)
        assert again.status_code == 201
        assert again.json()["id"] != case_id


async def test_an_expired_draft_makes_room_before_it_is_swept(client: Client, parts: Wiring, clock: HandClock) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        old = await claim(claimant, student)
        clock.pass_time(hours=24)
        await claimant.log_in(CLAIMANTS_PHONE)
        assert (await claimant.post("/v1/identity-cases", None)).status_code == 201
        assert (await case_of(claimant, old))["state"] == "expired"


@pytest.mark.settings(code_resend_seconds=1, cases_per_account=2)
async def test_an_account_opens_few_cases(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        withdrawn = await claimant.post(f"/v1/identity-cases/{case_id}/withdraw", None)
        assert _steps(withdrawn.json()) == ["open_case"]
        again = (await claimant.post("/v1/identity-cases", None)).json()["id"]
        assert _steps(await case_of(claimant, case_id)) == []
        withdrawn = await claimant.post(f"/v1/identity-cases/{again}/withdraw", None)
        assert _steps(withdrawn.json()) == []
        assert code_of(await claimant.post("/v1/identity-cases", None)) == "case_limit_reached"


async def test_without_evidence_nothing_is_handed_in(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        refused = await claimant.post(f"/v1/identity-cases/{case_id}/submit", None)
        assert (refused.status_code, code_of(refused)) == (409, "evidence_needed")
        assert (await case_of(claimant, case_id))["state"] == "draft"


async def test_wrong_facts_are_no_evidence_and_count_for_the_person(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        wrong = facts_of(student)
        wrong["answers"]["student_number"] = "1"
        for _ in range(5):
            refused = await claimant.post(f"/v1/identity-cases/{case_id}/record-facts", wrong)
            assert code_of(refused) == "facts_do_not_match"
        refused = await claimant.post(f"/v1/identity-cases/{case_id}/record-facts", facts_of(student))
        assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")
        assert (await case_of(claimant, case_id))["evidence"] == []


async def test_claimants_who_guess_facts_keep_the_holder_from_no_verification(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        wrong = facts_of(student)
        wrong["answers"]["student_number"] = "1"
        for _ in range(6):
            await claimant.post(f"/v1/identity-cases/{case_id}/record-facts", wrong)
    await client.verify(student)


@pytest.mark.settings(objections_per_address_minute=2)
async def test_neighbours_who_guess_links_hold_up_no_objection(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
    (told,) = [one for one in await client.messages(student.phone) if "提出异议" in one.body]
    body = {"secret": "0" * 64, "statement": "不属实"}
    guesses = [await client.post("/v1/identity-cases/objections", body) for _ in range(3)]
    assert [code_of(guess) for guess in guesses] == ["objection_rejected", "objection_rejected", "address_limited"]
    right = body | {"secret": link_in(told.body)}
    assert (await client.post("/v1/identity-cases/objections", right)).status_code == 204


async def test_a_never_verified_holder_has_a_day_to_object_and_then_the_claim_is_granted(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        case = await submit(claimant, case_id)
        assert case["state"] == "notice"
        (told,) = [one for one in await client.messages(student.phone) if "提出异议" in one.body]
        assert "24小时" in told.body
        held = await case_of(client, case_id)
        assert (held["role"], held["state"], held["effect_at"]) == ("holder", "notice", case["effect_at"])
        assert held["evidence"] == []
        assert "object" in [step["id"] for step in held["next"]]

        clock.pass_time(hours=24, seconds=-1)
        await parts.housekeeping.purge()
        assert (await _state_of(parts, student.phone))["state"] == "active"
        clock.pass_time(seconds=1)
        await parts.housekeeping.purge()
        old, new = await _state_of(parts, student.phone), await _state_of(parts, CLAIMANTS_PHONE)
        assert (old["state"], old["person_id"]) == ("superseded", None)
        assert (new["state"], new["verified_strength"]) == ("active", "weak")
        assert code_of(await client.get("/v1/account")) == "token_invalid"
        assert (await client.try_to_log_in(student.phone)).status_code == 401
        assert any("已注销" in one.body for one in await client.messages(student.phone))
        assert any("申请已通过" in one.body for one in await client.messages(CLAIMANTS_PHONE))

        await claimant.log_in(CLAIMANTS_PHONE)
        await claimant.verify(student)
        (record,) = (await claimant.get("/v1/archive/enrollments")).json()["items"]
        assert record["student_number"] == student.record.student_number
        log = [event["kind"] for event in (await case_of(claimant, case_id))["log"]]
        assert log == ["opened", "evidence_accepted", "submitted", "holder_told", "notice", "approved"]


async def test_weak_evidence_against_a_weakly_verified_holder_waits_three_days_and_for_a_reviewer(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = await _hold(client, parts, verified=True)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        assert (await submit(claimant, case_id))["state"] == "notice"
        clock.pass_time(hours=72, seconds=-1)
        await parts.housekeeping.purge()
        await claimant.log_in(CLAIMANTS_PHONE)
        assert (await case_of(claimant, case_id))["state"] == "notice"
        clock.pass_time(seconds=1)
        await parts.housekeeping.purge()
        case = await case_of(claimant, case_id)
        assert case["state"] == "in_review"
        assert case["waiting"]["cases_before"] == 0
        assert case["waiting"]["expected_by"] == "2031-03-11T02:00:00Z"
        assert (await _state_of(parts, student.phone))["state"] == "active"


async def test_strong_evidence_against_a_weakly_verified_holder_wins_after_three_days(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = await _hold(client, parts, verified=True)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_strong_evidence(parts, case_id)
        assert (await submit(claimant, case_id))["state"] == "notice"
        clock.pass_time(hours=72, seconds=-1)
        await parts.housekeeping.purge()
        assert (await _state_of(parts, student.phone))["state"] == "active"
        clock.pass_time(seconds=1)
        await parts.housekeeping.purge()
        assert (await _state_of(parts, CLAIMANTS_PHONE))["verified_strength"] == "strong"


async def test_weak_evidence_does_not_contest_a_strongly_verified_holder(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts, verified=True)
    await verify_strongly(parts, student)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        refused = await claimant.post(f"/v1/identity-cases/{case_id}/submit", None)
        assert (refused.status_code, code_of(refused)) == (409, "stronger_evidence_needed")
        assert (await case_of(claimant, case_id))["state"] == "draft"
    assert not any("提出异议" in one.body for one in await client.messages(student.phone))


async def test_strong_against_strong_waits_for_two_reviewers(client: Client, parts: Wiring, clock: HandClock) -> None:
    student = await _hold(client, parts, verified=True)
    await verify_strongly(parts, student)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_strong_evidence(parts, case_id)
        await submit(claimant, case_id)
        clock.pass_time(hours=72)
        await parts.housekeeping.purge()
        (case,) = await rows_of(parts, "identity_cases")
        assert (case["state"], case["reviewers"], case["approvals"]) == ("in_review", 2, 0)


async def test_strong_evidence_against_a_never_verified_holder_wins_at_once_and_the_holder_is_told(
    client: Client, parts: Wiring
) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_strong_evidence(parts, case_id)
        case = await submit(claimant, case_id)
        assert case["state"] == "approved"
        assert (await claimant.get("/v1/account")).json()["verified"] is True
    (told,) = [one for one in await client.messages(student.phone) if "强认证" in one.body]
    assert link_in(told.body)
    assert code_of(await client.get("/v1/account")) == "token_invalid"


async def test_proven_strongly_a_person_whom_no_school_knows_is_made(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_strong_evidence(parts, case_id)
        assert (await submit(claimant, case_id))["state"] == "approved"
    (person,) = await rows_of(parts, "persons")
    assert (person["name"], person["ethnicity"]) == (student.name, "")
    # The school's roster comes later, and finds the same person.
    await enroll(parts, student)
    assert len(await rows_of(parts, "persons")) == 1


async def test_an_objection_by_login_goes_to_a_reviewer(client: Client, parts: Wiring, clock: HandClock) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
        body = {"statement": "这是我本人的账号。"}
        answer = await client.post(f"/v1/identity-cases/{case_id}/objection", body)
        assert (answer.status_code, answer.json()["state"]) == (200, "in_review")
        assert _steps(answer.json()) == ["send_photos", "verify_identity"]
        again = await client.post(f"/v1/identity-cases/{case_id}/objection", body)
        assert code_of(again) == "objection_rejected"
        refused = await claimant.post(f"/v1/identity-cases/{case_id}/objection", body)
        assert code_of(refused) == "case_not_found"
        clock.pass_time(hours=48)
        await parts.housekeeping.purge()
        assert (await _state_of(parts, student.phone))["state"] == "active"
        (kept,) = await rows_of(parts, "case_holders")
        assert "本人".encode() not in kept["objection"]
        await claimant.log_in(CLAIMANTS_PHONE)
        assert "本人" not in (await claimant.get(f"/v1/identity-cases/{case_id}")).text.partition('"log"')[2]


async def test_an_objection_by_link_needs_no_login_and_works_once(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
    (told,) = [one for one in await client.messages(student.phone) if "提出异议" in one.body]
    body = {"secret": link_in(told.body), "statement": "不属实"}
    async with connected_client(client.app, parts) as stranger:
        wrong = await stranger.post("/v1/identity-cases/objections", body | {"secret": "0" * 64})
        assert (wrong.status_code, code_of(wrong)) == (403, "objection_rejected")
        assert (await stranger.post("/v1/identity-cases/objections", body)).status_code == 204
        assert code_of(await stranger.post("/v1/identity-cases/objections", body)) == "objection_rejected"
    (case,) = await rows_of(parts, "identity_cases")
    assert case["state"] == "in_review"


async def test_a_former_holder_asks_by_the_same_link_to_undo_the_grant(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_strong_evidence(parts, case_id)
        await submit(claimant, case_id)
        (told,) = [one for one in await client.messages(student.phone) if "强认证" in one.body]
        body = {"secret": link_in(told.body), "statement": "不属实"}
        async with connected_client(client.app, parts) as stranger:
            assert (await stranger.post("/v1/identity-cases/objections", body)).status_code == 204
        case = await case_of(claimant, case_id)
        assert case["state"] == "undo_review"
        # The grant stands until people decide.
        assert (await claimant.get("/v1/account")).json()["state"] == "active"


async def test_after_thirty_days_nothing_is_undone(client: Client, parts: Wiring, clock: HandClock) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_strong_evidence(parts, case_id)
        await submit(claimant, case_id)
    (told,) = [one for one in await client.messages(student.phone) if "强认证" in one.body]
    clock.pass_time(days=30)
    body = {"secret": link_in(told.body), "statement": "不属实"}
    assert code_of(await client.post("/v1/identity-cases/objections", body)) == "objection_rejected"


async def test_while_a_case_waits_a_further_registration_waits_unless_it_means_to_bring_more(
    client: Client, parts: Wiring
) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as first, connected_client(client.app, parts) as second:
        case_id = await claim(first, student)
        await give_facts(first, case_id, student)
        await submit(first, case_id)
        another = replace(student, phone="+8617199990002")
        proof = await second.prove_phone(another.phone)
        refused = await second.try_to_register(another, phone_proof=proof, **CLAIM)
        assert (refused.status_code, code_of(refused)) == (409, "document_under_review")
        assert "stronger_evidence" in [option["id"] for option in refused.json()["options"]]
        stronger = CLAIM | {"on_document_under_review": "stronger_evidence"}
        answer = await second.try_to_register(another, phone_proof=proof, **stronger)
        assert answer.status_code == 201
        second.keep(answer.json())
        (mine,) = (await second.get("/v1/identity-cases")).json()["items"]
        await give_facts(second, mine["id"], student)
        refused = await second.post(f"/v1/identity-cases/{mine['id']}/submit", None)
        assert code_of(refused) == "document_under_review"

        await give_strong_evidence(parts, mine["id"])
        assert (await submit(second, mine["id"]))["state"] == "approved"
        beaten = await case_of(first, case_id)
        assert (beaten["state"], beaten["reason"]["id"]) == ("rejected", "preempted")
        assert any("未通过" in one.body for one in await first.messages(CLAIMANTS_PHONE))


async def test_while_a_strong_case_waits_no_further_registration_is_let_in(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts, verified=True)
    async with connected_client(client.app, parts) as first, connected_client(client.app, parts) as second:
        case_id = await claim(first, student)
        await give_strong_evidence(parts, case_id)
        await submit(first, case_id)
        another = replace(student, phone="+8617199990002")
        stronger = CLAIM | {"on_document_under_review": "stronger_evidence"}
        refused = await second.try_to_register(another, **stronger)
        assert code_of(refused) == "document_under_review"
        assert "stronger_evidence" not in [option["id"] for option in refused.json()["options"]]


async def test_a_withdrawn_claim_has_no_effect_and_the_next_may_come(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
        answer = await claimant.post(f"/v1/identity-cases/{case_id}/withdraw", None)
        assert answer.json()["state"] == "withdrawn"
        assert code_of(await claimant.post(f"/v1/identity-cases/{case_id}/withdraw", None)) == "case_closed"
        clock.pass_time(hours=30)
        await parts.housekeeping.purge()
        assert (await _state_of(parts, student.phone))["state"] == "active"


async def test_a_contested_holder_who_never_verified_does_not_become_one_by_facts(
    client: Client, parts: Wiring
) -> None:
    student = await _hold(client, parts)
    started = (await client.post("/v1/identity-verifications", {"method": "record_facts"})).json()
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
        method, *_ = (await client.get("/v1/identity-verifications/methods")).json()["items"]
        assert (method["available"], method["reason"]) == (False, "document_contested")
        answers = {question["id"]: student.fact(question["id"]) for question in started["questions"]}
        refused = await client.post(f"/v1/identity-verifications/{started['id']}/answers", {"answers": answers})
        assert code_of(refused) == "method_not_available"
        await claimant.post(f"/v1/identity-cases/{case_id}/withdraw", None)
        await client.verify(student)


async def test_a_verified_holder_goes_on_reading_while_a_claim_waits(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts, verified=True)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
        await client.verify(student)
        assert (await client.get("/v1/archive/enrollments")).status_code == 200


async def test_a_holder_who_becomes_stronger_while_a_claim_waits_ends_it(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = await _hold(client, parts, verified=True)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
        await verify_strongly(parts, student)
        clock.pass_time(hours=72)
        await parts.housekeeping.purge()
        await claimant.log_in(CLAIMANTS_PHONE)
        case = await case_of(claimant, case_id)
        assert (case["state"], case["reason"]["id"]) == ("rejected", "stronger_evidence_needed")


async def test_a_holder_without_any_channel_is_spoken_for_by_a_reviewer(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = await _hold(client, parts)
    (taker,) = students(2)[1:]
    clock.pass_time(seconds=2)
    async with connected_client(client.app, parts) as other, connected_client(client.app, parts) as claimant:
        await other.register(replace(taker, phone=student.phone), on_phone_registered="take_over")
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
        clock.pass_time(hours=24)
        await parts.housekeeping.purge()
        await claimant.log_in(CLAIMANTS_PHONE)
        case = await case_of(claimant, case_id)
        assert case["state"] == "in_review"
        assert "holder_unreachable" in [event["kind"] for event in case["log"]]


async def test_a_claim_whose_holder_went_away_is_granted_at_once(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        gone = "UPDATE accounts SET state = 'closed', document_key = '' WHERE state = 'active' RETURNING id"
        await rows_of(parts, "", gone)
        assert (await submit(claimant, case_id))["state"] == "approved"


@pytest.mark.settings(code_resend_seconds=1, case_submissions_per_document_day=3)
async def test_a_holder_is_told_of_few_claims_a_day(client: Client, parts: Wiring, clock: HandClock) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        for _ in range(2):
            await give_facts(claimant, case_id, student)
            await submit(claimant, case_id)
            await claimant.post(f"/v1/identity-cases/{case_id}/withdraw", None)
            case_id = (await claimant.post("/v1/identity-cases", None)).json()["id"]
        await give_facts(claimant, case_id, student)
        refused = await claimant.post(f"/v1/identity-cases/{case_id}/submit", None)
        assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")


async def test_other_peoples_cases_are_not_there(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts)
    stranger = students(2)[1]
    async with connected_client(client.app, parts) as claimant, connected_client(client.app, parts) as other:
        case_id = await claim(claimant, student)
        await other.register(stranger)
        for method, path, body in (
            ("GET", "", None),
            ("POST", "/submit", None),
            ("POST", "/withdraw", None),
            ("POST", "/record-facts", facts_of(student)),
            ("POST", "/classmates", {"phone": "17012345678"}),
            ("POST", "/objection", {"statement": "不属实"}),
        ):
            answer = await other.request(method, f"/v1/identity-cases/{case_id}{path}", json=body)
            assert (answer.status_code, code_of(answer)) == (404, "case_not_found"), path


async def test_a_list_of_many_cases_costs_what_a_list_of_one_costs(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts)
    costs = []
    async with connected_client(client.app, parts) as claimant:
        over = await claim(claimant, student)
        assert (await claimant.post(f"/v1/identity-cases/{over}/withdraw", None)).status_code == 200
        case_id = (await claimant.post("/v1/identity-cases", None)).json()["id"]
        for _ in range(3):
            await give_facts(claimant, case_id, student)
            async with counted_work(claimant) as work:
                cases = (await claimant.get("/v1/identity-cases")).json()["items"]
            costs.append(work.statements.total())
            assert sorted(len(case["evidence"]) for case in cases) == [0] + [1] * len(costs)
            assert (await claimant.post(f"/v1/identity-cases/{case_id}/withdraw", None)).status_code == 200
            case_id = (await claimant.post("/v1/identity-cases", None)).json()["id"]
    assert costs == costs[:1] * 3


async def test_of_ten_submissions_at_once_one_counts_and_the_holder_is_told_once(client: Client, parts: Wiring) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        answers = await asyncio.gather(
            *(claimant.post(f"/v1/identity-cases/{case_id}/submit", None) for _ in range(10))
        )
    assert sorted({answer.status_code for answer in answers}) == [200, 409]
    assert [answer.status_code for answer in answers].count(200) == 1
    assert len([one for one in await client.messages(student.phone) if "提出异议" in one.body]) == 1


async def test_several_processes_take_the_same_step_once(client: Client, parts: Wiring, clock: HandClock) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
    clock.pass_time(hours=24)
    housekeepers = [parts.housekeeping, *(_another_housekeeping(parts) for _ in range(3))]
    await asyncio.gather(*(keeper.purge() for keeper in housekeepers))
    events = await rows_of(parts, "", "SELECT kind FROM case_events WHERE kind = 'approved'")
    assert len(events) == 1
    assert len([one for one in await client.messages(student.phone) if "已注销" in one.body]) == 1


def _another_housekeeping(parts: Wiring) -> Any:
    return wire(
        parts.settings, keys=keys_for_tests(), database=parts.database, clock=parts.clock, entropy=parts.entropy
    ).housekeeping


async def test_an_objection_against_the_clock_has_one_outcome(client: Client, parts: Wiring, clock: HandClock) -> None:
    """Both at the same moment: either the claim is granted and the objection asks to undo it, or a reviewer looks."""
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
    (told,) = [one for one in await client.messages(student.phone) if "提出异议" in one.body]
    clock.pass_time(hours=24)
    body = {"secret": link_in(told.body), "statement": "不属实"}
    answer, _ = await asyncio.gather(client.post("/v1/identity-cases/objections", body), parts.housekeeping.purge())
    assert answer.status_code == 204
    (case,) = await rows_of(parts, "identity_cases")
    assert case["state"] in {"in_review", "undo_review"}


async def test_an_account_in_conflict_that_nobody_claims_on_is_erased_and_its_phone_is_free(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        await claim(claimant, student)
    clock.pass_time(days=2)
    await parts.housekeeping.purge()
    clock.pass_time(days=29)
    await parts.housekeeping.purge()
    assert len(await rows_of(parts, "", "SELECT id FROM accounts WHERE state = 'conflict'")) == 1
    clock.pass_time(days=2)
    await parts.housekeeping.purge()
    (gone,) = await rows_of(parts, "", "SELECT * FROM accounts WHERE state = 'closed'")
    assert (gone["phone_key"], gone["document_key"]) == (None, b"")
    assert await rows_of(parts, "identity_cases") == []


async def test_an_account_that_a_grant_made_is_not_erased_while_the_grant_can_be_undone(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """Whoever won by deceit could else close the account, and nothing would be left to undo."""
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_strong_evidence(parts, case_id)
        await submit(claimant, case_id)
    closing = clock.now()
    await rows_of(
        parts,
        "",
        f"UPDATE accounts SET state = 'closing', closes_at = '{closing}' WHERE state = 'active' RETURNING id",
    )
    clock.pass_time(days=29)
    await parts.housekeeping.purge()
    assert (await _state_of(parts, CLAIMANTS_PHONE))["state"] == "closing"
    clock.pass_time(days=2)
    await parts.housekeeping.purge()
    assert await rows_of(parts, "identity_cases") == []


async def test_everything_about_a_case_goes_with_its_account(client: Client, parts: Wiring, clock: HandClock) -> None:
    student = await _hold(client, parts)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
        await client.post(f"/v1/identity-cases/{case_id}/objection", {"statement": "不属实"})
    await rows_of(
        parts,
        "",
        f"UPDATE accounts SET state = 'closing', closes_at = '{clock.now()}' WHERE state = 'active' RETURNING id",
    )
    await parts.housekeeping.purge()
    # The holder's words went with the holder; the claim is the claimant's, and stays.
    assert await rows_of(parts, "case_holders") == []
    assert len(await rows_of(parts, "identity_cases")) == 1
