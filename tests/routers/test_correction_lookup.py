"""Corrections that have left a desk: found and read by the desk they were at, and by no other."""

from __future__ import annotations

from typing import Any

import pytest

from support.claims import decide as decide_claim
from support.claims import former, hand_in, row_of
from support.client import Client, code_of
from support.clock import HandClock
from support.corrections import DESK, MINE, come, corrected, decide, take, take_and_decide
from support.people import FAR_SCHOOL, Student, students
from support.records import OTHER, add_records, province_of, registered_row, registrar_of
from support.staff import Member
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1, corrections_per_day=20)
OPEN = ("submitted", "school_review", "returned", "forwarded", "province_review")
ENDED = ("applied", "declined")


async def _reader(client: Client, parts: Wiring) -> tuple[Student, str]:
    """A verified student, and the record."""
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    await client.register(student)
    await client.verify(student)
    return student, record


async def _page(desk: Member, **params: Any) -> dict[str, Any]:
    answer = await desk.client.get(DESK, params=params)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def _ids(desk: Member, **params: Any) -> list[str]:
    return [line["id"] for line in (await _page(desk, **params))["items"]]


async def _where(desk: Member) -> dict[str, list[str]]:
    """In which states the desk finds what."""
    found = {state: await _ids(desk, state=state) for state in (*OPEN, *ENDED)}
    return {state: ids for state, ids in found.items() if ids}


async def test_a_school_finds_what_it_decided_or_sent_on_and_reads_it_without_a_decision(
    client: Client, parts: Wiring
) -> None:
    student, record = await _reader(client, parts)
    one = await corrected(client, record, class_name="二班")
    async with registrar_of(client) as registrar, registrar_of(client, "registrar.two") as colleague:
        assert await _where(registrar) == {"submitted": [one]}
        # What waits is opened by whoever has it, as before.
        assert code_of(await colleague.client.get(f"{DESK}/{one}")) == "case_not_assigned"
        await take_and_decide(registrar, one, "return", "proof_missing")
        assert (await _ids(registrar), await _where(registrar)) == ([], {"returned": [one]})
        await come(client, student)
        await client.post(f"{MINE}/{one}/withdraw", None)
        # What its student took back is no desk's.
        assert await _where(colleague) == {}
        assert code_of(await colleague.client.get(f"{DESK}/{one}")) == "correction_not_found"
        assert code_of(await colleague.client.get(DESK, params={"state": "withdrawn"})) == "invalid_request"
        applied = await corrected(client, record, class_name="三班")
        await take_and_decide(registrar, applied, "apply", "registered_wrongly")
        (line,) = (await _page(colleague, state="applied"))["items"]
        assert (line["id"], line["deadline"], line["overdue"]) == (applied, None, False)
        assert line["decided_at"] == line["since"]
        seen = await colleague.client.get(f"{DESK}/{applied}")
        assert seen.status_code == 200
        body = seen.json()
        assert (body["correction"]["state"], body["decisions"], body["province_needed"]) == ("applied", {}, None)
        assert [event["kind"] for event in body["correction"]["log"]] == ["submitted", "taken", "applied"]
        # Its pictures are for whoever has it.
        picture = body["correction"]["proofs"][0]["id"]
        assert code_of(await colleague.client.get(f"{DESK}/{applied}/proofs/{picture}")) == "correction_not_found"
        # The look is written down, for the trail and for the student.
        (who,) = [row["id"] for row in await rows_of(parts, "staff") if row["login_name"] == "registrar.two"]
        looks = [row for row in await rows_of(parts, "staff_events") if row["action"] == "correction:view"]
        assert [str(row["subject_id"]) for row in looks if row["staff_id"] == who] == [applied]
        (access,) = [row for row in await rows_of(parts, "record_accesses") if row["staff_id"] == who]
        assert (access["action"], access["purpose"]) == ("viewed", "correction")
        # Nothing is decided there a second time.
        for step, reason in (("decline", "record_is_right"), ("apply", "registered_wrongly")):
            tried = await decide(colleague, applied, step, reason, version=1)
            assert code_of(tried) == "correction_not_found"


async def test_a_province_finds_what_came_to_it_and_nothing_that_its_schools_decided(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    _, record = await _reader(client, parts)
    at_school = await corrected(client, record, class_name="二班")
    async with registrar_of(client) as registrar, province_of(client) as province:
        await take_and_decide(registrar, at_school, "decline", "record_is_right")
        clock.pass_time(seconds=1)
        sent = await corrected(client, record, name="正名同学")
        assert await _where(province) == {}
        await take_and_decide(registrar, sent, "forward", "province_decides")
        assert await _ids(province) == [sent]
        assert await _where(registrar) == {"forwarded": [sent], "declined": [at_school]}
        await take_and_decide(province, sent, "decline", "record_is_right")
        assert await _where(province) == {"declined": [sent]}
        # Newest first.
        assert await _where(registrar) == {"declined": [sent, at_school]}
        assert (await province.client.get(f"{DESK}/{sent}")).json()["decisions"] == {}
        assert code_of(await province.client.get(f"{DESK}/{at_school}")) == "correction_not_found"


async def test_another_school_and_another_province_find_nothing(client: Client, parts: Wiring) -> None:
    _, record = await _reader(client, parts)
    one = await corrected(client, record, class_name="二班")
    async with (
        registrar_of(client) as registrar,
        registrar_of(client, "registrar.other", school=OTHER) as elsewhere,
        province_of(client, "province.other", province=FAR_SCHOOL[0][2:4]) as far,
    ):
        await take_and_decide(registrar, one, "decline", "record_is_right")
        for other in (elsewhere, far):
            assert await _where(other) == {}
            assert code_of(await other.client.get(f"{DESK}/{one}")) == "correction_not_found"
        tries = [row for row in await rows_of(parts, "staff_events") if row["action"] == "correction:out_of_reach"]
        assert [str(row["subject_id"]) for row in tries] == [one, one]
        # Whose record is another school's by now is that school's to look at.
        assert (await registrar.client.get(f"{DESK}/{one}")).status_code == 200
        async with parts.database.engine.begin() as connection:
            await connection.exec_driver_sql(f"UPDATE enrollments SET institution_code = '{OTHER}'")
        assert code_of(await registrar.client.get(f"{DESK}/{one}")) == "correction_not_found"


async def test_what_has_ended_comes_page_by_page_newest_first(client: Client, parts: Wiring, clock: HandClock) -> None:
    _, record = await _reader(client, parts)
    made = []
    async with registrar_of(client) as registrar:
        for name in ("二班", "三班", "四班"):
            made.append(await corrected(client, record, class_name=name))
            await take_and_decide(registrar, made[-1], "decline", "record_is_right")
            clock.pass_time(seconds=1)
        first = await _page(registrar, state="declined", limit=2)
        assert [line["id"] for line in first["items"]] == made[:0:-1]
        rest = await _page(registrar, state="declined", limit=2, cursor=first["next_cursor"])
        assert ([line["id"] for line in rest["items"]], rest["next_cursor"]) == (made[:1], None)


async def test_a_page_passes_nothing_over_when_what_the_last_one_ended_with_went_to_the_province(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    other = {"student_number": "2022000799999999", "candidate_number": "22000799999999", "level": "本科"}
    rows = [registered_row(student, level="专科"), registered_row(student, **other)]
    records = await add_records(parts, rows)
    await client.register(student)
    await client.verify(student)
    made = []
    for record in records:
        made.append(await corrected(client, record, class_name="二班"))
        clock.pass_time(seconds=1)
    async with registrar_of(client) as registrar, province_of(client) as province:
        first = await _page(registrar, limit=1)
        assert [line["id"] for line in first["items"]] == made[:1]
        # It has longer there than anything that waits here.
        await take_and_decide(registrar, made[0], "forward", "province_decides")
        assert await _ids(registrar, limit=1, cursor=first["next_cursor"]) == made[1:]
        await take_and_decide(registrar, made[1], "forward", "province_decides")
        # Nor where all of them are overdue, and what is decided is later than every deadline.
        clock.pass_time(days=40)
        await province.log_in()
        first = await _page(province, limit=1)
        assert first["items"][0]["overdue"]
        await take(province, made[0])
        await decide(province, made[0], "decline", "record_is_right")
        assert await _ids(province, limit=1, cursor=first["next_cursor"]) == made[1:]


async def test_who_asked_and_lost_the_record_since_reads_of_a_look_at_it(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    before = former(student)
    _, hidden = await add_records(parts, [row_of(student), row_of(before)])
    await client.register(student)
    await client.verify(student)
    async with registrar_of(client) as here:
        claim = await hand_in(client, before)
        assert (await decide_claim(here, claim, "grant", "identity_changed")).status_code == 200
        correction = await corrected(client, hidden, class_name="二班")
        await take_and_decide(here, correction, "apply", "registered_wrongly")
        assert (await decide_claim(here, claim, "undo", "another_person")).status_code == 200
        known = (await client.get("/v1/archive/accesses")).json()["items"]
        assert (await here.client.get(f"{DESK}/{correction}")).status_code == 200
        (look,) = [one for one in (await client.get("/v1/archive/accesses")).json()["items"] if one not in known]
        assert (look["purpose"]["id"], look["enrollment_id"]) == ("correction", hidden)
