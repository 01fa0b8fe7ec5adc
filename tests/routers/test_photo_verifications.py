"""Verified by hand-held photos without any conflict: sent, reviewed, taken up by the session, and erased."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from support.archive import enroll
from support.cases import CLAIMANTS_PHONE, claim
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import Student, students
from support.photos import send, send_both
from support.staff import Member, member
from support.tables import rows_of
from support.work import counted_work
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)
_DESK = "/v1/staff/identity-verifications"
HOUR = timedelta(hours=1)


async def _registered(client: Client) -> Student:
    (student,) = students(1)
    await enroll(client.parts, student)
    await client.register(student)
    return student


def _steps(shown: dict[str, Any]) -> list[str]:
    return [step["id"] for step in shown["next"]]


async def _begin(client: Client) -> str:
    """The address of a verification by photos."""
    begun = await client.post("/v1/identity-verifications", {"method": "handheld_photo"})
    assert begun.status_code == 201, begun.text
    assert (begun.json()["questions"], begun.json()["expires_in"]) == ([], 86400)
    return f"/v1/identity-verifications/{begun.json()['id']}"


async def _reason(client: Client) -> str | None:
    """Why photos are not open to the account."""
    methods = (await client.get("/v1/identity-verifications/methods")).json()["items"]
    (photos,) = [one for one in methods if one["method"] == "handheld_photo"]
    assert (photos["strength"], photos["available"]) == ("strong", photos["reason"] is None)
    reason: str | None = photos["reason"]
    return reason


async def _decide(reviewer: Member, mine: str, decision: str, reason: str, *, look: bool = True) -> str:
    """Take it, look, decide; the code of a refusal, or nothing."""
    path = f"{_DESK}/{mine.rpartition('/')[2]}"
    taken = await reviewer.client.post(f"{path}/take", None)
    assert taken.status_code == 200, taken.text
    seen = (await reviewer.client.get(path)).json()
    for photo in seen["photos"] if look else ():
        shown = await reviewer.client.get(f"{path}/photos/{photo['id']}")
        assert (shown.content[:3], shown.headers["cache-control"]) == (b"\xff\xd8\xff", "no-store, private")
    answer = await reviewer.client.post(f"{path}/decision", {"decision": decision, "reason": reason, "note": None})
    return "" if answer.status_code == 204 else code_of(answer)


async def test_photos_that_a_reviewer_accepts_open_the_archive_to_who_sent_them(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    student = await _registered(client)
    assert await _reason(client) is None
    mine = await _begin(client)
    assert _steps((await client.get(mine)).json()) == ["send_photos", "end_verification"]
    assert code_of(await client.post(f"{mine}/submit", None)) == "photo_side_missing"
    assert (await send(client, mine, "front", b"nothing")).status_code == 415
    front, _ = await send_both(client, mine)
    assert code_of(await client.post(f"{mine}/check", None)) == "verification_not_found"
    assert _steps((await client.get(mine)).json()) == ["submit_photos", "send_photos", "end_verification"]
    handed_in = (await client.post(f"{mine}/submit", None)).json()
    assert (handed_in["status"], len(handed_in["photos"])) == ("in_review", 3)
    assert _steps(handed_in) == ["await_review", "end_verification"]
    assert code_of(await send(client, mine, "front")) == "verification_closed"
    assert await _reason(client) == "in_review"
    assert (await client.post(f"{mine}/check", None)).json()["status"] == "pending"
    async with member(client) as one, member(client, "reviewer.two", document=student.document_number) as involved:
        (waiting,) = (await one.client.get(_DESK)).json()["items"]
        assert mine.endswith(waiting["id"])
        desk = f"{_DESK}/{waiting['id']}"
        assert code_of(await involved.client.post(f"{desk}/take", None)) == "not_yours_to_decide"
        assert code_of(await one.client.get(f"{desk}/photos/{front['id']}")) == "case_not_assigned"
        early = await _decide(one, mine, "accept_photos", "photos_show_applicant", look=False)
        assert early == "photos_not_seen"
        assert code_of(await involved.client.post(f"{desk}/take", None)) == "not_yours_to_decide"
        seen = (await one.client.get(desk)).json()
        assert (seen["document_number"], len(seen["records"])) == (student.document_number, 1)
        assert await _decide(one, mine, "accept_photos", "photos_show_applicant") == ""
        assert (await one.client.get(_DESK)).json()["items"] == []
    assert any("已通过审核" in sent.body for sent in await client.messages(student.phone))
    # The account is verified; the tokens are for the session that sent the photos.
    (account,) = await rows_of(parts, "", "SELECT * FROM accounts WHERE verified_strength = 'strong'")
    assert account["person_id"] is not None
    async with connected_client(client.app, parts) as other:
        await other.log_in(student.phone)
        assert code_of(await other.post(f"{mine}/check", None)) == "verification_not_found"
    assert code_of(await client.get("/v1/archive/enrollments")) == "insufficient_user_authentication"
    result = (await client.get(mine)).json()
    assert (result["status"], result["strength"]) == ("accepted", "strong")
    assert (result["waiting_before"], result["expected_by"]) == (None, None)
    assert _steps(result) == ["check_verification", "end_verification"]
    assert [event["kind"] for event in result["log"]].count("photo_viewed") == 2
    passed = await client.post(f"{mine}/check", None)
    assert passed.json()["status"] == "passed"
    client.keep(passed.json())
    assert len((await client.get("/v1/archive/enrollments")).json()["items"]) == 1
    assert code_of(await client.post(f"{mine}/check", None)) == "verification_not_found"
    clock.pass_time(days=30, minutes=1)
    await parts.housekeeping.purge()
    assert list((parts.settings.data_dir / "handheld").iterdir()) == []


async def test_who_claims_the_document_does_not_decide_about_who_has_it(client: Client, parts: Wiring) -> None:
    student = await _registered(client)
    mine = await _begin(client)
    await send_both(client, mine)
    await client.post(f"{mine}/submit", None)
    async with connected_client(client.app, parts) as claimant:
        await claim(claimant, student)
    async with member(client, "reviewer.own", phone=CLAIMANTS_PHONE) as involved:
        refused = await involved.client.post(f"{_DESK}/{mine.rpartition('/')[2]}/take", None)
        assert (refused.status_code, code_of(refused)) == (403, "not_yours_to_decide")


async def test_tokens_that_are_not_taken_up_in_time_are_offered_no_more(client: Client, clock: HandClock) -> None:
    student = await _registered(client)
    mine = await _begin(client)
    await send_both(client, mine)
    await client.post(f"{mine}/submit", None)
    async with member(client) as one:
        assert await _decide(one, mine, "accept_photos", "photos_show_applicant") == ""
    clock.pass_time(days=7)
    await client.log_in(student.phone)
    assert _steps((await client.get(mine)).json()) == ["verify_identity"]


async def test_accepted_photos_that_are_ended_give_no_tokens_and_go_in_their_time(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    await _registered(client)
    mine = await _begin(client)
    await send_both(client, mine)
    await client.post(f"{mine}/submit", None)
    async with member(client) as one:
        assert await _decide(one, mine, "accept_photos", "photos_show_applicant") == ""
    answers = await asyncio.gather(*(client.delete(mine) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404]
    ended = (await client.get(mine)).json()
    assert (ended["status"], _steps(ended)) == ("ended", ["verify_identity"])
    assert code_of(await client.post(f"{mine}/check", None)) == "verification_not_found"
    # Decided is decided: the account stays verified, and the photos stay until it can be undone no more.
    await parts.housekeeping.purge()
    assert len(list((parts.settings.data_dir / "handheld").iterdir())) == 2
    clock.pass_time(days=30, minutes=1)
    await parts.housekeeping.purge()
    assert list((parts.settings.data_dir / "handheld").iterdir()) == []


async def test_reviews_say_how_long_the_next_will_take(client: Client, parts: Wiring, clock: HandClock) -> None:
    first, second, third = students(3)
    await enroll(parts, first, second, third)

    async def hand_in(sender: Client, student: Student) -> str:
        await sender.register(student)
        mine = await _begin(sender)
        await send_both(sender, mine)
        assert (await sender.post(f"{mine}/submit", None)).status_code == 200
        return mine

    async def waiting(sender: Client, student: Student, mine: str) -> tuple[int, float]:
        await sender.log_in(student.phone)
        shown = (await sender.get(mine)).json()
        hours = (datetime.fromisoformat(shown["expected_by"]) - datetime.fromisoformat(shown["queued_at"])) / HOUR
        return shown["waiting_before"], round(hours, 1)

    async with member(client) as one, connected_client(client.app, parts) as other:
        mine = await hand_in(client, first)
        assert await waiting(client, first, mine) == (0, 72.0)
        clock.pass_time(hours=5)
        await one.log_in()
        assert await _decide(one, mine, "refuse_photos", "photos_unreadable") == ""
        await client.log_in(first.phone)
        assert _steps((await client.get(mine)).json()) == ["verify_identity"]
        mine = await hand_in(client, second)
        clock.pass_time(hours=1)
        others = await hand_in(other, third)
        assert await waiting(client, second, mine) == (0, 5.0)
        assert await waiting(other, third, others) == (1, 5.0)
        # Past it, no time is told that is over.
        clock.pass_time(hours=9)
        assert await waiting(other, third, others) == (1, 9.0)


async def test_photos_that_are_not_accepted_say_why_and_may_be_sent_again(client: Client, parts: Wiring) -> None:
    student = await _registered(client)
    first = await _begin(client)
    await send_both(client, first)
    second = await _begin(client)
    # A new try takes the place of the one that was begun, and its photos go.
    assert (await client.get(first)).json()["status"] == "ended"
    assert code_of(await client.post(f"{first}/submit", None)) == "verification_closed"
    await parts.housekeeping.purge()
    assert list((parts.settings.data_dir / "handheld").iterdir()) == []
    sent = await send_both(client, second)
    assert (await client.get(f"{second}/photos/{sent[0]['id']}")).content[:3] == b"\xff\xd8\xff"
    assert (await client.delete(f"{second}/photos/{sent[0]['id']}")).status_code == 204
    await send(client, second, "front")
    assert (await client.post(f"{second}/submit", None)).status_code == 200
    async with member(client) as one:
        assert await _decide(one, second, "refuse_photos", "photos_unreadable") == ""
    result = (await client.get(second)).json()
    assert (result["status"], result["reason"]["id"]) == ("failed", "photos_unreadable")
    assert (await client.post(f"{second}/check", None)).json() == {
        "id": second.rpartition("/")[2],
        "status": "failed",
        "tokens": None,
        "case_id": None,
    }
    assert any("未通过审核" in message.body for message in await client.messages(student.phone))
    assert await _reason(client) is None
    # Taken back while a reviewer is waited for; and what nobody hands in.
    third = await _begin(client)
    await send_both(client, third)
    await client.post(f"{third}/submit", None)
    assert (await client.delete(third)).status_code == 204
    fourth = await _begin(client)
    await send_both(client, fourth)
    parts.clock.pass_time(days=1)  # type: ignore[attr-defined]
    await parts.housekeeping.purge()
    assert len(list((parts.settings.data_dir / "handheld").iterdir())) == 2
    await client.log_in(student.phone)
    exported = await client.post("/v1/account/export", {"password": "plain-sailing-by-moonlight"})
    assert exported.status_code == 200, exported.text
    assert len(exported.json()["handheld_photos"]["items"]) == 9


async def test_a_photo_that_is_somebody_elses_is_none(client: Client, parts: Wiring) -> None:
    """The same answer as for one that never was, whichever verification it is looked for in."""
    await _registered(client)
    mine = await _begin(client)
    (front, _) = await send_both(client, mine)
    async with connected_client(client.app, parts) as stranger:
        await stranger.register(students(2)[1])
        theirs = await _begin(stranger)
        for path in (mine, theirs):
            answers = [
                await stranger.get(f"{path}/photos/{photo_id}") for photo_id in (front["id"], theirs.rpartition("/")[2])
            ]
            assert [(answer.status_code, code_of(answer)) for answer in answers] == [(404, "upload_not_found")] * 2
            assert len({answer.json()["title"] for answer in answers}) == 1
        removed = await stranger.delete(f"{theirs}/photos/{front['id']}")
        assert (removed.status_code, code_of(removed)) == (404, "upload_not_found")
    assert (await client.get(f"{mine}/photos/{front['id']}")).status_code == 200


async def test_who_is_verified_and_has_no_record_is_told_why_and_what_to_do(client: Client) -> None:
    await client.register(students(1)[0])
    mine = await _begin(client)
    await send_both(client, mine)
    await client.post(f"{mine}/submit", None)
    async with member(client) as one:
        assert await _decide(one, mine, "accept_photos", "photos_show_applicant") == ""
    client.keep((await client.post(f"{mine}/check", None)).json())
    page = (await client.get("/v1/archive/enrollments", headers={"Accept-Language": "en"})).json()
    assert (page["items"], page["explanation"]["id"]) == ([], "no_enrollment")
    assert "ask for it" in page["explanation"]["title"]


async def test_a_list_of_many_costs_what_a_list_of_one_costs(client: Client) -> None:
    await _registered(client)
    costs = []
    for _ in range(3):
        await send_both(client, await _begin(client))
        async with counted_work(client) as work:
            items = (await client.get("/v1/identity-verifications")).json()["items"]
        costs.append(work.statements.total())
        assert [len(item["photos"]) for item in items] == [2] * len(costs)
    assert costs == costs[:1] * 3
    one = (await client.get(f"/v1/identity-verifications/{items[-1]['id']}")).json()
    assert (one, [photo["side"] for photo in one["photos"]]) == (items[-1], ["front", "back"])
