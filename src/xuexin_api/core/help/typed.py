"""What somebody typed into the robot's line: how long it looks, whether it says anything, which offer it picks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from xuexin_api.core.messages import Language

_JOINER: Final = "\u200d"
_SKIN: Final = range(0x1F3FB, 0x1F400)
_FLAGS: Final = range(0x1F1E6, 0x1F200)
_TAGS: Final = range(0xE0020, 0xE0080)
_MARKS: Final = frozenset({"Mn", "Me", "Mc"})
_PICKS: Final = re.compile(
    r"(?:我?(?:选|要|问的?是)?第?\s*([1-3一二三])\s*[个条项]?[。.)、]?|(?:the\s+)?(first|second|third)(?:\s+one)?|(前者|后者))"
)
_PLACES: Final = {
    "1": 0, "一": 0, "first": 0, "前者": 0,
    "2": 1, "二": 1, "second": 1, "后者": 1,
    "3": 2, "三": 2, "third": 2,
}  # fmt: skip
_HOURS: Final = ((5, "night"), (11, "morning"), (13, "noon"), (18, "afternoon"), (23, "evening"), (24, "night"))


def count_characters(text: str) -> int:
    """As people count: an accent, a skin colour or a joined emoji is no character of its own."""
    count = 0
    joined = half_flag = False
    for character in text:
        code = ord(character)
        flag = code in _FLAGS
        if character == _JOINER:
            joined = True
            continue
        kind = unicodedata.category(character)
        attached = (joined and kind == "So") or kind in _MARKS or code in _SKIN or code in _TAGS
        if not attached and not (flag and half_flag):
            count += 1
        half_flag = flag and not half_flag
        joined = False
    return count


def says_something(text: str) -> bool:
    """Whether there is a letter or a digit in it: spaces, signs and emoji ask nothing."""
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def picked(text: str, offered: Sequence[str]) -> str | None:
    """The offer that a short answer picks: `2`, 第二个, the second."""
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    found = _PICKS.fullmatch(plain)
    if found is None:
        return None
    place = _PLACES[next(part for part in found.groups() if part)]
    return offered[place] if place < len(offered) else None


def greeting(hour: int) -> str:
    """The word for this hour of the day."""
    return f"robot_greeting_{next(word for ends, word in _HOURS if hour < ends)}"


def sentences(text: str, language: Language) -> list[str]:
    """The text in pieces that can be shown one after the other; joined they are the text."""
    pattern = r"[^.!?]*[.!?]*\s*" if language == "en" else r"[^。！？]*[。！？]*"
    return [piece for piece in re.findall(pattern, text) if piece]
