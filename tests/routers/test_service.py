"""Health, metrics, keys, and what the edge adds to every answer."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from support.client import Client, code_of, connected_client
from support.people import students
from support.server import run_on
from support.waiting import until_blocked
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.middleware import client_address, network_of
from xuexin_api.settings import Settings


async def test_a_process_lives_and_is_ready(client: Client) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.cuts_connections
async def test_without_its_database_a_process_lives_and_is_not_ready(client: Client, parts: Wiring) -> None:
    url = parts.database.engine.url
    parts.database.sessions.configure(bind=create_async_engine(url.set(database="nowhere"), poolclass=NullPool))
    assert (await client.get("/health/live")).status_code == 200
    refused = await client.get("/health/ready")
    assert (refused.status_code, code_of(refused), refused.headers["retry-after"]) == (503, "not_ready", "5")


@pytest.mark.cuts_connections
async def test_while_the_database_is_away_callers_are_asked_to_come_back_and_then_served(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    await client.register(student)
    url = parts.database.engine.url
    name = url.database
    server = url.set(database="postgres").render_as_string(hide_password=False)
    closed = f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS'
    end = f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'"
    await run_on(server, f"{closed} false", end)
    try:
        for answer in (
            await client.get("/health/ready"),
            await client.get("/v1/account"),
            await client.try_to_log_in(student.phone),
            await client.post("/v1/sessions/refresh", {"refresh_token": client.refresh_token}),
        ):
            assert (answer.status_code, code_of(answer), answer.headers["retry-after"]) == (503, "not_ready", "5")
        assert (await client.get("/health/live")).status_code == 200
    finally:
        await run_on(server, f"{closed} true")
    assert (await client.get("/health/ready")).status_code == 200
    assert (await client.get("/v1/account")).status_code == 200
    assert (await client.try_to_log_in(student.phone)).status_code == 201


@pytest.mark.cuts_connections
async def test_a_connection_that_was_cut_costs_one_answer_at_most(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.register(student)
    url = parts.database.engine.url
    end = f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{url.database}'"
    await run_on(url.set(database="postgres").render_as_string(hide_password=False), end)
    statuses = [(await client.try_to_log_in(student.phone)).status_code for _ in range(4)]
    assert set(statuses[:2]) <= {201, 503}
    assert set(statuses[2:]) == {201}


@pytest.mark.cuts_connections
@pytest.mark.settings(hot_pool=2)
async def test_who_hangs_up_in_the_middle_of_a_statement_takes_no_connection_along(
    client: Client, parts: Wiring
) -> None:
    await client.register(*students(1))
    async with parts.database.engine.begin() as other:
        await other.exec_driver_sql("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        asking = [asyncio.create_task(client.get("/v1/account")) for _ in range(5)]
        await until_blocked(parts)
        for task in asking:
            task.cancel()
        ends = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(end) for end in ends} == {asyncio.CancelledError}
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*(client.get("/v1/account") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5


async def test_metrics_count_routes_and_never_addresses(client: Client) -> None:
    (student,) = students(1)
    await client.register(student)
    await client.get("/v1/archive/enrollments/01999999-9999-7999-8999-999999999999")
    await client.get("/v1/somewhere/17012340001")
    async with connected_client(client.app, client.parts, "127.0.0.1") as operator:
        text = (await operator.get("/metrics")).text
    assert 'xuexin_requests_total{method="POST",route="/v1/registrations",status="201"} 1.0' in text
    assert 'route="/v1/archive/enrollments/{enrollment_id}",status="401"' in text
    assert 'route="unknown",status="404"' in text
    assert "17012340001" not in text
    assert "01999999" not in text


@pytest.mark.settings(metrics_networks=[ip_network("10.0.0.0/8")])
@pytest.mark.parametrize(("address", "status"), [("10.1.2.3", 200), ("127.0.0.1", 404), ("testclient", 404)])
async def test_metrics_are_for_the_networks_of_operators(client: Client, address: str, status: int) -> None:
    """Whoever could count messages would learn which of his questions had been about an account."""
    async with connected_client(client.app, client.parts, address) as other:
        assert (await other.get("/metrics")).status_code == status
    refused = await client.get("/metrics")
    assert (refused.status_code, code_of(refused)) == (404, "not_found")


async def test_every_answer_has_a_number_and_careful_headers(client: Client) -> None:
    answers = [await client.get("/health/live"), await client.get("/v1/nothing")]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"


async def test_a_callers_own_request_id_is_not_believed(client: Client) -> None:
    answer = await client.get("/health/live", headers={"X-Request-Id": "forged"})
    assert answer.headers["x-request-id"] != "forged"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_forwarded_addresses_are_believed_from_trusted_proxies_only(peer: str, forwarded: str, address: str) -> None:
    trusted = Settings(trusted_proxies="10.0.0.0/8").trusted_proxies
    assert client_address(peer, forwarded, trusted) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("unknown", "unknown"),
    ],
)
def test_limits_count_one_ipv6_customer_once(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.settings(trusted_proxies="10.0.0.0/8", logins_per_address_minute=1)
async def test_behind_a_trusted_proxy_each_caller_has_limits_of_his_own(client: Client, parts: Wiring) -> None:
    async with connected_client(client.app, parts, "10.0.0.1") as proxy:
        for caller in ("198.51.100.1", "198.51.100.2"):
            body = {"method": "password", "identifier": "17012340001", "password": "x"}
            headers = {"X-Forwarded-For": caller}
            assert code_of(await proxy.post("/v1/sessions", body, headers=headers)) == "login_rejected"
            assert code_of(await proxy.post("/v1/sessions", body, headers=headers)) == "challenge_required"
