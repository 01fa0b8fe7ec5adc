"""An undone grant gives back all that came of it, as it was: rosters, corrections and transfers between or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from support.archive import add_photos, import_rows
from support.claims import decide, former, hand_in, other_number, row_of
from support.client import Client, code_of, connected_client
from support.corrections import corrected, take_and_decide
from support.people import Student, students
from support.records import OTHER, SCHOOL, add_records, change_record, province_of, registered_row, registrar_of
from support.staff import Member
from support.tables import rows_of
from support.transfers import agreement
from support.waiting import until_blocked
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1, corrections_per_day=100)

_COUNTED = "version", "roster_fingerprint", "updated_at", "document_ciphertext", "published_at"
"""What says how often, and not what."""


async def _saying(parts: Wiring) -> dict[tuple[str, str], Mapping[str, Any]]:
    """All that 学籍, 学历 and 学位 say, and whose they are."""
    return {
        (table, str(row["id"])): {name: value for name, value in row.items() if name not in _COUNTED}
        for table in ("enrollments", "qualifications", "degrees")
        for row in await rows_of(parts, table)
    }


_Event = Callable[["_Desk", list[str], int], Coroutine[Any, Any, None]]


class _Desk:
    """A student with a record that a claim gave, and everybody who changes it from then on."""

    def __init__(self, client: Client, parts: Wiring, student: Student, before: Student) -> None:
        self.client, self.parts, self.student, self.before = client, parts, student, before
        self.serial = 0

    async def open(self, stack: AsyncExitStack) -> None:
        self.shows, self.hidden = await add_records(self.parts, [row_of(self.student), row_of(self.before)])
        await self.client.register(self.student)
        await self.client.verify(self.student)
        self.school: Member = await stack.enter_async_context(registrar_of(self.client))
        self.other: Member = await stack.enter_async_context(registrar_of(self.client, "registrar.two", OTHER))
        self.province: Member = await stack.enter_async_context(province_of(self.client))

    async def grant(self) -> str:
        claim = await hand_in(self.client, self.before)
        granted = await decide(self.school, claim, "grant", "identity_changed")
        assert granted.status_code == 200, granted.text
        return claim

    async def undo(self, claim: str) -> None:
        undone = await decide(self.school, claim, "undo", "another_person")
        assert undone.status_code == 200, undone.text

    async def bring(self) -> str:
        """A roster brings another record under the former number."""
        self.serial += 1
        came = former(
            self.student, student_number=f"2023F000{self.serial}", candidate_number=f"2343010115999{self.serial}"
        )
        (record,) = await add_records(self.parts, [row_of(came)])
        return record

    async def correct(self, record: str, kind: str = "enrollment", **values: Any) -> None:
        correction = await corrected(self.client, record, kind, **values)
        (row,) = await rows_of(
            self.parts, "", f"SELECT institution_code FROM record_corrections WHERE id = '{correction}'"
        )
        desk = self.other if row["institution_code"] == OTHER else self.school
        await take_and_decide(desk, correction, "forward", "province_decides")
        was_theirs = kind == "enrollment" and not {"name", "document_number"}.isdisjoint(values)
        await take_and_decide(
            self.province, correction, "apply", "identity_changed" if was_theirs else "registered_wrongly"
        )

    async def transfer(self, record: str, number: str) -> str:
        moved = await (await agreement(self.school, self.other, record, student_number=number))
        assert moved.status_code == 200, moved.text
        return str(moved.json()["transfer"]["new_enrollment_id"])


@pytest.fixture
async def desk(client: Client, parts: Wiring) -> Any:
    (student,) = students(1)
    desk = _Desk(client, parts, student, former(student))
    async with AsyncExitStack() as stack:
        await desk.open(stack)
        yield desk


async def _seen(desk: _Desk) -> set[str]:
    return {one["id"] for one in (await desk.client.get("/v1/archive/enrollments")).json()["items"]}


async def test_a_record_that_a_roster_brought_and_a_correction_renumbered_goes_back(desk: _Desk) -> None:
    claim = await desk.grant()
    brought = await desk.bring()
    as_brought = await _saying(desk.parts)
    await desk.correct(brought, document_number=desk.student.document_number)
    await desk.correct(brought, candidate_number="20430101159999", class_name="二班")
    assert await _seen(desk) == {desk.shows, desk.hidden, brought}
    await desk.undo(claim)
    assert await _seen(desk) == {desk.shows}
    found = (await _saying(desk.parts))["enrollments", brought]
    was = as_brought["enrollments", brought]
    (owner,) = await rows_of(desk.parts, "", f"SELECT from_person_id FROM record_claims WHERE id = '{claim}'")
    assert found == {**was, "person_id": owner["from_person_id"]}
    known = (await desk.client.get("/v1/archive/former-identities")).json()["items"]
    assert all(one["undone_at"] is not None for one in known)


async def test_a_qualification_and_a_degree_that_were_corrected_go_back_as_they_were(desk: _Desk) -> None:
    await add_photos(desk.parts, desk.before)
    certificate = {"certificate_number": "990011203105000001", "president_name": "示例校长"}
    done = await change_record(desk.school, desk.hidden, "graduate", "requirements_met", 1, **certificate)
    assert done.status_code == 201, done.text
    degree = {"degree_name": "工学学士学位", "certificate_number": "9900142031000001"}
    awarded = await change_record(desk.school, desk.hidden, "award_degree", "degree_conferred", 2, **degree)
    assert awarded.status_code == 201, awarded.text
    before = await _saying(desk.parts)
    claim = await desk.grant()
    await desk.correct(desk.hidden, "qualification", name="更名同学", president_name="正名校长")
    await desk.correct(desk.hidden, "qualification", certificate_number="990011203105000009")
    await desk.correct(desk.hidden, "degree", degree_name="理学学士学位", degree_certificate_number="9900142031000009")
    await desk.undo(claim)
    assert await _saying(desk.parts) == before
    lines = await rows_of(
        desk.parts, "", "SELECT change, after FROM enrollment_changes WHERE change LIKE 'claim_undone%'"
    )
    assert {line["change"] for line in lines} == {
        "claim_undone", "claim_undone_qualification", "claim_undone_degree",
    }  # fmt: skip
    shown = await desk.school.client.get(f"/v1/staff/enrollments/{desk.hidden}/changes?purpose=student_request")
    assert "撤销绑定，学历信息复原" in shown.text


async def test_what_a_school_says_later_of_a_corrected_field_stays_but_not_who_the_student_is(desk: _Desk) -> None:
    claim = await desk.grant()
    await desk.correct(desk.hidden, class_name="二班", ethnicity="回族")
    renamed = row_of(desk.before, name="新名同学", class_name="三班", ethnicity="回族")
    report, rejected = await import_rows(desk.parts, [renamed])
    assert report.changed == 1, rejected
    await desk.undo(claim)
    now = (await _saying(desk.parts))["enrollments", desk.hidden]
    assert (now["class_name"], now["name"]) == ("三班", desk.before.name)
    assert now["ethnicity"] == desk.before.record.ethnicity


async def test_a_number_that_is_another_students_by_now_stays_theirs(desk: _Desk) -> None:
    claim = await desk.grant()
    await desk.correct(desk.hidden, candidate_number="19430101150077")
    (another,) = [one for one in students(2) if one.document_number != desk.student.document_number]
    fixed: dict[str, Any] = {"candidate_number": desk.before.record.candidate_number}
    await add_records(desk.parts, [registered_row(another, **fixed)])
    await desk.undo(claim)
    rows = await rows_of(desk.parts, "enrollments")
    numbers = {row["student_number"]: row["candidate_number"] for row in rows}
    assert numbers[desk.before.record.student_number] == "19430101150077"
    assert numbers[another.record.student_number] == desk.before.record.candidate_number


@pytest.mark.parametrize("by_roster", [True, False])
async def test_a_number_that_becomes_another_students_while_it_is_undone_stays_theirs(
    desk: _Desk, by_roster: bool
) -> None:
    """A roster is waited for; whatever else was faster is a refusal, and the next try sees it."""
    claim = await desk.grant()
    number = desk.before.record.student_number
    await desk.correct(desk.hidden, student_number="2019N0077")
    async with desk.parts.database.engine.begin() as giving:
        if by_roster:
            await giving.exec_driver_sql(f"SELECT pg_advisory_xact_lock(hashtext('roster {SCHOOL}'))")
        await giving.exec_driver_sql(f"UPDATE enrollments SET student_number = '{number}' WHERE id = '{desk.shows}'")
        undoing = asyncio.create_task(decide(desk.school, claim, "undo", "another_person"))
        await until_blocked(desk.parts)
    undone = await undoing
    if not by_roster:
        assert code_of(undone) == "record_changed"
        undone = await decide(desk.school, claim, "undo", "another_person")
    assert undone.status_code == 200, undone.text
    numbers = {str(row["id"]): row["student_number"] for row in await rows_of(desk.parts, "enrollments")}
    assert numbers == {desk.shows: number, desk.hidden: "2019N0077"}


async def test_an_undoing_that_waits_for_who_waits_for_it_is_refused_and_may_be_tried_again(desk: _Desk) -> None:
    """A roster changes its records in no order that anybody knows."""
    claim = await desk.grant()
    brought = await desk.bring()
    changing = "UPDATE enrollments SET class_name = '三班' WHERE id = '{}'"
    async with desk.parts.database.engine.begin() as roster:
        await roster.exec_driver_sql(changing.format(brought))
        undoing = asyncio.create_task(decide(desk.school, claim, "undo", "another_person"))
        await until_blocked(desk.parts)
        await roster.exec_driver_sql(changing.format(desk.hidden))
    refused = await undoing
    assert (refused.status_code, code_of(refused)) == (503, "not_ready")
    assert refused.headers["retry-after"]
    await desk.undo(claim)
    assert await _seen(desk) == {desk.shows}


async def _verified_after_a_week(clients: Sequence[tuple[Client, Student]]) -> None:
    for one, person in clients:
        await one.log_in(person.phone)
        await one.verify(person)


@pytest.mark.parametrize("again", [False, True])
async def test_a_number_that_was_corrected_at_another_school_before_the_grant_stays_as_it_was_then(
    client: Client, parts: Wiring, again: bool
) -> None:
    """Of two records that one grant gave, each has its own number again, whether corrected since or not."""
    (student,) = students(1)
    before = former(student)
    numbers = {"document_number": other_number(student, 2), "candidate_number": "19430101159998"}
    owner = replace(former(student, student_number="2019F0002", **numbers), phone="+8617199990003")
    _, hidden, _ = await add_records(parts, [row_of(student), row_of(before), row_of(owner)])
    async with AsyncExitStack() as stack:
        holder: Client = await stack.enter_async_context(connected_client(client.app, parts))
        for one, person in ((holder, owner), (client, student)):
            await one.register(person)
            await one.verify(person)
        first = await hand_in(holder, before)
        here: Member = await stack.enter_async_context(registrar_of(client))
        there: Member = await stack.enter_async_context(registrar_of(client, "registrar.two", OTHER))
        assert (await decide(here, first, "grant", "registered_wrongly")).status_code == 200
        claim = await hand_in(client, before)
        moved = await (await agreement(here, there, hidden))
        new = str(moved.json()["transfer"]["new_enrollment_id"])
        assert (await decide(here, claim, "forward", "held_by_another")).status_code == 200
        async with province_of(client) as province:
            await _renumber_by(there, province, holder, new, owner)
        before_grant = await _saying(parts)
        parts.clock.pass_time(days=7, seconds=1)  # type: ignore[attr-defined]
        await _verified_after_a_week([(client, student), (holder, owner)])
        province = await stack.enter_async_context(province_of(client, "province.two"))
        there = await stack.enter_async_context(registrar_of(client, "registrar.three", OTHER))
        assert (await decide(province, claim, "grant", "identity_changed")).status_code == 200
        if again:
            await _renumber_by(there, province, client, new, student)
        assert (await decide(province, claim, "undo", "another_person")).status_code == 200
    assert await _saying(parts) == before_grant


async def _renumber_by(school: Member, province: Member, client: Client, record: str, student: Student) -> None:
    correction = await corrected(client, record, document_number=student.document_number)
    await take_and_decide(school, correction, "forward", "province_decides")
    await take_and_decide(province, correction, "apply", "registered_wrongly")


async def _roster(desk: _Desk, records: list[str], step: int) -> None:
    records.append(await desk.bring())


async def _rename(desk: _Desk, records: list[str], step: int) -> None:
    await desk.correct(records[step % len(records)], name=f"更名{'甲乙丙丁戊己庚'[step]}")


async def _renumber(desk: _Desk, records: list[str], step: int) -> None:
    await desk.correct(records[-1], document_number=desk.student.document_number)


async def _reclass(desk: _Desk, records: list[str], step: int) -> None:
    await desk.correct(records[step % len(records)], class_name=f"{step + 90}班", level="专科")


async def _transfer(desk: _Desk, records: list[str], step: int) -> None:
    records.append(await desk.transfer(records[-1], f"2031T00{step}"))


@pytest.mark.parametrize(
    "events",
    [
        (_roster, _renumber, _rename, _transfer, _rename, _reclass),
        (_rename, _transfer, _renumber, _reclass, _roster, _rename),
        (_reclass, _renumber, _roster, _transfer, _renumber, _rename),
        (_rename, _renumber, _rename, _transfer, _roster, _transfer),
    ],
)
async def test_whatever_happens_between_all_is_as_it_was(desk: _Desk, events: Sequence[_Event]) -> None:
    claim = await desk.grant()
    records = [desk.hidden]
    for step, event in enumerate(events):
        await event(desk, records, step)
    await desk.undo(claim)
    assert await _seen(desk) == {desk.shows}
    rows = [row for row in await rows_of(desk.parts, "enrollments") if str(row["id"]) in records]
    assert len(rows) == len(records)
    was = desk.before.record
    (root,) = [row for row in rows if str(row["id"]) == desk.hidden]
    (claimed,) = await rows_of(desk.parts, "", f"SELECT from_person_id FROM record_claims WHERE id = '{claim}'")
    (person,) = await rows_of(desk.parts, "", f"SELECT * FROM persons WHERE id = '{claimed['from_person_id']}'")
    for row in rows:
        assert (row["person_id"], row["document_key"]) == (person["id"], person["document_key"])
        assert (row["name"], row["sex"], row["birth_date"], row["level"]) == (
            was.name, root["sex"], was.birth_date, was.level,
        )  # fmt: skip
        assert row["class_name"] == (None if row["institution_code"] == OTHER else was.class_name)
