"""尝试绑定: who is told what of a record that does not show, who gives it, and what a former number opens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from support.archive import enroll, import_rows
from support.claims import CLAIMS, DESK, decide, former, hand_in, keys_of, other_number, row_of
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.people import Student, students
from support.records import OTHER, add_records, change_record, registrar_of
from support.tables import count_rows, rows_of
from support.waiting import until_blocked
from support.work import counted_work
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.repositories.archive.roster_imports import Counts, RosterStaging
from xuexin_api.services.archive.roster_import import UnattendedWatch


async def _come(client: Client, student: Student) -> None:
    """Register and verify by the record that shows."""
    await client.register(student)
    await client.verify(student)


@asynccontextmanager
async def _claimant(client: Client, student: Student) -> AsyncIterator[Client]:
    async with connected_client(client.app, client.parts) as other:
        await _come(other, student)
        yield other


async def _ids(client: Client) -> set[str]:
    return {one["id"] for one in (await client.get("/v1/archive/enrollments")).json()["items"]}


async def test_a_record_under_a_former_number_is_found_and_granted_by_its_school(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    before = former(student)
    shows, hidden = await add_records(parts, [row_of(student), row_of(before)])
    await _come(client, student)
    own = await client.post(CLAIMS, keys_of(student))
    assert (own.status_code, code_of(own), own.json()["enrollment_id"]) == (409, "record_shows", shows)
    both = await client.post(CLAIMS, keys_of(before, candidate_number=before.record.candidate_number))
    assert both.json()["errors"][0]["code"] == "one_number_needed"
    found = await client.post(CLAIMS, keys_of(before, student_number=None, candidate_number="19430101159999"))
    assert found.status_code == 201, found.text
    draft = found.json()
    assert (draft["state"], draft["holder"]) == ("draft", "student")
    assert draft["differing_fields"] == ["document_number"]
    assert [one["id"] for one in draft["next"]] == ["submit_claim"]
    assert before.document_number[-4:] not in found.text
    path = f"{CLAIMS}/{draft['id']}"
    words = {"statement": "改过姓名。", "former_name": before.name}
    malformed = {"former_document": {"type": "SFZ", "number": before.document_number[:-1] + "?"}}
    assert (await client.post(f"{path}/submit", words | malformed)).status_code == 422
    told = {"former_document": {"type": "SFZ", "number": before.document_number}}
    clock.pass_time(minutes=5)
    sent = (await client.post(f"{path}/submit", words | told)).json()
    assert (sent["state"], sent["holder"], sent["since"]) == ("school_review", "school", "2031-03-05T02:05:00Z")
    assert code_of(await client.post(f"{path}/submit", words)) == "claim_closed"

    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        assert code_of(await there.client.get(f"{DESK}/{draft['id']}")) == "claim_not_found"
        assert (await there.client.get(DESK)).json()["items"] == []
        (line,) = (await here.client.get(DESK)).json()["items"]
        assert line["id"] == draft["id"]
        seen = (await here.client.get(f"{DESK}/{draft['id']}")).json()
        assert seen["claim"]["statement"] == "改过姓名。"
        assert (seen["claimant"]["former_name_fits"], seen["claimant"]["former_document_fits"]) == (True, True)
        assert (seen["held"], seen["claimant"]["known_before"]) == (False, False)
        assert seen["enrollment"]["document_number_masked"].endswith(before.document_number[-4:])
        wrong = await decide(here, draft["id"], "grant", "proof_missing")
        assert wrong.json()["errors"][0]["code"] == "not_in_list"
        granted = await decide(here, draft["id"], "grant", "identity_changed")
        assert granted.status_code == 200, granted.text
        assert list(granted.json()["decisions"]) == ["undo"]
        assert code_of(await decide(here, draft["id"], "decline", "another_person")) == "claim_closed"
    # Two looks, the second by deciding, each at two persons.
    purposes = [row["purpose"] for row in await rows_of(parts, "record_accesses")]
    assert sorted(purposes) == ["claim"] * 4 + ["claim_granted"]
    # The record is the claimant's now, whatever number stands in it.
    async with registrar_of(client, "registrar.three", document=student.document_number) as own:
        refused = await change_record(own, hidden, "suspend", "health", 2)
        assert code_of(refused) == "not_yours_to_decide"
    tries = [row["action"] for row in await rows_of(parts, "staff_events")]
    assert "claim:out_of_reach" in tries

    assert await _ids(client) == {shows, hidden}
    await _its_owner_reads_all_of_it(client, path, before, hidden)


async def _its_owner_reads_all_of_it(client: Client, path: str, before: Student, hidden: str) -> None:
    mine = (await client.get(path)).json()
    assert (mine["state"], mine["enrollment_id"], mine["holder"]) == ("granted", hidden, None)
    assert [event["kind"] for event in mine["log"]] == ["opened", "submitted", "granted"]
    (change,) = (await client.get(f"/v1/archive/enrollments/{hidden}/history")).json()["items"]
    assert (change["change"]["id"], change["reason"]["id"]) == ("claim_granted", "identity_changed")
    assert {one["field"] for one in change["fields"]} == {"former_name", "former_document_number_masked"}
    (identity,) = (await client.get("/v1/archive/former-identities")).json()["items"]
    assert identity["name"] == before.name
    assert identity["document_number_masked"] == f"{before.document_number[:4]}**********{before.document_number[-4:]}"
    looks = (await client.get("/v1/archive/accesses")).json()["items"]
    assert {one["purpose"]["id"] for one in looks} == {"claim", "claim_granted"}
    assert ["申请已通过" in message.body for message in await client.messages(before.phone)][:1] == [True]
    held = (await client.post("/v1/account/export", {"password": PASSWORD})).json()
    assert held["former_identities"]["items"][0]["document_number"] == before.document_number
    assert held["record_claims"]["items"][0]["statement"] == "改过姓名。"


async def test_rosters_that_bring_a_former_number_mean_the_same_person_until_the_grant_is_undone(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    before = former(student)
    shows, _ = await add_records(parts, [row_of(student), row_of(before)])
    await _come(client, student)
    claim = await hand_in(client, before)
    async with registrar_of(client) as here:
        assert (await decide(here, claim, "grant", "identity_changed")).status_code == 200
    persons = await count_rows(parts, "persons")
    later = former(student, student_number="2023F0009", candidate_number="23430101159999", institution_code=OTHER)
    later = replace(later, record=replace(later.record, institution_name="青石理工大学"))
    report, _ = await import_rows(parts, [row_of(later), row_of(before)])
    assert (report.added, report.unchanged) == (1, 1)
    renumbered, _ = await import_rows(parts, [row_of(before, document_number=student.document_number)])
    assert renumbered.unchanged == 1
    assert await count_rows(parts, "persons") == persons
    assert len(await _ids(client)) == 3

    async with registrar_of(client, "registrar.three") as here:
        undone = await decide(here, claim, "undo", "granted_by_mistake")
        assert undone.json()["claim"]["state"] == "undone", undone.text
        assert code_of(await decide(here, claim, "undo", "granted_by_mistake")) == "claim_closed"
    assert await _ids(client) == {shows}
    assert (await client.get("/v1/archive/former-identities")).json()["items"][0]["undone_at"] is not None
    again = {row["person_id"] for row in await rows_of(parts, "enrollments") if str(row["id"]) != shows}
    assert len(again) == 1, "both went back to one person"


async def test_a_number_that_is_guessed_says_nothing_whatever_is_behind_it(client: Client, parts: Wiring) -> None:
    student, stranger = students(2)
    before = former(student)
    await add_records(parts, [row_of(student), row_of(before), row_of(stranger)])
    await _come(client, stranger)
    answers, works = [], []
    for body in (
        keys_of(before, student_number="2019F9999"),
        keys_of(before),
        keys_of(before, admission_year=1999),
        keys_of(stranger, institution_code=OTHER if stranger.record.institution_code != OTHER else "4199999001"),
    ):
        async with counted_work(client) as work:
            answer = await client.post(CLAIMS, body)
        assert code_of(answer) == "claim_not_matched"
        answers.append({name: value for name, value in answer.json().items() if name != "request_id"})
        works.append(work)
    assert answers == answers[:1] * 4
    assert works == works[:1] * 4
    assert (await client.post(CLAIMS, keys_of(before, student_number="2019F0002"))).status_code == 403
    late = await client.post(CLAIMS, keys_of(stranger))
    assert late.status_code == 429, "the refusals were counted, and what is right is not looked up any more"
    assert int(late.headers["Retry-After"]) > 0
    assert await count_rows(parts, "record_claims") == 0


async def test_a_former_number_opens_nothing_to_whoever_types_it(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    before = former(student)
    await add_records(parts, [row_of(student), row_of(before)])
    await _come(client, student)
    claim = await hand_in(client, before)
    async with registrar_of(client) as here:
        assert (await decide(here, claim, "grant", "document_renewed")).status_code == 200
    assert len(await _ids(client)) == 2
    async with connected_client(client.app, parts) as stranger:
        unknown = await stranger.try_to_log_in(before.document_number)
        assert code_of(unknown) == "login_rejected"
        typed = replace(before, phone="+8617199990002")
        await stranger.register(typed)
        started = (await stranger.post("/v1/identity-verifications", {"method": "record_facts"})).json()
        facts = {question["id"]: typed.fact(question["id"]) for question in started["questions"]}
        refused = await stranger.post(f"/v1/identity-verifications/{started['id']}/answers", {"answers": facts})
        assert code_of(refused) == "facts_do_not_match", "the record is not of the person with this number any more"
        assert code_of(await stranger.post(CLAIMS, keys_of(before))) == "insufficient_user_authentication"
    assert len(await _ids(client)) == 2
    (owner,) = await rows_of(parts, "", "SELECT id FROM accounts WHERE person_id IS NOT NULL")
    assert owner["id"]


async def test_of_several_who_claim_one_record_one_gets_it(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    before = former(student)
    twin = former(
        student, document_number=other_number(student, 2), student_number="2023T0001",
        candidate_number="23430101158888",
    )  # fmt: skip
    twin = replace(twin, phone="+8617199990004")
    await add_records(parts, [row_of(student), row_of(before), row_of(twin)])
    await _come(client, student)
    async with _claimant(client, twin) as other, registrar_of(client) as one, registrar_of(client, "r.two") as two:
        claims = [await hand_in(client, before), await hand_in(other, before)]
        answers = await asyncio.gather(
            decide(one, claims[0], "grant", "identity_changed"),
            decide(two, claims[0], "grant", "identity_changed"),
            decide(two, claims[1], "grant", "identity_changed"),
            decide(one, claims[1], "grant", "document_renewed"),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        states = [
            (await side.get(f"{CLAIMS}/{claim}")).json() for side, claim in zip((client, other), claims, strict=True)
        ]
        assert {state["state"] for state in states} == {"granted", "declined"}
        (lost,) = [state for state in states if state["state"] == "declined"]
        assert lost["reason"]["id"] == "given_to_another"
        assert sorted([len(await _ids(client)), len(await _ids(other))]) == [1, 2]
    assert len(await rows_of(parts, "former_identities")) == 1


class _MeanwhileWatch(UnattendedWatch):
    """Before the import commits, somebody grants, and waits for it."""

    def __init__(self, parts: Wiring, grant: Any) -> None:
        super().__init__(dry_run=False)
        self._parts = parts
        self._grant = grant
        self.task: asyncio.Task[Any] | None = None

    async def settle(self, staging: RosterStaging, read: int, counts: Counts, import_id: UUID | None) -> None:
        del staging, read, counts, import_id
        self.task = asyncio.create_task(self._grant())
        await until_blocked(self._parts)


async def test_a_grant_beside_a_roster_leaves_no_number_that_stands_for_two(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    before = former(student)
    await add_records(parts, [row_of(student), row_of(before)])
    await _come(client, student)
    claim = await hand_in(client, before)
    later = former(student, student_number="2023F0009", candidate_number="23430101159999")
    async with registrar_of(client) as here:
        watch = _MeanwhileWatch(parts, lambda: decide(here, claim, "grant", "identity_changed"))
        report, _ = await import_rows(parts, [row_of(later)], watch=watch)
        assert report.added == 1
        assert watch.task is not None
        async with asyncio.timeout(10):
            granted = await watch.task
        assert granted.status_code == 200, granted.text
    (identity,) = await rows_of(parts, "former_identities")
    assert identity["stands_for"] is False, "the number still has a record of whoever it was"
    assert len(await _ids(client)) == 2
    second = await hand_in(client, later)
    async with registrar_of(client, "registrar.four") as here:
        assert (await decide(here, second, "grant", "identity_changed")).status_code == 200
    assert len(await _ids(client)) == 3
    assert [row["stands_for"] for row in await rows_of(parts, "", "SELECT * FROM former_identities ORDER BY id")] == [
        False,
        True,
    ]


async def test_a_claim_to_a_qualification_goes_by_its_certificate_and_a_draft_ends_by_itself(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    before = former(student)
    await add_records(parts, [row_of(student), row_of(before)])
    await rows_of(
        parts,
        "",
        "INSERT INTO qualifications SELECT gen_random_uuid(), id, person_id, institution_code, name, sex, birth_date,"
        " level, programme_code, programme_name, duration_years, category, study_form, admission_date,"
        " DATE '2030-07-01', 'graduated', '示例校长', '990011203005000001', NULL, now() FROM enrollments"
        f" WHERE student_number = '{before.record.student_number}' RETURNING id",
    )
    await _come(client, student)
    body: dict[str, Any] = {
        "kind": "qualification",
        "certificate_number": "990011203005000001",
        "institution_code": before.record.institution_code,
        "graduation_year": 2030,
    }
    assert code_of(await client.post(CLAIMS, body | {"graduation_year": 2029})) == "claim_not_matched"
    draft = (await client.post(CLAIMS, body)).json()
    assert draft["kind"] == "qualification"
    clock.pass_time(days=8)
    async with connected_client(client.app, parts) as again:
        await again.log_in(student.phone)
        await again.verify(student)
        assert (await again.get(f"{CLAIMS}/{draft['id']}")).json()["state"] == "expired"
        late = await again.post(f"{CLAIMS}/{draft['id']}/submit", {"statement": "改过姓名。"})
        assert code_of(late) == "claim_closed"
        assert (await again.post(CLAIMS, body)).json()["state"] == "draft"
        sent = await again.post(f"{CLAIMS}/{draft['id']}/submit", {"statement": "改过姓名。"})
        async with registrar_of(client) as here:
            declined = await decide(here, draft["id"], "decline", "proof_missing")
            assert declined.status_code == 200, sent.text
            granted_id = await _granted(again, here, body)
        assert len((await again.get("/v1/archive/qualifications")).json()["items"]) == 1
        states = {one["id"]: one["state"] for one in (await again.get(CLAIMS)).json()["items"]}
        assert states == {draft["id"]: "declined", granted_id: "granted"}


async def _granted(client: Client, registrar: Any, body: dict[str, Any]) -> str:
    claim: str = (await client.post(CLAIMS, body)).json()["id"]
    assert (await client.post(f"{CLAIMS}/{claim}/submit", {"statement": "补交证明。"})).status_code == 200
    answer = await decide(registrar, claim, "grant", "registered_wrongly")
    assert answer.status_code == 200, answer.text
    return claim


async def test_a_wrongly_registered_number_stands_for_nobody(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    before = former(student)
    await enroll(parts, student)
    await import_rows(parts, [row_of(before)])
    await _come(client, student)
    claim = await hand_in(client, before)
    async with registrar_of(client) as here:
        assert (await decide(here, claim, "grant", "registered_wrongly")).status_code == 200
    assert len(await _ids(client)) == 2
    another = former(student, student_number="2024F0001", candidate_number="24430101159999", name="另外同学")
    await import_rows(parts, [row_of(another)])
    assert len(await _ids(client)) == 2


@pytest.mark.settings(claims_per_day=1)
async def test_who_comes_with_another_account_has_no_more_tries(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await add_records(parts, [row_of(student)])
    await _come(client, student)
    assert (await client.post(CLAIMS, keys_of(student, student_number="X"))).status_code == 403
    (row,) = await rows_of(parts, "", "SELECT person_id FROM accounts")
    counted = await rows_of(parts, "", "SELECT scope, subject FROM attempt_counters WHERE scope LIKE 'claim%'")
    assert {bytes(one["subject"]) for one in counted if one["scope"] == "claim_person"} == {row["person_id"].bytes}
    assert (await client.post(CLAIMS, keys_of(student))).status_code == 429


@pytest.mark.settings(claims_per_day=20)
async def test_a_record_is_asked_for_again_and_again_over_one_connection(client: Client, parts: Wiring) -> None:
    """From the sixth time on the database keeps one plan for any values."""
    (student,) = students(1)
    before = former(student)
    await add_records(parts, [row_of(student), row_of(before)])
    await _come(client, student)
    found = [await client.post(CLAIMS, keys_of(before)) for _ in range(10)]
    assert {answer.status_code for answer in found} == {201}
    assert len({answer.json()["id"] for answer in found}) == 1
