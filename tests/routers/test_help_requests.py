"""Asking a person: with an account or without, and nobody sees another's question."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.entropy import CODE
from support.people import students
from support.tables import count_rows, rows_of
from xuexin_api.core.errors import HelpRequestOverError
from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.services.staff.help_desk import HelpDeskService

QUESTION = "我依法改过姓名，学籍还是旧名字，怎么办？"
PATH = "/v1/help/requests"


def desk_of(parts: Wiring) -> HelpDeskService:
    return shared.help_desk(parts, parts.database.session())


async def _ask(client: Client, **more: Any) -> dict[str, Any]:
    response = await client.post(PATH, {"question": QUESTION} | more)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def test_without_an_account_a_secret_shows_what_became_of_it(client: Client, parts: Wiring) -> None:
    made = await _ask(client, contact="lin@example.org")
    assert (made["state"], made["answer"]) == ("open", None)
    check = f"{PATH}/{made['id']}/check"
    assert (await client.post(check, {"secret": made["secret"]})).json()["state"] == "open"

    [waiting] = await desk_of(parts).list_for_state("open", most=10)
    assert (waiting.question, waiting.contact, waiting.with_account) == (QUESTION, "lin@example.org", False)
    await desk_of(parts).answer(waiting.id, "请带户口簿到学校学籍部门更正。")

    seen = (await client.post(check, {"secret": made["secret"]})).json()
    assert (seen["state"], seen["answer"]) == ("answered", "请带户口簿到学校学籍部门更正。")
    assert seen["answered_at"] is not None
    assert await desk_of(parts).list_for_state("open", most=10) == []


async def test_what_was_written_is_stored_sealed(client: Client, parts: Wiring) -> None:
    await _ask(client, contact="lin@example.org")
    [row] = await rows_of(parts, "help_requests")
    stored = b"".join(value for value in row.values() if isinstance(value, bytes))
    assert QUESTION.encode() not in stored
    assert b"lin@example.org" not in stored


async def test_a_wrong_secret_an_unknown_id_and_another_s_request_look_alike(client: Client, parts: Wiring) -> None:
    made = await _ask(client)
    other = await _ask(client)
    unknown = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
    for request_id, secret in ((made["id"], other["secret"]), (unknown, made["secret"]), (made["id"], "x")):
        refused = await client.post(f"{PATH}/{request_id}/check", {"secret": secret})
        assert (refused.status_code, code_of(refused)) == (404, "help_request_not_found")
    # A request of an account has no secret, and no secret opens it.
    await client.register(students(1)[0])
    own = await _ask(client)
    assert own["secret"] is None
    assert (await client.post(f"{PATH}/{own['id']}/check", {"secret": ""})).status_code == 422
    assert (await client.post(f"{PATH}/{own['id']}/check", {"secret": made["secret"]})).status_code == 404


async def test_with_an_account_requests_are_listed_and_erased(client: Client, parts: Wiring, clock: HandClock) -> None:
    owner, stranger = students(2)
    await client.register(owner)
    made = []
    for _ in range(3):
        made.append(await _ask(client))
        clock.pass_time(seconds=1)
    page = (await client.get(f"{PATH}?limit=2")).json()
    assert [one["id"] for one in page["items"]] == [made[2]["id"], made[1]["id"]]
    rest = (await client.get(f"{PATH}?cursor={page['next_cursor']}")).json()
    assert [one["id"] for one in rest["items"]] == [made[0]["id"]]
    assert rest["next_cursor"] is None

    async with connected_client(client.app, parts) as other:
        await other.register(stranger)
        assert (await other.get(PATH)).json()["items"] == []
        assert code_of(await other.delete(f"{PATH}/{made[0]['id']}")) == "help_request_not_found"
    assert (await client.delete(f"{PATH}/{made[0]['id']}")).status_code == 204
    assert (await client.delete(f"{PATH}/{made[0]['id']}")).status_code == 404
    assert await count_rows(parts, "help_requests") == 2


async def test_a_bad_token_is_refused_and_not_taken_for_nobody(client: Client, parts: Wiring) -> None:
    refused = await client.post(PATH, {"question": QUESTION}, headers={"Authorization": "Bearer nonsense"})
    assert (refused.status_code, code_of(refused)) == (401, "token_invalid")
    await client.register(students(1)[0])
    await client.delete("/v1/sessions/current")
    assert code_of(await client.post(PATH, {"question": QUESTION})) == "token_invalid"
    assert await count_rows(parts, "help_requests") == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": ""},
        {"question": " \n\t　"},
        {"question": "长" * 1001},
        {"question": 5},
        {"question": QUESTION, "contact": ""},
        {"question": QUESTION, "contact": "c" * 129},
        {"question": QUESTION, "state": "answered"},
    ],
)
async def test_a_request_that_is_none_is_refused(client: Client, parts: Wiring, body: dict[str, Any]) -> None:
    refused = await client.post(PATH, body)
    assert (refused.status_code, code_of(refused)) == (422, "invalid_request")
    assert await count_rows(parts, "help_requests") == 0


@pytest.mark.settings(help_requests_per_account_day=2)
async def test_requests_of_an_account_are_few_a_day(client: Client, clock: HandClock) -> None:
    await client.register(students(1)[0])
    for _ in range(2):
        await _ask(client)
    refused = await client.post(PATH, {"question": QUESTION})
    assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")
    assert int(refused.headers["retry-after"]) > 0
    clock.pass_time(hours=25)
    await client.log_in(students(1)[0].phone)
    await _ask(client)


@pytest.mark.settings(help_requests_per_address_day=2)
async def test_requests_of_an_address_are_bounded(client: Client) -> None:
    for _ in range(2):
        await _ask(client)
    refused = await client.post(PATH, {"question": QUESTION})
    assert (refused.status_code, code_of(refused)) == (429, "address_limited")


async def test_a_repeated_request_is_made_once(client: Client, parts: Wiring) -> None:
    key = {"Idempotency-Key": "5c1d0a52-0d34-4e7e-9c1e-3c1b5a0f9d11"}
    await client.post(PATH, {"question": QUESTION}, headers=key)
    again = await client.post(PATH, {"question": QUESTION}, headers=key)
    assert code_of(again) == "already_done"
    assert await count_rows(parts, "help_requests") == 1


async def test_of_many_operators_one_answers(client: Client, parts: Wiring) -> None:
    made = await _ask(client)
    [waiting] = await desk_of(parts).list_for_state("open", most=1)
    answers = await asyncio.gather(
        *(desk_of(parts).answer(waiting.id, f"answer {number}") for number in range(6)), return_exceptions=True
    )
    assert sum(isinstance(one, HelpRequestOverError) for one in answers) == 5
    await desk_of(parts).close(waiting.id)
    with pytest.raises(HelpRequestOverError):
        await desk_of(parts).close(waiting.id)
    seen = (await client.post(f"{PATH}/{made['id']}/check", {"secret": made["secret"]})).json()
    assert seen["state"] == "closed"
    assert seen["answer"].startswith("answer ")
    actions = sorted(row["action"] for row in await rows_of(parts, "audit_events"))
    assert actions == ["help:request:answered", "help:request:closed"]


async def test_a_request_goes_after_its_time(client: Client, parts: Wiring, clock: HandClock) -> None:
    made = await _ask(client)
    clock.pass_time(days=89)
    assert (await client.post(f"{PATH}/{made['id']}/check", {"secret": made["secret"]})).status_code == 200
    await parts.housekeeping.purge()
    assert await count_rows(parts, "help_requests") == 1
    clock.pass_time(days=1)
    assert (await client.post(f"{PATH}/{made['id']}/check", {"secret": made["secret"]})).status_code == 404
    await parts.housekeeping.purge()
    assert await count_rows(parts, "help_requests") == 0


async def test_requests_are_in_the_owner_s_copy_and_go_with_the_account(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = students(1)[0]
    await client.register(student)
    made = await _ask(client, contact="lin@example.org")
    await desk_of(parts).answer((await desk_of(parts).list_for_state("open", most=1))[0].id, "答复")
    copy = (await client.post("/v1/account/export", {"password": PASSWORD})).json()
    [held] = copy["help_requests"]["items"]
    assert (held["question"], held["contact"], held["answer"]) == (QUESTION, "lin@example.org", "答复")

    clock.pass_time(minutes=1)
    code_id = await client.send_code(student.phone, purpose="closing")
    closing = {
        "password": PASSWORD,
        "name": student.name,
        "document_number": student.document_number,
        "code_id": code_id,
        "code": CODE,
    }
    assert (await client.post("/v1/account/closing", closing)).status_code == 202
    clock.pass_time(days=15)
    await parts.housekeeping.purge()
    assert await count_rows(parts, "help_requests") == 0
    assert made["secret"] is None
