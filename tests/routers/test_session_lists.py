"""Where one is logged in: the list, the history, ending one and ending all others, and who is told."""

from __future__ import annotations

import asyncio

import pytest

from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import students
from support.tables import count_rows, rows_of
from xuexin_api.core.platforms import platform_of
from xuexin_api.dependencies.wiring import Wiring

PHONE = "Mozilla/5.0 (Linux; Android 16; Pixel 11) AppleWebKit/537.36"
LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"


async def test_the_list_tells_devices_apart_and_marks_the_one_that_asks(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    client.http.headers["User-Agent"] = PHONE
    await client.register(student)
    clock.pass_time(minutes=5)
    async with connected_client(client.app, parts, "198.51.100.9") as laptop:
        laptop.http.headers["User-Agent"] = LAPTOP
        await laptop.log_in(student.phone)
        page = (await laptop.get("/v1/sessions")).json()
    newest, oldest = page["items"]
    assert page["next_cursor"] is None
    assert (newest["platform"], newest["address"], newest["current"]) == ("windows", "198.51.100.9", True)
    assert (oldest["platform"], oldest["address"], oldest["current"]) == ("android", "203.0.113.7", False)
    assert (newest["methods"], oldest["methods"]) == (["pwd"], ["pwd", "sms"])
    assert newest["created_at"] > oldest["created_at"]
    assert {newest["state"], oldest["state"]} == {"living"}


async def test_a_known_device_keeps_the_name_it_gave_first(client: Client) -> None:
    (student,) = students(1)
    client.http.headers["User-Agent"] = PHONE
    await client.register(student)
    client.http.headers["User-Agent"] = LAPTOP
    await client.log_in(student.phone)
    assert {item["platform"] for item in (await client.get("/v1/sessions")).json()["items"]} == {"android"}


async def test_pages_follow_one_another_and_miss_nothing(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    for _ in range(4):
        await client.log_in(student.phone)
    whole = (await client.get("/v1/sessions")).json()["items"]
    assert len(whole) == 5
    paged: list[dict[str, object]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get("/v1/sessions", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        assert len(page["items"]) <= 2
        paged += page["items"]
        cursor = page["next_cursor"]
    assert paged == whole


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/account/login-history"])
async def test_a_broken_cursor_and_an_excessive_limit_are_told(client: Client, path: str) -> None:
    (student,) = students(1)
    await client.register(student)
    for wrong in ({"cursor": "not a cursor"}, {"limit": 101}, {"limit": 0}, {"cursor": "x" * 65}):
        answer = await client.get(path, params=wrong)
        assert (answer.status_code, code_of(answer)) == (422, "invalid_request"), wrong
    client.access_token = None
    assert code_of(await client.get(path)) == "token_missing"


async def test_one_session_is_ended_and_dead_at_once(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as other:
        await other.log_in(student.phone)
        lost = next(item for item in (await client.get("/v1/sessions")).json()["items"] if not item["current"])
        assert (await client.delete(f"/v1/sessions/{lost['id']}")).status_code == 204
        assert code_of(await other.get("/v1/account")) == "token_invalid"
        refused = await other.post("/v1/sessions/refresh", {"refresh_token": other.refresh_token})
        assert code_of(refused) == "refresh_rejected"
    assert code_of(await client.delete(f"/v1/sessions/{lost['id']}")) == "session_not_found"
    assert (await client.get("/v1/account")).status_code == 200


async def test_nobody_ends_or_sees_somebody_elses_session(client: Client, parts: Wiring) -> None:
    mine, theirs = students(2)
    await client.register(mine)
    async with connected_client(client.app, parts) as other:
        await other.register(theirs)
        (session,) = (await other.get("/v1/sessions")).json()["items"]
        assert code_of(await client.delete(f"/v1/sessions/{session['id']}")) == "session_not_found"
        assert (await client.delete("/v1/sessions/others")).status_code == 204
        assert (await other.get("/v1/account")).status_code == 200
    assert len((await client.get("/v1/account/login-history")).json()["items"]) == 1


async def test_all_others_end_and_the_one_that_asks_goes_on(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as first, connected_client(client.app, parts) as second:
        for other in (first, second):
            await other.log_in(student.phone)
        assert (await client.delete("/v1/sessions/others")).status_code == 204
        for other in (first, second):
            assert code_of(await other.get("/v1/account")) == "token_invalid"
    (left,) = (await client.get("/v1/sessions")).json()["items"]
    assert left["current"]
    audited = await rows_of(parts, "audit_events", "SELECT * FROM audit_events WHERE action = 'session:end'")
    assert len(audited) == 2


async def test_two_sessions_that_end_each_other_leave_no_error(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as other:
        await other.log_in(student.phone)
        answers = await asyncio.gather(client.delete("/v1/sessions/others"), other.delete("/v1/sessions/others"))
        assert {answer.status_code for answer in answers} <= {204, 401}
        assert 204 in {answer.status_code for answer in answers}


async def test_the_history_tells_how_each_login_ended(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    clock.pass_time(minutes=5)
    async with connected_client(client.app, parts) as other:
        await other.log_in(student.phone)
        await other.delete("/v1/sessions/current")
    clock.pass_time(days=15)
    await client.log_in(student.phone)
    items = (await client.get("/v1/account/login-history")).json()["items"]
    told = [(item["state"], item["end_reason"], item["current"]) for item in items]
    assert told == [("living", None, True), ("ended", "logout", False), ("expired", None, False)]


async def test_a_login_from_a_new_device_is_told_to_the_owner_and_one_from_a_known_device_is_not(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    await client.log_in(student.phone)
    clock.pass_time(minutes=4)
    assert await client.messages(student.phone) == []
    async with connected_client(client.app, parts) as stranger:
        await stranger.log_in(student.phone)
    newest = (await client.messages(student.phone))[0]
    assert (newest.purpose, newest.code) == ("notice", None)
    assert "在一台新设备上登录" in newest.body


async def test_a_rejected_login_tells_nobody(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    before = await count_rows(parts, "outbox")
    async with connected_client(client.app, parts) as stranger:
        await stranger.try_to_log_in(student.phone, "not-the-password")
    assert await count_rows(parts, "outbox") == before


@pytest.mark.parametrize(
    ("user_agent", "platform"),
    [
        (PHONE, "android"),
        (LAPTOP, "windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 20_0 like Mac OS X)", "ios"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "macos"),
        ("Mozilla/5.0 (Phone; OpenHarmony 6.0)", "harmonyos"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "linux"),
        ("", "unknown"),
        ("x" * 100_000 + "android", "unknown"),
    ],
)
def test_platforms_are_families(user_agent: str, platform: str) -> None:
    assert platform_of(user_agent) == platform


async def test_an_owner_who_never_sends_a_device_token_is_told_of_ten_devices_a_day(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    for _ in range(14):
        async with connected_client(client.app, parts) as other:
            await other.log_in(student.phone)
        clock.pass_time(minutes=1)
    told = [message for message in await client.messages(student.phone) if message.purpose == "notice"]
    # The device of the registration is the first of the ten.
    assert len(told) == 9
