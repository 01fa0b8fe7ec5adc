"""Exchanging a code for a proof: once, for the one who asked, with few tries."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support.client import Client, code_of
from support.clock import HandClock
from support.entropy import CODE
from support.people import students


def _body(code_id: str, phone: str, **changes: Any) -> dict[str, Any]:
    return {"code_id": code_id, "phone": phone, "code": CODE, "purpose": "registration"} | changes


async def test_a_registered_phone_is_told_to_its_holder_with_four_options(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    clock.pass_time(minutes=2)
    proof = await client.post("/v1/phone-proofs", _body(await client.send_code(student.phone), student.phone))
    assert proof.status_code == 201
    assert proof.json()["phone_status"] == "registered"
    assert [option["id"] for option in proof.json()["options"]] == ["login", "recover", "take_over", "other_phone"]


async def test_of_fifty_tries_at_once_with_one_code_one_wins(client: Client) -> None:
    (student,) = students(1)
    body = _body(await client.send_code(student.phone), student.phone)
    answers = await asyncio.gather(*(client.post("/v1/phone-proofs", body) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [201] + [403] * 49


@pytest.mark.parametrize("change", [{"code": "000000"}, {"purpose": "login"}, {"phone": "17099999999"}])
async def test_what_does_not_belong_together_is_refused_alike(client: Client, change: dict[str, str]) -> None:
    (student,) = students(1)
    body = _body(await client.send_code(student.phone), student.phone) | change
    refused = await client.post("/v1/phone-proofs", body)
    assert (refused.status_code, code_of(refused)) == (403, "code_rejected")


async def test_an_unknown_code_id_is_refused_like_a_wrong_code(client: Client) -> None:
    unknown = "01999999-9999-7999-8999-999999999999"
    refused = await client.post("/v1/phone-proofs", _body(unknown, "17012340001"))
    assert (refused.status_code, code_of(refused)) == (403, "code_rejected")


async def test_five_wrong_tries_kill_a_code_and_are_counted_although_refused(client: Client) -> None:
    (student,) = students(1)
    code_id = await client.send_code(student.phone)
    for _ in range(5):
        assert (
            code_of(await client.post("/v1/phone-proofs", _body(code_id, student.phone, code="000000")))
            == "code_rejected"
        )
    assert code_of(await client.post("/v1/phone-proofs", _body(code_id, student.phone))) == "code_rejected"


async def test_after_four_wrong_tries_the_right_code_still_works(client: Client) -> None:
    (student,) = students(1)
    code_id = await client.send_code(student.phone)
    for _ in range(4):
        await client.post("/v1/phone-proofs", _body(code_id, student.phone, code="000000"))
    assert (await client.post("/v1/phone-proofs", _body(code_id, student.phone))).status_code == 201


async def test_parallel_wrong_tries_are_all_counted(client: Client) -> None:
    (student,) = students(1)
    code_id = await client.send_code(student.phone)
    wrong = _body(code_id, student.phone, code="000000")
    await asyncio.gather(*(client.post("/v1/phone-proofs", wrong) for _ in range(5)))
    assert code_of(await client.post("/v1/phone-proofs", _body(code_id, student.phone))) == "code_rejected"


async def test_fifteen_wrong_tries_over_all_codes_close_the_phone_for_the_day(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    for _ in range(3):
        code_id = await client.send_code(student.phone)
        for _ in range(5):
            await client.post("/v1/phone-proofs", _body(code_id, student.phone, code="000000"))
        clock.pass_time(minutes=2)
    refused = await client.ask_for_code(student.phone)
    assert (refused.status_code, code_of(refused)) == (429, "daily_limit_reached")
    clock.pass_time(hours=24)
    assert (await client.ask_for_code(student.phone)).status_code == 202


async def test_right_codes_never_close_a_phone(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    for _ in range(10):
        code_id = await client.send_code(student.phone)
        assert (await client.post("/v1/phone-proofs", _body(code_id, student.phone))).status_code == 201
        clock.pass_time(minutes=2)
    clock.pass_time(hours=24)
    assert (await client.ask_for_code(student.phone)).status_code == 202


@pytest.mark.parametrize(("seconds", "status"), [(299, 201), (300, 403)])
async def test_a_code_lives_five_minutes(client: Client, clock: HandClock, seconds: int, status: int) -> None:
    (student,) = students(1)
    code_id = await client.send_code(student.phone)
    clock.pass_time(seconds=seconds)
    assert (await client.post("/v1/phone-proofs", _body(code_id, student.phone))).status_code == status


@pytest.mark.parametrize("code", ["42424", "4242424", "４２４２４２", "42424a", ""])
async def test_a_code_that_is_not_six_digits_is_malformed(client: Client, code: str) -> None:
    unknown = "01999999-9999-7999-8999-999999999999"
    refused = await client.post("/v1/phone-proofs", _body(unknown, "17012340001", code=code))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/code"
