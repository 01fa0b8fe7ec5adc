"""The roster that schools upload: 23 columns, words instead of codes, and rules for every cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, NamedTuple

from xuexin_api.core import code_tables
from xuexin_api.core.documents import Document, Sex, birth_date_of, document_from_roster, sex_of
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.names import normalise_name

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
_NOT_KEPT: Final = frozenset({"ZZMM", "SYSSDM"})
_MAY_BE_MISSING: Final = _NOT_KEPT | {"KSH", "FY", "XSH", "BH", "DQSZJ", "YJBYRQ"}
_TITLES: Final = {title: code for code, title in COLUMNS.items()} | {"证件号码": "SFZH", "考生号码": "KSH"}
_NUMBER: Final = re.compile(r"[0-9A-Za-z-]{1,30}")
_CANDIDATE: Final = re.compile(r"[0-9A-Za-z]{8,20}")
_PROGRAMME: Final = re.compile(r"[0-9A-Za-z]{2,12}")
_DURATION: Final = re.compile(r"[0-9]{1,2}(\.[05])?0?")
_DATE: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})|([0-9]{4})([-/.])([0-9]{1,2})\5([0-9]{1,2})")
_GRADE: Final = re.compile(r"[12][0-9]{3}")
_LONGEST_TEXT: Final = 80
# Longer than any rule allows: refused before anything is done with it, and never remembered.
_LONGEST_CELL: Final = 200
_EXACT_IN_SPREADSHEET: Final = 10**15
_PROGRAMME_DIGITS: Final = 6
FORMULA_ERROR: Final = "#ERROR"
"""What stands for a failed formula where the format keeps no text of it."""
_FORMULA_ERRORS: Final = frozenset(
    f"#{word}" for word in "ERROR N/A REF! DIV/0! VALUE! NAME? NUM! NULL! SPILL! CALC! GETTING_DATA".split()
)
_LOST: Final = "\ufffd"
_BLANKS: Final = str.maketrans("\u3000\u00a0\t", "   ")
_FURTHEST_ADMISSION: Final = timedelta(days=366)
_INSTITUTION_CODE: Final = 10
_SHORT_CODE: Final = 5
_SHORTEST_ABBREVIATION: Final = 2
_LONGEST_DURATION: Final = Decimal(10)
_BETWEEN: Final = "\x1f"
# Of what becomes of a row: another number where a row of the same text would become another record.
_RULES_VERSION: Final = 1
_MEMORY: Final = 20_000
_EARLIEST_DATE: Final = date(1900, 1, 1)
_EARLIEST_ADMISSION: Final = date(1949, 10, 1)


class RosterRow(NamedTuple):
    """A student as the school reports it, every word in the archive's spelling."""

    institution_code: str
    student_number: str
    document: Document
    name: str
    sex: Sex
    birth_date: date
    ethnicity: str
    level: str
    programme_code: str
    programme_name: str
    duration_years: Decimal
    category: str
    study_form: str
    branch: str | None
    department: str | None
    class_name: str | None
    grade: int | None
    candidate_number: str | None
    admission_date: date
    status: code_tables.EnrollmentStatus
    expected_graduation_date: date | None


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


def is_candidate_number(text: str) -> bool:
    """Whether a roster could hold this number."""
    return _CANDIDATE.fullmatch(text) is not None


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
    missing = [code for code in COLUMNS if code not in places and code not in _MAY_BE_MISSING]
    if missing:
        raise BrokenRuleError("roster_columns_missing", columns=", ".join(missing))
    return places


def _text(cell: Cell) -> str:
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
    plain_lengths = frozenset(length for length in range(1, _LONGEST_TEXT) if pattern.fullmatch("0" * length))

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


def _free_text(text: str) -> str:
    plain = text.translate(_BLANKS)
    if len(plain) > _LONGEST_TEXT:
        raise BrokenRuleError("cell_too_long", longest=_LONGEST_TEXT)
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


def _check_cell(code: str, cell: Cell, text: str) -> None:
    """What holds for every column, before its own rule: a bounded length, and no digits lost in a spreadsheet."""
    if len(text) > _LONGEST_CELL:
        raise BrokenRuleError("cell_too_long", longest=_LONGEST_CELL)
    if text in _FORMULA_ERRORS:
        raise BrokenRuleError("formula_failed")
    if isinstance(cell, int | float):
        rounded = abs(cell) >= _EXACT_IN_SPREADSHEET
        # 080901 becomes 80901: the zero in front is gone.
        if rounded or (code == "ZYDM" and len(text) < _PROGRAMME_DIGITS):
            raise BrokenRuleError("number_stored_as_number")


def _remember(known: dict[Any, Any], key: object, value: object) -> None:
    """Most columns of a roster have few values. Bounded, and emptied when full."""
    if len(known) >= _MEMORY:
        known.clear()
    known[key] = value


_CELL_RULES: Final[tuple[tuple[str, Callable[[str], Any], bool], ...]] = (
    # column, rule, worth remembering
    ("KSH", _matching(_CANDIDATE, "candidate_number_malformed"), False),
    ("XH", _matching(_NUMBER, "student_number_malformed"), False),
    ("XM", normalise_name, False),
    ("XB", _word(code_tables.SEXES), True),
    ("CSRQ", _date, True),
    ("MZ", _word(code_tables.ETHNICITIES), True),
    ("ZYDM", _matching(_PROGRAMME, "programme_code_malformed"), True),
    ("ZYMC", _free_text, True),
    ("FY", _free_text, True),
    ("XSH", _free_text, True),
    ("BH", _free_text, True),
    ("CC", _word(code_tables.LEVELS), True),
    ("XZ", _duration, True),
    ("XXXS", _word(code_tables.STUDY_FORMS), True),
    ("DQSZJ", _grade, True),
    ("RXRQ", _date, True),
    ("YJBYRQ", _date, True),
    ("ZCZT", _word(code_tables.ROSTER_STATUSES), True),
)


class RosterRowParser:
    """Parses rows of one file. A broken row gives every broken cell, not only the first."""

    def __init__(
        self,
        header: Sequence[Cell],
        institutions: InstitutionNames,
        today: date,
        only_institution: str | None = None,
    ) -> None:
        self._places = parse_header(header)
        self._today = today
        self._latest_admission = today + _FURTHEST_ADMISSION
        self._width = max(self._places.values()) + 1
        self._rules: list[tuple[str, int, dict[str, Any] | None, Callable[[str], Any], bool]] = [
            (code, self._places[code], {} if worth else None, rule, code in _MAY_BE_MISSING)
            for code, rule, worth in _CELL_RULES
            if code in self._places
        ]
        kept = [code for code in COLUMNS if code in self._places and code not in _NOT_KEPT]
        self._kept_cells = itemgetter(*(self._places[code] for code in kept))
        self._kept_columns = f"{_RULES_VERSION}{_BETWEEN}{','.join(kept)}{_BETWEEN}"
        self._institution = institutions.resolve
        self._only_institution = only_institution
        self._known_institutions: dict[tuple[Cell, Cell], str] = {}

    def text_of(self, cells: Sequence[Cell]) -> str:
        """All that is kept of a row as one text: of two equal ones the same becomes."""
        if len(cells) < self._width:
            cells = [*cells, *[None] * (self._width - len(cells))]
        kept = self._kept_cells(cells)
        try:
            return self._kept_columns + _BETWEEN.join(kept)
        except TypeError:
            return self._kept_columns + _BETWEEN.join(map(_text, kept))

    def institution_of(self, cells: Sequence[Cell]) -> str | None:
        """The school of a row, where it is one that may come in."""
        if len(cells) < self._width:
            return None
        return self._school(0, cells, [])

    def parse(self, line: int, cells: Sequence[Cell]) -> RosterRow | list[RowError]:
        """The row, or everything that is wrong with it."""
        errors: list[RowError] = []
        if len(cells) < self._width:
            cells = [*cells, *[None] * (self._width - len(cells))]
        values: dict[str, Any] = {}
        for code, place, remembered, rule, optional in self._rules:
            cell = cells[place]
            # Most cells have been seen before, exactly like this; they are text, and not longer than is kept.
            if remembered is not None and cell in remembered and isinstance(cell, str):
                values[code] = remembered[cell]
                continue
            text = cell.strip() if isinstance(cell, str) else _text(cell)
            if not text:
                values[code] = None
                if not optional:
                    errors.append(RowError(line, code, "cell_empty", {}))
                continue
            try:
                _check_cell(code, cell, text)
                values[code] = value = rule(text)
                if remembered is not None and isinstance(cell, str) and len(cell) <= _LONGEST_CELL:
                    _remember(remembered, cell, value)
            except BrokenRuleError as broken:
                errors.append(RowError(line, code, broken.code, broken.params))
        document = self._document(line, cells[self._places["SFZH"]], errors)
        institution = self._school(line, cells, errors)
        if document is not None:
            self._check_agreement(line, document, values, errors)
        self._check_dates(line, values, errors)
        if errors or document is None or institution is None:
            return errors
        study_form, category = values["XXXS"]
        return RosterRow(
            institution,
            values["XH"],
            document,
            values["XM"],
            values["XB"],
            values["CSRQ"],
            values["MZ"],
            values["CC"],
            values["ZYDM"],
            values["ZYMC"],
            values["XZ"],
            category,
            study_form,
            values.get("FY"),
            values.get("XSH"),
            values.get("BH"),
            values.get("DQSZJ"),
            values.get("KSH"),
            values["RXRQ"],
            values["ZCZT"],
            values.get("YJBYRQ"),
        )

    def _document(self, line: int, cell: Cell, errors: list[RowError]) -> Document | None:
        if isinstance(cell, int | float):
            # A spreadsheet keeps 15 digits of a number: the last three of an 18-digit one are already zeros.
            errors.append(RowError(line, "SFZH", "number_stored_as_number", {}))
            return None
        text = _text(cell)
        if not text:
            errors.append(RowError(line, "SFZH", "cell_empty", {}))
            return None
        try:
            return document_from_roster(text, self._today)
        except BrokenRuleError as broken:
            errors.append(RowError(line, "SFZH", broken.code, broken.params))
            return None

    def _school(self, line: int, cells: Sequence[Cell], errors: list[RowError]) -> str | None:
        typed = (cells[self._places["YXDM"]], cells[self._places["YXMC"]])
        known = self._known_institutions.get(typed)
        if known is not None:
            return known
        pair = (_text(typed[0]), _text(typed[1]))
        if max(map(len, pair)) > _LONGEST_TEXT:
            column = "YXDM" if len(pair[0]) > _LONGEST_TEXT else "YXMC"
            errors.append(RowError(line, column, "cell_too_long", {"longest": _LONGEST_TEXT}))
            return None
        try:
            found = self._institution(*pair)
            if self._only_institution not in {None, found}:
                raise BrokenRuleError("institution_not_yours")
        except BrokenRuleError as broken:
            column = "YXMC" if broken.code == "institution_name_mismatch" or not pair[0] else "YXDM"
            errors.append(RowError(line, column, broken.code, broken.params))
            return None
        if pair == typed:
            _remember(self._known_institutions, typed, found)
        return found

    @staticmethod
    def _check_agreement(line: int, document: Document, values: Mapping[str, Any], errors: list[RowError]) -> None:
        born, sex = birth_date_of(document), sex_of(document)
        if born is not None and values.get("CSRQ") not in {None, born}:
            errors.append(RowError(line, "CSRQ", "birth_date_mismatch", {}))
        if sex is not None and values.get("XB") not in {None, sex}:
            errors.append(RowError(line, "XB", "sex_mismatch", {}))

    def _check_dates(self, line: int, values: Mapping[str, Any], errors: list[RowError]) -> None:
        born, entered, leaves = values.get("CSRQ"), values.get("RXRQ"), values.get("YJBYRQ")
        if born is not None and born > self._today:
            errors.append(RowError(line, "CSRQ", "date_impossible", {}))
        if entered is not None and (
            not _EARLIEST_ADMISSION <= entered <= self._latest_admission or (born is not None and entered <= born)
        ):
            errors.append(RowError(line, "RXRQ", "date_impossible", {}))
        if leaves is not None and entered is not None and leaves <= entered:
            errors.append(RowError(line, "YJBYRQ", "date_impossible", {}))
