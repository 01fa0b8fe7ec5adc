"""The whole journey, as a student's app plays it."""

from __future__ import annotations

from support.archive import add_photos, enroll
from support.client import Client, code_of
from support.entropy import CODE
from support.people import students
from xuexin_api.dependencies.wiring import Wiring


async def test_a_student_registers_verifies_reads_the_archive_and_logs_out(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    photos = await add_photos(parts, student)

    code_id = await client.send_code(student.phone)
    sms = (await client.messages(student.phone))[0]
    assert (sms.code, sms.purpose) == (CODE, "registration")
    assert CODE in sms.body
    proof = await client.post(
        "/v1/phone-proofs", {"code_id": code_id, "phone": student.phone, "code": CODE, "purpose": "registration"}
    )
    assert proof.json()["phone_status"] == "available"
    assert proof.json()["options"] == []

    registered = await client.register(student, phone_proof=proof.json()["phone_proof"])
    assert registered["account"]["verified"] is False
    assert [step["id"] for step in registered["next"]] == ["verify_identity"]

    await client.log_in(student.phone)
    refused = await client.get("/v1/archive/enrollments")
    assert refused.status_code == 401
    assert code_of(refused) == "insufficient_user_authentication"
    challenge = refused.headers["www-authenticate"]
    assert challenge == (
        'Bearer error="insufficient_user_authentication", acr_values="urn:xuexin:acr:verified", max_age="1800"'
    )
    assert refused.json()["methods"][0]["method"] == "record_facts"

    verified = await client.verify(student)
    assert verified["tokens"]["acr"] == "urn:xuexin:acr:verified"
    page = (await client.get("/v1/archive/enrollments")).json()
    assert page["next_cursor"] is None
    (record,) = page["items"]
    assert (await client.get(f"/v1/archive/enrollments/{record['id']}")).json() == record
    assert record["name"] == student.name
    assert record["student_number"] == student.record.student_number
    assert record["institution"] == {"code": "4199999001", "name": "示例大学"}
    assert record["document_number_masked"] == f"{student.document_number[:4]}**********{student.document_number[-4:]}"
    for kind, data in photos.items():
        photo = await client.get(f"/v1/archive/enrollments/{record['id']}/photos/{kind}")
        assert photo.headers["content-type"] == "image/jpeg"
        assert photo.content == data

    assert (await client.get("/v1/account")).json()["verified"] is True
    assert (await client.delete("/v1/sessions/current")).status_code == 204
    dead = await client.get("/v1/account")
    assert dead.status_code == 401
    assert code_of(dead) == "token_invalid"
