"""Ways to verify that are closed: a code for programs, and words for people, wherever they are listed."""

from __future__ import annotations

from typing import Any

import pytest

from support.archive import enroll
from support.cases import claim, give_facts, submit
from support.client import Client, connected_client
from support.people import Student, students
from support.photos import send_both
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

_ONE_PROVIDER = pytest.mark.settings(identity_providers=("alipay_certify",), identity_providers_offline=True)
_ENGLISH = {"Accept-Language": "en"}
_PASSPORT: dict[str, Any] = {"document_type": "PASSPORT", "document_number": "E12345678"}


async def _student(client: Client, **changes: Any) -> Student:
    (student,) = students(1)
    await enroll(client.parts, student)
    await client.register(student, **changes)
    return student


async def _ways(client: Client, *, english: bool = False) -> dict[str, dict[str, Any]]:
    headers = _ENGLISH if english else {}
    answer = await client.get("/v1/identity-verifications/methods", headers=headers)
    return {way["method"]: way for way in answer.json()["items"]}


async def _assert_closed(client: Client, method: str, reason: str, chinese: str, english: str) -> None:
    for wants_english, words in ((False, chinese), (True, english)):
        ways = await _ways(client, english=wants_english)
        way = ways[method]
        assert (way["available"], way["reason"], way["explanation"]) == (False, reason, words)
        # Whoever is sent to verify reads the same.
        refused = await client.get("/v1/archive/enrollments", headers=_ENGLISH if wants_english else {})
        assert refused.status_code == 401
        assert {one["method"]: one for one in refused.json()["methods"]} == ways


async def test_an_account_that_is_not_active(client: Client, parts: Wiring) -> None:
    await _student(client)
    await rows_of(parts, "accounts", "UPDATE accounts SET state = 'closing' RETURNING id")
    for method in await _ways(client):
        await _assert_closed(
            client, method, "account_not_active", "账号当前不可用，不能进行认证。", "The account is not active."
        )


async def test_a_provider_that_this_service_does_not_offer(client: Client) -> None:
    await _student(client)
    for method in ("alipay_certify", "tencent_faceid"):
        await _assert_closed(
            client, method, "not_configured", "本服务尚未开通这种方式。", "This service does not offer it."
        )


@_ONE_PROVIDER
async def test_a_provider_that_does_not_know_the_document(client: Client) -> None:
    await _student(client, **_PASSPORT)
    await _assert_closed(
        client,
        "alipay_certify",
        "document_not_supported",
        "这种方式只支持居民身份证。",
        "It takes resident ID cards only.",
    )


async def test_what_an_account_in_conflict_proves_belongs_to_its_case(client: Client, parts: Wiring) -> None:
    student = await _student(client)
    async with connected_client(client.app, parts) as claimant:
        await claim(claimant, student)
        for method in ("record_facts", "classmates", "handheld_photo"):
            await _assert_closed(
                claimant,
                method,
                "given_to_its_case",
                "证件号码正在审核归属，请在审核申请中提交此项证明。",
                "Who owns the document number is being decided: give this as evidence in your case.",
            )


async def test_weak_ways_while_somebody_claims_the_document(client: Client, parts: Wiring) -> None:
    student = await _student(client)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
    for method in ("record_facts", "classmates"):
        await _assert_closed(
            client,
            method,
            "document_contested",
            "有人正在申请使用您的证件号码，审核结束前请用更有力的方式认证。",
            "Somebody claims your document number: until that is decided, verify in a stronger way.",
        )


async def test_photos_while_others_are_looked_at(client: Client) -> None:
    await _student(client)
    begun = (await client.post("/v1/identity-verifications", {"method": "handheld_photo"})).json()
    mine = f"/v1/identity-verifications/{begun['id']}"
    await send_both(client, mine)
    assert (await client.post(f"{mine}/submit", None)).json()["status"] == "in_review"
    await _assert_closed(
        client,
        "handheld_photo",
        "in_review",
        "您提交的照片正在审核，请等待结果。",
        "Your photos are being reviewed: wait for the result.",
    )


@pytest.mark.parametrize("english", [False, True])
async def test_whoever_is_asked_to_verify_reads_the_same_words(client: Client, *, english: bool) -> None:
    await _student(client)
    refused = await client.get("/v1/archive/enrollments", headers=_ENGLISH if english else {})
    assert refused.status_code == 401
    listed = await _ways(client, english=english)
    assert {way["method"]: way for way in refused.json()["methods"]} == listed
