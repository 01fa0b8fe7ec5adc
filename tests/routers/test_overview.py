"""The service at one look: how much waits and since when, and nothing of whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from support.archive import add_schools
from support.client import Client, code_of
from support.clock import HandClock
from support.people import SCHOOLS, students
from support.plans import indexes_for, statements_on
from support.staff import Member, member
from support.tables import rows_of
from xuexin_api.core.staff import Role
from xuexin_api.dependencies.wiring import Wiring

PATH = "/v1/staff/overview"


async def _waiting(operator: Member) -> dict[str, dict[str, Any]]:
    answer = await operator.client.get(PATH)
    assert answer.status_code == 200, answer.text
    return {one["what"]: one for one in answer.json()["waiting"]}


async def test_where_nothing_waits_each_kind_says_so(client: Client) -> None:
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        waiting = await _waiting(operator)
        heads = (await operator.client.get(PATH)).json()["heads"]
    assert list(waiting) == [
        "identity_cases",
        "identity_verifications",
        "corrections",
        "claims_at_schools",
        "claims_at_provinces",
        "help_requests",
        "imports",
        "messages",
        "messages_given_up",
    ]
    assert {(one["count"], one["more"], one["oldest_at"]) for one in waiting.values()} == {(0, False, None)}
    assert heads == ["audit_events:0:", "staff_events:0:", "record_accesses:0:"]


async def test_what_waits_is_counted_with_the_oldest(client: Client, parts: Wiring, clock: HandClock) -> None:
    asked_at = clock.now()
    for _ in range(2):
        assert (await client.post("/v1/help/requests", {"question": "怎么办？"})).status_code == 201
        clock.pass_time(minutes=1)
    await client.send_code(students(1)[0].phone)
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        waiting = await _waiting(operator)
        assert waiting["help_requests"]["count"] == 2
        assert waiting["help_requests"]["oldest_at"] == asked_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        messages = await rows_of(parts, "outbox")
        assert waiting["messages"]["count"] == len(messages) > 0
        async with parts.database.engine.begin() as connection:
            await connection.execute(text("UPDATE outbox SET state = 'given_up', sealed = NULL"))
        waiting = await _waiting(operator)
        assert (waiting["messages"]["count"], waiting["messages_given_up"]["count"]) == (0, len(messages))
        clock.pass_time(days=90)
        await operator.log_in()
        assert (await _waiting(operator))["help_requests"]["count"] == 0


async def test_a_message_that_was_given_up_is_counted_however_many_left_since(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    lost_at = clock.now()
    messages = text(
        "INSERT INTO outbox (id, channel, purpose, destination_key, state, tries, next_try_at, created_at)"
        " SELECT gen_random_uuid(), 'sms', 'notice', '', :state, 1, :now, :now FROM generate_series(1, :count)"
    )
    async with parts.database.engine.begin() as connection:
        await connection.execute(messages, {"state": "given_up", "count": 1, "now": lost_at})
        clock.pass_time(hours=1)
        await connection.execute(messages, {"state": "sent", "count": 5001, "now": clock.now()})
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        given_up = (await _waiting(operator))["messages_given_up"]
    assert (given_up["count"], given_up["oldest_at"]) == (1, lost_at.strftime("%Y-%m-%dT%H:%M:%SZ"))


async def test_it_is_counted_to_a_thousand_and_no_further(client: Client, parts: Wiring, clock: HandClock) -> None:
    many = text(
        "INSERT INTO help_requests (id, state, question, created_at, expires_at)"
        " SELECT gen_random_uuid(), 'open', '', :now, :then FROM generate_series(1, 1001)"
    )
    async with parts.database.engine.begin() as connection:
        await connection.execute(many, {"now": clock.now(), "then": clock.now() + timedelta(days=9)})
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        waiting = await _waiting(operator)
        assert (waiting["help_requests"]["count"], waiting["help_requests"]["more"]) == (1000, True)
        async with parts.database.engine.begin() as connection:
            await connection.execute(
                text("DELETE FROM help_requests WHERE id = (SELECT id FROM help_requests LIMIT 1)")
            )
        waiting = await _waiting(operator)
        assert (waiting["help_requests"]["count"], waiting["help_requests"]["more"]) == (1000, False)


async def test_each_number_and_both_desks_are_read_from_the_indexes_of_what_waits(
    client: Client, parts: Wiring
) -> None:
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        with statements_on(parts, "outbox") as asked:
            await _waiting(operator)
    (overview,) = asked
    of_reviewers = {"ix_identity_cases_queued_at", "ix_identity_verifications_queued_at"}
    assert await indexes_for(parts, overview) == of_reviewers | {
        "ix_record_corrections_due_at_id",
        "ix_record_claims_state_due_at",
        "ix_help_requests_state_id",
        "ix_import_jobs_id",
        "ix_outbox_next_try_at",
        "ix_outbox_created_at_given_up",
    }
    async with member(client) as reviewer:
        for queue in ("identity_cases", "identity_verifications"):
            with statements_on(parts, queue) as asked:
                answer = await reviewer.client.get(f"/v1/staff/{queue.replace('_', '-')}")
            assert answer.status_code == 200, answer.text
            (desk,) = asked
            assert await indexes_for(parts, desk) == {f"ix_{queue}_queued_at"} <= of_reviewers


async def test_the_heads_are_those_that_a_check_expects(client: Client, parts: Wiring) -> None:
    async with member(client, "operator.one", role=Role.OPERATOR) as operator:
        await parts.audit.seal()
        heads = (await operator.client.get(PATH)).json()["heads"]
    assert heads == [one.head for one in await parts.audit.check({})]


@pytest.mark.parametrize(
    "who",
    [
        {"role": Role.REVIEWER},
        {"role": Role.REGISTRAR, "institution_code": SCHOOLS[0][0]},
        {"role": Role.PROVINCE, "province": "99"},
    ],
    ids=lambda who: str(who["role"]),
)
async def test_the_overview_is_for_operators_only(client: Client, parts: Wiring, who: dict[str, Any]) -> None:
    await add_schools(parts)
    async with member(client, "somebody.else", **who) as one:
        refused = await one.client.get(PATH)
        assert (refused.status_code, code_of(refused)) == (403, "role_not_allowed")
    assert code_of(await client.get(PATH)) == "token_missing"
