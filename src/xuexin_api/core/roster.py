"""The roster that schools upload: its 23 columns, its header, and the schools it may name."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from xuexin_api.core.errors import BrokenRuleError

Cell = str | int | float | date | None

# Code and Chinese title, in the order of the format. ZZMM (political status) and SYSSDM (home province) are read
# past and not kept: nothing in this service needs them.
COLUMNS: Final = {
    "KSH": "考生号",
    "SYSSDM": "生源省代码",
    "XH": "学号",
    "XM": "姓名",
    "XB": "性别",
    "CSRQ": "出生日期",
    "SFZH": "证件号",
    "ZZMM": "政治面貌",
    "MZ": "民族",
    "YXDM": "院校代码",
    "YXMC": "院校名称",
    "ZYDM": "专业代码",
    "ZYMC": "专业名称",
    "FY": "分院",
    "XSH": "系所",
    "BH": "班号",
    "CC": "层次",
    "XZ": "学制",
    "XXXS": "学习形式",
    "DQSZJ": "年级",
    "RXRQ": "入学日期",
    "YJBYRQ": "预计毕业日期",
    "ZCZT": "注册状态",
}
NOT_KEPT: Final = frozenset({"ZZMM", "SYSSDM"})
MAY_BE_MISSING: Final = NOT_KEPT | {"KSH", "FY", "XSH", "BH", "DQSZJ", "YJBYRQ"}
_TITLES: Final = {title: code for code, title in COLUMNS.items()} | {"证件号码": "SFZH", "考生号码": "KSH"}
FORMULA_ERROR: Final = "#ERROR"
"""What stands for a failed formula where the format keeps no text of it."""
_INSTITUTION_CODE: Final = 10
_SHORT_CODE: Final = 5
_SHORTEST_ABBREVIATION: Final = 2


@dataclass(frozen=True, slots=True)
class RowError:
    """Which cell of which line breaks which rule."""

    line: int
    column: str
    code: str
    params: Mapping[str, object]


class InstitutionNames:
    """The ministry's list, as a roster needs it: by code, by its last five digits, by official name."""

    def __init__(self, codes_and_names: Sequence[tuple[str, str]]) -> None:
        self._names = dict(codes_and_names)
        self._short = {code[-_SHORT_CODE:]: code for code, _ in codes_and_names}
        self._codes = {_plain_name(name): code for code, name in codes_and_names}

    def resolve(self, code: str, name: str) -> str:
        """The 10-digit code. The code decides; a name must be the official one or an abbreviation of it."""
        if not code:
            found = self._codes.get(_plain_name(name))
            if found is None:
                raise BrokenRuleError("institution_unknown")
            return found
        full = code if len(code) == _INSTITUTION_CODE else self._short.get(code, "")
        official = self._names.get(full)
        if official is None:
            raise BrokenRuleError("institution_unknown")
        if name and name != official and not _abbreviates(_plain_name(name), _plain_name(official)):
            raise BrokenRuleError("institution_name_mismatch", official=official)
        return full


def _plain_name(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _abbreviates(short: str, official: str) -> bool:
    """北大 of 北京大学: its characters stand in the official name, in this order."""
    rest = iter(official)
    return len(short) >= _SHORTEST_ABBREVIATION and all(character in rest for character in short)


def parse_header(cells: Sequence[Cell]) -> dict[str, int]:
    """Where each column stands. Codes or Chinese titles, any order; columns of other names are read past."""
    places: dict[str, int] = {}
    for index, cell in enumerate(cells):
        title = unicodedata.normalize("NFKC", str(cell or "")).strip().strip("\ufeff").strip()
        code = title.upper() if title.upper() in COLUMNS else _TITLES.get(title)
        if code is None:
            continue
        if code in places:
            raise BrokenRuleError("roster_column_repeated", column=code)
        places[code] = index
    if not places:
        raise BrokenRuleError("roster_header_missing")
    missing = [code for code in COLUMNS if code not in places and code not in MAY_BE_MISSING]
    if missing:
        raise BrokenRuleError("roster_columns_missing", columns=", ".join(missing))
    return places
