"""Cases and several who work on them at the same moment, or on very many of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from support.archive import enroll
from support.cases import case_of, claim, give_facts, give_strong_evidence, submit
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import students
from support.photos import send, send_both
from support.staff import member
from support.tables import rows_of
from support.waiting import until_blocked
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)
_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = '{}' AND column_default IS NULL"


async def test_who_gives_back_what_a_colleague_took_in_that_moment_takes_it_from_nobody(
    client: Client, parts: Wiring
) -> None:
    """The assignment lapsed between what the request read and what it wrote."""
    (student,) = students(1)
    await client.register(student)
    async with (
        connected_client(client.app, parts) as claimant,
        member(client) as one,
        member(client, "reviewer.two") as two,
    ):
        case_id = await claim(claimant, student)
        await send_both(claimant, f"/v1/identity-cases/{case_id}")
        await submit(claimant, case_id)
        await client.log_in(student.phone)
        started = await client.post("/v1/identity-verifications", {"method": "handheld_photo"})
        verification = f"identity-verifications/{started.json()['id']}"
        await send_both(client, f"/v1/{verification}")
        assert (await client.post(f"/v1/{verification}/submit", None)).status_code == 200
        colleague = "(SELECT id FROM staff WHERE login_name = 'reviewer.two')"
        for waits, table in (
            (f"identity-cases/{case_id}", "identity_cases"),
            (verification, "identity_verifications"),
        ):
            path = f"/v1/staff/{waits}"
            assert (await one.client.post(f"{path}/take", None)).status_code == 200
            async with parts.database.engine.begin() as taking, asyncio.TaskGroup() as group:
                await taking.execute(text(f"UPDATE {table} SET assigned_to = {colleague}"))
                asked = group.create_task(one.client.post(f"{path}/release", None))
                await until_blocked(parts)
                await taking.commit()
            assert (asked.result().status_code, code_of(asked.result())) == (403, "case_not_assigned")
            assert (await two.client.get(path)).status_code == 200


async def test_a_hundred_cases_that_fail_hold_up_none_that_comes_after_them(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    broken, student = students(2)
    await enroll(parts, broken, student)
    cases = []
    for number, one in enumerate((broken, student)):
        async with connected_client(client.app, parts) as holder, connected_client(client.app, parts) as claimant:
            await holder.register(one)
            cases.append(await claim(claimant, one, f"+861719999000{number}"))
            await give_facts(claimant, cases[-1], one)
            await submit(claimant, cases[-1])
    # Copies of the first, due before the second; one photo without its other side can be judged by nobody.
    key = parts.lookups.document(broken.document_number).hex()
    copied = {
        "accounts": {
            "id": "gen_random_uuid()",
            "phone_key": "sha256(n::text::bytea)",
            "document_key": "sha256(n::text::bytea)",
        },
        "identity_cases": {
            "id": "gen_random_uuid()",
            "account_id": "a.id",
            "document_key": "a.document_key",
            "effect_at": "t.effect_at - interval '1 hour'",
        },
    }
    sources = {
        "accounts": f"accounts t, generate_series(1, 104) n WHERE t.document_key = '\\x{key}' AND t.state = 'conflict'",
        "identity_cases": f"identity_cases t, accounts a WHERE t.id = '{cases[0]}' AND a.state = 'conflict'"
        " AND NOT EXISTS (SELECT FROM identity_cases c WHERE c.account_id = a.id)",
    }
    for table, changes in copied.items():
        columns = [row["column_name"] for row in await rows_of(parts, "", _COLUMNS.format(table))]
        values = ", ".join(changes.get(column, f"t.{column}") for column in columns)
        into = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {sources[table]} RETURNING id"
        assert len(await rows_of(parts, "", into)) == 104
    await rows_of(
        parts,
        "",
        "INSERT INTO uploads (id, account_id, case_id, side, state, sha256, byte_size, reduced, rules, hints,"
        " created_at) SELECT gen_random_uuid(), account_id, id, 'front', 'received', '\\x00', 1, false, '[]', '[]',"
        f" opened_at FROM identity_cases WHERE id <> '{cases[1]}' RETURNING id",
    )
    clock.pass_time(days=1)
    with capture_logs() as logged:
        async with asyncio.timeout(60):
            await parts.housekeeping.purge()
    assert sum(line["event"] == "case_failed" for line in logged) == 105
    states = {str(row["id"]): row["state"] for row in await rows_of(parts, "identity_cases")}
    assert states.pop(cases[1]) == "approved"
    assert (len(states), set(states.values())) == (105, {"notice"})


async def test_an_account_that_cannot_be_erased_holds_up_no_other(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """Of two that nobody claims by any more the first meets a lock for too long, and the database breaks off."""
    for number, student in enumerate(students(2)):
        async with connected_client(client.app, parts) as holder, connected_client(client.app, parts) as claimant:
            await holder.register(student)
            await claim(claimant, student, f"+861719999000{number}")
    clock.pass_time(days=1)
    await parts.housekeeping.purge()
    clock.pass_time(days=30, seconds=1)
    claimed = "SELECT id FROM accounts WHERE state = 'conflict' ORDER BY id"
    broken, other = [row["id"] for row in await rows_of(parts, "", claimed)]
    stopped = (
        "SELECT pg_cancel_backend(pid) AS done FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with capture_logs() as logged:
        async with parts.database.engine.begin() as holding, asyncio.TaskGroup() as group:
            await holding.execute(text(f"SELECT FROM consents WHERE account_id = '{broken}' FOR UPDATE"))
            group.create_task(parts.housekeeping.purge())
            await until_blocked(parts)
            assert [row["done"] for row in await rows_of(parts, "", stopped)] == [True]
    failed = [line for line in logged if line["event"] == "account_not_erased"]
    assert [(line["account_id"], line["log_level"]) for line in failed] == [(str(broken), "error")]
    gone = "SELECT id FROM accounts WHERE state = 'closed'"
    assert {row["id"] for row in await rows_of(parts, "", gone)} == {other}
    # Nothing of it is half done, and the next round tries it again.
    (left,) = await rows_of(parts, "", f"SELECT name, phone_key FROM accounts WHERE id = '{broken}'")
    assert left["name"]
    assert left["phone_key"] is not None
    await parts.housekeeping.purge()
    assert {row["id"] for row in await rows_of(parts, "", gone)} == {broken, other}


async def test_who_verifies_as_the_person_in_the_moment_of_a_grant_is_told_before_it(
    client: Client, parts: Wiring
) -> None:
    """The document of the record was corrected meanwhile: two accounts, two numbers, two locks, and one person."""
    student, other = students(2)
    await enroll(parts, student)
    await client.register(student)
    async with connected_client(client.app, parts) as claimant, connected_client(client.app, parts) as corrected:
        case_id = await claim(claimant, student)
        await give_facts(claimant, case_id, student)
        await give_strong_evidence(parts, case_id)
        renumbered = replace(student, document_number=other.document_number, sex=other.sex, phone=other.phone)
        await corrected.register(renumbered)
        key = parts.lookups.document(other.document_number).hex()
        assert await rows_of(parts, "", f"UPDATE persons SET document_key = '\\x{key}' RETURNING id")
        path = f"/v1/identity-cases/{case_id}/submit"
        async with parts.database.engine.begin() as held, asyncio.TaskGroup() as group:
            # The case has looked for holders, and waits for the one it found.
            holder = f"document_key = '\\x{parts.lookups.document(student.document_number).hex()}' AND state = 'active'"
            await held.execute(text(f"SELECT id FROM accounts WHERE {holder} FOR UPDATE"))
            asked = group.create_task(claimant.post(path, None))
            await until_blocked(parts)
            await corrected.verify(renumbered)
            await held.commit()
        assert (asked.result().status_code, code_of(asked.result())) == (409, "holder_changed")
        assert (await corrected.get("/v1/archive/enrollments")).status_code == 200
        again = await claimant.post(path, None)
        assert (again.status_code, again.json()["state"]) == (200, "notice")
        assert any("提出异议" in message.body for message in await client.messages(other.phone))


@pytest.mark.settings(code_resend_seconds=1, case_submissions_per_document_day=3)
async def test_strangers_photos_use_up_nobodys_place_but_their_own(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)

    async def give_photos(claimant: Client, case_id: str) -> str:
        await send_both(claimant, f"/v1/identity-cases/{case_id}")
        answer = await claimant.post(f"/v1/identity-cases/{case_id}/submit", None)
        if answer.status_code != 200:
            return code_of(answer)
        assert (await claimant.post(f"/v1/identity-cases/{case_id}/withdraw", None)).status_code == 200
        return "submitted"

    async with (
        connected_client(client.app, parts) as stranger,
        connected_client(client.app, parts) as another,
        connected_client(client.app, parts) as owner,
    ):
        case_id = await claim(stranger, student)
        said = []
        for _ in range(3):
            said.append(await give_photos(stranger, case_id))
            if said[-1] == "submitted":
                case_id = (await stranger.post("/v1/identity-cases", None)).json()["id"]
        assert said == ["submitted", "submitted", "too_many_operations"]
        # The last place is for who comes for the first time.
        case_id = await claim(another, student, "+8617199990002")
        assert await give_photos(another, case_id) == "submitted"
        again = (await another.post("/v1/identity-cases", None)).json()["id"]
        assert await give_photos(another, again) == "too_many_operations"
        # And all of them together keep out nobody who has proven something.
        case_id = await claim(owner, student, "+8617199990003")
        assert await give_photos(owner, case_id) == "too_many_operations"
        await give_facts(owner, case_id, student)
        assert await give_photos(owner, case_id) == "submitted"
        clock.pass_time(days=1)
        for device, phone in ((another, "+8617199990002"), (owner, "+8617199990003")):
            await device.log_in(phone)
        again = (await another.post("/v1/identity-cases", None)).json()["id"]
        assert await give_photos(another, again) == "submitted", "another day, another count"


async def test_no_number_of_weak_claims_keeps_out_a_strong_one(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    for number in range(5):
        async with connected_client(client.app, parts) as stranger:
            case_id = await claim(stranger, student, f"+861719999001{number}")
            await give_facts(stranger, case_id, student)
            answer = await stranger.post(f"/v1/identity-cases/{case_id}/submit", None)
            assert (answer.status_code == 200) is (number < 4), answer.text
            await stranger.post(f"/v1/identity-cases/{case_id}/withdraw", None)
    async with connected_client(client.app, parts) as owner:
        case_id = await claim(owner, student)
        await give_facts(owner, case_id, student)
        await give_strong_evidence(parts, case_id)
        assert (await submit(owner, case_id))["state"] == "approved"


async def test_what_is_decided_and_waits_for_its_notice_is_before_nobody(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    first, second = students(2)
    await enroll(parts, first, second)
    await client.register(first)
    async with (
        connected_client(client.app, parts) as claimant,
        connected_client(client.app, parts) as holder,
        connected_client(client.app, parts) as applicant,
        member(client) as reviewer,
    ):
        decided = await claim(claimant, first)
        await give_facts(claimant, decided, first)
        await submit(claimant, decided)
        objection = {"statement": "这是我的账号"}
        assert (await client.post(f"/v1/identity-cases/{decided}/objection", objection)).status_code == 200
        await holder.register(second)
        clock.pass_time(minutes=5)
        waiting = await claim(applicant, second, "+8617199990002")
        await send(applicant, f"/v1/identity-cases/{waiting}", "front")
        await send(applicant, f"/v1/identity-cases/{waiting}", "back")
        assert (await submit(applicant, waiting))["waiting"]["cases_before"] == 1
        await reviewer.take_and_decide(decided, "approve", "objection_unfounded")
        assert (await case_of(applicant, waiting))["waiting"]["cases_before"] == 0
        case = await case_of(claimant, decided)
        assert (case["state"], case["waiting"]) == (
            "in_review",
            {"cases_before": 0, "expected_by": case["effect_at"]},
        )
