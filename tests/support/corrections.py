"""Corrections of records: a student who is verified, what they say, and what the desks do with it."""

from __future__ import annotations

from typing import Any

import httpx

from support.client import Client
from support.people import Student
from support.photos import photo
from support.staff import Member
from xuexin_api.dependencies.wiring import Wiring

MINE = "/v1/archive/corrections"
DESK = "/v1/staff/corrections"
WORDS = "分班名单上我在二班。"


def of_record(record: str) -> str:
    return f"/v1/archive/enrollments/{record}"


def stored(parts: Wiring) -> list[str]:
    """What lies in the folder of the store."""
    folder = parts.settings.data_dir / "handheld"
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


async def come(client: Client, student: Student) -> None:
    """Log in, and verify."""
    await client.log_in(student.phone)
    await client.verify(student)


async def send_proof(client: Client, record: str, data: bytes | None = None, **more: Any) -> httpx.Response:
    """One picture for this record, a moment after the last."""
    client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    file = photo() if data is None else data
    path = f"{of_record(record)}/correction-proofs"
    return await client.request("POST", path, files={"file": ("我的.jpg", file)}, **more)


async def proof_of(client: Client, record: str, data: bytes | None = None) -> str:
    """The id of a picture that was taken."""
    sent = await send_proof(client, record, data)
    assert sent.status_code == 201, sent.text
    return str(sent.json()["id"])


async def submit(
    client: Client, record: str, kind: str = "enrollment", *, proofs: list[str] | None = None, **values: Any
) -> httpx.Response:
    """Say that these fields should be so; with one picture, unless others are given."""
    given = [await proof_of(client, record)] if proofs is None else proofs
    wishes = [{"field": field, "value": value} for field, value in values.items()]
    body = {"record": kind, "fields": wishes, "statement": WORDS, "proof_ids": given}
    return await client.post(f"{of_record(record)}/corrections", body)


async def corrected(client: Client, record: str, kind: str = "enrollment", **values: Any) -> str:
    """The id of a correction that the school has."""
    answer = await submit(client, record, kind, **values)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def take(desk: Member, correction: str) -> dict[str, Any]:
    taken = await desk.client.post(f"{DESK}/{correction}/take", None)
    assert taken.status_code == 200, taken.text
    answer: dict[str, Any] = taken.json()
    return answer


async def look(desk: Member, correction: str) -> dict[str, Any]:
    seen = await desk.client.get(f"{DESK}/{correction}")
    assert seen.status_code == 200, seen.text
    answer: dict[str, Any] = seen.json()
    return answer


async def decide(desk: Member, correction: str, step: str, reason: str, **more: Any) -> httpx.Response:
    """Say so; to apply, at the version that is there now unless another is said."""
    note = more.pop("note", "见说明。")
    headers = {}
    if step == "apply":
        version = more.pop("version") if "version" in more else (await look(desk, correction))["version"]
        headers = {} if version is None else {"If-Match": f'"{version}"'}
    desk.client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    return await desk.client.post(f"{DESK}/{correction}/{step}", {"reason": reason, "note": note}, headers=headers)


async def take_and_decide(desk: Member, correction: str, step: str, reason: str, **more: Any) -> None:
    await take(desk, correction)
    decided = await decide(desk, correction, step, reason, **more)
    assert decided.status_code == 204, decided.text
