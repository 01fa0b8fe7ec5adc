"""Records under a former name and number, and those who ask for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx

from support.client import Client
from support.people import Student
from support.records import SCHOOL, registered_row
from support.staff import Member
from xuexin_api.demo.people import id_number

CLAIMS = "/v1/archive/claims"
DESK = "/v1/staff/claims"
WORDS = {"statement": "入学后更改过姓名和证件号码。"}


def other_number(student: Student, place: int = 1) -> str:
    """Another number of somebody born on the same day and of the same sex."""
    number = student.document_number
    sequence = (int(number[14:17]) + 2 * place) % 1000
    return id_number(number[:6], student.record.birth_date, sequence)


def former(student: Student, **changes: Any) -> Student:
    """The student before: another number, another record, and whatever else is said to have changed."""
    fixed: dict[str, Any] = {
        "document_number": other_number(student),
        "student_number": "2019F0001",
        "candidate_number": "19430101159999",
        "institution_code": SCHOOL,
    }
    record = replace(student.record, **(fixed | changes))
    return replace(student, name=record.name, document_number=record.document_number, record=record)


def keys_of(student: Student, **changes: Any) -> dict[str, Any]:
    """What the record is asked for by, all of it right."""
    return {
        "kind": "enrollment",
        "student_number": student.record.student_number,
        "institution_code": student.record.institution_code,
        "admission_year": student.record.admission_date.year,
    } | changes


def row_of(student: Student, **changes: Any) -> list[str]:
    """Its row in a roster of its school."""
    record = student.record
    return registered_row(
        student, institution_code=record.institution_code, institution_name=record.institution_name, **changes
    )


async def hand_in(client: Client, before: Student, **words: Any) -> str:
    """Find the record and send the claim to its school; its id."""
    found = await client.post(CLAIMS, keys_of(before))
    assert found.status_code == 201, found.text
    sent = await client.post(f"{CLAIMS}/{found.json()['id']}/submit", WORDS | words)
    assert sent.status_code == 200, sent.text
    return str(found.json()["id"])


async def decide(registrar: Member, claim: str, step: str, reason: str) -> httpx.Response:
    return await registrar.client.post(f"{DESK}/{claim}/{step}", {"reason": reason, "note": "已核对户籍证明。"})
