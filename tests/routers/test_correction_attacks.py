"""Corrections beside what else happens to a record, and by people who should have no word in it."""

from __future__ import annotations

import pytest

from support.claims import decide as decide_claim
from support.claims import former, hand_in, row_of
from support.client import Client
from support.corrections import corrected, of_record, take_and_decide
from support.people import students
from support.records import OFFICE, add_records, province_of, registrar_of
from support.tables import rows_of
from xuexin_api.core.documents import mask_document_number
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)


@pytest.mark.parametrize("fields", [("document_number",), ("name", "document_number")])
async def test_an_undone_claim_gives_a_corrected_record_back_as_it_was_and_nothing_else_with_it(
    client: Client, parts: Wiring, fields: tuple[str, ...]
) -> None:
    (student,) = students(1)
    before = former(student)
    shows, hidden = await add_records(parts, [row_of(student), row_of(before)])
    await client.register(student)
    await client.verify(student)
    claim = await hand_in(client, before)
    now_is = {"name": "更名同学", "document_number": student.document_number}
    async with registrar_of(client) as registrar, province_of(client) as province:
        assert (await decide_claim(registrar, claim, "grant", "identity_changed")).status_code == 200
        for field in fields:
            correction = await corrected(client, hidden, **{field: now_is[field]})
            await take_and_decide(registrar, correction, "forward", "province_decides")
            await take_and_decide(province, correction, "apply", "identity_changed")
        assert (await client.get(of_record(hidden))).json()["document_number_masked"] == mask_document_number(
            student.document_number
        )
        undone = await decide_claim(registrar, claim, "undo", "another_person")
        assert undone.json()["claim"]["state"] == "undone", undone.text
        found = (await registrar.client.get(f"{OFFICE}/{hidden}?purpose=student_request")).json()["enrollment"]
    assert (found["name"], found["document_number_masked"]) == (
        before.name,
        mask_document_number(before.document_number),
    )
    assert [one["id"] for one in (await client.get("/v1/archive/enrollments")).json()["items"]] == [shows]
    known = (await client.get("/v1/archive/former-identities")).json()["items"]
    assert all(one["undone_at"] is not None for one in known)
    kept = await rows_of(parts, "", f"SELECT document_key, person_id FROM enrollments WHERE id = '{hidden}'")
    whose = await rows_of(parts, "", f"SELECT document_key FROM persons WHERE id = '{kept[0]['person_id']}'")
    assert kept[0]["document_key"] == whose[0]["document_key"]
    undoing = (
        f"SELECT before, after FROM enrollment_changes WHERE change = 'claim_undone' AND enrollment_id = '{hidden}'"
    )
    (line,) = await rows_of(parts, "", undoing)
    assert line["before"]["former_name"] == before.name
    for field in fields:
        shown = {"name": "name", "document_number": "document_number_masked"}[field]
        assert line["after"][shown] == found[shown]
