"""Whoever does not know may not learn it: the known and the unknown get the same answer for the same work.

Each row of `LOOKALIKES` is asked once for somebody who is there and once for somebody who is not. Statements, hashes
and messages written are counted on both roads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import httpx
import pytest

from support.archive import enroll
from support.client import PASSWORD, Client, connected_client
from support.clock import HandClock
from support.entropy import CODE
from support.people import Student, students
from support.tables import rows_of
from support.work import counted_work
from xuexin_api.schemas.types import Purpose

WRONG = "wrong-password"
KNOWN_EMAIL, UNKNOWN_EMAIL = "known@example.edu", "nobody@example.edu"
QUESTIONS = [
    {"question_id": "first_teacher", "answer": "陈老师"},
    {"question_id": "birth_town", "answer": "示例镇"},
    {"question_id": "first_pet", "answer": "小花猫"},
]
FACTS = {"candidate_number": "0", "student_number": "0", "admission_year": "1999"}
OF_ONE_ANSWER = {"request_id", "id", "code_id", "secret", "ways", "account", "tokens", "device_token", "phone_proof"}
"""What differs between any two answers; the ways of a recovery are looked at in its own tests."""
TOLD_TO_THE_HOLDER = {"phone_status", "options"}
"""Whoever proved a phone may know whether it has an account."""


@dataclass(frozen=True)
class Side:
    """Somebody, a proven e-mail address of his or nobody's, and a client that knows nothing of him."""

    client: Client
    student: Student
    email: str


Act = Callable[[], Awaitable[httpx.Response]]
Prepare = Callable[[Side], Awaitable[Act]]


async def _password(side: Side, *, by: str, failures: int = 0) -> Act:
    name = {"phone": side.student.phone, "document": side.student.document_number, "email": side.email}[by]
    for number in range(failures):
        challenge = await side.client.answered_challenge("login") if number >= 3 else None
        await side.client.try_to_log_in(name, WRONG, challenge=challenge)
    return lambda: side.client.try_to_log_in(name, WRONG)


async def _phone_code(side: Side) -> Act:
    code_id = await side.client.send_code(side.student.phone, purpose="login")
    body = {"method": "phone_code", "code_id": code_id, "phone": side.student.phone, "code": "000000"}
    return lambda: side.client.post("/v1/sessions", body)


async def _ask_code(side: Side, *, channel: str, purpose: str) -> Act:
    destination = side.student.phone if channel == "sms" else side.email
    return lambda: side.client.ask_for_code(destination, purpose=purpose, channel=channel)


async def _phone_proof(side: Side, *, code: str) -> Act:
    code_id = await side.client.send_code(side.student.phone)
    body = {"code_id": code_id, "phone": side.student.phone, "code": code, "purpose": "registration"}
    return lambda: side.client.post("/v1/phone-proofs", body)


async def _registration(side: Side) -> Act:
    """Of a third person, with a recovery e-mail that is another account's, or nobody's."""
    third = students(4)[2 if side.email == KNOWN_EMAIL else 3]
    proof = await side.client.prove_phone(third.phone)
    return lambda: side.client.try_to_register(third, phone_proof=proof, recovery_email=side.email)


async def _username(side: Side) -> Act:
    challenge = await side.client.answered_challenge("recovery")
    body = {"name": side.student.name, "document_number": side.student.document_number, "challenge": challenge}
    return lambda: side.client.post("/v1/recovery/username", body)


async def _recovery(side: Side, *, by: str = "phone") -> Act:
    challenge = await side.client.answered_challenge("recovery")
    body = {
        "username": side.student.phone if by == "phone" else side.email,
        "name": side.student.name,
        "document_number": side.student.document_number,
        "challenge": challenge,
    }
    return lambda: side.client.post("/v1/recovery/password", body)


async def _recovery_step(side: Side, step: str, *, after_sending: bool = False, **body: Any) -> Act:
    begun = (await (await _recovery(side))()).json()
    path = f"/v1/recovery/password/{begun['id']}"
    if after_sending:
        await side.client.post(f"{path}/send", {"secret": begun["secret"], "way": "phone"})
    return lambda: side.client.post(f"{path}/{step}", {"secret": begun["secret"]} | body)


LOOKALIKES: dict[str, tuple[Prepare, int]] = {
    **{f"password login by {by}": (partial(_password, by=by), 401) for by in ("phone", "document", "email")},
    "password login without the challenge it needs": (partial(_password, by="phone", failures=3), 403),
    "password login during a wait": (partial(_password, by="phone", failures=10), 429),
    "login by a wrong phone code": (_phone_code, 401),
    **{
        f"code by {channel} for {purpose}": (partial(_ask_code, channel=channel, purpose=purpose), 202)
        for channel in ("sms", "email")
        for purpose in get_args(Purpose)
    },
    "phone proof with a wrong code": (partial(_phone_proof, code="000000"), 403),
    "phone proof": (partial(_phone_proof, code=CODE), 201),
    "registration with a recovery e-mail": (_registration, 201),
    "recovery of the username": (_username, 202),
    "recovery begun by phone": (_recovery, 201),
    "recovery begun by e-mail": (partial(_recovery, by="email"), 201),
    "recovery, code sent": (partial(_recovery_step, step="send", way="phone"), 202),
    "recovery, wrong code": (
        partial(_recovery_step, step="confirm", way="phone", code="000000", after_sending=True),
        403,
    ),
    "recovery, code never sent": (partial(_recovery_step, step="confirm", way="phone", code="000000"), 403),
    "recovery, wrong facts": (partial(_recovery_step, step="confirm", way="record_facts", answers=FACTS), 403),
    "recovery, completed unproven": (
        partial(_recovery_step, step="complete", password=PASSWORD, password_confirmation=PASSWORD),
        403,
    ),
}


@pytest.mark.parametrize(("prepare", "status"), LOOKALIKES.values(), ids=LOOKALIKES)
async def test_the_known_and_the_unknown_are_the_same_work(
    client: Client, clock: HandClock, prepare: Prepare, status: int
) -> None:
    known, unknown = students(2)
    await enroll(client.parts, known)
    await client.register(known, recovery_email=KNOWN_EMAIL, security_questions=QUESTIONS)
    await rows_of(client.parts, "", "UPDATE accounts SET email_verified_at = now() RETURNING id")
    client.access_token = client.device_token = None
    clock.pass_time(minutes=2)
    await _look_alike(Side(client, known, KNOWN_EMAIL), Side(client, unknown, UNKNOWN_EMAIL), prepare, status)


async def _look_alike(one: Side, other: Side, prepare: Prepare, status: int) -> None:
    untold = OF_ONE_ANSWER | (TOLD_TO_THE_HOLDER if status == 201 else set())
    seen = []
    for side in (one, other):
        act = await prepare(side)
        async with counted_work(side.client) as work:
            answer = await act()
        assert answer.status_code == status, answer.text
        seen.append((work, {name: value for name, value in answer.json().items() if name not in untold}))
    assert seen[0] == seen[1]
    assert seen[0][0].statements, "something was counted"


async def _verification(side: Side) -> Act:
    return lambda: side.client.post("/v1/identity-verifications", {"method": "record_facts"})


async def _verification_answers(side: Side) -> Act:
    started = (await (await _verification(side))()).json()
    answers = {question["id"]: "0" for question in started["questions"]}
    return lambda: side.client.post(f"/v1/identity-verifications/{started['id']}/answers", {"answers": answers})


async def _further_factor(side: Side, *, factor: str) -> Act:
    """Of an account with a verified person, and of one without."""
    if side.email == KNOWN_EMAIL:
        await side.client.verify(side.student)
    async with connected_client(side.client.app, side.client.parts) as elsewhere:
        asked = await elsewhere.try_to_log_in_by_code(side.student.phone)
    side.client.device_token = None
    return lambda: side.client.go_on(asked, factor, "0")


RECORD_LOOKALIKES: dict[str, tuple[Prepare, int]] = {
    "verification begun": (_verification, 201),
    "verification, wrong answers": (_verification_answers, 403),
    "login continued by a wrong fact": (partial(_further_factor, factor="record_fact"), 401),
    "login continued by a wrong password": (partial(_further_factor, factor="password"), 401),
}


@pytest.mark.parametrize(("prepare", "status"), RECORD_LOOKALIKES.values(), ids=RECORD_LOOKALIKES)
async def test_with_and_without_a_record_are_the_same_work(
    client: Client, clock: HandClock, prepare: Prepare, status: int
) -> None:
    recorded, unrecorded = students(2)
    await enroll(client.parts, recorded)
    async with connected_client(client.app, client.parts) as other:
        await client.register(recorded)
        await other.register(unrecorded)
        clock.pass_time(minutes=2)
        await _look_alike(Side(client, recorded, KNOWN_EMAIL), Side(other, unrecorded, UNKNOWN_EMAIL), prepare, status)
