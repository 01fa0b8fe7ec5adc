"""Schools and provinces as offices that are told what waits for them. Pure."""

from __future__ import annotations

from typing import Final

from xuexin_api.core.institutions import PROVINCE_DIGITS

MOST_COUNTED: Final = 1000
"""An office with more that waits reads so, and no number: counting on would tell it nothing."""
MOST_NEW: Final = 5000
"""What is new beyond this is told an hour later: what one message marks as told is bounded."""


def is_province(office: str) -> bool:
    """Provinces have two digits; institutions ten, the third and fourth of which are their province."""
    return len(office) == PROVINCE_DIGITS


def counted(number: int, most: int) -> str:
    """A number as people read it, where counting ends at `most`."""
    return f"{most}+" if number >= most else str(number)
