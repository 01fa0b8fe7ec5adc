"""People's names: rare characters and the dot of many peoples are welcome, what is no letter is not."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from xuexin_api.core.errors import BrokenRuleError

SHORTEST: Final = 2
LONGEST: Final = 60
_DOT: Final = "\u00b7"
_DOTS: Final = dict.fromkeys(map(ord, "\u2022\u30fb\uff65\u2027\u22c5\u0387\uff0e\u2219\u00b7"), _DOT)
_COMMON: Final = re.compile("[\u4e00-\u9fa5]{2,4}")
_LETTERS: Final = frozenset({"Lo", "Lu", "Ll", "Lm", "Lt"})
_ACCENTS: Final = frozenset({"Mn", "Mc"})
_ZERO: Final = "\u3007"
# Letters and marks by category, and yet nothing to be seen: with them two names look like one.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_MARKS: Final = frozenset(" -'\u2019" + _DOT)


def normalise_name(raw: str) -> str:
    """The name as it is kept: trimmed, one kind of dot, composed. Characters are never replaced by look-alikes."""
    if _COMMON.fullmatch(raw):
        return raw
    if len(raw) > 2 * LONGEST:
        raise BrokenRuleError("name_too_long", longest=LONGEST)
    name = " ".join(unicodedata.normalize("NFC", raw).translate(_DOTS).split())
    if len(name) < SHORTEST:
        raise BrokenRuleError("name_too_short", shortest=SHORTEST)
    if len(name) > LONGEST:
        raise BrokenRuleError("name_too_long", longest=LONGEST)
    if _INVISIBLE.search(name) or not all(map(_may_stand, " " + name, name)):
        raise BrokenRuleError("name_malformed")
    if name[0] in _MARKS or name[-1] in _MARKS:
        raise BrokenRuleError("name_malformed")
    return name


def _may_stand(before: str, character: str) -> bool:
    category = unicodedata.category(character)
    if category in _ACCENTS:
        return before not in _MARKS
    return category in _LETTERS or character in _MARKS or character == _ZERO


def name_key(name: str) -> str:
    """What two spellings of one name share: width, case, spaces and dots do not count."""
    folded = unicodedata.normalize("NFKC", name).translate(_DOTS).casefold()
    return "".join(character for character in folded if character not in " \u00b7")
