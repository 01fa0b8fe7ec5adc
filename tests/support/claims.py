"""Records under a former name and number, and those who ask for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import httpx

from support.client import Client
from support.people import Student, students
from support.records import SCHOOL, add_records, registered_row
from support.staff import Member
from xuexin_api.demo.people import id_number
from xuexin_api.dependencies.wiring import Wiring

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


class FormerRecord(NamedTuple):
    """A student as they are and as they were, the record that shows, and the one of before, which does not."""

    student: Student
    before: Student
    shows: str
    hidden: str


async def with_former_record(client: Client, *, verifies: bool = True) -> FormerRecord:
    """Somebody registers at this client, and verifies, who was somebody else before."""
    (student,) = students(1)
    before = former(student)
    shows, hidden = await add_records(client.parts, [row_of(student), row_of(before)])
    await client.register(student)
    if verifies:
        await client.verify(student)
    return FormerRecord(student, before, shows, hidden)


async def add_owner(parts: Wiring, student: Student) -> Student:
    """Whose the student's former number is, as another record says."""
    owner = former(student, student_number="2019F0002", candidate_number="19430101159998")
    await add_records(parts, [row_of(owner)])
    return replace(owner, phone="+8617199990003")


async def add_third(parts: Wiring, student: Student) -> Student:
    """Somebody of the student's sex and birth date who has nothing to do with either number."""
    third = former(
        student,
        document_number=other_number(student, 2),
        student_number="2023T0001",
        candidate_number="23430101158888",
    )
    await add_records(parts, [row_of(third)])
    return replace(third, phone="+8617199990004")


async def hand_in(client: Client, before: Student, **words: Any) -> str:
    """Find the record and send the claim to its school; its id."""
    found = await client.post(CLAIMS, keys_of(before))
    assert found.status_code == 201, found.text
    sent = await client.post(f"{CLAIMS}/{found.json()['id']}/submit", WORDS | words)
    assert sent.status_code == 200, sent.text
    return str(found.json()["id"])


async def decide(registrar: Member, claim: str, step: str, reason: str) -> httpx.Response:
    return await registrar.client.post(f"{DESK}/{claim}/{step}", {"reason": reason, "note": "已核对户籍证明。"})
