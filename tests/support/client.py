"""A caller of the API: knows the journey's steps, and holds every answer against the contract."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import altcha
import httpx
from fastapi import FastAPI

from support.contract import contract_of_the_code
from support.entropy import CODE
from support.people import Student
from xuexin_api.core.phones import parse_phone
from xuexin_api.core.sealing import PHONE_CONTEXT
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.messages import OutboxRepository
from xuexin_api.services.messaging.outbox import OutboxReading, SentMessage
from xuexin_api.services.registration.agreements import version_in_force

PASSWORD = "plain-sailing-by-moonlight"


class Client:
    """One device in one place. `device()` gives another one."""

    def __init__(self, app: FastAPI, parts: Wiring, http: httpx.AsyncClient) -> None:
        self.app = app
        self.parts = parts
        self.http = http
        self.access_token: str | None = None
        self.refresh_token: str | None = None
        self.device_token: str | None = None

    async def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Ask, logged in where this client is, and refuse to see an answer that the contract does not have."""
        sent = dict(headers or {})
        if self.access_token is not None:
            sent.setdefault("Authorization", f"Bearer {self.access_token}")
        response = await self.http.request(method, path, headers=sent, **more)
        faults = contract_of_the_code().faults_of_answer(method, path, response)
        assert faults == [], f"{method} {path} answered what openapi.json does not say ({faults}): {response.text}"
        return response

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.request("GET", path, **more)

    async def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return await self.request("POST", path, json=body, **more)

    async def delete(self, path: str, **more: Any) -> httpx.Response:
        return await self.request("DELETE", path, **more)

    async def answered_challenge(self, purpose: str) -> str:
        """Get a challenge and solve it."""
        response = await self.post("/v1/challenges", {"purpose": purpose})
        assert response.status_code == 201, response.text
        return solve(response.json())

    async def ask_for_code(
        self, destination: str, *, purpose: str = "registration", channel: str = "sms", **more: Any
    ) -> httpx.Response:
        challenge = await self.answered_challenge(purpose)
        body = {"channel": channel, "destination": destination, "purpose": purpose, "challenge": challenge}
        return await self.post("/v1/verification-codes", body | more)

    async def send_code(self, phone: str, *, purpose: str = "registration") -> str:
        """A code for `phone`; returns its id. The code is support.entropy.CODE."""
        response = await self.ask_for_code(phone, purpose=purpose)
        assert response.status_code == 202, response.text
        return str(response.json()["code_id"])

    async def prove_phone(self, phone: str) -> str:
        """A phone proof for a registration."""
        code_id = await self.send_code(phone)
        body = {"code_id": code_id, "phone": phone, "code": CODE, "purpose": "registration"}
        response = await self.post("/v1/phone-proofs", body)
        assert response.status_code == 201, response.text
        return str(response.json()["phone_proof"])

    async def try_to_register(self, student: Student, **changes: Any) -> httpx.Response:
        """Send the form with a fresh phone proof; `changes` replace fields of it."""
        proof = changes.pop("phone_proof", None) or await self.prove_phone(student.phone)
        return await self.post("/v1/registrations", registration_form(student, phone_proof=proof) | changes)

    async def give_proof(self, phone: str) -> str:
        """What `prove_phone` gets, without its three requests: half of what tests begin with would go into them."""
        parts, now, secret = self.parts, self.parts.clock.now(), self.parts.entropy.token().hex()
        e164 = parse_phone(phone)
        session = parts.database.session()
        async with session.begin():
            await CodeRepository(session).add_proof(
                {
                    "id": parts.entropy.identifier(),
                    "purpose": "registration",
                    "secret_hash": parts.lookups.secret("phone_proof", secret),
                    "phone_key": parts.lookups.phone(e164),
                    "phone_ciphertext": parts.sealer.seal(e164.encode(), PHONE_CONTEXT),
                    "tried_documents": [],
                    "created_at": now,
                    "expires_at": now + timedelta(seconds=parts.settings.phone_proof_seconds),
                }
            )
        return secret

    async def register(self, student: Student, **changes: Any) -> dict[str, Any]:
        """Register and stay logged in."""
        changes.setdefault("phone_proof", await self.give_proof(student.phone))
        response = await self.try_to_register(student, **changes)
        assert response.status_code == 201, response.text
        return self.keep(response.json())

    async def try_to_log_in(self, identifier: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
        body = {"method": "password", "identifier": identifier, "password": password} | more
        if self.device_token is not None:
            body.setdefault("device_token", self.device_token)
        return await self.post("/v1/sessions", body)

    async def try_to_log_in_by_code(self, phone: str, **changes: Any) -> httpx.Response:
        """Ask for a code and log in with it; `changes` replace fields of the login."""
        code_id = await self.send_code(phone, purpose="login")
        body = {"method": "phone_code", "code_id": code_id, "phone": phone, "code": CODE} | changes
        if self.device_token is not None:
            body.setdefault("device_token", self.device_token)
        return await self.post("/v1/sessions", body)

    async def go_on(self, ticket: httpx.Response, factor: str, answer: str) -> httpx.Response:
        """Continue the login that answered with `ticket`."""
        assert ticket.status_code == 200, ticket.text
        body = {"ticket": ticket.json()["ticket"], "factor": factor, "answer": answer}
        if self.device_token is not None:
            body["device_token"] = self.device_token
        return await self.post("/v1/sessions/continue", body)

    async def log_in(self, identifier: str, password: str = PASSWORD, **more: Any) -> dict[str, Any]:
        response = await self.try_to_log_in(identifier, password, **more)
        assert response.status_code == 201, response.text
        return self.keep(response.json())

    async def verify(self, student: Student) -> dict[str, Any]:
        """Prove who one is by record facts, and hold the tokens that read the archive."""
        started = await self.post("/v1/identity-verifications", {"method": "record_facts"})
        assert started.status_code == 201, started.text
        answers = {question["id"]: student.fact(question["id"]) for question in started.json()["questions"]}
        path = f"/v1/identity-verifications/{started.json()['id']}/answers"
        response = await self.post(path, {"answers": answers})
        assert response.status_code == 200, response.text
        return self.keep(response.json())

    def keep(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Use the tokens of an answer from now on."""
        self.access_token = answer["tokens"]["access_token"]
        self.refresh_token = answer["tokens"]["refresh_token"]
        self.device_token = answer.get("device_token", self.device_token)
        return answer

    async def messages(self, destination: str | None = None) -> list[SentMessage]:
        """What was sent, newest first: everything due is sent first."""
        while await self.parts.dispatcher.send_due():
            pass
        session = self.parts.database.session()
        reading = OutboxReading(
            session=session, outbox=OutboxRepository(session), sealer=self.parts.sealer, clock=self.parts.clock
        )
        channel = "email" if destination is not None and "@" in destination else "sms"
        key = None if destination is None else self.parts.lookups.destination(channel, destination)
        return await reading.list_kept(destination_key=key, most=1000)


def solve(challenge: dict[str, Any]) -> str:
    """The answer to a challenge, as its field wants it."""
    parsed = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(parsed)
    assert solution is not None
    return altcha.Payload(parsed, solution).to_base64()


def registration_form(student: Student, *, phone_proof: str) -> dict[str, Any]:
    return {
        "phone_proof": phone_proof,
        "password": PASSWORD,
        "password_confirmation": PASSWORD,
        "name": student.name,
        "sex": student.sex,
        "document_type": student.document_type,
        "document_number": student.document_number,
        "consents": {
            "user_agreement": version_in_force("user_agreement"),
            "privacy_policy": version_in_force("privacy_policy"),
            "service_messages": False,
        },
    }


def code_of(response: httpx.Response) -> str:
    """The code of a problem document."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    problem = json.loads(response.content)
    assert problem["status"] == response.status_code
    return str(problem["code"])


@asynccontextmanager
async def connected_client(app: FastAPI, parts: Wiring, address: str = "203.0.113.7") -> AsyncIterator[Client]:
    """A client at `address`, talking to the application without a network."""
    transport = httpx.ASGITransport(app, client=(address, 40000), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://xuexin.test") as http:
        yield Client(app, parts, http)
