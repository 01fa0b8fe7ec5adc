"""Whether time tells who is known: the same request for somebody who is there and for somebody who is not, in turn."""

from __future__ import annotations

import asyncio
import json
import random  # noqa: TID251 - drawing samples anew
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from statistics import median
from typing import Any, Final

import altcha

from benchmarks.archive import PASSWORD, SEED, schools
from benchmarks.ground import connect
from benchmarks.load import Connection
from xuexin_api.cli.workbench import make_wiring
from xuexin_api.core.sealing import EMAIL_CONTEXT, PHONE_CONTEXT
from xuexin_api.demo.people import DemoStudent, make_students
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.services.registration.agreements import version_in_force
from xuexin_api.settings import Settings

_WRONG: Final = "not-the-password-of-anybody"
_NOBODY: Final = 20_000_000
_NEW: Final = 25_000_000
_WARM_UP: Final = 5
_DRAWS: Final = 1000
_UNSURE: Final = 0.025


@dataclass(frozen=True, slots=True)
class Side:
    """Somebody, and an e-mail address that is an account's or nobody's."""

    student: DemoStudent
    email: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is timed, and the status that shows that it went the expected way."""

    path: str
    body: dict[str, Any]
    status: int


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of both sides."""

    known: list[float] = field(default_factory=list)
    unknown: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The unknown's median against the known's."""
        return median(self.unknown) / median(self.known)

    def interval(self) -> tuple[float, float]:
        """Between which that ratio lies in 95 of 100 samples drawn anew from these: what is noise, and what is not."""
        chance = random.Random(1)
        ratios = sorted(
            median(chance.choices(self.unknown, k=len(self.unknown)))
            / median(chance.choices(self.known, k=len(self.known)))
            for _ in range(_DRAWS)
        )
        return ratios[int(_UNSURE * _DRAWS)], ratios[int((1 - _UNSURE) * _DRAWS) - 1]


class Asking:
    """One caller on one kept connection."""

    def __init__(self, connection: Connection, parts: Wiring, proofs: list[tuple[str, DemoStudent]]) -> None:
        self._connection = connection
        self._parts = parts
        self.proofs = proofs

    async def post(self, request: Request) -> tuple[dict[str, Any], float]:
        """The answer and its milliseconds."""
        body = json.dumps(request.body).encode()
        head = f"POST {request.path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
        started = time.perf_counter()
        answer = await self._connection.exchange(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        took = (time.perf_counter() - started) * 1000
        got: dict[str, Any] = json.loads(answer[answer.index(b"\r\n\r\n") + 4 :])
        assert int(answer[9:12]) == request.status, (request.path, got)
        return got, took

    async def challenge(self, purpose: str) -> str:
        """Given and solved, untimed."""
        given, _ = await self.post(Request("/v1/challenges", {"purpose": purpose}, 201))
        parsed = altcha.Challenge.from_dict(given)
        solution = await asyncio.to_thread(altcha.solve_challenge, parsed)
        assert solution is not None
        return altcha.Payload(parsed, solution).to_base64()

    async def code(self, side: Side, purpose: str) -> str:
        """The id of a code that was sent, untimed."""
        sent, _ = await self.post(await _ask_code(self, side, channel="sms", purpose=purpose))
        return str(sent["code_id"])


Prepare = Callable[[Asking, Side], Awaitable[Request]]


async def _password(_: Asking, side: Side, *, by: str) -> Request:
    names = {"phone": side.student.phone, "document": side.student.document_number, "e-mail": side.email}
    return Request("/v1/sessions", {"method": "password", "identifier": names[by], "password": _WRONG}, 401)


async def _ask_code(asking: Asking, side: Side, *, channel: str, purpose: str = "login") -> Request:
    destination = side.student.phone if channel == "sms" else side.email
    body = {"channel": channel, "destination": destination, "purpose": purpose}
    return Request("/v1/verification-codes", body | {"challenge": await asking.challenge(purpose)}, 202)


async def _phone_code(asking: Asking, side: Side) -> Request:
    code_id = await asking.code(side, "login")
    body = {"method": "phone_code", "code_id": code_id, "phone": side.student.phone, "code": "000000"}
    return Request("/v1/sessions", body, 401)


async def _phone_proof(asking: Asking, side: Side) -> Request:
    code_id = await asking.code(side, "registration")
    body = {"code_id": code_id, "phone": side.student.phone, "code": "000000", "purpose": "registration"}
    return Request("/v1/phone-proofs", body, 403)


async def _registration(asking: Asking, side: Side) -> Request:
    """Of a third person, with the e-mail of the side."""
    proof, student = asking.proofs.pop()
    agreed = {kind: version_in_force(kind) for kind in ("user_agreement", "privacy_policy")}
    body = {
        "phone_proof": proof,
        "password": PASSWORD,
        "password_confirmation": PASSWORD,
        "name": student.name,
        "sex": "male" if student.sex == "男" else "female",
        "document_type": "SFZ" if student.document_number[0] != "8" else "SFZ_GAT",
        "document_number": student.document_number,
        "recovery_email": side.email,
        "consents": agreed | {"service_messages": False},
    }
    return Request("/v1/registrations", body, 201)


async def _username(asking: Asking, side: Side) -> Request:
    body = {"name": side.student.name, "document_number": side.student.document_number}
    return Request("/v1/recovery/username", body | {"challenge": await asking.challenge("recovery")}, 202)


async def _recovery(asking: Asking, side: Side) -> Request:
    body = {
        "username": side.student.phone,
        "name": side.student.name,
        "document_number": side.student.document_number,
        "challenge": await asking.challenge("recovery"),
    }
    return Request("/v1/recovery/password", body, 201)


async def _recovery_step(asking: Asking, side: Side, *, step: str, status: int, **body: Any) -> Request:
    begun, _ = await asking.post(await _recovery(asking, side))
    path, secret = f"/v1/recovery/password/{begun['id']}", {"secret": begun["secret"]}
    if "code" in body:
        await asking.post(Request(f"{path}/send", secret | {"way": "phone"}, 202))
    return Request(f"{path}/{step}", secret | body, status)


_FACTS: Final = {"candidate_number": "0", "student_number": "0", "admission_year": "1999"}
LOOKALIKES: Final[dict[str, Prepare]] = {
    "wrong password, by phone": partial(_password, by="phone"),
    "wrong password, by document number": partial(_password, by="document"),
    "wrong password, by e-mail": partial(_password, by="e-mail"),
    "wrong phone code": _phone_code,
    "code by SMS": partial(_ask_code, channel="sms"),
    "code by e-mail": partial(_ask_code, channel="email"),
    "phone proof, wrong code": _phone_proof,
    "registration, recovery e-mail taken or not": _registration,
    "username recovery": _username,
    "password recovery, begun": _recovery,
    "password recovery, code sent": partial(_recovery_step, step="send", status=202, way="phone"),
    "password recovery, wrong code": partial(_recovery_step, step="confirm", status=403, way="phone", code="000000"),
    "password recovery, wrong facts": partial(
        _recovery_step, step="confirm", status=403, way="record_facts", answers=_FACTS
    ),
}


async def time_lookalikes(port: int, url: str, samples: int) -> dict[str, Times]:
    """Each pair of `LOOKALIKES` with people of its own: what one destination may ask for is limited."""
    parts = make_wiring(Settings(), url)
    each = samples + _WARM_UP
    known, unknown, proofs = await _people(url, parts, each * len(LOOKALIKES), each)
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
    asking = Asking(connection, parts, proofs)
    found = {}
    for number, (name, prepare) in enumerate(LOOKALIKES.items()):
        times = Times()
        for turn in range(each):
            place = number * each + turn
            both = [(known[place], times.known), (unknown[place], times.unknown)]
            # Who goes first changes, so that neither is always the one after the other.
            for side, kept in reversed(both) if turn % 2 else both:
                _, took = await asking.post(await prepare(asking, side))
                if turn >= _WARM_UP:
                    kept.append(took)
        found[name] = times
    connection.close()
    await parts.database.close()
    return found


async def _people(
    url: str, parts: Wiring, count: int, registrations: int
) -> tuple[list[Side], list[Side], list[tuple[str, DemoStudent]]]:
    """So many accounts with a proven e-mail, as many people that are none, and phone proofs of those who register."""
    there = list(make_students(count, seed=SEED, schools=schools()))
    nobody = make_students(count, seed=SEED, schools=schools(), start=_NOBODY)
    connection = await connect(url)
    try:
        await connection.execute("DELETE FROM attempt_counters")
        accounts = await connection.fetchval("SELECT count(*) FROM accounts")
        for number, student in enumerate(there):
            email = f"known{number}@example.edu"
            changed = await connection.execute(
                "UPDATE accounts SET email_key = $1, email_ciphertext = $2, email_verified_at = now() "
                "WHERE phone_key = $3",
                parts.lookups.email(email),
                parts.sealer.seal(email.encode(), EMAIL_CONTEXT),
                parts.lookups.phone(f"+86{student.phone}"),
            )
            assert changed == "UPDATE 1", "more samples than accounts"
        # Who registered in an earlier run has an account by now.
        new = make_students(2 * registrations, seed=SEED, schools=schools(), start=_NEW + accounts)
        proofs = [await _proof(connection, parts, student) for student in new]
    finally:
        await connection.close()
    known = [Side(student, f"known{number}@example.edu") for number, student in enumerate(there)]
    unknown = [Side(student, f"nobody{number}@example.edu") for number, student in enumerate(islice(nobody, count))]
    return known, unknown, proofs


async def _proof(connection: Any, parts: Wiring, student: DemoStudent) -> tuple[str, DemoStudent]:
    phone, secret = f"+86{student.phone}", parts.entropy.token().hex()
    now = datetime.now(UTC)  # noqa: TID251 - the benchmark's own clock
    await connection.execute(
        "INSERT INTO phone_proofs (id, purpose, secret_hash, phone_key, phone_ciphertext, tried_documents, created_at, "
        "expires_at) VALUES ($1, 'registration', $2, $3, $4, '{}', $5, $6)",
        parts.entropy.identifier(),
        parts.lookups.secret("phone_proof", secret),
        parts.lookups.phone(phone),
        parts.sealer.seal(phone.encode(), PHONE_CONTEXT),
        now,
        now + timedelta(hours=1),
    )
    return secret, student
