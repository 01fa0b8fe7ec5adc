"""Certificate numbers of 学历 and the dates from which 学位 are kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from xuexin_api.core.errors import BrokenRuleError

FIRST_DEGREES: Final = date(2008, 9, 1)
"""Degrees awarded before were never reported, so none of them can be here."""
_NUMBER: Final = re.compile(r"([0-9]{5})([0-9])([0-9]{4})([0-9]{2})([0-9]{6})")
_OLD_NUMBER: Final = re.compile(r"[0-9]{17}")
_FIRST_YEAR_OF_18_DIGITS: Final = 2002
_DEGREE_NUMBER: Final = re.compile(r"[0-9A-Z]{8,20}")
# 开放教育 has no digit of its own: its certificates are those of adult education.
_TYPES: Final[Mapping[str, str]] = {
    "普通高等教育": "1",
    "成人高等教育": "5",
    "开放教育": "5",
    "高等教育自学考试": "6",
    "网络教育": "7",
}
_LEVELS: Final[Mapping[str, str]] = {
    "博士研究生": "01",
    "硕士研究生": "02",
    "第二学士学位": "04",
    "本科": "05",
    "专科": "06",
}


def check_certificate_number(
    number: str, *, institution_code: str, category: str, level: str, graduated_on: date
) -> None:
    """BrokenRuleError unless the number is one of this school, kind of education, year and level."""
    if graduated_on.year < _FIRST_YEAR_OF_18_DIGITS:
        if not _OLD_NUMBER.fullmatch(number):
            raise BrokenRuleError("certificate_number_malformed")
        return
    found = _NUMBER.fullmatch(number)
    if found is None:
        raise BrokenRuleError("certificate_number_malformed")
    wanted = (institution_code[-5:], _TYPES[category], f"{graduated_on.year:04d}", _LEVELS[level])
    for part, given, right in zip(("institution", "type", "year", "level"), found.groups(), wanted, strict=False):
        if given != right:
            raise BrokenRuleError(f"certificate_{part}_mismatch", right=right)


def check_degree(number: str, awarded_on: date) -> None:
    """BrokenRuleError for a number that is none, and for a degree of before they were reported."""
    if not _DEGREE_NUMBER.fullmatch(number):
        raise BrokenRuleError("degree_number_malformed")
    if awarded_on < FIRST_DEGREES:
        raise BrokenRuleError("degree_too_early", first=FIRST_DEGREES.isoformat())
