"""Opaque cursors: where the next page of a list begins."""

from __future__ import annotations

import base64
import binascii
from typing import Final
from uuid import UUID

from xuexin_api.core.errors import FieldProblem, InvalidRequestError

_OFFSET_BYTES: Final = 4


def write_cursor(last: UUID) -> str:
    """The cursor after `last`."""
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def read_cursor(cursor: str) -> UUID:
    """The id that a cursor of ours stands for, or InvalidRequestError."""
    try:
        return UUID(bytes=base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise InvalidRequestError([FieldProblem("/query/cursor", "cursor_malformed", {})]) from None


def write_offset(place: int) -> str:
    """The cursor of a list that is held in memory: how many items went before."""
    return base64.urlsafe_b64encode(place.to_bytes(4, "big")).rstrip(b"=").decode()


def read_offset(cursor: str) -> int:
    """The place that a cursor of ours stands for, or InvalidRequestError."""
    try:
        place = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        place = b""
    if len(place) != _OFFSET_BYTES:
        raise InvalidRequestError([FieldProblem("/query/cursor", "cursor_malformed", {})])
    return int.from_bytes(place, "big")
