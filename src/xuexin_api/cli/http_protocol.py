"""The server's HTTP, with an end to what a request may say around its body, and to the time that it takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from xuexin_api.core.messages import DEFAULT_LANGUAGE
from xuexin_api.problems import MEDIA_TYPE, problem_document

_LONGEST_HEAD: Final = 32 * 1024
# Lengths of chunks and what may follow the last one; a client that sends its body byte by byte needs this much.
_MOST_AROUND_BODY: Final = 1024 * 1024
# Of a body that was answered before it was read: enough that who sends it sees the answer, and keeps the connection.
_MOST_UNWANTED: Final = 1024 * 1024
_REASONS: Final = {
    "bad_request": "400 Bad Request",
    "request_timeout": "408 Request Timeout",
    "headers_too_large": "431 Request Header Fields Too Large",
}


class HeadTooLargeError(Exception):
    """Address and headers are longer than any client of ours sends."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a head of more than 32 KiB and hangs up on who takes longer than `seconds` for a request and its answer.

    Who is answered and sends on, such as a gigabyte that was refused for want of a token, is cut off, too.

    Uploads to the addresses in `longer` take so many seconds, and so do the answers of those in `longer_answers`, once
    they were asked. What is no HTTP gets a problem document, as everything
    does.
    """

    _head_bytes = 0
    _in_head = _asked = False
    _received = _body_bytes = _unwanted = 0
    _timer: asyncio.TimerHandle | None = None

    def __init__(
        self,
        *args: Any,
        seconds: float,
        longer: Mapping[bytes, float] = MappingProxyType({}),
        longer_answers: Mapping[bytes, float] = MappingProxyType({}),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._seconds = seconds
        self._longer = longer
        self._longer_answers = longer_answers

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(self._seconds, self._hang_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self._seconds, self._hang_up)
        super().data_received(data)
        if self._in_head:
            # Not even complete: what came so far is kept by the parser, so it must not grow.
            self._head_bytes += len(data)
            if self._head_bytes > _LONGEST_HEAD:
                self._refuse("headers_too_large")
        else:
            # The same holds for headers after the body, which only the parser sees.
            self._received += len(data)
            if self._received - self._body_bytes > _MOST_AROUND_BODY:
                self._refuse("headers_too_large")

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._received = self._body_bytes = self._unwanted = 0
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > _LONGEST_HEAD:
            raise HeadTooLargeError
        super().on_headers_complete()
        self._asked = True
        self._take_longer(self._longer)

    def on_header(self, name: bytes, value: bytes) -> None:
        # What follows a body would stand last among the headers: there the address is read that a proxy vouches for.
        if self._in_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self.cycle.response_complete:
            self._unwanted += len(body)
            if self._unwanted > _MOST_UNWANTED:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self.cycle.response_complete:
            self._take_longer(self._longer_answers)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        # From here on uvicorn's own, shorter patience with idle connections holds.
        self._stop_timer()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """The parser refused; it says so also of what we refused within it."""
        del msg
        too_large = len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > _LONGEST_HEAD
        self._refuse("headers_too_large" if too_large else "bad_request")

    def _take_longer(self, addresses: Mapping[bytes, float]) -> None:
        seconds = addresses.get(self.url.partition(b"?")[0]) if self.parser.get_method() == b"POST" else None
        if seconds is not None:
            self._stop_timer()
            self._timer = self.loop.call_later(seconds, self._hang_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hang_up(self) -> None:
        self._timer = None
        if not self._asked and not self._in_head:
            # Nothing was asked.
            self.transport.close()
        else:
            self._refuse("request_timeout")

    def _refuse(self, code: str) -> None:
        if self.transport.is_closing():
            return
        if self._asked and self.cycle.response_started and not self.cycle.response_complete:
            # In the middle of an answer another one would be read as a part of it.
            self.transport.close()
            return
        status = int(_REASONS[code][:3])
        problem = problem_document(code, status=status, language=DEFAULT_LANGUAGE, request_id="")
        body = json.dumps(problem, ensure_ascii=False).encode()
        head = (
            f"HTTP/1.1 {_REASONS[code]}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            "cache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
