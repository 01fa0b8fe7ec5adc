"""Routes whose answers anybody may keep for a while: an entity tag, Cache-Control, and 304."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response

from xuexin_api.problems import language_of
from xuexin_api.routers.strict_route import StrictRoute

NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "As it was: the entity tag of `If-None-Match` is still right."}
}


def not_changed(request: Request, tag: str) -> bool:
    """Whether the caller has what the tag stands for. A compressing proxy weakens tags, a cache may send several."""
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    return tag in known or "*" in known


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
            if not_changed(request, tag):
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
            response.headers.update(headers)
            return response

        return handle_cacheable
