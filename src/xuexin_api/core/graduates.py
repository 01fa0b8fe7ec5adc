"""The list of graduates that schools upload: how each student left, with certificate and degree."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.record_life import Change
from xuexin_api.core.roster import Cell, InstitutionNames, RowError
from xuexin_api.core.roster_cells import check_cell, read_student_number, read_text, text_of_cell

COLUMNS: Final = {
    "XH": "学号",
    "YXDM": "院校代码",
    "BYJL": "毕结业结论",
    "BYRQ": "毕业日期",
    "ZSBH": "证书编号",
    "XZXM": "校长姓名",
    "XWMC": "学位名称",
    "XWZSBH": "学位证书编号",
}
_CONCLUSIONS: Final = {
    "毕业": Change.GRADUATE,
    "结业": Change.COMPLETE,
    "肄业": Change.LEAVE_INCOMPLETE,
}
_MAY_BE_MISSING: Final = frozenset({"ZSBH", "XZXM", "XWMC", "XWZSBH"})


class Graduate(NamedTuple):
    """How a student of this school left; 肄业 has no certificate."""

    institution_code: str
    student_number: str
    change: Change
    left_on: date
    certificate_number: str | None
    president_name: str | None
    degree_name: str | None
    degree_number: str | None


class GraduateRowParser:
    """Parses rows of one file. A broken row gives every broken cell, not only the first."""

    def __init__(
        self, header: Sequence[Cell], institutions: InstitutionNames, only_institution: str | None = None
    ) -> None:
        titles = {title: code for code, title in COLUMNS.items()}
        found = [unicodedata.normalize("NFKC", str(cell or "")).strip().strip("\ufeff") for cell in header]
        codes = [titles.get(name, name.upper()) for name in found]
        for code in COLUMNS:
            if codes.count(code) > 1:
                raise BrokenRuleError("roster_column_repeated", column=code)
        self._places = {code: place for place, code in enumerate(codes)}
        missing = [code for code in COLUMNS if code not in self._places and code not in _MAY_BE_MISSING]
        if missing:
            raise BrokenRuleError("roster_columns_missing", columns=", ".join(missing))
        self._institutions = institutions
        self._only_institution = only_institution

    def parse(self, line: int, cells: Sequence[Cell]) -> Graduate | list[RowError]:
        """The row, or everything that is wrong with it."""
        errors: list[RowError] = []
        values: dict[str, str] = {}
        for code in COLUMNS:
            try:
                values[code] = self._text(cells, code)
            except BrokenRuleError as broken:
                errors.append(RowError(line, code, broken.code, broken.params))
        if errors:
            return errors
        change = _CONCLUSIONS.get(values["BYJL"])
        left_on = _day(values["BYRQ"])
        school = self._school(line, values["YXDM"], errors)
        if change is None:
            errors.append(RowError(line, "BYJL", "unknown_word", {"known": "、".join(_CONCLUSIONS)}))
        if left_on is None:
            errors.append(RowError(line, "BYRQ", "date_malformed", {}))
        if change is not None:
            errors += [RowError(line, column, code, {}) for column, code in _misfits(values, change)]
        if errors or change is None or left_on is None or school is None:
            return errors
        optional: Mapping[str, str | None] = {code: values[code] or None for code in _MAY_BE_MISSING}
        return Graduate(
            school,
            values["XH"],
            change,
            left_on,
            optional["ZSBH"],
            optional["XZXM"],
            optional["XWMC"],
            optional["XWZSBH"],
        )

    def _text(self, cells: Sequence[Cell], code: str) -> str:
        """What a cell says, by the rules of rosters: a published certificate is not mended by the next list."""
        place = self._places.get(code)
        cell = cells[place] if place is not None and place < len(cells) else None
        text = unicodedata.normalize("NFKC", text_of_cell(cell)).strip()
        if not text:
            if code not in _MAY_BE_MISSING:
                raise BrokenRuleError("cell_empty")
            return text
        check_cell(code, cell, text)
        return read_student_number(text) if code == "XH" else read_text(text)

    def _school(self, line: int, code: str, errors: list[RowError]) -> str | None:
        try:
            found = self._institutions.resolve(code, "")
            if self._only_institution not in {None, found}:
                raise BrokenRuleError("institution_not_yours")
        except BrokenRuleError as broken:
            errors.append(RowError(line, "YXDM", broken.code, broken.params))
            return None
        return found


def _misfits(values: Mapping[str, str], change: Change) -> Iterator[tuple[str, str]]:
    """What a conclusion needs and has not, or has and cannot have: column and rule."""
    if change is Change.LEAVE_INCOMPLETE:
        if values["ZSBH"]:
            yield "ZSBH", "certificate_not_of_this_conclusion"
    else:
        yield from ((column, "cell_empty") for column in ("ZSBH", "XZXM") if not values[column])
    if bool(values["XWMC"]) is not bool(values["XWZSBH"]):
        yield "XWZSBH" if values["XWMC"] else "XWMC", "cell_empty"
    if values["XWMC"] and change is not Change.GRADUATE:
        yield "XWMC", "degree_without_graduation"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
