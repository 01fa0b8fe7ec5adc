"""Whom classmates were asked by, and who asked them, is known no longer than it is needed."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest
from structlog.testing import capture_logs

from support.archive import enroll
from support.cases import CLAIMANTS_PHONE, case_of, claim, classmates_of, give_facts, submit
from support.client import Client, connected_client
from support.clock import HandClock
from support.people import Student, students
from support.tables import rows_of
from xuexin_api.core.phones import mask_phone
from xuexin_api.core.sealing import PHONE_CONTEXT
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)
NOBODYS = "+8617177770001"


async def _kept(parts: Wiring) -> list[str]:
    """The phones that can be found and read."""
    rows = await rows_of(parts, "", "SELECT phone_key, phone_ciphertext FROM vouchings")
    known = {parts.lookups.phone(phone): phone for phone in (NOBODYS, *(one.phone for one in _MATES))}
    for row in rows:
        stored = parts.sealer.open(row["phone_ciphertext"], PHONE_CONTEXT).decode()
        expected = stored if row["phone_key"] is None else known[row["phone_key"]]
        assert stored == expected
        assert (row["phone_key"] is None) is ("*" in stored)
    return sorted(known[row["phone_key"]] for row in rows if row["phone_key"] is not None)


(_STUDENT,) = students(1)
_MATES = classmates_of(_STUDENT, 2)


async def _mate(stack: AsyncExitStack, client: Client, mate: Student) -> Client:
    connected = await stack.enter_async_context(connected_client(client.app, client.parts))
    await connected.register(mate)
    await connected.verify(mate)
    return connected


async def _asked(mate: Client) -> dict[str, Any]:
    (asked,) = (await mate.get("/v1/vouching-requests")).json()["items"]
    found: dict[str, Any] = asked
    return found


async def test_of_a_case_that_came_to_nothing_no_phone_is_left_and_its_applicant_still_reads_whom_they_asked(
    client: Client, parts: Wiring
) -> None:
    await enroll(parts, _STUDENT, *_MATES)
    await client.register(_STUDENT)
    async with AsyncExitStack() as stack:
        claimant = await stack.enter_async_context(connected_client(client.app, parts))
        case_id = await claim(claimant, _STUDENT)
        mate = await _mate(stack, client, _MATES[0])
        for phone in (NOBODYS, _MATES[0].phone):
            answer = await claimant.post(f"/v1/identity-cases/{case_id}/classmates", {"phone": phone})
            assert answer.status_code == 200
        before = (await case_of(claimant, case_id))["classmates"]
        asked = await _asked(mate)
        assert asked["applicant_phone_masked"] == mask_phone(CLAIMANTS_PHONE)
        await parts.housekeeping.purge()
        assert await _kept(parts) == sorted((NOBODYS, _MATES[0].phone)), "it still asks"

        assert (await claimant.post(f"/v1/identity-cases/{case_id}/withdraw", None)).status_code == 200
        assert await _asked(mate) == asked | {"applicant_phone_masked": None}
        # One that cannot be opened is told, and keeps no other.
        key = parts.lookups.phone(_MATES[0].phone).hex()
        broken = f"UPDATE vouchings SET phone_ciphertext = '\\x00' WHERE phone_key = '\\x{key}' RETURNING id"
        (kept,) = await rows_of(parts, "", f"SELECT phone_ciphertext FROM vouchings WHERE phone_key = '\\x{key}'")
        assert len(await rows_of(parts, "", broken)) == 1
        with capture_logs() as logged:
            await parts.housekeeping.purge()
        assert [line["event"] for line in logged] == ["asked_phone_not_erased"]
        mended = broken.replace("'\\x00'", f"'\\x{kept['phone_ciphertext'].hex()}'")
        assert len(await rows_of(parts, "", mended)) == 1
        assert await _kept(parts) == [_MATES[0].phone]
        await parts.housekeeping.purge()
        assert await _kept(parts) == []
        assert (await case_of(claimant, case_id))["classmates"] == before
        assert {one["phone_masked"] for one in before} == {mask_phone(NOBODYS), mask_phone(_MATES[0].phone)}


async def test_they_stay_while_a_grant_can_be_undone(client: Client, parts: Wiring, clock: HandClock) -> None:
    await enroll(parts, _STUDENT)
    await client.register(_STUDENT)
    async with connected_client(client.app, parts) as claimant:
        case_id = await claim(claimant, _STUDENT)
        await claimant.post(f"/v1/identity-cases/{case_id}/classmates", {"phone": NOBODYS})
        await give_facts(claimant, case_id, _STUDENT)
        await submit(claimant, case_id)
    clock.pass_time(days=1)
    await parts.housekeeping.purge()
    clock.pass_time(days=30, seconds=-1)
    await parts.housekeeping.purge()
    assert [row["state"] for row in await rows_of(parts, "identity_cases")] == ["approved"]
    assert await _kept(parts) == [NOBODYS]
    clock.pass_time(seconds=1)
    await parts.housekeeping.purge()
    assert await _kept(parts) == []


async def test_of_a_verification_they_stay_for_a_time_after_it_passed_and_go_at_once_where_it_ran_out(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    await enroll(parts, _STUDENT, *_MATES)
    await client.register(_STUDENT)
    async with AsyncExitStack() as stack:
        mates = [await _mate(stack, client, mate) for mate in _MATES]
        begun = (await client.post("/v1/identity-verifications", {"method": "classmates"})).json()["id"]
        mine = f"/v1/identity-verifications/{begun}"
        await client.post(f"{mine}/classmates", {"phone": NOBODYS})
        for student, mate in zip(_MATES, mates, strict=True):
            assert (await client.post(f"{mine}/classmates", {"phone": student.phone})).status_code == 200
            codes = {one["phone_masked"]: one["code"] for one in (await client.get(mine)).json()["classmates"]}
            path = f"/v1/vouching-requests/{(await _asked(mate))['id']}/vouch"
            answer = await mate.post(path, {"code": codes[mask_phone(student.phone)]})
            assert (answer.status_code, answer.json()["applicant_phone_masked"]) == (200, None)
        passed = (await client.post(f"{mine}/check", None)).json()
        assert passed["status"] == "passed"
        client.keep(passed)
        assert (await client.delete(mine)).status_code == 204
        await parts.housekeeping.purge()
        assert len(await _kept(parts)) == 3
        clock.pass_time(days=30)
        await parts.housekeeping.purge()
        assert await _kept(parts) == []

        await client.log_in(_STUDENT.phone)
        begun = (await client.post("/v1/identity-verifications", {"method": "classmates"})).json()["id"]
        asked = await client.post(f"/v1/identity-verifications/{begun}/classmates", {"phone": NOBODYS})
        assert asked.status_code == 200, asked.text
        clock.pass_time(days=3, seconds=-1)
        await parts.housekeeping.purge()
        assert await _kept(parts) == [NOBODYS]
        clock.pass_time(seconds=1)
        await parts.housekeeping.purge()
        assert await _kept(parts) == []
