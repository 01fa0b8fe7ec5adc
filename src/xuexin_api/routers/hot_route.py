"""A route for the hottest requests: ids, a body and services, without the framework's dependency solver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from xuexin_api.openapi import IDEMPOTENCY_HEADER
from xuexin_api.routers.strict_route import StrictRoute, parse_strictly
from xuexin_api.schemas.types import parse_id


class HotRoute(StrictRoute):
    """Declared like any route, and documented so; solving its dependencies would cost as much as its statement.

    The endpoint takes ids from the path, one body, and what is made from the request alone, and returns a schema or a
    response. A request that is not plainly that (an id that is none, a key, another content type) takes the ordinary
    way, and its refusals.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        known = self.dependant
        others = [known.query_params, known.header_params, known.cookie_params]
        assert not any(others), "a hot route reads its path and its body, and nothing else"
        assert len(known.body_params) == (self.body_field is not None), "the body of a hot route is one argument"
        self._ids = [parameter.name for parameter in known.path_params]
        self._services = list(_services(known))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is plain; nothing it makes waits for an end, so it needs none of the framework's exit stacks."""
        request = Request(scope, receive)
        answer = await self._answer(request) if scope["method"] in (self.methods or ()) else None
        if answer is None:
            await super().handle(scope, receive, send)
        else:
            await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        """The answer, or None where the request takes the ordinary way: its body was not read then."""
        arguments: dict[str, Any] = {}
        try:
            for name in self._ids:
                arguments[name] = parse_id(request.path_params[name])
        except ValueError:
            return None
        if self.body_field is not None:
            if not _sends_plain_json(request):
                return None
            arguments[self.body_field.name] = _read(await request.body(), self.body_field.validate)
        for name, make in self._services:
            arguments[name] = await make(request)
        answer: BaseModel | Response = await self.endpoint(**arguments)
        if isinstance(answer, Response):
            return answer
        content = answer.__pydantic_serializer__.to_json(answer)
        return Response(content, status_code=self.status_code or 200, media_type="application/json")


def _services(dependant: Dependant) -> Iterator[tuple[str, Callable[[Request], Awaitable[object]]]]:
    for dependency in dependant.dependencies:
        assert dependency.name is not None, "a hot route's dependencies are its arguments"
        assert dependency.call is not None, "a hot route's dependencies are functions of the request"
        yield dependency.name, dependency.call


def _sends_plain_json(request: Request) -> bool:
    headers = request.headers
    unusual = IDEMPOTENCY_HEADER in headers or "content-encoding" in headers
    return headers.get("content-type") == "application/json" and not unusual


def _read(body: bytes, validate: Callable[..., tuple[Any, Any]]) -> object:
    """What the framework makes of a body, refused as it refuses."""
    if not body:
        raise RequestValidationError([{"type": "missing", "loc": ("body",)}])
    value, errors = validate(parse_strictly(body), loc=("body",))
    if errors:
        raise RequestValidationError(errors)
    return value
