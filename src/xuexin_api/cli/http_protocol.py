"""The server's HTTP, with an end to what a request may say before its body."""

from __future__ import annotations

import json
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from xuexin_api.core.messages import DEFAULT_LANGUAGE
from xuexin_api.problems import MEDIA_TYPE, problem_document

_LONGEST_HEAD: Final = 32 * 1024
_REASONS: Final = {"bad_request": "400 Bad Request", "headers_too_large": "431 Request Header Fields Too Large"}


class HeadTooLargeError(Exception):
    """Address and headers are longer than any client of ours sends."""


class BoundedHeadProtocol(HttpToolsProtocol):
    """Refuses a head of more than 32 KiB; what is no HTTP gets a problem document, as everything does."""

    _head_bytes = 0
    _in_head = False

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            # Not even complete: what came so far is kept by the parser, so it must not grow.
            self._head_bytes += len(data)
            if self._head_bytes > _LONGEST_HEAD:
                self._refuse("headers_too_large")

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > _LONGEST_HEAD:
            raise HeadTooLargeError
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """The parser refused; it says so also of what we refused within it."""
        del msg
        too_large = len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > _LONGEST_HEAD
        self._refuse("headers_too_large" if too_large else "bad_request")

    def _refuse(self, code: str) -> None:
        if self.transport.is_closing():
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
