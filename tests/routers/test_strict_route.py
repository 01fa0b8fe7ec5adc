"""Bodies that two parsers could read differently, or that cost more to read than to send."""

from __future__ import annotations

import json
import math
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from starlette.types import Message, Scope

from xuexin_api import problems
from xuexin_api.middleware import EdgeMiddleware
from xuexin_api.problems import MalformedBodyError
from xuexin_api.routers.strict_route import StrictRoute, parse_strictly

LARGEST = 64 * 1024
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


class Note(BaseModel):
    text: str


router = APIRouter(route_class=StrictRoute)


@router.post("/notes")
async def keep_note(note: Note) -> Note:
    return note


@router.get("/notes")
async def list_notes() -> list[Note]:
    return []


def make_app() -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.include_router(router)
    problems.install(app)
    app.add_middleware(
        EdgeMiddleware,
        registry=CollectorRegistry(),
        trusted_proxies=(),
        new_request_id=lambda: "request-1",
        largest_body=LARGEST,
        production=False,
        log_requests=False,
    )
    return app


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://xuexin.test") as client:
        yield client


def _post_scope(*headers: tuple[bytes, bytes]) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/notes",
        "raw_path": b"/notes",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json"), *headers],
        "client": ("203.0.113.7", 40000),
        "server": ("xuexin.test", 80),
    }


@given(VALUES)
def test_json_that_means_one_thing_is_read_as_usual(value: Any) -> None:
    assert parse_strictly(json.dumps(value).encode()) == value
    assert parse_strictly(json.dumps(value, ensure_ascii=False, indent=1).encode()) == value


@given(st.binary() | st.text(alphabet='{}[]",:\\u0d8019e+-NaIfnity \x00').map(str.encode))
def test_any_bytes_are_read_or_refused_with_a_reason(body: bytes) -> None:
    assert (_reason(body) or "json_").startswith("json_")


@pytest.mark.parametrize(("depth", "reason"), [(32, None), (33, "json_too_deep")])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_depth_has_a_limit(depth: int, reason: str | None, opening: str, closing: str) -> None:
    body = (opening * depth + "1" + closing * depth).encode()
    assert _reason(body) == reason


def test_siblings_are_not_depth() -> None:
    assert parse_strictly(b"[" + b"[]," * 1000 + b"{}]")[-1] == {}


@pytest.mark.parametrize(("digits", "reason"), [(400, None), (401, "json_number_too_long")])
def test_numbers_have_a_limit(digits: int, reason: str | None) -> None:
    assert _reason(b"9" * digits) == reason


def test_two_halves_of_a_character_are_one_and_half_of_one_is_none() -> None:
    assert parse_strictly(rb'"\ud83d\ude00"') == "\N{GRINNING FACE}"
    assert _reason(rb'"\ude00\ud83d"') == "json_lone_surrogate"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 33 + b'"' + b'\\"' * 32000,
        b"[" * 33 + b'"' + b'\\"' * 32000 + b"\\",
        b"[" * 33 + b'"\\' * 32000,
        b'[""' * 16000,
        b'"' * LARGEST,
        b"\\" * LARGEST,
        b"[" * LARGEST,
        b"-" * LARGEST,
        b"1" * (LARGEST - 2) + b".5",
        b"1e" + b"9" * (LARGEST - 2),
        b'{"a":' * 13000,
        b"[" + b"0," * 32000 + b"0]",
    ],
    ids=lambda body: body[-40:-30].decode(),
)
def test_the_dearest_body_costs_little(body: bytes) -> None:
    """Whoever sends 64 KiB must not buy seconds of everybody's time with it."""
    cheapest = math.inf
    for _ in range(3):
        started = time.process_time()
        _reason(body)
        cheapest = min(cheapest, time.process_time() - started)
    assert cheapest < 0.2


def _reason(body: bytes) -> str | None:
    try:
        parse_strictly(body)
    except MalformedBodyError as refused:
        return refused.reason
    return None


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; Charset=UTF-8", 200),
        ('application/json;charset="utf-8"', 200),
        ("application/json; charset=gbk", 415),
        ("application/problem+json", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
    ],
)
async def test_a_body_is_json_and_says_so(http: httpx.AsyncClient, kind: str, status: int) -> None:
    answer = await http.post("/notes", content=b'{"text":"x"}', headers={"Content-Type": kind})
    assert answer.status_code == status


async def test_no_body_at_all_is_a_missing_one(http: httpx.AsyncClient) -> None:
    refused = await http.post("/notes", content=b"", headers={"Content-Type": "application/json"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0] | {"detail": ""} == {"pointer": "", "code": "required", "detail": ""}


async def test_where_no_body_is_wanted_none_is_judged(http: httpx.AsyncClient) -> None:
    answer = await http.request("GET", "/notes", content=b"{", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()) == (200, [])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.text(alphabet='{}[]":,\\u0tex').map(str.encode))
async def test_any_bytes_get_an_answer_with_a_code(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/notes", content=body, headers={"Content-Type": "application/json"})
    if answer.status_code != 200:
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert all(error["code"] for error in answer.json()["errors"])


@pytest.mark.parametrize(("size", "status"), [(LARGEST, 200), (LARGEST + 1, 413)])
@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_has_a_largest_size(http: httpx.AsyncClient, size: int, status: int, *, announced: bool) -> None:
    body = b'{"text":"' + b"x" * (size - 11) + b'"}'

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    headers = {"Content-Type": "application/json"}
    answer = await http.post("/notes", content=body if announced else in_pieces(), headers=headers)
    assert answer.status_code == status
    if status == 413:
        assert answer.json()["code"] == "body_too_large"


async def test_an_announced_excess_is_refused_unread() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    await make_app()(_post_scope((b"content-length", b"10000000")), receive, send)
    assert sent[0]["status"] == 413


async def test_an_endless_body_is_read_no_further_than_the_limit() -> None:
    sent: list[Message] = []
    read = 0

    async def receive() -> Message:
        nonlocal read
        read += 1000
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    await make_app()(_post_scope(), receive, send)
    assert sent[0]["status"] == 413
    assert read <= LARGEST + 1000


async def test_a_caller_who_hangs_up_is_no_failure_of_ours() -> None:
    sent: list[Message] = []
    messages: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await make_app()(_post_scope(), receive, send)
    assert sent[0]["status"] == 400
