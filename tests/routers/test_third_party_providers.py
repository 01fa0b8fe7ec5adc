"""The whole way over real HTTP, past providers of our own that check what is published, behave, and misbehave."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.client import PASSWORD, Client, code_of, connected_client
from support.login_providers import SECRET, LoginProvider, running_provider, settings_for, signed_by
from support.people import students
from support.tables import count_rows
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.settings import Settings

LINKS = "/v1/account/linked-identities"
PERSON = "2088102150477652"
STRANGER = "2088000000000000"
TOKEN = "alipay_system_oauth_token_response"
Providers = dict[str, LoginProvider]


@pytest.fixture
def providers() -> Iterator[Providers]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(running_provider(name)) for name in ("alipay", "wechat", "weibo")}


@pytest.fixture
def settings(tmp_path: Path, providers: Providers, request: pytest.FixtureRequest) -> Settings:
    """As they would be set for production, but for the addresses."""
    cheap: dict[str, Any] = {"argon2_memory_kib": 8, "argon2_passes": 1, "challenge_cost": 1}
    marker = request.node.get_closest_marker("settings")
    return Settings(data_dir=tmp_path, **(cheap | settings_for(providers) | (marker.kwargs if marker else {})))


def _back(provider: LoginProvider, begun: httpx.Response, person: str = PERSON) -> dict[str, str]:
    """`person` agrees on the provider's page, and comes back to the front end."""
    assert begun.status_code == 201, begun.text
    return provider.let_in(begun.json()["authorize_url"], person) | {"secret": begun.json()["secret"]}


async def _begin(client: Client, provider: LoginProvider, person: str = PERSON) -> dict[str, str]:
    begun = await client.request("POST", f"/v1/third-party/{provider.name}/start")
    return _back(provider, begun, person)


async def _finish(client: Client, provider: LoginProvider, body: dict[str, str]) -> httpx.Response:
    return await client.post(f"/v1/third-party/{provider.name}/callback", body)


async def _link(client: Client, provider: LoginProvider, person: str = PERSON) -> httpx.Response:
    begun = await client.post(f"{LINKS}/{provider.name}/start", {"password": PASSWORD})
    return await client.post(f"{LINKS}/{provider.name}/callback", _back(provider, begun, person))


@pytest.mark.parametrize("name", ["alipay", "wechat", "weibo"])
async def test_the_owner_links_a_provider_and_logs_in_by_it(
    client: Client, parts: Wiring, providers: Providers, name: str
) -> None:
    (student,) = students(1)
    await client.register(student)
    assert (await _link(client, providers[name])).status_code == 201
    async with connected_client(client.app, parts) as other:
        done = await _finish(other, providers[name], await _begin(other, providers[name]))
        assert done.status_code == 201, done.text
        assert done.json()["account"]["name"] == student.name
        stranger = await _finish(other, providers[name], await _begin(other, providers[name], STRANGER))
        assert code_of(stranger) == "third_party_not_linked"
    taken = list(providers[name].server.taken.queue)
    assert all(one.rightly_signed for one in taken)
    assert len(taken) == (6 if name == "weibo" else 3)


@pytest.mark.parametrize("name", ["alipay", "wechat", "weibo"])
async def test_a_code_of_another_or_of_before_is_refused_by_its_provider(
    client: Client, providers: Providers, name: str
) -> None:
    first = await _begin(client, providers[name])
    assert code_of(await _finish(client, providers[name], first)) == "third_party_not_linked"
    again = await _begin(client, providers[name])
    refused = await _finish(client, providers[name], again | {"code": first["code"]})
    assert (refused.status_code, code_of(refused)) == (403, "third_party_rejected")


def _forged(whose: str) -> bytes:
    return signed_by(whose, TOKEN, json.dumps({"user_id": PERSON}))


@pytest.mark.parametrize(
    ("name", "status", "body", "code"),
    [
        ("alipay", 200, _forged("stranger"), "provider_answered_wrongly"),
        ("alipay", 200, json.dumps({TOKEN: {"user_id": PERSON}}).encode(), "provider_answered_wrongly"),
        ("alipay", 200, b"<html>", "provider_answered_wrongly"),
        ("wechat", 200, b'{"openid":"' + b"x" * 100_000 + b'"}', "provider_answered_wrongly"),
        ("wechat", 302, b"{}", "provider_answered_wrongly"),
        ("wechat", 200, b'{"errcode":40125,"errmsg":"invalid appsecret"}', "provider_answered_wrongly"),
        ("weibo", 200, b"[]", "provider_answered_wrongly"),
        ("weibo", 400, b'{"error_code":21324}', "provider_answered_wrongly"),
        ("weibo", 500, b"{}", "provider_unavailable"),
        ("wechat", 503, b"", "provider_unavailable"),
    ],
)
async def test_a_provider_that_misbehaves_is_a_clear_refusal_and_leaves_nothing_half_done(
    client: Client, parts: Wiring, providers: Providers, name: str, status: int, body: bytes, code: str
) -> None:
    (student,) = students(1)
    await client.register(student)
    await _link(client, providers[name])
    sessions = await count_rows(parts, "sessions")
    brought = await _begin(client, providers[name])
    well, providers[name].server.answer = providers[name].server.answer, lambda _: (status, body)
    refused = await _finish(client, providers[name], brought)
    assert code_of(refused) == code
    assert (refused.status_code, refused.headers.get("Retry-After")) == (
        (503, "30") if code == "provider_unavailable" else (502, None)
    )
    other = "weibo" if name != "weibo" else "wechat"
    providers[other].server.answer = lambda _: (status, body)
    assert code_of(await _link(client, providers[other])) in {code, "provider_answered_wrongly"}
    assert await count_rows(parts, "sessions") == sessions
    assert await count_rows(parts, "linked_identities") == 1
    # What was begun is used up, and begun anew it works: nobody is locked out.
    providers[name].server.answer = well
    assert code_of(await _finish(client, providers[name], brought)) == "third_party_rejected"
    assert (await _finish(client, providers[name], await _begin(client, providers[name]))).status_code == 201


async def test_no_transaction_is_open_and_nothing_is_locked_while_a_provider_is_asked(
    client: Client, parts: Wiring, providers: Providers
) -> None:
    (student,) = students(1)
    await client.register(student)
    await _link(client, providers["wechat"])
    wechat = providers["wechat"].server
    wechat.taken.get_nowait()
    wechat.gate.clear()
    brought = await _begin(client, providers["wechat"])
    asking = asyncio.create_task(_finish(client, providers["wechat"], brought))
    await asyncio.to_thread(wechat.taken.get, timeout=5)
    assert parts.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    released = await client.request("DELETE", f"{LINKS}/wechat", json={"password": PASSWORD})
    assert released.status_code == 204
    wechat.gate.set()
    # What was released while the provider thought about it does not log in.
    assert code_of(await asking) == "third_party_not_linked"


@pytest.mark.settings(gateway_seconds=0.2)
async def test_a_silent_provider_is_waited_for_so_long_and_no_longer(client: Client, providers: Providers) -> None:
    providers["alipay"].server.gate.clear()
    refused = await _finish(client, providers["alipay"], await _begin(client, providers["alipay"]))
    assert (refused.status_code, code_of(refused)) == (503, "provider_unavailable")


async def test_a_session_that_ends_while_the_provider_is_asked_links_nothing(
    client: Client, parts: Wiring, providers: Providers
) -> None:
    (student,) = students(1)
    await client.register(student)
    weibo = providers["weibo"].server
    weibo.gate.clear()
    linking = asyncio.create_task(_link(client, providers["weibo"]))
    await asyncio.to_thread(weibo.taken.get, timeout=5)
    assert (await client.delete("/v1/sessions/current")).status_code == 204
    weibo.gate.set()
    assert code_of(await linking) == "token_invalid"
    assert await count_rows(parts, "linked_identities") == 0


async def test_no_secret_code_or_id_is_ever_written_down(
    client: Client, providers: Providers, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    (student,) = students(1)
    await client.register(student)
    brought = []
    for provider in providers.values():
        await _link(client, provider)
        body = await _begin(client, provider)
        brought += [body["state"], body["secret"], body["code"]]
        assert (await _finish(client, provider, body)).status_code == 201
        provider.server.answer = lambda _: (200, b'{"errcode":1,"openid":"2088102150477652"}')
        body = await _begin(client, provider)
        assert (await _finish(client, provider, body)).status_code == 502
    metrics = await client.get("/metrics")
    written = caplog.text + "".join(capsys.readouterr()) + metrics.text
    assert "provider_answered_wrongly" in written
    for secret in (SECRET, PERSON, *brought):
        assert secret not in written
