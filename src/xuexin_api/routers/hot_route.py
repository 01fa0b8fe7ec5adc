"""A route for the hottest requests: ids, a body and services, without the framework's dependency solver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from xuexin_api.openapi import IDEMPOTENCY_HEADER
from xuexin_api.routers.strict_route import StrictRoute, parse_strictly
from xuexin_api.schemas.types import parse_id


class HotRoute(StrictRoute):
    """Declared like any route, and documented so; solving its dependencies would cost as much as its statement.

    The endpoint takes ids from the path, one body, and what is made from the request alone, and returns a schema or a
    response. A request that is not plainly that (an id that is none, a key, another content type) takes the ordinary
    way, and its refusals.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        ordinary = super().get_route_handler()
        endpoint = self.endpoint
        known = self.dependant
        others = [known.query_params, known.header_params, known.cookie_params]
        assert not any(others), "a hot route reads its path and its body, and nothing else"
        ids = [parameter.name for parameter in known.path_params]
        body = self.body_field
        assert len(known.body_params) == (body is not None), "the body of a hot route is one argument"
        status = self.status_code or 200
        services = list(_services(known))

        async def handle(request: Request) -> Response:
            arguments: dict[str, Any] = {}
            try:
                for name in ids:
                    arguments[name] = parse_id(request.path_params[name])
            except ValueError:
                return await ordinary(request)
            if body is not None:
                if not _sends_plain_json(request):
                    return await ordinary(request)
                arguments[body.name] = _read(await request.body(), body.validate)
            for name, make in services:
                arguments[name] = await make(request)
            answer: BaseModel | Response = await endpoint(**arguments)
            if isinstance(answer, Response):
                return answer
            content = answer.__pydantic_serializer__.to_json(answer)
            return Response(content, status_code=status, media_type="application/json")

        return handle


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
