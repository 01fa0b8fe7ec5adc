"""The help desk: operators answer and close, each request once, and the asker reads of nobody."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from support.archive import add_schools
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import SCHOOLS, students
from support.staff import Member, member
from support.tables import rows_of
from xuexin_api.core.staff import Role
from xuexin_api.dependencies.wiring import Wiring

PATH = "/v1/staff/help-requests"
ASKING = "/v1/help/requests"
QUESTION = "我依法改过姓名，学籍还是旧名字，怎么办？"
ANSWER = "请带户口簿到学校学籍部门更正。"
UNKNOWN = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"


async def _ask(client: Client, **more: Any) -> dict[str, Any]:
    response = await client.post(ASKING, {"question": QUESTION} | more)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def _answer(operator: Member, request_id: str, text: str = ANSWER, **more: Any) -> Any:
    return await operator.client.post(f"{PATH}/{request_id}/answer", {"text": text}, **more)


async def test_a_request_is_found_read_answered_and_closed(client: Client, parts: Wiring, clock: HandClock) -> None:
    made = await _ask(client, contact="lin@example.org")
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        (listed,) = (await operator.client.get(PATH)).json()["items"]
        assert (listed["id"], listed["state"], listed["with_account"]) == (made["id"], "open", False)
        assert listed["age_seconds"] == 30
        assert set(listed) == {"id", "state", "with_account", "created_at", "age_seconds"}
        seen = (await operator.client.get(f"{PATH}/{made['id']}")).json()
        assert (seen["question"], seen["contact"], seen["answer"]) == (QUESTION, "lin@example.org", None)

        assert (await _answer(operator, made["id"], f"  {ANSWER} ")).status_code == 204
        assert (await operator.client.get(PATH)).json()["items"] == []
        told = (await client.post(f"{ASKING}/{made['id']}/check", {"secret": made["secret"]})).json()
        assert (told["state"], told["answer"]) == ("answered", ANSWER)
        assert operator.login_name not in str(told)

        assert (await operator.client.post(f"{PATH}/{made['id']}/close", None)).status_code == 204
        (closed,) = (await operator.client.get(f"{PATH}?state=closed")).json()["items"]
        assert closed["id"] == made["id"]
        assert (await operator.client.get(f"{PATH}/{made['id']}")).json()["answer"] == ANSWER
        me = (await operator.client.get("/v1/staff/me")).json()["id"]
    lines = [line for line in await rows_of(parts, "staff_events") if line["action"].startswith("help:")]
    done = Counter(line["action"].removeprefix("help:request:") for line in lines)
    assert done == {"view": 2, "answered": 1, "closed": 1}
    assert {(str(line["staff_id"]), str(line["subject_id"])) for line in lines} == {(me, made["id"])}


async def test_the_oldest_come_first_page_by_page(client: Client, parts: Wiring, clock: HandClock) -> None:
    made = []
    for _ in range(3):
        made.append((await _ask(client))["id"])
        clock.pass_time(seconds=1)
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        page = (await operator.client.get(f"{PATH}?limit=2")).json()
        assert [one["id"] for one in page["items"]] == made[:2]
        # What was answered meanwhile takes nothing from the next page.
        await _answer(operator, made[1])
        rest = (await operator.client.get(f"{PATH}?limit=2&cursor={page['next_cursor']}")).json()
        assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == (made[2:], None)
        assert code_of(await operator.client.get(f"{PATH}?cursor=x")) == "invalid_request"
        assert code_of(await operator.client.get(f"{PATH}?state=lost")) == "invalid_request"


async def test_of_two_operators_one_answers(client: Client, parts: Wiring) -> None:
    made = await _ask(client)
    async with (
        member(client, "operator.one", role=Role.OPERATOR) as one,
        member(client, "operator.two", role=Role.OPERATOR) as two,
    ):
        answers = await asyncio.gather(_answer(one, made["id"], "one"), _answer(two, made["id"], "two"))
        assert sorted(answer.status_code for answer in answers) == [204, 409]
        (late,) = [answer for answer in answers if answer.status_code == 409]
        assert code_of(late) == "help_request_over"
    lines = [line for line in await rows_of(parts, "staff_events") if line["action"] == "help:request:answered"]
    assert len(lines) == 1


async def test_a_closed_an_unknown_and_a_late_request_are_refused(client: Client, clock: HandClock) -> None:
    made, old = await _ask(client), await _ask(client)
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        close = f"{PATH}/{made['id']}/close"
        assert (await operator.client.post(close, None)).status_code == 204
        assert code_of(await operator.client.post(close, None)) == "help_request_over"
        assert code_of(await _answer(operator, made["id"])) == "help_request_over"
        clock.pass_time(days=90)
        await operator.log_in()
        for request_id in (UNKNOWN, old["id"]):
            for refused in (
                await operator.client.get(f"{PATH}/{request_id}"),
                await _answer(operator, request_id),
                await operator.client.post(f"{PATH}/{request_id}/close", None),
            ):
                assert (refused.status_code, code_of(refused)) == (404, "help_request_not_found")


async def test_what_its_asker_erased_is_gone_at_the_desk(client: Client, parts: Wiring) -> None:
    async with (
        connected_client(client.app, parts) as asker,
        member(client, "operator.one", role=Role.OPERATOR) as operator,
    ):
        await asker.register(students(1)[0])
        made = await _ask(asker)
        assert (await operator.client.get(PATH)).json()["items"][0]["with_account"] is True
        assert (await asker.delete(f"{ASKING}/{made['id']}")).status_code == 204
        assert (await operator.client.get(f"{PATH}/{made['id']}")).status_code == 404
        assert (await _answer(operator, made["id"])).status_code == 404


async def test_a_key_answers_once(client: Client, parts: Wiring) -> None:
    made = await _ask(client)
    key = {"Idempotency-Key": "5c1d0a52-0d34-4e7e-9c1e-3c1b5a0f9d11"}
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        for _ in range(2):
            assert (await _answer(operator, made["id"], headers=key)).status_code == 204
        assert code_of(await _answer(operator, made["id"], "another", headers=key)) == "idempotency_key_reused"


@pytest.mark.parametrize("text", ["", " \n　", "长" * 4001, 5])
async def test_an_answer_that_is_none_is_refused(client: Client, text: Any) -> None:
    made = await _ask(client)
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        assert (await _answer(operator, made["id"], text)).status_code == 422
        assert (await operator.client.get(f"{PATH}/{made['id']}")).json()["state"] == "open"


@pytest.mark.parametrize(
    "who",
    [
        {"role": Role.REVIEWER},
        {"role": Role.REGISTRAR, "institution_code": SCHOOLS[0][0]},
        {"role": Role.PROVINCE, "province": "99"},
    ],
    ids=lambda who: str(who["role"]),
)
async def test_the_desk_is_for_operators_only(client: Client, parts: Wiring, who: dict[str, Any]) -> None:
    await add_schools(parts)
    made = await _ask(client)
    async with member(client, "somebody.else", **who) as one:
        for request_id in (made["id"], UNKNOWN):
            for refused in (
                await one.client.get(PATH),
                await one.client.get(f"{PATH}/{request_id}"),
                await _answer(one, request_id),
                await one.client.post(f"{PATH}/{request_id}/close", None),
            ):
                assert (refused.status_code, code_of(refused)) == (403, "role_not_allowed")
    assert code_of(await client.get(PATH)) == "token_missing"
