"""Verification by a provider: strong, asked by ourselves, and evidence where a document is contested."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from support.archive import enroll
from support.cases import CLAIMANTS_PHONE, case_of, claim, give_facts, submit
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.entropy import KnownEntropy
from support.identity_providers import RULE, Verifier, alipay, tencent
from support.keys import keys_for_tests
from support.login_providers import APP, key_pair, private_text, public_text
from support.people import Student, students
from support.providers import SECRET
from support.tables import rows_of
from xuexin_api.app import create_app
from xuexin_api.assembly import wire
from xuexin_api.settings import Settings

pytestmark = pytest.mark.settings(code_resend_seconds=1)


@pytest.fixture(params=["alipay_certify", "tencent_faceid"])
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def verifier(method: str) -> Iterator[Verifier]:
    with alipay() if method == "alipay_certify" else tencent() as running:
        yield running


@pytest.fixture
async def own(
    client: Client, settings: Settings, clock: HandClock, entropy: KnownEntropy, method: str, verifier: Verifier
) -> AsyncIterator[Client]:
    """A client of an application that has one provider."""
    chosen = settings.model_copy(
        update={
            "identity_providers": (method,),
            "alipay_app_id": APP,
            "alipay_private_key": _Plain(private_text(key_pair("application"))),
            "alipay_public_key": public_text(key_pair("alipay")),
            "alipay_url": f"{verifier.server.url}/gateway.do",
            "tencent_secret_id": "secret-id",
            "tencent_secret_key": _Plain(SECRET),
            "tencent_faceid_rule_id": RULE,
            "tencent_faceid_url": verifier.server.url,
        }
    )
    parts = wire(chosen, keys=keys_for_tests(), database=client.parts.database, clock=clock, entropy=entropy)
    async with connected_client(create_app(parts, background=False), parts) as connected:
        yield connected
    for provider in parts.identity_providers.values():
        await provider.close()


class _Plain:
    """A secret of the settings."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        return self._text


@asynccontextmanager
async def _another(own: Client) -> AsyncIterator[Client]:
    async with connected_client(own.app, own.parts) as other:
        yield other


async def _start(client: Client, method: str) -> dict[str, Any]:
    answer = await client.post("/v1/identity-verifications", {"method": method})
    assert answer.status_code == 201, answer.text
    started: dict[str, Any] = answer.json()
    return started


async def _check(client: Client, started: dict[str, Any]) -> httpx.Response:
    return await client.post(f"/v1/identity-verifications/{started['id']}/check", None)


async def _student(own: Client) -> Student:
    (student,) = students(1)
    await enroll(own.parts, student)
    await own.register(student)
    return student


async def test_who_passes_at_the_provider_reads_the_archive(own: Client, method: str, verifier: Verifier) -> None:
    student = await _student(own)
    started = await _start(own, method)
    assert started["questions"] == []
    assert started["redirect_url"].startswith("http")
    assert list(verifier.opened.values()) == [(student.name, student.document_number)]
    pending = await _check(own, started)
    assert (pending.status_code, pending.json()["status"]) == (200, "pending")
    verifier.verdicts[verifier.last()] = "passed"
    passed = await _check(own, started)
    assert passed.json()["status"] == "passed"
    own.keep(passed.json())
    assert passed.json()["tokens"]["acr"] == "urn:xuexin:acr:verified"
    assert (await own.get("/v1/archive/enrollments")).json()["items"] != []
    (account,) = await rows_of(own.parts, "accounts")
    assert account["verified_strength"] == "strong"
    assert code_of(await _check(own, started)) == "verification_not_found"


async def test_a_failure_is_final_and_proves_nothing(own: Client, method: str, verifier: Verifier) -> None:
    await _student(own)
    started = await _start(own, method)
    verifier.verdicts[verifier.last()] = "failed"
    assert (await _check(own, started)).json()["status"] == "failed"
    verifier.verdicts[verifier.last()] = "passed"
    assert code_of(await _check(own, started)) == "verification_not_found"
    assert code_of(await own.get("/v1/archive/enrollments")) == "insufficient_user_authentication"


async def test_a_person_whom_no_school_knows_is_made_by_it(own: Client, method: str, verifier: Verifier) -> None:
    (student,) = students(1)
    await own.register(student)
    started = await _start(own, method)
    verifier.verdicts[verifier.last()] = "passed"
    own.keep((await _check(own, started)).json())
    (person,) = await rows_of(own.parts, "persons")
    assert person["name"] == student.name
    assert (await own.get("/v1/archive/enrollments")).json()["items"] == []


async def test_of_ten_checks_at_once_one_counts(own: Client, method: str, verifier: Verifier) -> None:
    await _student(own)
    started = await _start(own, method)
    verifier.verdicts[verifier.last()] = "passed"
    answers = await asyncio.gather(*(_check(own, started) for _ in range(10)))
    assert [answer.status_code for answer in answers].count(200) == 1


async def test_a_verification_is_checked_in_its_own_session_only(
    own: Client, method: str, verifier: Verifier, clock: HandClock
) -> None:
    student = await _student(own)
    started = await _start(own, method)
    verifier.verdicts[verifier.last()] = "passed"
    async with _another(own) as elsewhere:
        await elsewhere.log_in(student.phone)
        assert code_of(await _check(elsewhere, started)) == "verification_not_found"
        (shown,) = (await elsewhere.get("/v1/identity-verifications")).json()["items"]
        assert (shown["status"], shown["strength"]) == ("pending", "strong")
    clock.pass_time(seconds=900)
    own.keep((await own.post("/v1/sessions/refresh", {"refresh_token": own.refresh_token})).json())
    assert code_of(await _check(own, started)) == "verification_not_found"
    (shown,) = (await own.get("/v1/identity-verifications")).json()["items"]
    assert shown["status"] == "expired"


async def test_a_silent_provider_is_asked_again_later(own: Client, method: str, verifier: Verifier) -> None:
    await _student(own)
    started = await _start(own, method)
    answer = verifier.server.answer
    verifier.server.answer = lambda _: (500, b"{}")
    refused = await _check(own, started)
    assert (refused.status_code, code_of(refused)) == (503, "provider_unavailable")
    assert refused.headers["retry-after"] == "30"
    refused = await own.post("/v1/identity-verifications", {"method": method})
    assert code_of(refused) == "provider_unavailable"
    verifier.server.answer = lambda _: (200, b"nonsense")
    assert code_of(await _check(own, started)) == "provider_answered_wrongly"
    verifier.server.answer = answer
    verifier.verdicts[verifier.last()] = "passed"
    assert (await _check(own, started)).json()["status"] == "passed"


@pytest.mark.parametrize("method", ["tencent_faceid"])
@pytest.mark.parametrize("about", [("另一个人", None), (None, "110101200001010002")])
async def test_a_success_about_somebody_else_is_a_failure(
    own: Client, method: str, verifier: Verifier, about: tuple[str | None, str | None]
) -> None:
    await _student(own)
    started = await _start(own, method)
    verifier.says_about = lambda name, number: (about[0] or name, about[1] or number)
    verifier.verdicts[verifier.last()] = "passed"
    assert (await _check(own, started)).json()["status"] == "failed"


async def test_every_way_is_listed_and_why_it_is_closed(own: Client, method: str) -> None:
    student = await _student(own)
    items = (await own.get("/v1/identity-verifications/methods")).json()["items"]
    reasons = {item["method"]: item["reason"] for item in items}
    other = ({"alipay_certify", "tencent_faceid"} - {method}).pop()
    assert reasons == {
        "record_facts": None,
        "classmates": None,
        method: None,
        other: "not_configured",
        "handheld_photo": None,
    }
    for item in items:
        assert (item["reason"] is None) == (item["explanation"] is None), item
    refused = await own.post("/v1/identity-verifications", {"method": other})
    assert code_of(refused) == "method_not_available"
    async with _another(own) as claimant:
        await claim(claimant, student)
        items = (await claimant.get("/v1/identity-verifications/methods")).json()["items"]
        assert [item["method"] for item in items if item["available"]] == [method]


async def test_it_is_strong_evidence_of_a_case(own: Client, method: str, verifier: Verifier) -> None:
    student = await _student(own)
    async with _another(own) as claimant:
        case_id = await claim(claimant, student)
        assert "verify_in_app" in [step["id"] for step in (await case_of(claimant, case_id))["next"]]
        started = await _start(claimant, method)
        verifier.verdicts[verifier.last()] = "passed"
        passed = (await _check(claimant, started)).json()
        assert (passed["status"], passed["tokens"], passed["case_id"]) == ("passed", None, case_id)
        shown = (await claimant.get(f"/v1/identity-verifications/{started['id']}")).json()
        assert (shown["status"], shown["valid_until"]) == ("passed", None)
        (evidence,) = (await case_of(claimant, case_id))["evidence"]
        assert (evidence["kind"], evidence["strength"]) == (method, "strong")
        assert code_of(await claimant.get("/v1/archive/enrollments")) == "insufficient_user_authentication"
        assert (await submit(claimant, case_id))["state"] == "approved"


async def test_after_a_case_is_handed_in_it_takes_no_more_evidence(
    own: Client, method: str, verifier: Verifier
) -> None:
    student = await _student(own)
    async with _another(own) as claimant:
        case_id = await claim(claimant, student)
        started = await _start(claimant, method)
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
        verifier.verdicts[verifier.last()] = "passed"
        assert code_of(await _check(claimant, started)) == "case_closed"
        assert code_of(await claimant.post("/v1/identity-verifications", {"method": method})) == "case_closed"
        # The holder answers a weak claim by a strong verification.
        started = await _start(own, method)
        verifier.verdicts[verifier.last()] = "passed"
        assert (await _check(own, started)).json()["status"] == "passed"


async def test_a_result_can_be_ended_by_its_owner(own: Client, method: str, verifier: Verifier) -> None:
    await _student(own)
    started = await _start(own, method)
    verifier.verdicts[verifier.last()] = "passed"
    own.keep((await _check(own, started)).json())
    path = f"/v1/identity-verifications/{started['id']}"
    shown = (await own.get(path)).json()
    assert (shown["status"], shown["valid_until"]) == ("passed", "2031-03-05T02:30:00Z")
    assert (await own.delete(path)).status_code == 204
    assert code_of(await own.get("/v1/archive/enrollments")) == "token_invalid"
    own.keep((await own.post("/v1/sessions/refresh", {"refresh_token": own.refresh_token})).json())
    assert code_of(await own.get("/v1/archive/enrollments")) == "insufficient_user_authentication"
    shown = (await own.get(path)).json()
    assert (shown["status"], shown["valid_until"]) == ("ended", None)
    assert code_of(await own.delete(path)) == "verification_not_found"
    # Who the account is stays: the result was ended, not the identity.
    assert (await own.get("/v1/account")).json()["verified"] is True


async def test_ending_an_old_result_leaves_a_newer_one(own: Client, method: str, verifier: Verifier) -> None:
    student = await _student(own)
    started = await _start(own, method)
    verifier.verdicts[verifier.last()] = "passed"
    own.keep((await _check(own, started)).json())
    own.parts.clock.pass_time(minutes=1)  # type: ignore[attr-defined]
    await own.verify(student)
    newer, older = (await own.get("/v1/identity-verifications")).json()["items"]
    assert (newer["valid_until"], older["valid_until"]) == ("2031-03-05T02:31:00Z", None)
    assert (await own.delete(f"/v1/identity-verifications/{started['id']}")).status_code == 204
    assert (await own.get("/v1/archive/enrollments")).status_code == 200


async def test_other_peoples_verifications_are_not_there(own: Client, method: str, verifier: Verifier) -> None:
    await _student(own)
    started = await _start(own, method)
    stranger = students(2)[1]
    async with _another(own) as other:
        await other.register(replace(stranger, phone=CLAIMANTS_PHONE))
        path = f"/v1/identity-verifications/{started['id']}"
        for answer in (await other.get(path), await other.delete(path), await _check(other, started)):
            assert (answer.status_code, code_of(answer)) == (404, "verification_not_found")
        assert (await other.get("/v1/identity-verifications")).json()["items"] == []


async def test_facts_are_not_checked_at_a_provider_nor_answers_given_for_one(own: Client, method: str) -> None:
    await _student(own)
    facts = await _start(own, "record_facts")
    assert code_of(await _check(own, facts)) == "verification_not_found"
    asked = await _start(own, method)
    answers = {"answers": {"candidate_number": "1"}}
    refused = await own.post(f"/v1/identity-verifications/{asked['id']}/answers", answers)
    assert code_of(refused) == "verification_not_found"
