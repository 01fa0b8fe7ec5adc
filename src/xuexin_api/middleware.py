"""The edge: one pass around every request. Pure ASGI, because each wrapping costs at every request."""

from __future__ import annotations

import ipaddress
import re
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xuexin_api.core.errors import NotReadyError, RefusalError
from xuexin_api.problems import problem_response, refusal_response
from xuexin_api.repositories.database import is_unavailable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LOG = structlog.get_logger("http")
_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_STEPS_OF_PROXIES: Final = 20
_IPV6_NETWORK: Final = 64
_LAST_FRAMES: Final = 3
_FRAMES_SHOWN: Final = 20
_CAUSES_SHOWN: Final = 5
_ADDRESSES_KEPT: Final = 4096
_SECONDS_BETWEEN_BUSY_LINES: Final = 10
_SECONDS_UNTIL_BACK: Final = 5
_BASE_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_DOCS_POLICY: Final = (
    b"content-security-policy",
    (
        b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        b"connect-src 'self'; frame-ancestors 'none'"
    ),
)
_TRANSPORT: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_BY_LANGUAGE: Final = (b"vary", b"Accept-Language")
_NO_STORE: Final = (b"cache-control", b"no-store")


class EdgeMetrics:
    """What Prometheus gets of every request: method, route template, status; nothing of anybody."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("method", "route", "status")
        self.requests = Counter("xuexin_requests", "Requests answered", labels, registry=registry)
        self.seconds = Histogram(
            "xuexin_request_seconds", "Time to answer", ("method", "route"), buckets=_BUCKETS, registry=registry
        )
        self.running = Gauge("xuexin_requests_running", "Requests being answered", registry=registry)
        # As many as there are routes, methods and statuses: finding them again costs less than the library's look-up.
        self._found: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer and its time."""
        key = (method, route, status)
        found = self._found.get(key)
        if found is None:
            found = self.requests.labels(method, route, str(status)), self.seconds.labels(method, route)
            self._found[key] = found
        found[0].inc()
        found[1].observe(seconds)


class MessageMetrics(Collector):
    """Messages by channel and outcome: what was sent, what failed, what met the cap of the day."""

    def __init__(self, outcomes: Mapping[tuple[str, str], int]) -> None:
        self._outcomes = outcomes

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily("xuexin_messages", "Messages taken from the outbox", labels=("channel", "outcome"))
        for channel in ("sms", "email"):
            for outcome in ("sent", "failed", "capped"):
                family.add_metric((channel, outcome), self._outcomes.get((channel, outcome), 0))
        yield family


class OverdueMetrics(Collector):
    """What waits too long, by kind, as this process last counted it: every process says the same of the database."""

    def __init__(self, overdue: Callable[[], Mapping[str, int]]) -> None:
        self._overdue = overdue

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("xuexin_overdue", "Past the deadline of the last who is to decide", labels=("what",))
        for what, count in self._overdue().items():
            family.add_metric((what,), count)
        yield family


class DamagedPhotoMetrics(Collector):
    """How often somebody asked for a photo that went bad where it lies, by store."""

    def __init__(self, damaged: Callable[[], Mapping[str, int]]) -> None:
        self._damaged = damaged

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "xuexin_stored_photos_damaged",
            "Looks at photos that could not be opened",
            labels=("store",),
        )
        for store, count in self._damaged().items():
            family.add_metric((store,), count)
        yield family


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The address nearest to us that is not a trusted proxy; X-Forwarded-For of anybody else is not read."""
    address = _plain(peer)
    steps = [part.strip() for part in forwarded.split(",") if part.strip()]
    for step in reversed(steps[-_STEPS_OF_PROXIES:]):
        if not _is_trusted(address, trusted):
            return address
        try:
            ipaddress.ip_address(step)
        except ValueError:
            return address
        address = _plain(step)
    return address


@lru_cache(_ADDRESSES_KEPT)
def _plain(address: str) -> str:
    """An IPv4 address as such, also where a listener for both families shows it inside an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in trusted)


@lru_cache(_ADDRESSES_KEPT)  # parsing an IPv6 network costs more than all the rest of the edge
def network_of(address: str) -> str:
    """What limits count by: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))
    return str(parsed)


class EdgeMiddleware:
    """Request id, client address, body limit, headers, metrics, and the last word on failures."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        registry: CollectorRegistry,
        trusted_proxies: Sequence[Network],
        new_request_id: Callable[[], str],
        largest_body: int,
        production: bool,
        log_requests: bool,
        larger_bodies: Sequence[tuple[re.Pattern[str], int]] = (),
    ) -> None:
        self._app = app
        self._metrics = EdgeMetrics(registry)
        self._trusted = tuple(trusted_proxies)
        self._new_request_id = new_request_id
        self._largest_body = largest_body
        self._larger_bodies = larger_bodies
        self._headers = (*_BASE_HEADERS, _TRANSPORT) if production else _BASE_HEADERS
        self._log_requests = log_requests
        self._busy_told_at: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        if method == "HEAD":
            # Every address with a GET answers HEAD, without the body. A copy: the server goes by its own.
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        started = time.perf_counter()
        request_id = self._new_request_id()
        address = self._address(scope)
        scope.setdefault("state", {}).update(
            request_id=request_id, client_address=address, client_network=network_of(address)
        )
        status = 500
        answering = failed = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, answering
            if message["type"] == "http.response.start":
                status, answering = message["status"], True
                self._add_headers(scope, message, request_id)
            await send(message)

        self._metrics.running.inc()
        try:
            most = self._largest_body_of(method, scope["path"])
            if _announces_more(scope, most):
                response = problem_response(HTTPConnection(scope), status=413, code="body_too_large")
                await response(scope, receive, send_with_headers)
            else:
                await self._app(scope, _limited(receive, most), send_with_headers)
        except Exception as error:  # noqa: BLE001 - the last word
            response, failed = _last_word(error, HTTPConnection(scope), request_id)
            # A broken answer is left unfinished, which makes the server hang up.
            if not answering:
                await response(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.running.dec()
            self._metrics.note(_known(method), _route_of(scope), status, seconds)
            if self._log_requests or (not failed and self._is_news(status, scope, started + seconds)):
                _log(method, scope, status, seconds, request_id)

    def _is_news(self, status: int, scope: Scope, now: float) -> bool:
        """Of refusals under load, whose number the metrics have, the log tells one a route at a time."""
        if status != HTTPStatus.SERVICE_UNAVAILABLE:
            return status >= HTTPStatus.INTERNAL_SERVER_ERROR
        route = _route_of(scope)
        if now - self._busy_told_at.get(route, -_SECONDS_BETWEEN_BUSY_LINES) < _SECONDS_BETWEEN_BUSY_LINES:
            return False
        self._busy_told_at[route] = now
        return True

    def _largest_body_of(self, method: str, path: str) -> int:
        """By the address alone, before any route is looked for: who may send so much is asked before it is read."""
        if method == "POST":
            for uploads, most in self._larger_bodies:
                if uploads.fullmatch(path):
                    return most
        return self._largest_body

    def _address(self, scope: Scope) -> str:
        peer = (scope.get("client") or ("unknown", 0))[0]
        if not self._trusted:
            return _plain(str(peer))
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        return client_address(str(peer), forwarded.decode("latin-1"), self._trusted)

    def _add_headers(self, scope: Scope, message: Message, request_id: str) -> None:
        headers = list(message.get("headers", ()))
        if not any(name.lower() == b"cache-control" for name, _ in headers):
            headers.append(_NO_STORE)
        language = scope["state"].get("language")
        if language is not None and not any(name == b"content-language" for name, _ in headers):
            headers += [(b"content-language", language.encode()), _BY_LANGUAGE]
        headers.extend(self._headers)
        headers.append(_DOCS_POLICY if scope["path"] == "/docs" else _POLICY)
        headers.append((b"x-request-id", request_id.encode()))
        message["headers"] = headers


def _last_word(error: Exception, connection: HTTPConnection, request_id: str) -> tuple[Response, bool]:
    """(what is answered where nobody else found an answer, whether that is a failure of ours)."""
    if isinstance(error, ClientDisconnect):
        # Who hangs up in the middle of a body hears nothing.
        return problem_response(connection, status=400, code="bad_request"), False
    if isinstance(error.__cause__, RefusalError):
        # Who may not have the rest of an answer: it is left unfinished.
        return refusal_response(connection, error.__cause__), False
    if is_unavailable(error):
        # What is away comes back: a refusal, and of as many as there are requests one line a route.
        return refusal_response(connection, NotReadyError(retry_after=_SECONDS_UNTIL_BACK)), False
    _LOG.error("request_failed", request_id=request_id, route=_route_of(connection.scope), failures=failures_of(error))
    return problem_response(connection, status=500, code="internal_error"), True


def _announces_more(scope: Scope, most: int) -> bool:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return not value.isdigit() or int(value[:20]) > most
    return False


def _limited(receive: Receive, most: int) -> Receive:
    """Count what comes without an announced length, too."""
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413)
        return message

    return receive_limited


def _log(method: str, scope: Scope, status: int, seconds: float, request_id: str) -> None:
    log = _LOG.warning if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _LOG.info
    log(
        "request",
        method=_known(method),
        route=_route_of(scope),
        status=status,
        milliseconds=round(seconds * 1000, 1),
        request_id=request_id,
    )


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


def failures_of(error: BaseException) -> list[dict[str, object]]:
    """What failed, where, and what caused it. Never the messages: they quote what people sent and what is stored."""
    found: list[dict[str, object]] = []
    cause: BaseException | None = error
    while cause is not None and len(found) < _CAUSES_SHOWN:
        frames = traceback.StackSummary.extract(traceback.walk_tb(cause.__traceback__), lookup_lines=False)
        ours = [frame for frame in frames[:-_LAST_FRAMES] if "site-packages" not in frame.filename]
        shown = (ours + frames[-_LAST_FRAMES:])[-_FRAMES_SHOWN:]
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in shown]
        found.append({"kind": f"{type(cause).__module__}.{type(cause).__qualname__}", "where": where})
        cause = cause.__cause__ or cause.__context__
    return found


def _known(method: str) -> str:
    return method if method in _METHODS else "other"


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _route_of(scope: Scope) -> str:
    """The template of the route, never the address: ids and typing errors do not become labels."""
    route = scope.get("route")
    return str(getattr(route, "path", "unknown"))
