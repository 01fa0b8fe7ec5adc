"""What schools and provinces are told of requests that reach them: gathered, in numbers, and written down."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlalchemy import text

from support.claims import CLAIMS, former, hand_in, row_of
from support.claims import decide as decide_claim
from support.client import Client, connected_client
from support.clock import HandClock
from support.corrections import MINE, WORDS, come, corrected, take, take_and_decide
from support.keys import keys_for_tests
from support.offices import CONTACT, set_contact, told
from support.people import students
from support.records import add_records, province_of, registered_row, registrar_of
from support.tables import rows_of
from support.waiting import until_blocked
from xuexin_api.assembly import wire
from xuexin_api.dependencies.wiring import Wiring

_PROVINCE = "province@example.edu"


async def _corrections(client: Client, parts: Wiring, count: int) -> list[tuple[Client, str]]:
    """So many students of one school, each of whom hands a correction in."""
    people = students(2 * count)[::2]
    records = await add_records(parts, [registered_row(one) for one in people])
    made = []
    for student, record in zip(people, records, strict=True):
        one = Client(client.app, parts, client.http)
        await one.register(student)
        await one.verify(student)
        made.append((one, await corrected(one, record, class_name="二班")))
    return made


async def _log(client: Client, correction: str) -> list[str]:
    answer = await client.get(f"{MINE}/{correction}")
    assert answer.status_code == 200, answer.text
    return [line["kind"] for line in answer.json()["log"]]


def _says(body: str, *words: str) -> None:
    for word in words:
        assert word in body, body


async def test_a_school_hears_of_new_corrections_at_once_then_once_an_hour_and_in_numbers(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    made = await _corrections(client, parts, 3)
    await parts.housekeeping.purge()
    assert await _log(*made[0]) == ["submitted"], "nobody can be told"
    async with registrar_of(client) as registrar:
        await set_contact(registrar)
        await parts.housekeeping.purge()
        (body,) = await told(client)
        _says(body, "新到（含异议）3件", "待处理共3件", "其中0件", "2031-03-20 10:0", "/staff")
        for asker, correction in made:
            assert await _log(asker, correction) == ["submitted", "office_told"]
        contact = (await registrar.client.get(CONTACT)).json()
        assert contact["told_at"] == clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        await parts.housekeeping.purge()
        clock.pass_time(hours=2)
        await parts.housekeeping.purge()
        assert len(await told(client)) == 1, "nothing is new"


async def test_what_came_back_and_what_went_to_the_province_is_news_where_it_is_and_what_is_taken_is_not(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    made = await _corrections(client, parts, 3)
    asker, returned = made[0]
    async with registrar_of(client) as school, province_of(client) as province:
        await set_contact(school)
        await set_contact(province, _PROVINCE)
        await take_and_decide(school, returned, "return", "proof_missing")
        await take_and_decide(school, made[1][1], "forward", "school_cannot_settle")
        await take(school, made[2][1])
        await parts.housekeeping.purge()
        assert await told(client) == [], "what somebody took is no news"
        (body,) = await told(client, _PROVINCE)
        _says(body, "新到（含异议）1件", "待处理共1件")
        assert (await _log(*made[1]))[-2:] == ["forwarded", "office_told"]

        again = await asker.post(f"{MINE}/{returned}/submit", {"statement": WORDS, "proof_ids": []})
        assert again.status_code == 200, again.text
        await parts.housekeeping.purge()
        (body,) = await told(client)
        _says(body, "新到（含异议）1件", "待处理共2件")
        assert (await _log(asker, returned))[-2:] == ["submitted_again", "office_told"]
        assert len(await told(client, _PROVINCE)) == 1


async def test_what_left_while_the_office_was_to_be_told_costs_it_no_hour(client: Client, parts: Wiring) -> None:
    (asker, correction), (_, other) = await _corrections(client, parts, 2)
    async with registrar_of(client) as school:
        await set_contact(school)
        await take(school, other)
        holding = parts.database.session()
        async with holding.begin():
            await holding.execute(text("SELECT 1 FROM office_contacts FOR UPDATE"))
            telling = asyncio.create_task(parts.housekeeping.purge())
            await until_blocked(parts)
            assert (await asker.post(f"{MINE}/{correction}/withdraw", None)).status_code == 200
        await telling
        assert await told(client) == []
        assert (await school.client.get(CONTACT)).json()["told_at"] is None


async def test_whoever_found_an_office_that_another_worker_tells_says_nothing(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    ((asker, correction),) = await _corrections(client, parts, 1)
    async with registrar_of(client) as school:
        await set_contact(school)
    another = parts.database.session()
    async with another.begin():
        await another.execute(text("UPDATE office_contacts SET told_at = :now"), {"now": clock.now()})
        telling = asyncio.create_task(parts.housekeeping.purge())
        await until_blocked(parts)
    await telling
    assert await told(client) == [], "what came since is for the next hour"
    assert await _log(asker, correction) == ["submitted"]


async def test_an_objection_to_a_grant_is_news_to_whoever_granted(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    owner = replace(former(student), phone="+8617199990003")
    await add_records(parts, [row_of(student), row_of(owner)])
    async with connected_client(client.app, parts) as holder:
        await holder.register(owner)
        await holder.verify(owner)
        await client.register(student)
        await client.verify(student)
        claim = await hand_in(client, owner)
        async with registrar_of(client) as school, province_of(client) as province:
            await set_contact(school)
            await set_contact(province, _PROVINCE)
            assert (await decide_claim(school, claim, "forward", "held_by_another")).status_code == 200
        clock.pass_time(days=7)
        async with province_of(client, "province.two") as ours:
            granted = await decide_claim(ours, claim, "grant", "identity_changed")
            assert granted.status_code == 200, granted.text
        await parts.housekeeping.purge()
        assert await told(client, _PROVINCE) == [], "who decided it needs not be told"
        await holder.log_in(owner.phone)
        objected = await holder.post(f"/v1/archive/held-claims/{claim}/objection", {"words": "这是我的。"})
        assert objected.status_code == 200, objected.text
        await parts.housekeeping.purge()
        (body,) = await told(client, _PROVINCE)
        _says(body, "新到（含异议）1件", "待处理共0件", "最近期限-")
        assert await told(client) == [], "the school did not grant it"


async def test_a_deadline_that_is_near_is_told_once_and_what_the_clock_sent_on_is_told_to_the_province(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    ((asker, correction),) = await _corrections(client, parts, 1)
    (student,) = students(1)
    async with registrar_of(client) as school, province_of(client) as province:
        await set_contact(school)
        await set_contact(province, _PROVINCE)
    await parts.housekeeping.purge()
    clock.pass_time(days=11, hours=23)
    await parts.housekeeping.purge()
    assert len(await told(client)) == 1, "not near yet"
    clock.pass_time(hours=1)
    for _ in range(2):
        await parts.housekeeping.purge()
        clock.pass_time(hours=2)
    newest, _ = await told(client)
    _says(newest, "新到（含异议）0件", "待处理共1件", "其中1件在3天内到期")
    clock.pass_time(days=3)
    await parts.housekeeping.purge()
    assert len(await told(client)) == 2
    (body,) = await told(client, _PROVINCE)
    _says(body, "新到（含异议）1件", "待处理共1件", "其中0件")
    await come(asker, student)
    assert await _log(asker, correction) == [
        "submitted",
        "office_told",
        "office_reminded",
        "forwarded",
        "office_told",
    ]


async def test_the_second_worker_waits_for_the_first_and_then_says_nothing(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    await _corrections(client, parts, 2)
    async with registrar_of(client) as school:
        await set_contact(school)
    other = wire(parts.settings, keys=keys_for_tests(), database=parts.database, clock=clock, entropy=parts.entropy)
    holding = parts.database.session()
    async with holding.begin():
        await holding.execute(text("SELECT 1 FROM office_contacts FOR UPDATE"))
        rounds = [asyncio.create_task(one.housekeeping.purge()) for one in (parts, other)]
        await until_blocked(parts, waiting=2)
    await asyncio.gather(*rounds)
    (body,) = await told(client)
    _says(body, "新到（含异议）2件")
    lines = await rows_of(parts, "", "SELECT correction_id FROM correction_events WHERE kind = 'office_told'")
    assert len({line["correction_id"] for line in lines}) == len(lines) == 2, "both had found the office to be told"


async def test_what_somebody_moves_just_now_is_left_for_the_next_message(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (asker, correction), (other, held) = await _corrections(client, parts, 2)
    async with registrar_of(client) as school:
        await set_contact(school)
    moving = parts.database.session()
    async with moving.begin():
        await moving.execute(text("SELECT 1 FROM record_corrections WHERE id = :id FOR UPDATE"), {"id": held})
        await parts.housekeeping.purge()
    _says((await told(client))[0], "新到（含异议）1件", "待处理共2件")
    assert (await _log(asker, correction), await _log(other, held)) == (["submitted", "office_told"], ["submitted"])
    clock.pass_time(minutes=59)
    await parts.housekeeping.purge()
    assert len(await told(client)) == 1, "an hour is not over"
    clock.pass_time(minutes=1)
    await parts.housekeeping.purge()
    _says((await told(client))[0], "新到（含异议）1件", "待处理共2件")
    assert len(await told(client)) == 2


async def test_an_office_that_cannot_be_told_holds_up_no_other(client: Client, parts: Wiring) -> None:
    made = await _corrections(client, parts, 2)
    async with registrar_of(client) as school, province_of(client) as province:
        await set_contact(school)
        await set_contact(province, _PROVINCE)
        await take_and_decide(school, made[0][1], "forward", "school_cannot_settle")
    spoiling = parts.database.session()
    async with spoiling.begin():
        await spoiling.execute(text("UPDATE office_contacts SET email_ciphertext = 'spoilt' WHERE length(office) = 10"))
    await parts.housekeeping.purge()
    assert await told(client) == []
    assert len(await told(client, _PROVINCE)) == 1
    assert await _log(*made[1]) == ["submitted"], "nothing was handed to the outbox"


async def test_a_claim_and_an_objection_to_it_are_news_until_the_desk_was_told(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    before = former(student)
    await add_records(parts, [row_of(student), row_of(before)])
    async with (
        registrar_of(client) as school,
        province_of(client) as province,
        connected_client(client.app, parts) as holder,
    ):
        await set_contact(school)
        await set_contact(province, _PROVINCE)
        # Whoever was verified under the former number holds the record.
        older = replace(before, phone="+8617012349999")
        await holder.register(older)
        await holder.verify(older)
        await client.register(student)
        await client.verify(student)
        claim = await hand_in(client, before)
        await parts.housekeeping.purge()
        _says((await told(client))[0], "新到（含异议）1件", "待处理共1件")
        forwarded = await decide_claim(school, claim, "forward", "held_by_another")
        assert forwarded.status_code == 200, forwarded.text
        await parts.housekeeping.purge()
        assert len(await told(client, _PROVINCE)) == 1
        objected = await holder.post(f"/v1/archive/held-claims/{claim}/objection", {"words": "这是我的。"})
        assert objected.status_code == 200, objected.text
        clock.pass_time(hours=1)
        await parts.housekeeping.purge()
        newest, _ = await told(client, _PROVINCE)
        _says(newest, "新到（含异议）1件", "待处理共1件")
        assert len(await told(client)) == 1, "it is with the province"
    await come(client, student)
    log = (await client.get(f"{CLAIMS}/{claim}")).json()["log"]
    assert [line["kind"] for line in log] == [
        "opened",
        "submitted",
        "office_told",
        "forwarded",
        "office_told",
        "objected",
        "office_told",
    ]


async def test_the_log_has_english_words_and_a_message_names_nobody(client: Client, parts: Wiring) -> None:
    ((asker, correction),) = await _corrections(client, parts, 1)
    async with registrar_of(client) as school:
        await set_contact(school)
    await parts.housekeeping.purge()
    answer = await asker.get(f"{MINE}/{correction}", headers={"Accept-Language": "en"})
    assert answer.json()["log"][-1].items() >= {"title": "The office that has it was told", "actor": "service"}.items()
    (student,) = students(1)
    (body,) = await told(client)
    for personal in (student.name, student.document_number, student.phone[3:], correction):
        assert personal not in body
