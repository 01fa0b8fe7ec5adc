"""A route for the hottest reads: ids from the path and one service, without the framework's dependency solver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from xuexin_api.routers.strict_route import StrictRoute

_UUID_LENGTH: Final = 36


class HotRoute(StrictRoute):
    """Declared like any route, and documented so; solving its dependencies would cost as much as its statement.

    The endpoint takes ids from the path and services that are made from the request alone, and returns a schema.
    A request that is not plainly that (an id that is none) takes the ordinary way, and its refusals.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        ordinary = super().get_route_handler()
        endpoint = self.endpoint
        known = self.dependant
        others = [known.query_params, known.header_params, known.cookie_params, known.body_params]
        assert not any(others), "a hot route reads its path and nothing else"
        ids = [parameter.name for parameter in known.path_params]
        services: list[tuple[str, Callable[[Request], Awaitable[object]]]] = []
        for dependency in known.dependencies:
            assert dependency.name is not None, "a hot route's dependencies are its arguments"
            assert dependency.call is not None, "a hot route's dependencies are functions of the request"
            services.append((dependency.name, dependency.call))

        async def handle(request: Request) -> Response:
            arguments: dict[str, Any] = {}
            try:
                for name in ids:
                    text = request.path_params[name]
                    if len(text) != _UUID_LENGTH:
                        return await ordinary(request)
                    arguments[name] = UUID(text)
            except ValueError:
                return await ordinary(request)
            for name, make in services:
                arguments[name] = await make(request)
            answer: BaseModel = await endpoint(**arguments)
            return Response(answer.__pydantic_serializer__.to_json(answer), media_type="application/json")

        return handle
