"""Opaque cursors: where the next page of a list ordered by id begins."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from xuexin_api.core.errors import FieldProblem, InvalidRequestError


def write_cursor(last: UUID) -> str:
    """The cursor after `last`."""
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def read_cursor(cursor: str) -> UUID:
    """The id that a cursor of ours stands for, or InvalidRequestError."""
    try:
        return UUID(bytes=base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise InvalidRequestError([FieldProblem("/query/cursor", "cursor_malformed", {})]) from None
