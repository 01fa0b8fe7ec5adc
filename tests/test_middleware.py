"""The edge alone: around small applications that answer, refuse, fail, and break off."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import json
import socket
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest
import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from prometheus_client import CollectorRegistry
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, Response
from starlette.types import Message

from xuexin_api import problems
from xuexin_api.core.errors import ServiceBusyError
from xuexin_api.middleware import EdgeMiddleware, Network, client_address, network_of

PERSONAL = "17012340001"
PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


class Edge:
    """A small application inside the edge, and what one needs to look at it."""

    def __init__(
        self, *, trusted_proxies: Sequence[Network] = (), production: bool = False, log_requests: bool = False
    ) -> None:
        self.registry = CollectorRegistry()
        numbers = itertools.count(1)
        self.app = FastAPI(openapi_url=None)
        self.app.add_middleware(
            EdgeMiddleware,
            registry=self.registry,
            new_request_id=lambda: f"request-{next(numbers)}",
            trusted_proxies=trusted_proxies,
            largest_body=1000,
            production=production,
            log_requests=log_requests,
        )
        problems.install(self.app)
        self.app.add_api_route("/things/{number}", self.get_thing, methods=["GET"])
        self.app.add_api_route("/busy", self.be_busy, methods=["GET"])
        self.app.add_api_route("/away", self.miss_the_database, methods=["GET"])
        self.app.add_api_route("/failure", self.fail, methods=["GET"])
        self.app.add_api_route("/late-failure", self.fail_late, methods=["GET"])
        self.app.add_api_route("/upload", self.take_late, methods=["POST"])
        self.app.add_api_route("/half", self.break_off, methods=["GET"])

    def client(self, address: str = "203.0.113.7") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 40000))
        return httpx.AsyncClient(transport=transport, base_url="http://xuexin.test")

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"xuexin_{name}", labels)

    @staticmethod
    async def get_thing(request: Request, number: str) -> Response:
        state = request.state
        headers = {"Cache-Control": "public, max-age=60"} if number == "kept" else {}
        content = {
            "request_id": state.request_id,
            "address": state.client_address,
            "network": state.client_network,
            "method": request.method,
        }
        return JSONResponse(content, headers=headers)

    @staticmethod
    async def take_late(request: Request) -> None:
        async for _ in request.stream():
            pass

    @staticmethod
    async def be_busy() -> None:
        raise ServiceBusyError(retry_after=2)

    @staticmethod
    async def miss_the_database() -> None:
        raise ConnectionRefusedError

    @staticmethod
    async def fail() -> None:
        try:
            raise KeyError(PERSONAL)
        except KeyError as error:
            raise ValueError(f"no account of {PERSONAL}") from error

    @staticmethod
    async def fail_late() -> Response:
        async def work() -> None:
            raise ValueError(PERSONAL)

        return JSONResponse({"done": True}, background=BackgroundTask(work))

    @staticmethod
    async def break_off() -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"half of it"
            raise ValueError(PERSONAL)

        return StreamingResponse(parts(), headers={"Content-Length": "100"})


async def test_every_request_has_a_number_of_ours() -> None:
    async with Edge().client() as http:
        for expected in ("request-1", "request-2"):
            answer = await http.get("/things/1", headers={"X-Request-Id": "forged"})
            assert answer.headers.get_list("x-request-id") == [expected]
            assert answer.json()["request_id"] == expected


async def test_answers_are_not_stored_unless_they_say_so() -> None:
    async with Edge().client() as http:
        assert (await http.get("/things/1")).headers.get_list("cache-control") == ["no-store"]
        assert (await http.get("/things/kept")).headers.get_list("cache-control") == ["public, max-age=60"]


@pytest.mark.parametrize("production", [True, False])
async def test_only_production_insists_on_a_safe_transport(*, production: bool) -> None:
    async with Edge(production=production).client() as http:
        for path in ("/things/1", "/nothing", "/failure"):
            headers = (await http.get(path)).headers
            assert ("strict-transport-security" in headers) == production
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["content-security-policy"].startswith("default-src 'none'")


async def test_head_is_get_without_the_body() -> None:
    edge = Edge()
    async with edge.client() as http:
        whole = await http.get("/things/1")
        head = await http.head("/things/1")
        unknown = await http.head("/nothing")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert (unknown.status_code, unknown.content) == (404, b"")
    assert edge.metric("requests_total", method="HEAD", route="/things/{number}", status="200") == 1


@pytest.mark.parametrize(
    ("peer", "forwarded", "address", "network"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.9, 198.51.100.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:203.0.113.9", "198.51.100.1", "203.0.113.9", "203.0.113.9"),
        ("fd00::1", "2001:DB8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("10.0.0.1", "198.51.100.1:4711", "10.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "\xff, <script>", "10.0.0.1", "10.0.0.1"),
        ("10.0.0.1", " , ,", "10.0.0.1", "10.0.0.1"),
    ],
)
async def test_the_caller_is_the_nearest_address_that_is_no_proxy_of_ours(
    peer: str, forwarded: str, address: str, network: str
) -> None:
    async with Edge(trusted_proxies=PROXIES).client(peer) as http:
        answer = await http.get("/things/1", headers=[(b"X-Forwarded-For", forwarded.encode("latin-1"))])
    assert (answer.json()["address"], answer.json()["network"]) == (address, network)


async def test_several_forwarding_headers_are_one_list() -> None:
    headers = [("X-Forwarded-For", "192.0.2.66"), ("X-Forwarded-For", "198.51.100.1, 10.0.0.2")]
    async with Edge(trusted_proxies=PROXIES).client("10.0.0.1") as http:
        assert (await http.get("/things/1", headers=headers)).json()["address"] == "198.51.100.1"


def test_a_thousand_steps_of_proxies_are_not_walked() -> None:
    assert client_address("10.0.0.1", "198.51.100.1," + "10.0.0.2," * 1000, PROXIES) == "10.0.0.2"


@pytest.mark.parametrize("address", ["", "unknown", "/run/socket", "203.0.113.9:80"])
def test_what_is_no_address_is_its_own_network(address: str) -> None:
    assert network_of(address) == address


async def test_requests_are_counted_by_route_and_never_by_address() -> None:
    edge, other = Edge(), Edge()
    async with edge.client() as http:
        for number in range(3):
            await http.get(f"/things/{number}")
            await http.get(f"/{PERSONAL}/{number}")
        await http.request("BREW", "/things/1")
    assert edge.metric("requests_total", method="GET", route="/things/{number}", status="200") == 3
    assert edge.metric("requests_total", method="GET", route="unknown", status="404") == 3
    assert edge.metric("requests_total", method="other", route="/things/{number}", status="405") == 1
    assert edge.metric("request_seconds_count", method="GET", route="/things/{number}") == 3
    assert edge.metric("requests_running") == 0
    assert other.metric("requests_total", method="GET", route="/things/{number}", status="200") is None


async def test_a_failure_is_told_by_number_and_logged_once_without_what_people_sent() -> None:
    edge = Edge()
    with structlog.testing.capture_logs() as lines:
        async with edge.client() as http:
            answer = await http.get("/failure", params={"phone": PERSONAL})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    (line,) = lines
    assert (line["event"], line["log_level"], line["route"]) == ("request_failed", "error", "/failure")
    assert line["request_id"] == answer.json()["request_id"] == answer.headers["x-request-id"]
    assert [failure["kind"] for failure in line["failures"]] == ["builtins.ValueError", "builtins.KeyError"]
    assert "test_middleware.py" in line["failures"][0]["where"][-1]
    assert PERSONAL not in json.dumps(line)
    assert PERSONAL not in answer.text
    assert edge.metric("requests_total", method="GET", route="/failure", status="500") == 1
    assert edge.metric("requests_running") == 0


async def test_work_that_fails_after_the_answer_is_logged_by_us_alone() -> None:
    with structlog.testing.capture_logs() as lines:
        async with Edge().client() as http:
            assert (await http.get("/late-failure")).json() == {"done": True}
    (line,) = lines
    assert line["event"] == "request_failed"
    assert PERSONAL not in json.dumps(line)


async def test_a_busy_service_leaves_one_line_however_many_it_sends_away() -> None:
    edge = Edge()
    with structlog.testing.capture_logs() as lines:
        async with edge.client() as http:
            for _ in range(20):
                await http.get("/busy")
            await http.get("/things/1")
    (line,) = lines
    assert (line["event"], line["log_level"], line["status"], line["route"]) == ("request", "warning", 503, "/busy")
    assert edge.metric("requests_total", method="GET", route="/busy", status="503") == 20


async def test_what_is_away_is_a_refusal_with_a_time_to_come_back_and_one_line() -> None:
    edge = Edge()
    with structlog.testing.capture_logs() as lines:
        async with edge.client() as http:
            answers = [await http.get("/away") for _ in range(20)]
    assert {(answer.status_code, answer.json()["code"], answer.headers["retry-after"]) for answer in answers} == {
        (503, "not_ready", "5")
    }
    (line,) = lines
    assert (line["event"], line["log_level"], line["route"]) == ("request", "warning", "/away")


async def test_requests_are_logged_on_demand_by_route_alone() -> None:
    with structlog.testing.capture_logs() as lines:
        async with Edge(log_requests=True).client() as http:
            await http.get(f"/things/{PERSONAL}", params={"q": PERSONAL}, headers={"User-Agent": PERSONAL})
            await http.get("/failure")
    assert [line["event"] for line in lines] == ["request", "request_failed", "request"]
    assert lines[0].keys() == {"event", "log_level", "method", "route", "status", "milliseconds", "request_id"}
    assert PERSONAL not in json.dumps(lines)


async def test_a_broken_answer_ends_the_connection_and_quotes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A real server: what it does with an answer that stops in the middle is its own business."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(Edge().app, lifespan="off", log_config=None, ws="none"))
    serving = asyncio.create_task(server.serve([listener]))
    with structlog.testing.capture_logs() as lines:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as http:
            with pytest.raises(httpx.RemoteProtocolError):
                await http.get("/half")
            assert (await http.head("/things/1")).status_code == 200
            assert (await http.get("/things/1")).status_code == 200
    server.should_exit = True
    await serving
    listener.close()
    assert [line["event"] for line in lines] == ["request_failed"]
    assert PERSONAL not in json.dumps(lines) + caplog.text


async def test_a_caller_who_hangs_up_in_the_middle_of_an_upload_is_no_failure() -> None:
    edge = Edge()
    messages: list[Message] = [
        {"type": "http.request", "body": b"half of", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def note(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/upload", "query_string": b"", "headers": []}
    with structlog.testing.capture_logs() as lines:
        await edge.app(scope, receive, note)
    assert (sent[0]["status"], lines) == (400, [])
