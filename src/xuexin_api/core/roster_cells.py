"""Rules for every cell of a roster: words instead of codes, dates, numbers, and what spreadsheets do to them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from xuexin_api.core import code_tables
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.names import normalise_name
from xuexin_api.core.roster import Cell

_NUMBER: Final = re.compile(r"[0-9A-Za-z-]{1,30}")
_CANDIDATE: Final = re.compile(r"[0-9A-Za-z]{8,20}")
_PROGRAMME: Final = re.compile(r"[0-9A-Za-z]{2,12}")
_DURATION: Final = re.compile(r"[0-9]{1,2}(\.[05])?0?")
_DATE: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})|([0-9]{4})([-/.])([0-9]{1,2})\5([0-9]{1,2})")
_GRADE: Final = re.compile(r"[12][0-9]{3}")
LONGEST_TEXT: Final = 80
LONGEST_CELL: Final = 200
"""Longer than any rule allows: refused before anything is done with it, and never remembered."""
_EXACT_IN_SPREADSHEET: Final = 10**15
_PROGRAMME_DIGITS: Final = 6
_FORMULA_ERRORS: Final = frozenset(
    f"#{word}" for word in "ERROR N/A REF! DIV/0! VALUE! NAME? NUM! NULL! SPILL! CALC! GETTING_DATA".split()
)
_LOST: Final = "\ufffd"
_BLANKS: Final = str.maketrans("\u3000\u00a0\t", "   ")
_LONGEST_DURATION: Final = Decimal(10)
_EARLIEST_DATE: Final = date(1900, 1, 1)


def is_candidate_number(text: str) -> bool:
    """Whether a roster could hold this number."""
    return _CANDIDATE.fullmatch(text) is not None


def text_of_cell(cell: Cell) -> str:
    """A cell as text, whatever the file kept it as."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        text = cell
    elif isinstance(cell, datetime | date):
        return cell.strftime("%Y%m%d")
    elif isinstance(cell, float) and cell.is_integer():
        text = str(int(cell))
    else:
        text = str(cell)
    return text.strip()


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _date(text: str) -> date:
    match = _DATE.fullmatch(_plain(text))
    try:
        parsed = date(*(int(part) for part in match.groups() if part and part.isdigit())) if match else None
    except ValueError:
        parsed = None
    if parsed is None or parsed < _EARLIEST_DATE:
        raise BrokenRuleError("date_malformed")
    return parsed


def _word(table: Mapping[str, Any]) -> Callable[[str], Any]:
    def look_up(text: str) -> Any:
        plain = _plain(text).replace(" ", "")
        found = table.get(plain)
        if found is None:
            found = table.get(plain.replace("其它", "其他"))
        if found is None:
            raise BrokenRuleError("unknown_word", known="、".join(list(dict.fromkeys(map(str, table)))[:12]))
        return found

    return look_up


def _matching(pattern: re.Pattern[str], code: str) -> Callable[[str], str]:
    plain_lengths = frozenset(length for length in range(1, LONGEST_TEXT) if pattern.fullmatch("0" * length))

    def check(text: str) -> str:
        # Nearly all are digits only, of one length, and need no capital letters.
        if text.isdigit() and len(text) in plain_lengths and text.isascii():
            return text
        if pattern.fullmatch(text):
            return text.upper()
        plain = _plain(text)
        if not pattern.fullmatch(plain):
            raise BrokenRuleError(code)
        return plain.upper()

    return check


def read_text(text: str) -> str:
    """Words of a school: not too long, and nothing in them that cannot be seen."""
    plain = text.translate(_BLANKS)
    if len(plain) > LONGEST_TEXT:
        raise BrokenRuleError("cell_too_long", longest=LONGEST_TEXT)
    if not plain.isprintable() or _LOST in plain:
        raise BrokenRuleError("cell_unprintable")
    return plain


def _duration(text: str) -> Decimal:
    plain = _plain(text).removesuffix("年")
    if not _DURATION.fullmatch(plain) or not 0 < Decimal(plain) <= _LONGEST_DURATION:
        raise BrokenRuleError("duration_malformed")
    return Decimal(plain).quantize(Decimal("0.1"))


def _grade(text: str) -> int:
    plain = _plain(text).removesuffix("级")
    if not _GRADE.fullmatch(plain):
        raise BrokenRuleError("grade_malformed")
    return int(plain)


def check_cell(code: str, cell: Cell, text: str) -> None:
    """What holds for every column, before its own rule: a bounded length, and no digits lost in a spreadsheet."""
    if len(text) > LONGEST_CELL:
        raise BrokenRuleError("cell_too_long", longest=LONGEST_CELL)
    if text in _FORMULA_ERRORS:
        raise BrokenRuleError("formula_failed")
    if isinstance(cell, int | float):
        rounded = abs(cell) >= _EXACT_IN_SPREADSHEET
        # 080901 becomes 80901: the zero in front is gone.
        if rounded or (code == "ZYDM" and len(text) < _PROGRAMME_DIGITS):
            raise BrokenRuleError("number_stored_as_number")


read_student_number: Final = _matching(_NUMBER, "student_number_malformed")
read_candidate_number: Final = _matching(_CANDIDATE, "candidate_number_malformed")
CELL_RULES: Final[tuple[tuple[str, Callable[[str], Any], bool], ...]] = (
    # column, rule, worth remembering
    ("KSH", read_candidate_number, False),
    ("XH", read_student_number, False),
    ("XM", normalise_name, False),
    ("XB", _word(code_tables.SEXES), True),
    ("CSRQ", _date, True),
    ("MZ", _word(code_tables.ETHNICITIES), True),
    ("ZYDM", _matching(_PROGRAMME, "programme_code_malformed"), True),
    ("ZYMC", read_text, True),
    ("FY", read_text, True),
    ("XSH", read_text, True),
    ("BH", read_text, True),
    ("CC", _word(code_tables.LEVELS), True),
    ("XZ", _duration, True),
    ("XXXS", _word(code_tables.STUDY_FORMS), True),
    ("DQSZJ", _grade, True),
    ("RXRQ", _date, True),
    ("YJBYRQ", _date, True),
    ("ZCZT", _word(code_tables.ROSTER_STATUSES), True),
)
_RULE_OF: Final = {code: rule for code, rule, _ in CELL_RULES}


def read_cell(column: str, text: str) -> Any:
    """One cell by the rule of its column, or BrokenRuleError: what is typed is read as what is uploaded."""
    check_cell(column, text, text)
    return _RULE_OF[column](text)
