"""Whatever an account goes through, in whatever order: what must never happen does not happen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from support.client import PASSWORD, Client, code_of, connected_client
from support.database import KeptLoop
from support.entropy import CODE
from support.life import PLENTY, Life, machine_settings
from support.people import students
from support.tables import rows_of
from xuexin_api.repositories.database import Database

PEOPLE = students(2)
PHONES = [student.phone for student in students(4, seed=11)]
person = st.sampled_from(range(len(PEOPLE)))
phone = st.sampled_from(PHONES)


@dataclass
class _Known:
    """What the test believes of a person's account."""

    password: str
    closing: bool = False
    device_token: str | None = None
    older: set[str] = field(default_factory=set)


class AccountLife(RuleBasedStateMachine):
    """Two people with four phones between them; a subclass says which database."""

    loop: ClassVar[KeptLoop]
    database: ClassVar[Database]
    folder: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.life = Life(
            self.loop, self.database, self.folder, recoveries_per_identifier_day=PLENTY, changes_per_day=PLENTY
        )
        self.life.do(self.life.start())
        self.known: dict[int, _Known] = {}
        self.spent: set[str] = set()
        self.changes = 0

    def teardown(self) -> None:
        self.life.do(self.life.stop())

    @rule(who=person, number=phone, take_over=st.booleans())
    def register(self, who: int, number: str, take_over: bool) -> None:
        async def work(client: Client) -> None:
            choice = {"on_phone_registered": "take_over"} if take_over else {}
            answer = await client.try_to_register(replace(PEOPLE[who], phone=number), **choice)
            if answer.status_code == 201:
                assert who not in self.known, "a document has one living account"
                self.known[who] = _Known(PASSWORD, device_token=answer.json()["device_token"])
            else:
                assert code_of(answer) in {"phone_registered", "document_registered"}

        self._as(None, work)

    @rule(who=person)
    def log_in(self, who: int) -> None:
        """With the present password, and with none of the earlier ones. It undoes a closing."""

        async def work(client: Client) -> None:
            for old in self.known[who].older:
                refused = await client.try_to_log_in(PEOPLE[who].document_number, old)
                assert refused.status_code == 401
            await self._log_in(client, who)

        if who in self.known:
            self._as(who, work)

    @rule(who=person, number=phone)
    def change_phone(self, who: int, number: str) -> None:
        async def work(client: Client) -> None:
            if not await self._log_in(client, who):
                return
            own = (await rows_of(client.parts, "", self._account_of(who)))[0]["phone_key"]
            old = next(one for one in PHONES if client.parts.lookups.phone(one) == own)
            body = {
                "password": self.known[who].password,
                "old_code": await self._code(client, old),
                "phone_proof": await self._proof(client, number, "contact_change"),
            }
            answer = await client.request("PUT", "/v1/account/phone", json=body)
            assert answer.status_code == 200 or code_of(answer) == "phone_registered"

        if who in self.known:
            self._as(who, work)

    @rule(who=person)
    def change_password(self, who: int) -> None:
        async def work(client: Client) -> None:
            if not await self._log_in(client, who):
                return
            known = self.known[who]
            new = self._new_password()
            body = {"current_password": known.password, "password": new, "password_confirmation": new}
            assert (await client.request("PUT", "/v1/account/password", json=body)).status_code == 204
            known.older.add(known.password)
            known.password = new

        if who in self.known:
            self._as(who, work)

    @rule(who=person)
    def recover(self, who: int) -> None:
        async def work(client: Client) -> None:
            student, known = PEOPLE[who], self.known[who]
            challenge = await client.answered_challenge("recovery")
            triple = {
                "username": student.document_number,
                "name": student.name,
                "document_number": student.document_number,
                "challenge": challenge,
            }
            begun = (await client.post("/v1/recovery/password", triple)).json()
            path, secret = f"/v1/recovery/password/{begun['id']}", {"secret": begun["secret"]}
            if "phone" not in {way["id"] for way in begun["ways"]}:
                return
            assert (await client.post(f"{path}/send", secret | {"way": "phone"})).status_code == 202
            confirmed = await client.post(f"{path}/confirm", secret | {"way": "phone", "code": CODE})
            assert confirmed.status_code == 200, confirmed.text
            new = self._new_password()
            body = secret | {"password": new, "password_confirmation": new}
            assert (await client.post(f"{path}/complete", body)).status_code == 200
            assert code_of(await client.post(f"{path}/complete", body)) == "recovery_rejected"
            known.older.add(known.password)
            known.password = new

        if who in self.known:
            self._as(None, work)

    @rule(oldest=st.booleans())
    def undo(self, oldest: bool) -> None:
        """By one of the links that were sent; a link works once, and never after it was overtaken."""

        async def work(client: Client) -> None:
            bodies = [message.body for message in await client.messages()]
            links = [found.group(1) for body in bodies if (found := re.search(r"/undo#(\w+)", body))]
            if not links:
                return
            secret = links[-1] if oldest else links[0]
            answer = await client.post("/v1/account/changes/undo", {"secret": secret})
            if secret in self.spent:
                assert code_of(answer) == "undo_rejected"
            if answer.status_code == 200:
                self.spent.add(secret)
                await self._learn_passwords(client)
            else:
                assert code_of(answer) == "undo_rejected"

        self._as(None, work)

    @rule(who=person)
    def close(self, who: int) -> None:
        async def work(client: Client) -> None:
            if not await self._log_in(client, who):
                return
            own = (await rows_of(client.parts, "", self._account_of(who)))[0]["phone_key"]
            number = next(one for one in PHONES if client.parts.lookups.phone(one) == own)
            self.life.clock.pass_time(seconds=2)
            sent = await client.ask_for_code(number, purpose="closing")
            body = {
                "password": self.known[who].password,
                "name": PEOPLE[who].name,
                "document_number": PEOPLE[who].document_number,
                "code_id": sent.json()["code_id"],
                "code": CODE,
            }
            assert (await client.post("/v1/account/closing", body)).status_code == 202
            self.known[who].closing = True

        if who in self.known:
            self._as(who, work)

    @rule(days=st.sampled_from([0, 1, 4, 16]))
    def wait(self, days: int) -> None:
        self.life.clock.pass_time(days=days, minutes=1)

        async def work(client: Client) -> None:
            await client.messages()
            await client.parts.housekeeping.purge()
            living = await rows_of(client.parts, "", "SELECT document_key FROM accounts WHERE state <> 'closed'")
            keys = {bytes(row["document_key"]) for row in living}
            for who in list(self.known):
                if client.parts.lookups.document(PEOPLE[who].document_number) not in keys:
                    assert self.known[who].closing
                    del self.known[who]

        self._as(None, work)

    @invariant()
    def nothing_that_must_never_happen_has_happened(self) -> None:
        async def look() -> None:
            parts = self.life.parts
            accounts = await rows_of(parts, "", "SELECT * FROM accounts WHERE state <> 'closed'")
            phones = [row["phone_key"] for row in accounts if row["phone_key"] is not None]
            assert len(phones) == len(set(phones)), "a phone belongs to one account"
            documents = [row["document_key"] for row in accounts]
            assert len(documents) == len(set(documents)), "a document has one living account"
            untold = await rows_of(
                parts,
                "",
                "SELECT c.id FROM account_changes c WHERE NOT EXISTS "
                "(SELECT 1 FROM outbox o WHERE o.purpose = 'notice' AND o.created_at = c.created_at)",
            )
            assert untold == [], "every change has told its old channel, in its own transaction"
            orphans = await rows_of(
                parts,
                "",
                "SELECT s.id FROM sessions s JOIN accounts a ON a.id = s.account_id "
                "WHERE a.state IN ('closing', 'closed') AND s.ended_at IS NULL "
                f"AND s.idle_until > '{self.life.clock.now()}'",
            )
            assert orphans == [], "no session outlives its account"

        self.life.do(look())

    def _as(self, who: int | None, work: Any) -> None:
        async def play() -> None:
            async with connected_client(self.life.app, self.life.parts) as client:
                if who is not None:
                    client.device_token = self.known[who].device_token
                await work(client)

        self.life.clock.pass_time(seconds=2)
        self.life.do(play())

    async def _log_in(self, client: Client, who: int) -> bool:
        """Whether it led to a session: an account that lost its phone is asked for a new one first."""
        known = self.known[who]
        answer = await client.try_to_log_in(PEOPLE[who].document_number, known.password)
        if answer.status_code == 401:
            # Closed for good, and not yet erased.
            assert known.closing
            return False
        if answer.status_code == 200:
            assert [option["id"] for option in answer.json()["next"]] == ["phone_proof"]
            bound = await self._bind(client, answer)
            if bound is None:
                return False
            answer = bound
        assert answer.status_code == 201, answer.text
        known.closing = False
        known.device_token = client.keep(answer.json())["device_token"]
        return True

    async def _bind(self, client: Client, ticket: httpx.Response) -> httpx.Response | None:
        for number in PHONES:
            proof = await self._proof(client, number, "contact_change")
            body = {
                "ticket": ticket.json()["ticket"],
                "factor": "phone_proof",
                "answer": proof,
                "device_token": client.device_token,
            }
            answer = await client.post("/v1/sessions/continue", body)
            if answer.status_code == 201:
                return answer
            assert code_of(answer) == "phone_registered"
        return None

    async def _learn_passwords(self, client: Client) -> None:
        """An undo may have brought an earlier password back."""
        for who, known in self.known.items():
            stored = (await rows_of(client.parts, "", self._hash_of(who)))[0]["password_hash"]
            every = {known.password, *known.older}
            (present,) = [one for one in every if await client.parts.hashing.verify(one, stored)]
            known.password = present
            known.older = every - {present}

    async def _code(self, client: Client, number: str) -> dict[str, str]:
        self.life.clock.pass_time(seconds=2)
        sent = await client.ask_for_code(number, purpose="contact_change")
        return {"code_id": sent.json()["code_id"], "code": CODE}

    async def _proof(self, client: Client, number: str, purpose: str) -> str:
        body = await self._code(client, number) | {"phone": number, "purpose": purpose}
        return str((await client.post("/v1/phone-proofs", body)).json()["phone_proof"])

    def _new_password(self) -> str:
        self.changes += 1
        return f"river-number-{self.changes}-by-night"

    def _account_of(self, who: int) -> str:
        key = self.life.parts.lookups.document(PEOPLE[who].document_number).hex()
        return f"SELECT * FROM accounts WHERE document_key = '\\x{key}'"

    def _hash_of(self, who: int) -> str:
        return f"SELECT password_hash FROM credentials JOIN ({self._account_of(who)}) a ON a.id = account_id"


@pytest.mark.long
def test_accounts_survive_whatever_order_life_brings(kept_loop: KeptLoop, database: Database, tmp_path: Path) -> None:
    run_state_machine_as_test(
        type("OfThisTest", (AccountLife,), {"loop": kept_loop, "database": database, "folder": tmp_path}),
        settings=machine_settings(examples=20, steps=15),
    )
