"""Who works here: operators see it and disable, nobody else does, and one operator always stays."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from support.archive import add_schools
from support.client import Client, code_of
from support.clock import HandClock
from support.people import SCHOOLS
from support.staff import Member, invite, member, staff_accounts
from support.tables import rows_of
from xuexin_api.core.staff import Role
from xuexin_api.dependencies.wiring import Wiring

PATH = "/v1/staff/members"
UNKNOWN = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
FOREIGN: list[dict[str, Any]] = [
    {"role": Role.REVIEWER},
    {"role": Role.REGISTRAR, "institution_code": SCHOOLS[0][0]},
    {"role": Role.PROVINCE, "province": "99"},
]


async def _id_of(operator: Member, login_name: str) -> str:
    listed = (await operator.client.get(PATH)).json()["items"]
    return next(str(one["id"]) for one in listed if one["login_name"] == login_name)


async def _disable(operator: Member, login_name: str, **more: Any) -> Any:
    return await operator.client.post(f"{PATH}/{await _id_of(operator, login_name)}/disable", None, **more)


async def test_an_operator_sees_who_works_here_and_nothing_of_their_own(client: Client, parts: Wiring) -> None:
    await add_schools(parts)
    async with (
        member(client, "operator.one", role=Role.OPERATOR) as operator,
        member(client, "registrar.one", **FOREIGN[1]),
    ):
        await invite(parts, "province.one", **FOREIGN[2])
        listed = (await operator.client.get(PATH)).json()
    assert listed["next_cursor"] is None
    assert [(one["login_name"], one["role"], one["state"]) for one in listed["items"]] == [
        ("province.one", "province", "invited"),
        ("registrar.one", "registrar", "active"),
        ("operator.one", "operator", "active"),
    ]
    assert [one["institution_code"] for one in listed["items"]] == [None, SCHOOLS[0][0], None]
    assert [one["province"] for one in listed["items"]] == ["99", None, None]
    assert all(
        set(one) == {"id", "login_name", "role", "institution_code", "province", "state", "created_at"}
        for one in listed["items"]
    )


async def test_the_staff_is_listed_page_by_page(client: Client, parts: Wiring, clock: HandClock) -> None:
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        for number in range(4):
            clock.pass_time(seconds=1)
            await invite(parts, f"reviewer.{number}")
        seen: list[str] = []
        cursor = ""
        for _ in range(3):
            page = (await operator.client.get(f"{PATH}?limit=2{cursor}")).json()
            seen += [one["login_name"] for one in page["items"]]
            cursor = f"&cursor={page['next_cursor']}"
        assert page["next_cursor"] is None
        assert seen == [*(f"reviewer.{number}" for number in (3, 2, 1, 0)), "operator.one"]
        assert code_of(await operator.client.get(f"{PATH}?cursor=x")) == "invalid_request"


async def test_who_is_disabled_is_out_at_once_and_in_again_by_an_invitation(client: Client, parts: Wiring) -> None:
    async with (
        member(client, "operator.one", role=Role.OPERATOR) as operator,
        member(client, "reviewer.one") as reviewer,
    ):
        disabled = await _id_of(operator, "reviewer.one")
        assert (await _disable(operator, "reviewer.one")).status_code == 204
        assert code_of(await reviewer.client.get("/v1/staff/me")) == "token_invalid"
        client.parts.clock.pass_time(seconds=30)  # type: ignore[attr-defined]
        assert code_of(await reviewer.try_to_log_in()) == "login_rejected"
        # Once more is no second deed.
        assert (await _disable(operator, "reviewer.one")).status_code == 204
        lines = [line for line in await rows_of(parts, "staff_events") if line["action"] == "staff:disable"]
        me = (await operator.client.get("/v1/staff/me")).json()["id"]
        assert [(str(line["staff_id"]), str(line["subject_id"])) for line in lines] == [(me, disabled)]

        again = await staff_accounts(parts).invite_again("reviewer.one")
        await reviewer.enrol(again.secret)
        await reviewer.log_in()
        assert (await reviewer.client.get("/v1/staff/me")).status_code == 200


async def test_an_invitation_of_who_is_disabled_enrols_nobody(client: Client, parts: Wiring) -> None:
    secret = await invite(parts, "reviewer.one")
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        assert (await _disable(operator, "reviewer.one")).status_code == 204
        body = {"invitation": secret, "password": "lantern-over-water", "password_confirmation": "lantern-over-water"}
        assert code_of(await client.post("/v1/staff/enrolments", body)) == "invitation_rejected"


async def test_nobody_disables_themselves_and_nobody_who_is_none(client: Client) -> None:
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        refused = await _disable(operator, "operator.one")
        assert (refused.status_code, code_of(refused)) == (409, "disabling_yourself")
        unknown = await operator.client.post(f"{PATH}/{UNKNOWN}/disable", None)
        assert (unknown.status_code, code_of(unknown)) == (404, "staff_member_not_found")
        assert (await operator.client.get("/v1/staff/me")).status_code == 200


async def test_of_operators_who_disable_one_another_at_once_one_stays(client: Client, parts: Wiring) -> None:
    names = [f"operator.{number}" for number in range(4)]
    async with AsyncExitStack() as desks:
        operators = [await desks.enter_async_context(member(client, name, role=Role.OPERATOR)) for name in names]
        ids = [await _id_of(operators[0], name) for name in names]
        answers = await asyncio.gather(
            *(
                operator.client.post(f"{PATH}/{other}/disable", None)
                for place, operator in enumerate(operators)
                for other in (*ids[:place], *ids[place + 1 :])
            )
        )
        assert {answer.status_code for answer in answers} <= {204, 401}
        states = [row["state"] for row in await rows_of(parts, "staff")]
        assert states.count("active") >= 1
        assert states.count("disabled") >= 1
        lines = [line for line in await rows_of(parts, "staff_events") if line["action"] == "staff:disable"]
        assert len(lines) == states.count("disabled")


@pytest.mark.settings(staff_disabled_per_day=2)
async def test_an_operator_disables_few_a_day_and_tries_are_counted(client: Client, parts: Wiring) -> None:
    await invite(parts, "reviewer.one")
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        for _ in range(2):
            await operator.client.post(f"{PATH}/{UNKNOWN}/disable", None)
        refused = await _disable(operator, "reviewer.one")
        assert (refused.status_code, code_of(refused)) == (429, "too_many_operations")
        assert int(refused.headers["retry-after"]) > 0
        client.parts.clock.pass_time(hours=24)  # type: ignore[attr-defined]
        await operator.log_in()
        assert (await _disable(operator, "reviewer.one")).status_code == 204


async def test_a_key_disables_once(client: Client, parts: Wiring) -> None:
    await invite(parts, "reviewer.one")
    key = {"Idempotency-Key": "5c1d0a52-0d34-4e7e-9c1e-3c1b5a0f9d11"}
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        assert (await _disable(operator, "reviewer.one", headers=key)).status_code == 204
        # Invited again meanwhile: the repeat of a request that was answered does not undo it.
        await staff_accounts(parts).invite_again("reviewer.one")
        again = await _disable(operator, "reviewer.one", headers=key)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (204, "true")
    states = {row["login_name"]: row["state"] for row in await rows_of(parts, "staff")}
    assert states["reviewer.one"] == "invited"


@pytest.mark.parametrize("who", FOREIGN, ids=lambda who: str(who["role"]))
async def test_the_staff_is_for_operators_only(client: Client, parts: Wiring, who: dict[str, Any]) -> None:
    await add_schools(parts)
    async with member(client, "somebody.else", **who) as one:
        own = (await one.client.get("/v1/staff/me")).json()["id"]
        for answer in (
            await one.client.get(PATH),
            *[await one.client.post(f"{PATH}/{each}/disable", None) for each in (own, UNKNOWN)],
        ):
            assert (answer.status_code, code_of(answer)) == (403, "role_not_allowed")
        assert (await one.client.get("/v1/staff/me")).status_code == 200
    assert code_of(await client.get(PATH)) == "token_missing"
