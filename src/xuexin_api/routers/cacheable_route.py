"""Routes whose answers anybody may keep for a while: an entity tag, Cache-Control, and 304."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response

from xuexin_api.problems import language_of
from xuexin_api.routers.entity_tags import is_known
from xuexin_api.routers.strict_route import StrictRoute


class CacheableRoute(StrictRoute):
    """For reads without login, whose words follow Accept-Language."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_cacheable(request: Request) -> Response:
            response = await handle(request)
            if request.method != "GET" or response.status_code != HTTPStatus.OK:
                return response
            seconds = request.app.state.wiring.settings.help_cache_seconds
            words = language_of(request).encode() + bytes(response.body)
            tag = f'"{hashlib.sha256(words).hexdigest()[:32]}"'
            headers = {"ETag": tag, "Cache-Control": f"public, max-age={seconds}"}
            if is_known(tag, request.headers.get("if-none-match")):
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
            response.headers.update(headers)
            return response

        return handle_cacheable
