"""更正: what a student can say is wrong, with which proof, and what they see of it until the end."""

from __future__ import annotations

import asyncio

import pytest

from support.claims import row_of
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.corrections import (
    DESK,
    MINE,
    WORDS,
    come,
    corrected,
    decide,
    of_record,
    proof_of,
    send_proof,
    stored,
    submit,
    take,
    take_and_decide,
)
from support.people import Student, students
from support.photos import large_photo, photo
from support.records import add_records, registered_row, registrar_of
from support.tables import count_rows, rows_of
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)


async def _reader(client: Client, parts: Wiring) -> tuple[Student, str]:
    """A verified student, and the record."""
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    await client.register(student)
    await client.verify(student)
    return student, record


async def test_a_student_tells_the_school_with_proof_and_sees_what_becomes_of_it(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, record = await _reader(client, parts)
    sent = await submit(client, record, class_name="二班", department="文学部")
    assert sent.status_code == 201, sent.text
    mine = sent.json()
    assert (mine["state"], mine["holder"], mine["record"]) == ("submitted", "school", "enrollment")
    assert mine["values"] == [
        {"field": "class_name", "title": "班级", "before": student.record.class_name, "after": "二班"},
        {"field": "department", "title": "系所", "before": student.record.department, "after": "文学部"},
    ]
    assert mine["since"] == mine["submitted_at"] == clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert mine["deadline"].startswith("2031-03-20T02:00")
    assert (mine["overdue"], [one["id"] for one in mine["next"]]) == (False, ["await_school"])
    assert [(one["kind"], one["actor"], one["note"]) for one in mine["log"]] == [("submitted", "student", WORDS)]
    assert [one["state"] for one in mine["proofs"]] == ["received"]
    # Nothing is changed by saying so.
    shown = (await client.get(of_record(record))).json()
    assert shown["class_name"] == student.record.class_name
    assert [one.body for one in await client.messages(student.phone) if "更正" in one.body]

    path = f"{MINE}/{mine['id']}"
    (line,) = (await client.get(MINE)).json()["items"]
    assert line.items() <= mine.items()
    picture = await client.get(f"{path}/proofs/{mine['proofs'][0]['id']}")
    assert (picture.content[:3], picture.headers["cache-control"]) == (b"\xff\xd8\xff", "no-store, private")


async def test_what_was_returned_is_handed_in_again_and_what_is_applied_stands_in_the_history(
    client: Client, parts: Wiring
) -> None:
    student, record = await _reader(client, parts)
    correction = await corrected(client, record, class_name="二班", department="文学部")
    path = f"{MINE}/{correction}"
    before = (await client.get(path)).json()["since"]
    async with registrar_of(client) as registrar:
        await take(registrar, correction)
        assert (await client.get(path)).json()["state"] == "school_review"
        back = await decide(registrar, correction, "return", "proof_missing", note="请补充盖章的名单。")
        assert back.status_code == 204, back.text
    returned = (await client.get(path)).json()
    assert (returned["state"], returned["holder"], returned["reason"]["id"]) == ("returned", "student", "proof_missing")
    assert (returned["note"], returned["next"][0]["id"]) == ("请补充盖章的名单。", "submit_again")
    assert returned["since"] > before
    more = {"statement": "补充了名单。", "proof_ids": [await proof_of(client, record)]}
    again = await client.post(f"{path}/submit", more)
    assert again.status_code == 200, again.text
    assert (again.json()["state"], len(again.json()["proofs"])) == ("submitted", 2)
    assert code_of(await client.post(f"{path}/submit", more)) == "correction_closed"
    async with registrar_of(client, "registrar.two") as other:
        await take_and_decide(other, correction, "apply", "registered_wrongly")
    done = (await client.get(path)).json()
    assert (done["state"], done["holder"], done["deadline"]) == ("applied", None, None)
    assert [one["kind"] for one in done["log"]] == [
        "submitted",
        "taken",
        "returned",
        "submitted_again",
        "taken",
        "applied",
    ]
    shown = (await client.get(of_record(record))).json()
    assert (shown["class_name"], shown["department"]) == ("二班", "文学部")
    (change,) = (await client.get(f"{of_record(record)}/history")).json()["items"]
    assert (change["change"]["id"], change["reason"]["id"]) == ("correct_enrollment", "registered_wrongly")
    assert change["fields"][0]["before"] == student.record.class_name
    looks = {one["purpose"]["id"] for one in (await client.get("/v1/archive/accesses")).json()["items"]}
    assert looks == {"correction", "correct_enrollment"}
    held = (await client.post("/v1/account/export", {"password": PASSWORD})).json()
    assert held["record_corrections"]["items"][0]["values"]["class_name"] == [student.record.class_name, "二班"]
    assert {one["statement"] for one in held["correction_statements"]["items"]} == {WORDS, "补充了名单。"}
    assert len(held["handheld_photos"]["items"]) == 2
    # Once it is settled, the next can be asked for.
    assert (await submit(client, record, class_name="三班")).status_code == 201


async def test_what_cannot_be_asked_for_is_refused_and_leaves_nothing(client: Client, parts: Wiring) -> None:
    student, record = await _reader(client, parts)
    proof = await proof_of(client, record)

    async def refused(kind: str = "enrollment", **values: str | None) -> list[tuple[str, str]]:
        answer = await submit(client, record, kind, proofs=[proof], **values)
        assert answer.status_code == 422, answer.text
        return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]

    assert await refused(class_name=student.record.class_name) == [("/fields/0/value", "nothing_changes")]
    assert await refused(name=None, level="小学") == [
        ("/fields/0/value", "required"),
        ("/fields/1/value", "unknown_word"),
    ]
    assert await refused(sex="女" if student.sex == "male" else "男") == [("/fields/0/value", "sex_mismatch")]
    assert await refused(certificate_number="1") == [("/fields/0/value", "field_not_of_this_record")]
    assert (await submit(client, record, "enrollment", proofs=[proof], status="毕业")).status_code == 422
    parts.clock.pass_time(days=1)  # type: ignore[attr-defined]
    await come(client, student)
    assert await refused("qualification", president_name="张校长") == [("/record", "record_not_registered")]
    assert await refused("degree", degree_name="工学学士") == [("/record", "record_not_registered")]
    assert await refused(document_number="110101199003070126") == [("/fields/0/value", "document_not_verified")]
    wish = {"field": "class_name", "value": "二班"}
    body = {"record": "enrollment", "fields": [wish, wish], "statement": WORDS, "proof_ids": [proof]}
    twice = await client.post(f"{of_record(record)}/corrections", body)
    assert [error["pointer"] for error in twice.json()["errors"]] == ["/fields/1/field"]
    without = await client.post(f"{of_record(record)}/corrections", body | {"fields": [wish], "proof_ids": []})
    assert without.status_code == 422
    assert await count_rows(parts, "record_corrections") == 0


@pytest.mark.settings(corrections_per_day=3)
async def test_one_correction_of_a_record_at_a_time_and_few_a_day(client: Client, parts: Wiring) -> None:
    student, record = await _reader(client, parts)
    first = await corrected(client, record, class_name="二班")
    assert code_of(await submit(client, record, branch="东校区")) == "correction_open"
    assert code_of(await submit(client, record, branch="东校区")) == "correction_open"
    limited = await submit(client, record, branch="东校区")
    assert code_of(limited) == "too_many_operations"
    parts.clock.pass_time(days=1)  # type: ignore[attr-defined]
    await come(client, student)
    assert (await client.post(f"{MINE}/{first}/withdraw", None)).status_code == 200
    assert (await submit(client, record, branch="东校区")).status_code == 201


async def test_two_that_come_at_once_are_one_and_so_is_who_takes_a_picture_along(client: Client, parts: Wiring) -> None:
    _, record = await _reader(client, parts)
    proofs = [await proof_of(client, record) for _ in range(4)]
    answers = await asyncio.gather(
        *(submit(client, record, proofs=[proof], class_name=f"{proof[-3:]}班") for proof in proofs)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    (first,) = [answer.json() for answer in answers if answer.status_code == 201]
    assert (await client.post(f"{MINE}/{first['id']}/withdraw", None)).status_code == 200
    # Of what was refused the pictures are free again.
    (free, *_) = (await client.get(f"{of_record(record)}/correction-proofs")).json()["items"]
    assert (await submit(client, record, proofs=[free["id"]], class_name="二班")).status_code == 201
    taken = [row["id"] for row in await rows_of(parts, "uploads") if row["correction_id"] is not None]
    assert len(taken) == 2


async def test_a_picture_belongs_to_one_correction_of_its_senders_record(client: Client, parts: Wiring) -> None:
    student, record = await _reader(client, parts)
    proof = await proof_of(client, record)
    first = await submit(client, record, proofs=[proof], class_name="二班")
    assert first.status_code == 201
    assert (await client.post(f"{MINE}/{first.json()['id']}/withdraw", None)).status_code == 200
    again = await submit(client, record, proofs=[proof], class_name="二班")
    assert [error["code"] for error in again.json()["errors"]] == ["proof_unknown"]
    assert [row["state"] for row in await rows_of(parts, "record_corrections")] == ["withdrawn"]
    other = students(2)[1]
    (theirs,) = await add_records(parts, [row_of(other)])
    async with connected_client(client.app, parts) as somebody:
        await somebody.register(other)
        await somebody.verify(other)
        assert code_of(await send_proof(somebody, record)) == "record_not_found"
        assert code_of(await submit(somebody, record, proofs=[proof], class_name="二班")) == "record_not_found"
        stolen = await submit(somebody, theirs, proofs=[proof], class_name="二班")
        assert [error["code"] for error in stolen.json()["errors"]] == ["proof_unknown"]
        assert code_of(await somebody.get(f"{MINE}/{first.json()['id']}")) == "correction_not_found"
        assert code_of(await somebody.post(f"{MINE}/{first.json()['id']}/withdraw", None)) == "correction_not_found"
        assert code_of(await somebody.get(f"{MINE}/{first.json()['id']}/proofs/{proof}")) == "correction_not_found"
    async with connected_client(client.app, parts) as unverified:
        await unverified.log_in(student.phone)
        assert code_of(await send_proof(unverified, record)) == "insufficient_user_authentication"
        assert code_of(await unverified.get(MINE)) == "insufficient_user_authentication"


async def test_pictures_wait_for_a_day_sealed_and_can_be_taken_back(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, record = await _reader(client, parts)
    path = f"{of_record(record)}/correction-proofs"
    large = await send_proof(client, record, large_photo())
    assert (large.status_code, code_of(large)) == (413, "picture_too_large")
    fitted = await send_proof(client, record, large_photo(), params={"fit": "true"})
    assert fitted.status_code == 201, fitted.text
    assert "side" not in fitted.json()
    kept = await proof_of(client, record)
    beside = await proof_of(client, record, photo(30))
    shown = (await client.get(path)).json()["items"]
    assert [one["state"] for one in shown] == ["refused", "received", "received", "received"]
    assert shown[0]["reason"]["id"] == "picture_too_large"
    assert len(stored(parts)) == 3
    folder = parts.settings.data_dir / "handheld"
    assert not any(b"\xff\xd8\xff" in (folder / name).read_bytes()[:64] for name in stored(parts))
    assert (await client.get(f"{path}/{kept}")).content[:3] == b"\xff\xd8\xff"
    assert (await client.delete(f"{path}/{beside}")).status_code == 204
    assert code_of(await client.delete(f"{path}/{beside}")) == "upload_not_found"
    assert len(stored(parts)) == 2
    body = {"side": "front"}
    sided = await client.request("POST", path, data=body, files={"file": ("a.jpg", photo())})
    assert [error["code"] for error in sided.json()["errors"]] == ["multipart_part_unknown"]
    handed_in = await submit(client, record, proofs=[kept], class_name="二班")
    assert handed_in.status_code == 201
    assert code_of(await client.delete(f"{path}/{kept}")) == "upload_not_found"
    clock.pass_time(hours=23)
    await parts.housekeeping.purge()
    assert len(stored(parts)) == 2
    clock.pass_time(hours=2)
    await parts.housekeeping.purge()
    await parts.housekeeping.purge()
    # What waited is gone down to its row; what was handed in stays.
    assert [str(row["id"]) for row in await rows_of(parts, "uploads")] == [kept]
    assert len(stored(parts)) == 1
    await come(client, student)
    assert (await client.get(path)).json() == {"items": []}


async def test_proofs_are_erased_after_the_decision_and_what_was_asked_stays(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student, record = await _reader(client, parts)
    correction = await corrected(client, record, class_name="二班")
    async with registrar_of(client) as registrar:
        await take_and_decide(registrar, correction, "decline", "record_is_right", note="与名单一致。")
    await parts.housekeeping.purge()
    assert len(stored(parts)) == 1
    clock.pass_time(seconds=parts.settings.photos_kept_seconds + 1)
    await parts.housekeeping.purge()
    assert stored(parts) == []
    await come(client, student)
    mine = (await client.get(f"{MINE}/{correction}")).json()
    assert (mine["state"], mine["proofs"][0]["state"]) == ("declined", "erased")
    assert (mine["values"][0]["after"], mine["reason"]["id"]) == ("二班", "record_is_right")
    gone = await client.get(f"{MINE}/{correction}/proofs/{mine['proofs'][0]['id']}")
    assert code_of(gone) == "upload_not_found"


async def test_a_correction_is_withdrawn_while_nobody_has_decided(client: Client, parts: Wiring) -> None:
    _, record = await _reader(client, parts)
    correction = await corrected(client, record, class_name="二班")
    async with registrar_of(client) as registrar:
        await take(registrar, correction)
        withdrawn = await client.post(f"{MINE}/{correction}/withdraw", None)
        assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "withdrawn")
        assert withdrawn.json()["next"][0]["id"] == "correct_again"
        assert code_of(await client.post(f"{MINE}/{correction}/withdraw", None)) == "correction_closed"
        late = await registrar.client.get(f"{DESK}/{correction}")
        assert code_of(late) == "correction_not_found"
    await parts.housekeeping.purge()
    assert stored(parts) == []


async def test_corrections_go_with_their_account_and_the_record_stays(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    _, record = await _reader(client, parts)
    await corrected(client, record, class_name="二班")
    await rows_of(
        parts,
        "",
        f"UPDATE accounts SET state = 'closing', closes_at = '{clock.now()}' WHERE state = 'active' RETURNING id",
    )
    clock.pass_time(seconds=1)
    await parts.housekeeping.purge()
    assert await count_rows(parts, "record_corrections") == 0
    assert await count_rows(parts, "correction_events") == 0
    assert stored(parts) == []
    assert [str(row["id"]) for row in await rows_of(parts, "enrollments")] == [record]
