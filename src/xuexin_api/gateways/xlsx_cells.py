"""Rows of a sheet out of its XML: texts, numbers and dates as the spreadsheet keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Final
from xml.parsers import expat

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster import FORMULA_ERROR, Cell
from xuexin_api.gateways.shared_strings import SharedStrings
from xuexin_api.gateways.xml_pieces import parse_small

_MOST_CELLS: Final = 200
_LAST_LINE: Final = 1_048_576
_DIGITS: Final = "0123456789"
_LETTERS: Final = re.compile(r"[A-Z]{1,3}")


def _letters(column: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)  # noqa: PLR2004


# Where a column stands by its letters; those further right are none of a table.
COLUMNS: Final = {_letters(column): column for column in range(_MOST_CELLS)}
# The formats of dates that a workbook need not write down.
_BUILT_IN_DATES: Final = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
# What of a format is shown as it stands, or is no part of the value: quoted, escaped, filled up, in brackets.
_ASIDE: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_DATE_LETTER: Final = re.compile(r"[ymdhs]", re.IGNORECASE)
# Rows as nearly every program writes them, without a formula or anything that is to be resolved or refused.
_PLAIN_CELL: Final = (
    rb'<c r="[A-Z]{1,3}[0-9]{1,7}"(?: s="[0-9]{1,6}")?(?: t="(?:s|n|inlineStr)")?'
    rb"(?:/>|>(?:<v>[^<&\x00-\x1f]*+</v>"
    rb'|<is><t(?: xml:space="preserve")?>[^<&\x00-\x1f]*+</t></is>)</c>)'
)
_PLAIN_ROWS: Final = re.compile(
    rb'(?:<piece>|<sheetData>)((?:<row r="[0-9]{1,7}"(?: (?!r=)[A-Za-z0-9:]{1,40}="[^"<&\x00-\x1f]{0,80}+")*+>(?:'
    + _PLAIN_CELL
    + rb")*+</row>)*+)"
)
_LINE_OF_ROW: Final = re.compile(r'<row r="([0-9]+)"')
_PARTS_OF_CELL: Final = re.compile(
    r'<c r="([A-Z]+)[0-9]+"(?: s="([0-9]+)")?(?: t="([A-Za-z]+)")?(?:/>|>(?:<v>|<is><t[^>]*>)([^<]*))'
)
_SINCE_1900: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a calendar's day, of no zone
_SINCE_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class DateStyles:
    """Which numbers are days, and since when they are counted."""

    styles: frozenset[str] = frozenset()
    since: datetime = _SINCE_1900

    def read(self, text: str, style: str | None) -> float | datetime:
        """A cell's number, or the day it stands for."""
        number = float(text)
        if not isfinite(number):
            # The format knows such numbers, and no spreadsheet has them in a cell.
            raise BrokenRuleError("xlsx_damaged")
        if style not in self.styles:
            return number
        try:
            return self.since + timedelta(days=number)
        except (OverflowError, ValueError):
            return number


def read_date_styles(styles: bytes, *, since_1904: bool) -> DateStyles:
    """Out of the workbook's table of styles."""
    formats = set(map(str, _BUILT_IN_DATES))
    found: list[bool] = []
    is_of_cells = False

    def element(name: str, facts: dict[str, str]) -> None:
        nonlocal is_of_cells
        if name == "numFmt" and _DATE_LETTER.search(_ASIDE.sub("", facts.get("formatCode", ""))):
            formats.add(facts.get("numFmtId", ""))
        elif name in {"cellXfs", "cellStyleXfs"}:
            is_of_cells = name == "cellXfs"
        elif name == "xf" and is_of_cells:
            found.append(facts.get("numFmtId") in formats)

    parse_small(styles, element)
    dates = frozenset(str(number) for number, is_date in enumerate(found) if is_date)
    return DateStyles(dates, _SINCE_1904 if since_1904 else _SINCE_1900)


class SheetRows:
    """Rows of a sheet, told in pieces.

    Each is as wide as the first, which is the header: what stands beside the table belongs to no column.
    """

    def __init__(self, prefix: str, strings: SharedStrings, dates: DateStyles) -> None:
        self._prefix = prefix
        self._strings = strings
        self._dates = dates
        self._line = 0
        self._width = 0

    def read(self, piece: bytes) -> Iterator[tuple[int, list[Cell]]]:
        """Those of a piece that hold anything."""
        for line, cells in self._take_plain(piece) or self._parse(piece):
            width = self._width
            if len(cells) != width:
                del cells[width:]
                cells.extend([None] * (width - len(cells)))
            if cells.count(None) != width:
                yield line, cells

    def _take_plain(self, piece: bytes) -> list[tuple[int, list[Cell]]] | None:
        """A piece of plain rows by patterns, in half of the time; None where anything about it is not plain."""
        plain = _PLAIN_ROWS.fullmatch(piece)
        try:
            text = plain[1].decode() if plain else ""
        except UnicodeDecodeError:
            return None
        rows: list[tuple[int, list[Cell]]] = []
        for row in text.split("</row>")[:-1]:
            cells: list[Cell] = []
            line = _LINE_OF_ROW.match(row)
            rows.append((self._next_line(line and line[1]), cells))
            for letters, style, kind, value in _PARTS_OF_CELL.findall(row):
                if value:
                    self._place(cells, letters, kind, style, value)
            self._width = self._width or len(cells)
        return rows

    def _parse(self, piece: bytes) -> list[tuple[int, list[Cell]]]:  # noqa: C901 - two closures count as one
        """Nearly all of the time goes into being told of beginnings and texts. So of ends nothing is told."""
        rows: list[tuple[int, list[Cell]]] = []
        cells: list[Cell] = []
        cell: dict[str, str] | None = None
        heard: list[str] = []
        has_value = is_deaf = False
        row_name, cell_name, *values = (f"{self._prefix}{name}" for name in ("row", "c", "v", "t"))
        # How a text is pronounced, and what else may come behind a value.
        others = [f"{self._prefix}{name}" for name in ("rPh", "extLst", "f")]

        def finish() -> None:
            nonlocal has_value
            if has_value and heard:
                facts = cell or {}
                text = heard[0] if len(heard) == 1 else "".join(heard)
                self._place(cells, facts.get("r"), facts.get("t"), facts.get("s"), text)
            elif cell is not None and "r" not in cell:
                cells.append(None)
            has_value = False

        def start(name: str, facts: dict[str, str]) -> None:
            nonlocal cell, cells, has_value, is_deaf
            if name == cell_name:
                finish()
                cell = facts
                if is_deaf:
                    parser.CharacterDataHandler = heard.append
                    is_deaf = False
            elif name in values:
                if not has_value:
                    # What was heard until here is a formula, or blanks between elements.
                    heard.clear()
                    has_value = True
            elif name == row_name:
                finish()
                self._width = self._width or len(cells)
                cell, cells = None, []
                rows.append((self._next_line(facts.get("r")), cells))
            elif has_value and name in others:
                parser.CharacterDataHandler = None
                is_deaf = True

        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = start
        parser.CharacterDataHandler = heard.append
        parser.Parse(piece)
        finish()
        self._width = self._width or len(cells)
        # They know each other, and would stay until garbage is looked for.
        parser.StartElementHandler = None
        return rows

    def _next_line(self, text: str | None) -> int:
        line = self._line + 1 if text is None else int(text)
        if not self._line < line <= _LAST_LINE:
            raise BrokenRuleError("xlsx_damaged")
        self._line = line
        return line

    def _place(self, cells: list[Cell], reference: str | None, kind: str | None, style: str | None, text: str) -> None:
        """Put a cell where its letters say, which is never before another that came first."""
        column = len(cells) if reference is None else COLUMNS.get(reference.rstrip(_DIGITS))
        if column is None:
            self._refuse_unless_beside(str(reference))
            return
        missing = column - len(cells)
        if missing:
            if missing < 0:
                raise BrokenRuleError("xlsx_damaged")
            cells.extend([None] * missing)
        if kind == "s":
            cells.append(self._strings[text] or None)
        elif kind in ("inlineStr", "str"):
            cells.append(text)
        else:
            cells.append(self._other(text, kind, style))

    def _refuse_unless_beside(self, reference: str) -> None:
        if not _LETTERS.fullmatch(reference.rstrip(_DIGITS)):
            raise BrokenRuleError("xlsx_damaged")
        if not self._width:
            raise BrokenRuleError("xlsx_too_many_cells", line=self._line)

    def _other(self, text: str, kind: str | None, style: str | None) -> Cell:
        if kind == "e":
            return FORMULA_ERROR
        if kind == "b":
            return "TRUE" if text.strip() == "1" else "FALSE"
        if kind == "d":
            return datetime.fromisoformat(text.strip())
        return self._dates.read(text, style)
