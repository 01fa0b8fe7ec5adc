"""Numbers in articles: placeholders, filled from settings and rules, so that no article can say another number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from xuexin_api.core import names, passwords, security_questions
from xuexin_api.core.messages import Language

PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
RULES: Final[Mapping[str, int]] = {
    "password_shortest": passwords.SHORTEST,
    "password_longest": passwords.LONGEST,
    "name_shortest": names.SHORTEST,
    "name_longest": names.LONGEST,
    "security_questions_needed": security_questions.NEEDED,
}
"""What no setting decides and an article may say."""
_UNITS: Final[tuple[tuple[int, str, str], ...]] = (
    (86400, "天", "day"),
    (3600, "小时", "hour"),
    (60, "分钟", "minute"),
    (1, "秒", "second"),
)

_SIZES: Final = ((1024 * 1024, "MB"), (1024, "KB"), (1, "B"))


def say(name: str, value: int, language: Language) -> str:
    """A number in words of the language; names that end in _seconds are times, in _bytes sizes of files."""
    if name.endswith("_bytes"):
        size, unit = next(known for known in _SIZES if value % known[0] == 0)
        return f"{value // size:,} {unit}"
    if not name.endswith("_seconds"):
        return f"{value:,}" if language == "en" else str(value)
    size, chinese, english = next(unit for unit in _UNITS if value % unit[0] == 0)
    count = value // size
    return f"{count} {english}{'' if count == 1 else 's'}" if language == "en" else f"{count} {chinese}"


def fill(text: str, values: Mapping[str, int], language: Language) -> str:
    """The text with its placeholders filled; KeyError names one that nothing knows."""
    return PLACEHOLDER.sub(lambda found: say(found[1], values[found[1]], language), text)
