"""Entity tags: what a caller has already is not sent again."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import Response

NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "As it was: an entity tag of `If-None-Match` is still right."}
}
"""The `responses=` of a route that answers so; the contract gets the headers from it."""


def is_known(tag: str, known: str | None) -> bool:
    """Whether If-None-Match names the tag. A compressing proxy weakens tags, a cache may send several."""
    names = [part.strip().removeprefix("W/") for part in (known or "").split(",")]
    return tag in names or "*" in names


def tagged(content: bytes, tag: str, known: str | None, *, media_type: str, cache_control: str) -> Response:
    """The content under its entity tag, or 304 where the caller has it (`known`: its If-None-Match)."""
    headers = {"ETag": f'"{tag}"', "Cache-Control": cache_control}
    if is_known(headers["ETag"], known):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
