"""The two sides of a contested document, and the classmates between them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from support.client import Client
from support.people import Student, students
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

CLAIM: dict[str, Any] = {"on_document_registered": "re_register", "acknowledged_warning": "other_platforms"}
CLAIMANTS_PHONE = "+8617199990001"


async def claim(client: Client, student: Student, phone: str = CLAIMANTS_PHONE, **changes: Any) -> str:
    """Re-register somebody's document with another phone, stay logged in, and return the case that this opened."""
    await client.register(replace(student, phone=phone), **(CLAIM | changes))
    (case,) = (await client.get("/v1/identity-cases")).json()["items"]
    return str(case["id"])


def facts_of(student: Student) -> dict[str, Any]:
    """The right answers to what a case asks."""
    asked = ("candidate_number", "student_number", "admission_year")
    return {"answers": {question: student.fact(question) for question in asked}}


async def give_facts(client: Client, case_id: str, student: Student) -> None:
    answer = await client.post(f"/v1/identity-cases/{case_id}/record-facts", facts_of(student))
    assert answer.status_code == 200, answer.text


async def give_strong_evidence(parts: Wiring, case_id: str) -> None:
    """As a provider's verdict would be noted."""
    await rows_of(
        parts,
        "",
        "INSERT INTO case_evidence (case_id, kind, strength, at) "
        f"VALUES ('{case_id}', 'alipay_certify', 'strong', '{parts.clock.now()}') RETURNING case_id",
    )


async def submit(client: Client, case_id: str) -> dict[str, Any]:
    answer = await client.post(f"/v1/identity-cases/{case_id}/submit", None)
    assert answer.status_code == 200, answer.text
    case: dict[str, Any] = answer.json()
    return case


async def case_of(client: Client, case_id: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/identity-cases/{case_id}")
    assert answer.status_code == 200, answer.text
    case: dict[str, Any] = answer.json()
    return case


async def verify_strongly(parts: Wiring, student: Student) -> None:
    """Make the holder's verification a strong one, as a provider's verdict would."""
    key = parts.lookups.document(student.document_number).hex()
    await rows_of(
        parts,
        "",
        f"UPDATE accounts SET verified_strength = 'strong' WHERE document_key = '\\x{key}' AND state = 'active' "
        "RETURNING id",
    )


def classmates_of(student: Student, count: int) -> list[Student]:
    """So many others in the same class."""
    shared = {
        name: getattr(student.record, name)
        for name in (
            "institution_code",
            "institution_name",
            "programme_code",
            "programme_name",
            "department",
            "class_name",
            "admission_date",
            "expected_graduation_date",
        )
    }
    others = students(count + 40, seed=23)[40:]
    return [replace(other, record=replace(other.record, **shared)) for other in others]


def link_in(body: str) -> str:
    """The secret of the link in a message."""
    found = re.search(r"/objection#(\w+)", body)
    assert found is not None, body
    return found.group(1)
