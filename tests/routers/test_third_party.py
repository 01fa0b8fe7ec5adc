"""Third-party login: linked by its owner only, begun and ended by one client, and the same door as every login."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest

from support.archive import enroll
from support.client import PASSWORD, Client, code_of, connected_client
from support.clock import HandClock
from support.entropy import CODE
from support.people import students
from support.tables import count_rows, rows_of
from xuexin_api.dependencies.wiring import Wiring

LINKS = "/v1/account/linked-identities"
NEW_PASSWORD = "another-river-under-stars"


def _back(begun: httpx.Response, code: str = "demo-user") -> dict[str, str]:
    """What the front end posts when the browser is back with this code."""
    assert begun.status_code == 201, begun.text
    query = parse_qs(urlsplit(begun.json()["authorize_url"]).query)
    return {"state": query["state"][0], "code": code, "secret": begun.json()["secret"]}


async def _start_link(client: Client, provider: str = "wechat", password: str = PASSWORD) -> httpx.Response:
    return await client.post(f"{LINKS}/{provider}/start", {"password": password})


async def _link(client: Client, provider: str = "wechat", code: str = "demo-user") -> httpx.Response:
    return await client.post(f"{LINKS}/{provider}/callback", _back(await _start_link(client, provider), code))


async def _start(client: Client, provider: str = "wechat") -> httpx.Response:
    return await client.request("POST", f"/v1/third-party/{provider}/start")


async def _finish(client: Client, body: dict[str, str], provider: str = "wechat", **more: Any) -> httpx.Response:
    if client.device_token is not None:
        body = body | {"device_token": client.device_token}
    return await client.post(f"/v1/third-party/{provider}/callback", body, **more)


async def _log_in(client: Client, provider: str = "wechat", code: str = "demo-user") -> httpx.Response:
    return await _finish(client, _back(await _start(client, provider), code), provider)


async def _release(client: Client, provider: str = "wechat", password: str = PASSWORD) -> httpx.Response:
    return await client.request("DELETE", f"{LINKS}/{provider}", json={"password": password})


async def _undo_link(client: Client, phone: str) -> str:
    """The secret of the newest link that undoes something."""
    for message in await client.messages(phone):
        if "/undo#" in message.body:
            return message.body.partition("/undo#")[2][:64]
    raise AssertionError("no link was sent")


async def test_who_was_linked_logs_in_on_a_new_device_and_the_owner_hears_of_both(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    linked = await _link(client)
    assert linked.status_code == 201, linked.text
    assert linked.json() == {"provider": "wechat", "linked_at": linked.json()["linked_at"], "last_used_at": None}
    clock.pass_time(minutes=1)
    async with connected_client(client.app, parts, "198.51.100.7") as other:
        done = await _log_in(other)
        assert done.status_code == 201, done.text
        assert other.keep(done.json())["account"]["name"] == student.name
        (session, *_) = (await other.get("/v1/sessions")).json()["items"]
        assert session["methods"] == ["fed"]
        assert code_of(await other.get("/v1/archive/enrollments")) == "insufficient_user_authentication"
    told = [message.body for message in await client.messages(student.phone)]
    assert any("已绑定微信登录" in body for body in told)
    assert any("新设备" in body for body in told)
    (shown,) = (await client.get(LINKS)).json()["items"]
    assert shown["last_used_at"] is not None


async def test_a_login_on_a_known_device_is_told_to_nobody(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    await _link(client)
    before = len(await client.messages())
    assert (await _log_in(client)).status_code == 201
    assert len(await client.messages()) == before


async def test_who_is_linked_to_nobody_is_told_how_to_go_on_and_nothing_else(client: Client, parts: Wiring) -> None:
    refused = await _log_in(client)
    assert (refused.status_code, code_of(refused)) == (403, "third_party_not_linked")
    assert [option["id"] for option in refused.json()["options"]] == ["login_and_link", "register"]
    assert await count_rows(parts, "sessions") == 0
    assert await count_rows(parts, "linked_identities") == 0


async def test_one_provider_does_not_speak_for_another(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    await _link(client, "wechat")
    assert code_of(await _log_in(client, "weibo")) == "third_party_not_linked"
    assert code_of(await _log_in(client, "wechat", "demo-other")) == "third_party_not_linked"


async def test_an_attackers_code_and_state_are_worth_nothing_in_a_victims_browser(
    client: Client, parts: Wiring
) -> None:
    """Login CSRF: the victim opens the attacker's redirect, and would act in the attacker's account from then on."""
    attacker_student, victim_student = students(2)
    async with connected_client(client.app, parts) as attacker:
        await attacker.register(attacker_student)
        await _link(attacker, code="demo-attacker")
        brought = _back(await _start(attacker), "demo-attacker")
        own = (await _start(client)).json()["secret"]
        for secret in (own, "0" * 64):
            refused = await _finish(client, brought | {"secret": secret})
            assert (refused.status_code, code_of(refused)) == (403, "third_party_rejected")
        # A victim who is logged in does not get the attacker's identity linked, which would open his account.
        await client.register(victim_student)
        theirs = _back(await _start_link(attacker), "demo-attacker")
        mine = (await _start_link(client)).json()["secret"]
        for body in (theirs, theirs | {"secret": mine}, brought, brought | {"secret": mine}):
            assert code_of(await client.post(f"{LINKS}/wechat/callback", body)) == "third_party_rejected"
        assert (await client.get(LINKS)).json()["items"] == []
        # None of that used up what the attacker began: nobody can end for another what he began.
        assert (await _finish(attacker, brought)).status_code == 201


@pytest.mark.parametrize("changed", ["state", "secret", "provider"])
async def test_what_was_begun_ends_with_its_own_state_secret_and_provider(client: Client, changed: str) -> None:
    (student,) = students(1)
    await client.register(student)
    await _link(client)
    body = _back(await _start(client))
    provider = "weibo" if changed == "provider" else "wechat"
    wrong = body if changed == "provider" else body | {changed: "0" * 64}
    assert code_of(await _finish(client, wrong, provider)) == "third_party_rejected"
    assert (await _finish(client, body)).status_code == 201
    assert code_of(await _finish(client, body)) == "third_party_rejected"


async def test_a_login_links_nothing_and_a_linking_logs_nobody_in(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    login = _back(await _start(client))
    assert code_of(await client.post(f"{LINKS}/wechat/callback", login)) == "third_party_rejected"
    linking = _back(await _start_link(client))
    assert code_of(await _finish(client, linking)) == "third_party_rejected"
    assert (await client.post(f"{LINKS}/wechat/callback", linking)).status_code == 201


async def test_it_is_late_after_ten_minutes(client: Client, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    await _link(client)
    begun = await _start(client)
    assert begun.json()["expires_in"] == 600
    first, second = _back(begun), _back(await _start(client))
    clock.pass_time(seconds=599)
    assert (await _finish(client, first)).status_code == 201
    clock.pass_time(seconds=1)
    assert code_of(await _finish(client, second)) == "third_party_rejected"


async def test_a_code_that_the_provider_refuses_uses_up_what_was_begun(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    await _link(client)
    body = _back(await _start(client), "no-such-code")
    assert code_of(await _finish(client, body)) == "third_party_rejected"
    assert code_of(await _finish(client, body | {"code": "demo-user"})) == "third_party_rejected"


async def test_one_callback_twenty_times_opens_one_session(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    await _link(client)
    before = await count_rows(parts, "sessions")
    body = _back(await _start(client))
    answers = await asyncio.gather(*(_finish(client, body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [403] * 19
    assert {code_of(answer) for answer in answers if answer.status_code == 403} == {"third_party_rejected"}
    assert await count_rows(parts, "sessions") == before + 1


async def test_two_accounts_that_link_one_identity_at_once_have_one_winner(client: Client, parts: Wiring) -> None:
    first, second = students(2)
    await client.register(first)
    async with connected_client(client.app, parts) as other:
        await other.register(second)
        begun = [_back(await _start_link(one)) for one in (client, other)]
        answers = await asyncio.gather(
            *(one.post(f"{LINKS}/wechat/callback", body) for one, body in zip((client, other), begun, strict=True))
        )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    assert code_of(refused) == "third_party_taken"
    assert await count_rows(parts, "linked_identities") == 1
    # The one who lost was told of nothing, and has nothing to undo.
    assert len(await rows_of(parts, "account_changes")) == 1


async def test_an_account_has_one_identity_of_a_provider(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    begun = [_back(await _start_link(client), f"demo-{who}") for who in ("anna", "bela")]
    answers = await asyncio.gather(*(client.post(f"{LINKS}/wechat/callback", body) for body in begun))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert {code_of(answer) for answer in answers if answer.status_code == 409} == {"third_party_set"}
    assert code_of(await _link(client, code="demo-anna")) == "third_party_set"
    assert (await _link(client, "alipay", "demo-anna")).status_code == 201
    assert [link["provider"] for link in (await client.get(LINKS)).json()["items"]] == ["alipay", "wechat"]


async def test_a_release_and_a_login_at_the_same_moment_follow_one_another(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as other:
        for _ in range(3):
            await _link(client)
            body = _back(await _start(other))
            released, done = await asyncio.gather(_release(client), _finish(other, body))
            assert released.status_code == 204
            assert done.status_code == 201 or code_of(done) == "third_party_not_linked"
        assert code_of(await _log_in(other)) == "third_party_not_linked"


async def test_linking_and_releasing_need_the_password(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    assert code_of(await _start_link(client)) == "token_missing"
    await client.register(student)
    assert code_of(await _start_link(client, password="not-the-password")) == "password_rejected"
    assert await count_rows(parts, "third_party_flows") == 0
    await _link(client)
    assert code_of(await _release(client, password="not-the-password")) == "password_rejected"
    assert (await _log_in(client)).status_code == 201


async def test_an_account_that_was_verified_links_and_releases_by_a_fresh_verification(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    await client.verify(student)
    assert (await _link(client)).status_code == 201
    client.keep((await _log_in(client)).json())
    for refused in (await _start_link(client, "weibo"), await _release(client)):
        assert (refused.status_code, code_of(refused)) == (401, "insufficient_user_authentication")
    await client.verify(student)
    assert (await _release(client)).status_code == 204


async def test_a_linking_ends_in_the_session_that_began_it_while_that_lives(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    body = _back(await _start_link(client))
    async with connected_client(client.app, parts) as elsewhere:
        await elsewhere.log_in(student.phone)
        assert code_of(await elsewhere.post(f"{LINKS}/wechat/callback", body)) == "third_party_rejected"
        changed = {"current_password": PASSWORD, "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD}
        assert (await elsewhere.request("PUT", "/v1/account/password", json=changed)).status_code == 204
    assert code_of(await client.post(f"{LINKS}/wechat/callback", body)) == "token_invalid"
    assert await count_rows(parts, "linked_identities") == 0


async def test_the_second_factor_is_not_skipped(client: Client, parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await client.register(student)
    secret = (await client.post("/v1/account/factors/totp", {"password": PASSWORD})).json()["secret"]
    totp = pyotp.TOTP(secret)
    await client.post("/v1/account/factors/totp/confirm", {"code": totp.at(clock.now())})
    await _link(client)
    clock.pass_time(minutes=2)
    asked = await _log_in(client)
    assert (asked.status_code, [option["id"] for option in asked.json()["next"]]) == (200, ["totp", "recovery_code"])
    body = {"ticket": asked.json()["ticket"], "factor": "totp", "answer": totp.at(clock.now())}
    done = await client.post("/v1/sessions/continue", body)
    assert done.status_code == 201, done.text
    client.keep(done.json())
    (session, *_) = (await client.get("/v1/sessions")).json()["items"]
    assert session["methods"] == ["fed", "otp", "mfa"]


async def test_an_account_whose_number_went_to_somebody_else_binds_a_new_one_first(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    old, new = students(2)
    await client.register(old)
    await _link(client)
    clock.pass_time(minutes=2)
    async with connected_client(client.app, parts) as taker:
        await taker.register(replace(new, phone=old.phone), on_phone_registered="take_over")
        # Who holds the number now holds nothing else of the account.
        assert (await taker.get(LINKS)).json()["items"] == []
    asked = await _log_in(client)
    assert (asked.status_code, [option["id"] for option in asked.json()["next"]]) == (200, ["phone_proof"])


async def test_a_login_undoes_the_closing_and_after_it_the_identity_is_free_and_forgotten(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    await _link(client)

    async def close() -> None:
        clock.pass_time(minutes=1)
        sent = await client.ask_for_code(student.phone, purpose="closing")
        body = {"password": PASSWORD, "name": student.name, "document_number": student.document_number}
        closing = await client.post("/v1/account/closing", body | {"code_id": sent.json()["code_id"], "code": CODE})
        assert closing.status_code == 202, closing.text

    await close()
    done = await _log_in(client)
    assert (done.status_code, done.json()["account"]["state"]) == (201, "active")
    client.keep(done.json())
    await close()
    clock.pass_time(days=15)
    assert code_of(await _log_in(client)) == "login_rejected"
    await parts.housekeeping.purge()
    assert await count_rows(parts, "linked_identities") == 0
    assert [row for row in await rows_of(parts, "third_party_flows") if row["account_id"] is not None] == []
    client.access_token = client.device_token = None
    await client.register(student)
    assert (await _link(client)).status_code == 201


async def test_a_cancelled_account_logs_nobody_in_and_keeps_no_identity_from_its_owner(
    client: Client, parts: Wiring
) -> None:
    old, new = students(2)
    await client.register(old)
    await _link(client)
    await rows_of(parts, "accounts", "UPDATE accounts SET state = 'superseded' RETURNING id")
    client.access_token = client.device_token = None
    assert code_of(await _log_in(client)) == "third_party_not_linked"
    await client.register(new)
    assert (await _link(client)).status_code == 201
    assert (await _log_in(client)).json()["account"]["name"] == new.name


async def test_a_released_identity_logs_in_no_more_and_may_be_linked_by_another(client: Client, parts: Wiring) -> None:
    first, second = students(2)
    await client.register(first)
    await _link(client)
    assert (await _release(client)).status_code == 204
    assert (await client.get(LINKS)).json()["items"] == []
    assert code_of(await _release(client)) == "link_not_found"
    assert code_of(await _log_in(client)) == "third_party_not_linked"
    assert any("已解除微信登录" in message.body for message in await client.messages(first.phone))
    async with connected_client(client.app, parts) as other:
        await other.register(second)
        assert (await _link(other)).status_code == 201


async def test_the_owner_undoes_what_somebody_else_linked(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    await _link(client, code="demo-thief")
    secret = await _undo_link(client, student.phone)
    undone = await client.post("/v1/account/changes/undo", {"secret": secret})
    assert (undone.status_code, undone.json()["restored"]) == (200, ["identity_linked"])
    client.device_token = None
    assert code_of(await _log_in(client, code="demo-thief")) == "third_party_not_linked"


async def test_the_owner_undoes_a_release_unless_another_account_has_it_by_now(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    first, second = students(2)
    await client.register(first)
    await _link(client)
    clock.pass_time(minutes=1)
    await _release(client)
    secret = await _undo_link(client, first.phone)
    undone = await client.post("/v1/account/changes/undo", {"secret": secret})
    assert undone.json()["restored"] == ["identity_released"]
    client.keep((await _log_in(client)).json())
    clock.pass_time(minutes=1)
    await _release(client)
    async with connected_client(client.app, parts) as other:
        await other.register(second)
        await _link(other)
        secret = await _undo_link(client, first.phone)
        undone = await client.post("/v1/account/changes/undo", {"secret": secret})
        assert (undone.json()["restored"], undone.json()["not_restored"]) == ([], ["identity_released"])
        assert (await _log_in(other)).json()["account"]["name"] == second.name


async def test_it_stands_in_the_owners_export_and_nowhere_else_in_the_clear(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    await _link(client, code="demo-anna")
    exported = (await client.post("/v1/account/export", {"password": PASSWORD})).json()
    (held,) = exported["linked_identities"]["items"]
    assert (held["provider"], held["subject"]) == ("wechat", "demo-anna")
    for table in ("linked_identities", "third_party_flows", "account_changes", "audit_events", "outbox"):
        for row in await rows_of(parts, table):
            for value in row.values():
                assert "demo-anna" not in str(value)
                assert b"demo-anna" not in (bytes(value) if isinstance(value, bytes | memoryview) else b"")
    actions = {row["action"] for row in await rows_of(parts, "audit_events")}
    assert "account:identity_linked:change" in actions


async def test_what_was_begun_and_left_is_swept_away(client: Client, parts: Wiring, clock: HandClock) -> None:
    await _start(client)
    clock.pass_time(minutes=11)
    await parts.housekeeping.purge()
    assert await count_rows(parts, "third_party_flows") == 0


async def test_a_repeated_key_begins_once(client: Client, parts: Wiring) -> None:
    key = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    path = "/v1/third-party/wechat/start"
    assert (await client.request("POST", path, headers=key)).status_code == 201
    assert code_of(await client.request("POST", path, headers=key)) == "already_done"
    assert await count_rows(parts, "third_party_flows") == 1


@pytest.mark.settings(logins_per_address_minute=3)
async def test_too_much_from_one_address_is_refused_before_anything_is_looked_up(client: Client, parts: Wiring) -> None:
    bodies = [_back(await _start(client)) for _ in range(3)]
    refused = await _start(client)
    assert (refused.status_code, code_of(refused)) == (429, "address_limited")
    assert int(refused.headers["Retry-After"]) > 0
    assert code_of(await _finish(client, bodies[0])) == "address_limited"
    async with connected_client(client.app, parts, "198.51.100.7") as elsewhere:
        assert code_of(await _finish(elsewhere, bodies[0])) == "third_party_not_linked"


async def test_the_open_providers_are_listed_by_name_in_the_callers_language(client: Client) -> None:
    path = "/v1/third-party/providers"
    assert (await client.get(path)).json()["items"][1] == {"id": "wechat", "title": "微信"}
    english = await client.get(path, headers={"Accept-Language": "en"})
    assert [item["title"] for item in english.json()["items"]] == ["Alipay", "WeChat", "Weibo"]


@pytest.mark.settings(environment="production")
async def test_production_has_no_offline_twin(client: Client) -> None:
    assert (await client.get("/v1/third-party/providers")).json() == {"items": []}
    assert code_of(await _start(client)) == "provider_not_open"


@pytest.mark.settings(login_providers="weibo", weibo_app_key="1", weibo_app_secret="secret")
async def test_a_provider_without_settings_is_not_open(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    body = {"state": "0" * 64, "code": "demo-user", "secret": "0" * 64}
    for refused in (
        await _start(client),
        await _finish(client, body),
        await _start_link(client),
        await client.post(f"{LINKS}/wechat/callback", body),
    ):
        assert (refused.status_code, code_of(refused)) == (404, "provider_not_open")
    assert [item["id"] for item in (await client.get("/v1/third-party/providers")).json()["items"]] == ["weibo"]
    assert (await _start(client, "myspace")).status_code == 422
