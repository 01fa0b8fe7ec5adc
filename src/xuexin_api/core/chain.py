"""Links of a chain over lines of a log: each holds the one before it, under a key that no database has."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from xuexin_api.core.sealing import KeyedHash

BEGINNING: Final = b""
"""What the first line is linked to."""
Value = UUID | str | datetime | None


def link(keyed: KeyedHash, before: bytes, trail: str, position: int, values: Iterable[Value]) -> bytes:
    """32 bytes for the line at this position of the trail, its values in the order of their columns."""
    line = json.dumps([before.hex(), trail, position, *map(_written, values)], ensure_ascii=False)
    return keyed.digest(line.encode())


def _written(value: Value) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return None if value is None else str(value)
