"""Members of staff, made as the command line makes them and enrolled over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pyotp

from support.client import Client, connected_client
from xuexin_api.core.staff import Role
from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.services.staff.staff_accounts import StaffAccountService

STAFF_PASSWORD = "lantern-over-quiet-water"
_DOCUMENT = "110101199003070{:03d}"
_PHONE = "1719000{:04d}"


def staff_accounts(parts: Wiring) -> StaffAccountService:
    return shared.staff_accounts(parts, parts.database.session())


async def invite(
    parts: Wiring,
    login_name: str,
    *,
    role: Role = Role.REVIEWER,
    document: str | None = None,
    phone: str | None = None,
    institution_code: str | None = None,
    province: str | None = None,
) -> str:
    """A new member's invitation."""
    number = sum(login_name.encode()) % 1000
    invitation = await staff_accounts(parts).add(
        login_name=login_name,
        role=role,
        document_number=document or _DOCUMENT.format(number),
        phone=phone or _PHONE.format(number),
        institution_code=institution_code,
        province=province,
    )
    return invitation.secret


class Member:
    """A member of staff at a desk of their own."""

    def __init__(self, client: Client, login_name: str) -> None:
        self.client = client
        self.login_name = login_name
        self.totp = ""

    def code(self) -> str:
        return pyotp.TOTP(self.totp).at(self.client.parts.clock.now())

    async def enrol(self, invitation: str) -> None:
        body = {"invitation": invitation, "password": STAFF_PASSWORD, "password_confirmation": STAFF_PASSWORD}
        answer = await self.client.post("/v1/staff/enrolments", body)
        assert answer.status_code == 201, answer.text
        self.totp = answer.json()["totp_secret"]
        confirmed = await self.client.post(
            "/v1/staff/enrolments/confirm", {"invitation": invitation, "code": self.code()}
        )
        assert confirmed.status_code == 204, confirmed.text

    async def try_to_log_in(self, **changes: Any) -> httpx.Response:
        body = {
            "login_name": self.login_name,
            "password": STAFF_PASSWORD,
            "code": changes.pop("code", None) or self.code(),
        }
        return await self.client.post("/v1/staff/sessions", body | changes)

    async def log_in(self) -> None:
        """Half a minute later: the code of the enrolment, or of the last login, is used up."""
        self.client.parts.clock.pass_time(seconds=30)  # type: ignore[attr-defined]
        answer = await self.try_to_log_in()
        assert answer.status_code == 201, answer.text
        self.client.access_token = answer.json()["access_token"]

    async def take(self, case_id: str) -> httpx.Response:
        return await self.client.post(f"/v1/staff/identity-cases/{case_id}/take", None)

    async def look_at_photos(self, case_id: str) -> None:
        """At each that the case has."""
        path = f"/v1/staff/identity-cases/{case_id}"
        for photo in (await self.client.get(path)).json()["photos"]:
            seen = await self.client.get(f"{path}/photos/{photo['id']}")
            assert seen.status_code == 200, seen.text

    async def decide(self, case_id: str, decision: str, reason: str, note: str | None = None) -> httpx.Response:
        body = {"decision": decision, "reason": reason, "note": note}
        return await self.client.post(f"/v1/staff/identity-cases/{case_id}/decision", body)

    async def take_and_decide(self, case_id: str, decision: str, reason: str, note: str | None = None) -> None:
        taken = await self.take(case_id)
        assert taken.status_code == 200, taken.text
        await self.look_at_photos(case_id)
        decided = await self.decide(case_id, decision, reason, note)
        assert decided.status_code == 204, decided.text


@asynccontextmanager
async def member(client: Client, login_name: str = "reviewer.one", **more: Any) -> AsyncIterator[Member]:
    """A new member, enrolled and logged in."""
    invitation = await invite(client.parts, login_name, **more)
    async with connected_client(client.app, client.parts) as desk:
        one = Member(desk, login_name)
        await one.enrol(invitation)
        await one.log_in()
        yield one
