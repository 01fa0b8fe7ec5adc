"""XLSX workbooks: the first visible sheet, read after everything about it that could harm or mislead is known."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster import FORMULA_ERROR, Cell
from xuexin_api.gateways.bounded_zip import open_zip

_BLOCK: Final = 1 << 16
_MOST_CELLS: Final = 200
_LARGEST_DIRECTORY: Final = 1 << 20
_LARGEST_UNPACKED: Final = 1 << 30
_HIGHEST_RATIO: Final = 200
# The library lays a sheet out as a full rectangle, 32 bytes a cell: one stray cell in the last corner is 550 GB, and
# ends the process instead of raising. So the corner is known before the library sees the file.
_LARGEST_AREA: Final = 50_000_000
_CELL_PLACE: Final = re.compile(rb"""r=["']([A-Z]{1,3})([0-9]{1,10})["']""")
_FAR_CELL: Final = re.compile(rb"""r=["'](?:A[S-Z][0-9]|[B-Z][A-Z][0-9]|[A-Z]{3}[0-9]|[A-Z]{1,2}[0-9]{7})""")
# The library gives such a cell as an empty one: a class that a formula did not find would be no class.
_FAILED_CELL: Final = re.compile(
    rb"""<(?:\w+:)?c (?=[^>]{0,60}\bt=["']e["'])[^>]{0,60}?r=["']([A-Z]{1,3})([0-9]{1,10})["']"""
)
_MOST_FAILED_CELLS: Final = 10_000
# The library gives the value to the first row of a merged cell, and people see it in all.
_MERGED_CELL: Final = re.compile(
    rb"""mergeCell [^>]{0,20}?ref=["']([A-Z]{1,3}([0-9]{1,10}):[A-Z]{1,3}([0-9]{1,10}))["']"""
)
_LONGEST_PLACE: Final = 128
_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_LARGEST_INDEX: Final = 1 << 20
_SHEET: Final = re.compile(rb"""<(?:\w+:)?sheet\s[^>]*?:id=["']([^"']+)["']""")
_RELATION: Final = re.compile(rb"""<(?:\w+:)?Relationship\s[^>]*>""")
_ATTRIBUTE: Final = re.compile(rb"""\b(Id|Target)=["']([^"']+)["']""")


def read_xlsx(path: Path) -> tuple[int, Iterator[tuple[int, list[Cell]]]]:
    """The first visible sheet: how many lines, and its rows. Formulas count by the value they were saved with."""
    parts = _look_through(path)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        visible = [
            place
            for place, sheet in enumerate(workbook.sheets_metadata)
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        if not visible:
            raise BrokenRuleError("xlsx_no_sheet")
        seen = parts[visible[0]] if visible[0] < len(parts) else _Sheet()
        seen.refuse_merged()
        sheet = workbook.get_sheet_by_index(visible[0])
    except CalamineError:
        raise BrokenRuleError("xlsx_damaged") from None
    return sheet.total_height, _rows(sheet, seen)


def _rows(sheet: CalamineSheet, seen: _Sheet) -> Iterator[tuple[int, list[Cell]]]:
    first_column = (sheet.start or (0, 0))[1]
    rows: Iterator[list[Any]] = sheet.iter_rows()
    try:
        for line, row in enumerate(rows, start=1):
            if len(row) > _MOST_CELLS:
                raise BrokenRuleError("xlsx_too_many_cells", line=line)
            for column in seen.failed.get(line, ()):
                if 0 <= column - 1 - first_column < len(row):
                    row[column - 1 - first_column] = FORMULA_ERROR
            if any(cell != "" for cell in row):
                yield line, [_cell(cell) for cell in row]
    except CalamineError:
        raise BrokenRuleError("xlsx_damaged") from None


def _cell(cell: object) -> Cell:
    """Numbers stay numbers: a long one may have lost digits in the spreadsheet, and the row's rules must know."""
    if cell == "" or cell is None:
        return None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, str | int | float):
        return cell
    # Dates and times of the library are those of datetime; anything else is shown as it prints.
    return cell if hasattr(cell, "strftime") and hasattr(cell, "year") else str(cell)  # type: ignore[return-value]


def _look_through(path: Path) -> list[_Sheet]:
    """What is known of each sheet, in the workbook's order.

    Unpacked once for counting: what the directory of a zip says of sizes is its author's word.
    """
    unpacked = 0
    sheets: dict[str, _Sheet] = {}
    indexes: dict[str, bytes] = {_WORKBOOK: b"", _RELATIONS: b""}
    try:
        with open_zip(path, largest_directory=_LARGEST_DIRECTORY) as archive:
            entries = archive.infolist()
            if _WORKBOOK not in {entry.filename for entry in entries}:
                raise BrokenRuleError("xlsx_damaged")
            bound = max(path.stat().st_size, _BLOCK) * _HIGHEST_RATIO
            for entry in entries:
                name = entry.filename
                sheet = sheets.setdefault(name, _Sheet()) if name.startswith("xl/worksheets/") else None
                entry.file_size = _LARGEST_UNPACKED + 1
                with archive.open(entry) as stream:
                    while block := stream.read(_BLOCK):
                        unpacked += len(block)
                        if unpacked > min(_LARGEST_UNPACKED, bound):
                            raise BrokenRuleError("xlsx_too_large")
                        if sheet is not None:
                            sheet.look(block)
                        elif name in indexes and len(indexes[name]) <= _LARGEST_INDEX:
                            indexes[name] += block
    except BrokenRuleError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error):
        raise BrokenRuleError("xlsx_damaged") from None
    places = _places_of_parts(indexes[_RELATIONS])
    return [sheets.get(places.get(known, ""), _Sheet()) for known in _SHEET.findall(indexes[_WORKBOOK])]


def _places_of_parts(relations: bytes) -> dict[bytes, str]:
    """The file in the archive that an id of the workbook means."""
    places = {}
    for relation in _RELATION.findall(relations):
        facts = dict(_ATTRIBUTE.findall(relation))
        target = facts.get(b"Target", b"").decode(errors="replace")
        places[facts.get(b"Id", b"")] = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return places


class _Sheet:
    """What is found while a sheet streams by: its last row and column, failed formulas, merged cells."""

    def __init__(self) -> None:
        self._tail = b""
        self._row = self._column = 0
        self._merged = ""
        self.failed: dict[int, set[int]] = defaultdict(set)
        """Line → columns, both from 1."""

    def look(self, block: bytes) -> None:
        """Take note; a rectangle that no roster fills is refused."""
        text = self._tail + block
        self._tail = text[-_LONGEST_PLACE:]
        self._look_for_failures(text)
        # A table of a roster's width cannot grow too large, so most sheets are only searched for what is wider.
        if not self._column and not _FAR_CELL.search(text):
            return
        for letters, digits in _CELL_PLACE.findall(text):
            self._row = max(self._row, int(digits))
            self._column = max(self._column, _column_number(letters))
        if self._column > _MOST_CELLS or self._row * self._column > _LARGEST_AREA:
            raise BrokenRuleError("xlsx_stray_cells", rows=self._row, columns=self._column)

    def refuse_merged(self) -> None:
        """Refuse a cell of several rows: each needs its own value."""
        if self._merged:
            raise BrokenRuleError("xlsx_merged_cells", place=self._merged)

    def _look_for_failures(self, text: bytes) -> None:
        if b't="e"' in text or b"t='e'" in text:
            for letters, digits in _FAILED_CELL.findall(text):
                self.failed[int(digits)].add(_column_number(letters))
            if len(self.failed) > _MOST_FAILED_CELLS:
                raise BrokenRuleError("xlsx_formulas_failed", most=_MOST_FAILED_CELLS)
        if not self._merged and b"mergeCell " in text:
            self._merged = next(
                (place.decode() for place, first, last in _MERGED_CELL.findall(text) if first != last), ""
            )


def _column_number(letters: bytes) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
