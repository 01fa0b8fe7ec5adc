"""`xuexin journey`: the whole journey against a running server, one line a step; an example for integrators."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import altcha
import httpx
import typer

from xuexin_api.cli.demo import demo_students, load_students
from xuexin_api.cli.places import Places, say
from xuexin_api.cli.workbench import with_parts
from xuexin_api.core.phones import parse_phone
from xuexin_api.demo.people import DemoStudent
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.repositories.messages import OutboxRepository
from xuexin_api.services.messaging.outbox import OutboxReading

_PASSWORD: Final = "plain-sailing-by-moonlight"
_LOOKS: Final = 50
_BEHIND_ROSTERS: Final = 10_000_000


class _Caller:
    """An integrator's client: JSON in, JSON out, every step shown."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.access_token = ""

    async def ask(self, method: str, path: str, expected: int, body: Any = None) -> httpx.Response:
        """Ask and show; another status than the expected one ends the journey."""
        headers = {"Authorization": f"Bearer {self.access_token}"} if self.access_token else {}
        response = await self._http.request(method, path, json=body, headers=headers)
        mark = "✓" if response.status_code == expected else "✗"
        typer.echo(f"{mark} {method} {path} → {response.status_code}")
        if response.status_code != expected:
            typer.echo(response.text)
            raise typer.Exit(1)
        return response

    async def post(self, path: str, body: Any, expected: int = 201) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.ask("POST", path, expected, body)).json()
        return answer

    async def solved_challenge(self, purpose: str) -> str:
        """Get a proof-of-work challenge and solve it, as the altcha widget does in a browser."""
        challenge = altcha.Challenge.from_dict(await self.post("/v1/challenges", {"purpose": purpose}))
        solution = await asyncio.to_thread(altcha.solve_challenge, challenge)
        if solution is None:
            raise typer.Exit(1)
        return altcha.Payload(challenge, solution).to_base64()


def journey(
    url: Annotated[str | None, typer.Option(help="The running server; default: the one of the settings")] = None,
) -> None:
    """Play the journey: a new made-up student's roster comes in, the student registers, verifies, reads, logs out.

    Needs the server's database (for the roster, and to read the SMS that was kept), so run it where the server runs.
    """

    async def work(parts: Wiring, places: Places) -> None:
        student = _fresh_student(parts)
        await load_students(parts, places, [student])
        typer.echo(f"✓ roster of {student.institution_name} imported, with {student.name} and both photos")
        address = url or places.settings.address
        async with httpx.AsyncClient(base_url=address, timeout=30) as http:
            try:
                await _play(_Caller(http), student, parts)
            except httpx.TransportError:
                say(f"No server answers at {address}: start one with `make run` or `xuexin serve`")
                raise typer.Exit(1) from None

    with_parts(work)


def _fresh_student(parts: Wiring) -> DemoStudent:
    """Another student at each call, far behind those of generated rosters: a document registers once."""
    start = _BEHIND_ROSTERS + parts.entropy.below(_BEHIND_ROSTERS)
    return next(demo_students(1, parts.entropy.below(2**31), start))


async def _play(caller: _Caller, student: DemoStudent, parts: Wiring) -> None:
    challenge = await caller.solved_challenge("registration")
    asked = {"channel": "sms", "destination": student.phone, "purpose": "registration", "challenge": challenge}
    sent = await caller.post("/v1/verification-codes", asked, 202)
    code = await _code_from_outbox(student.phone, parts)
    typer.echo(f"✓ SMS to {student.phone}: code {code} (read as `xuexin outbox` reads it)")
    proof = await caller.post(
        "/v1/phone-proofs",
        {"code_id": sent["code_id"], "phone": student.phone, "code": code, "purpose": "registration"},
    )
    agreements = (await caller.ask("GET", "/v1/agreements", 200)).json()["items"]
    registered = await caller.post("/v1/registrations", _form(student, proof["phone_proof"], agreements))

    login = {"method": "password", "identifier": student.phone, "password": _PASSWORD}
    login["device_token"] = registered["device_token"]
    caller.access_token = (await caller.post("/v1/sessions", login))["tokens"]["access_token"]
    sessions = (await caller.ask("GET", "/v1/sessions", 200)).json()["items"]
    typer.echo(f"  logged in {len(sessions)} times: {', '.join(session['address'] for session in sessions)}")
    account = (await caller.ask("GET", "/v1/account", 200)).json()
    typer.echo(f"  account {account['name']} {account['phone_masked']} {account['document_number_masked']}")
    refused = await caller.ask("GET", "/v1/archive/enrollments", 401)
    typer.echo(f"  {refused.headers['WWW-Authenticate']}")

    await caller.ask("GET", "/v1/identity-verifications/methods", 200)
    started = await caller.post("/v1/identity-verifications", {"method": "record_facts"})
    answers = {question["id"]: _fact(student, question["id"]) for question in started["questions"]}
    passed = await caller.post(f"/v1/identity-verifications/{started['id']}/answers", {"answers": answers}, 200)
    caller.access_token = passed["tokens"]["access_token"]
    typer.echo(f"  tokens with acr {passed['tokens']['acr']}")

    record = (await caller.ask("GET", "/v1/archive/enrollments", 200)).json()["items"][0]
    await caller.ask("GET", f"/v1/archive/enrollments/{record['id']}", 200)
    for photo in record["photos"]:
        got = await caller.ask("GET", f"/v1/archive/enrollments/{record['id']}/photos/{photo['kind']}", 200)
        typer.echo(f"  {got.headers['content-type']}, {len(got.content)} bytes")
    typer.echo(f"  学籍: {record['institution']['name']} {record['programme']['name']} {record['status']['display']}")

    renewed = await caller.post("/v1/sessions/refresh", {"refresh_token": passed["tokens"]["refresh_token"]}, 200)
    caller.access_token = renewed["tokens"]["access_token"]
    await caller.ask("DELETE", "/v1/sessions/current", 204)
    await caller.ask("GET", "/v1/account", 401)
    typer.echo("✓ the journey is complete: after the logout the token is dead")


async def _code_from_outbox(phone: str, parts: Wiring) -> str:
    session = parts.database.session()
    reading = OutboxReading(session=session, outbox=OutboxRepository(session), sealer=parts.sealer, clock=parts.clock)
    key = parts.lookups.phone(parse_phone(phone))
    for _ in range(_LOOKS):
        kept = await reading.list_kept(destination_key=key, most=1)
        if kept and kept[0].code is not None:
            return kept[0].code
        await asyncio.sleep(0.1)
    say("The SMS did not arrive in the outbox: does the server use this database?")
    raise typer.Exit(1)


def _form(student: DemoStudent, phone_proof: str, agreements: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "phone_proof": phone_proof,
        "password": _PASSWORD,
        "password_confirmation": _PASSWORD,
        "name": student.name,
        "sex": "male" if student.sex == "男" else "female",
        "document_type": "SFZ",
        "document_number": student.document_number,
        "consents": {agreement["kind"]: agreement["version"] for agreement in agreements} | {"service_messages": False},
    }


def _fact(student: DemoStudent, question: str) -> str:
    facts = {
        "candidate_number": student.candidate_number,
        "student_number": student.student_number,
        "admission_year": f"{student.admission_date:%Y}",
        "institution_code": student.institution_code,
        "programme_name": student.programme_name,
        "class_name": student.class_name,
    }
    return facts[question]
