"""Addresses of offices, set as a member sets them, and what came there."""

from __future__ import annotations

import httpx

from support.client import Client
from support.entropy import CODE
from support.staff import Member

CONTACT = "/v1/staff/office-contact"
MAILBOX = "registrar@example.edu"


async def ask(member: Member, email: str = MAILBOX) -> httpx.Response:
    return await member.client.post(f"{CONTACT}/codes", {"email": email})


async def prove(member: Member, code_id: str, email: str = MAILBOX, code: str = CODE) -> httpx.Response:
    body = {"code_id": code_id, "email": email, "code": code}
    return await member.client.request("PUT", CONTACT, json=body)


async def set_contact(member: Member, email: str = MAILBOX) -> None:
    """From now on the member's office is told there."""
    asked = await ask(member, email)
    assert asked.status_code == 202, asked.text
    done = await prove(member, asked.json()["code_id"], email)
    assert done.status_code == 200, done.text


async def told(client: Client, email: str = MAILBOX) -> list[str]:
    """What the office was told, newest first: codes are not among it."""
    return [one.body for one in await client.messages(email) if one.purpose == "notice"]
