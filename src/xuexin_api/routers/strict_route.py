"""Routes whose JSON bodies are parsed strictly: what two parsers could read differently is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from xuexin_api.core.errors import ContentEncodedError
from xuexin_api.openapi import ONCE
from xuexin_api.problems import MalformedBodyError
from xuexin_api.routers.once import answer_once

_DEEPEST: Final = 32
_LONGEST_NUMBER: Final = 400
# Possessive, and an unclosed string is a string to the end: otherwise 64 KiB of escaped quotes take 20 seconds.
_STRINGS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class _RefusedError(Exception):
    """Carries the reason out of the parser's hooks."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _RefusedError("json_duplicate_key")
    for key, value in pairs:
        _check_text(key)
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, list):
            _check_list(value)
    return made


def _check_list(values: list[Any]) -> None:
    """Objects inside were checked when they were made; lists in lists are bounded by the depth."""
    for value in values:
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, list):
            _check_list(value)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _RefusedError("json_nul")
    if not text.isascii() and _SURROGATE.search(text):
        raise _RefusedError("json_lone_surrogate")


def _refuse_constant(_: str) -> Any:
    raise _RefusedError("json_not_a_number")


def _short_int(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise _RefusedError("json_number_too_long")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise _RefusedError("json_not_a_number")
    return number


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_refuse_constant, parse_int=_short_int, parse_float=_finite
)


def _check_depth(text: str) -> None:
    """Before the parser, which recurses; brackets inside strings do not count."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return
    depth = 0
    for character in _STRINGS.sub("", text):
        if character in "[{":
            depth += 1
            if depth > _DEEPEST:
                raise _RefusedError("json_too_deep")
        elif character in "]}":
            depth -= 1


def parse_strictly(body: bytes) -> Any:
    """The JSON value of `body`, or MalformedBodyError with the reason."""
    try:
        text = body.decode("utf-8")
        _check_depth(text)
        value = _DECODER.decode(text)
        _check_list([value])
    except UnicodeDecodeError:
        raise MalformedBodyError("json_not_utf8") from None
    except _RefusedError as refused:
        raise MalformedBodyError(str(refused)) from None
    except (ValueError, RecursionError):
        raise MalformedBodyError("json_malformed") from None
    return value


class StrictRequest(Request):
    """A request whose `json()` is strict."""

    async def json(self) -> Any:
        return parse_strictly(await self.body())


class StrictRoute(APIRoute):
    """Takes `application/json`, as it is, and nothing else, parsed by StrictRequest."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        wants_body = self.body_field is not None
        once = (self.openapi_extra or {}).get(ONCE)

        async def handle_strictly(request: Request) -> Response:
            if wants_body:
                kind, _, parameters = request.headers.get("content-type", "").partition(";")
                charset = parameters.strip().lower().replace('"', "")
                if kind.strip().lower() != "application/json" or charset not in {"", "charset=utf-8"}:
                    raise HTTPException(415)
                if {one.strip().lower() for one in request.headers.getlist("content-encoding")} - {"identity"}:
                    raise ContentEncodedError
                request = StrictRequest(request.scope, request.receive)
            if once is None:
                return await handle(request)
            # The address and not its template: one key for two of a kind is two operations.
            where = f"{request.method} {request.url.path}"
            return await answer_once(request, handle, route=where, secret=once == "told")

        return handle_strictly
