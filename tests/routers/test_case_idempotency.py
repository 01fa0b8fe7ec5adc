"""Idempotency-Key at cases: handed in once and decided once, however often and by whomever it is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from support.archive import enroll
from support.cases import case_of, claim, give_facts
from support.client import Client, code_of, connected_client
from support.people import students
from support.photos import send_both
from support.staff import member
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)
KEY = {"Idempotency-Key": "0b6a52f4-1d9c-4f5e-9a57-3a1c2f7a6c11"}
_BUSY = {"operation_in_progress"}


async def _at_once(client: Client, path: str, body: Any) -> list[httpx.Response]:
    return await asyncio.gather(*(client.post(path, body, headers=KEY) for _ in range(6)))


def _outcomes(answers: list[httpx.Response], status: int) -> None:
    """One did it; the others got its answer, or were told that it goes on."""
    assert status in {answer.status_code for answer in answers}
    assert {code_of(answer) for answer in answers if answer.status_code != status} <= _BUSY


async def test_a_case_handed_in_several_times_with_one_key_tells_its_holder_once(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        path = f"/v1/identity-cases/{case_id}/submit"
        early = await claimant.post(path, None, headers=KEY)
        assert code_of(early) == "evidence_needed"
        await give_facts(claimant, case_id, student)
        _outcomes(await _at_once(claimant, path, None), 200)
        again = await claimant.post(path, None, headers=KEY)
        assert (again.status_code, again.json()["state"]) == (200, "notice")
        assert code_of(await claimant.post(path, None)) == "case_closed"
        assert code_of(await client.post(path, None, headers=KEY)) == "case_not_found"
        kinds = [event["kind"] for event in (await case_of(claimant, case_id))["log"]]
        assert kinds.count("submitted") == 1
        assert len([one for one in await client.messages(student.phone) if "objection#" in one.body]) == 1


async def test_a_decision_made_several_times_with_one_key_is_one_reviewers_one_decision(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as claimant, member(client) as reviewer:
        case_id = await claim(claimant, student)
        await send_both(claimant, f"/v1/identity-cases/{case_id}")
        assert (await claimant.post(f"/v1/identity-cases/{case_id}/submit", None)).status_code == 200
        await reviewer.take(case_id)
        await reviewer.look_at_photos(case_id)
        path = f"/v1/staff/identity-cases/{case_id}/decision"
        body = {"decision": "accept_photos", "reason": "photos_show_applicant", "note": None}
        _outcomes(await _at_once(reviewer.client, path, body), 204)
        assert (await reviewer.client.post(path, body, headers=KEY)).status_code == 204
        other = body | {"decision": "refuse_photos", "reason": "photos_unreadable"}
        assert code_of(await reviewer.client.post(path, other, headers=KEY)) == "idempotency_key_reused"
        kinds = [event["kind"] for event in (await case_of(claimant, case_id))["log"]]
        assert kinds.count("evidence_accepted") == 1
