"""The server's HTTP on real sockets: what comes slowly, or without end, is cut off."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from functools import partial

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from xuexin_api.cli.http_protocol import BoundedProtocol

HEAD = b"POST / HTTP/1.1\r\nhost: x\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body once it is whole; `/slow` begins an answer and does not end it, `/headers` tells them.

    `/refused` is answered unread, and `/patient` after a second.
    """
    if scope["type"] != "http":
        return
    if scope["path"] == "/refused":
        await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"no"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["path"] == "/patient":
        await asyncio.sleep(1)
    if scope["path"] == "/headers":
        body = b" ".join(name for name, _ in scope["headers"])
    length = str(len(body) + (scope["path"] == "/slow")).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body, "more_body": scope["path"] == "/slow"})
    if scope["path"] == "/slow":
        await receive()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    impatient = partial(BoundedProtocol, seconds=0.5, longer_answers={b"/patient": 20})
    config = uvicorn.Config(
        _echo, port=0, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=5,
        http=impatient,  # type: ignore[arg-type]
    )  # fmt: skip
    server = uvicorn.Server(config)
    with contextlib.suppress(asyncio.CancelledError):
        running = asyncio.create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
        server.should_exit = True
        await running


async def _answer(port: int, *sent: bytes) -> bytes:
    """Everything until the server hangs up; a part is sent after the one before has gone."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        for part in sent:
            writer.write(part)
            await asyncio.wait_for(writer.drain(), 20)
    answer = b""
    with contextlib.suppress(ConnectionError):
        answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


@pytest.mark.parametrize(
    "sent",
    [HEAD, HEAD + b"content-length: 9\r\n\r\nhalf", CHUNKED + b"1\r\na\r\n", b"\r\n\r\n" + HEAD],
    ids=["head", "body", "chunks", "blank lines"],
)
async def test_a_request_that_does_not_arrive_is_told_so_and_cut(port: int, sent: bytes) -> None:
    answer = await _answer(port, sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["code"] == "request_timeout"


async def test_a_body_that_was_refused_unread_is_not_read_to_its_end(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    refused = b"POST /refused HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
    async with asyncio.timeout(10):
        # Little of it is read past: the connection serves the next request.
        for size in (500_000, 1 << 30):
            writer.write(refused % size)
            assert (await reader.readuntil(b"no")).startswith(b"HTTP/1.1 401 ")
            sent = 0
            with contextlib.suppress(ConnectionError):
                while sent < size:
                    writer.write(bytes(50_000))
                    await writer.drain()
                    sent += 50_000
        assert sent < 100 << 20
    writer.close()


async def test_who_asks_nothing_is_cut_without_a_word(port: int) -> None:
    assert await _answer(port, b"") == b""


async def test_an_answer_that_nobody_finishes_is_cut_and_nothing_is_added_to_it(port: int) -> None:
    answer = await _answer(port, b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\nbody")


async def test_an_answer_that_may_take_longer_does_and_its_request_may_not(port: int) -> None:
    asked = b"POST /patient HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4\r\n\r\n"
    assert (await _answer(port, asked + b"body")).startswith(b"HTTP/1.1 200 ")
    assert (await _answer(port, asked + b"bod")).startswith(b"HTTP/1.1 408 ")


async def test_what_follows_a_body_is_no_header(port: int) -> None:
    """All in one piece, so that it is there before anybody looks."""
    begun = b"POST /headers HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = await _answer(port, begun + b"2\r\nhi\r\n0\r\nx-forwarded-for: 10.0.0.1\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nhost connection transfer-encoding")


async def test_a_request_in_time_is_answered_and_so_is_the_next_on_its_connection(port: int) -> None:
    whole = HEAD + b"content-length: 4\r\n\r\nbody"
    answer = await _answer(port, whole, whole, HEAD + b"connection: close\r\ncontent-length: 3\r\n\r\nend")
    assert answer.count(b"HTTP/1.1 200 ") == 3
    assert answer.endswith(b"end")


@pytest.mark.parametrize(
    "endless",
    [
        CHUNKED + b"0\r\nx: " + b"a" * 3_000_000,
        CHUNKED + b"0\r\n" + b"x: y\r\n" * 500_000,
        CHUNKED + b"1;" + b"a" * 3_000_000,
    ],
    ids=["a long trailer", "many trailers", "a long chunk extension"],
)
async def test_what_stands_around_a_body_has_an_end(port: int, endless: bytes) -> None:
    answer = await _answer(port, CHUNKED + endless)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
