"""Roster files as schools send them: CSV, XLSX or DBF, known by their content, read as a stream."""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster import Cell
from xuexin_api.gateways.dbf_file import looks_like_dbf, read_dbf

_BLOCK: Final = 1 << 16
_LONGEST_LINE: Final = 1 << 20
_MOST_CELLS: Final = 200
_LARGEST_UNPACKED: Final = 1 << 30
_HIGHEST_RATIO: Final = 200
_HEAD: Final = 64
_UTF8_BOM: Final = codecs.BOM_UTF8
_FIRST_IDEOGRAPHIC: Final = "\u2e80"
# The library lays a sheet out as a full rectangle, 32 bytes a cell: one stray cell in the last corner is 550 GB, and
# ends the process instead of raising. So the corner is known before the library sees the file.
_LARGEST_AREA: Final = 50_000_000
_CELL_PLACE: Final = re.compile(rb"""r=["']([A-Z]{1,3})([0-9]{1,10})["']""")
_FAR_CELL: Final = re.compile(rb"""r=["'](?:A[S-Z][0-9]|[B-Z][A-Z][0-9]|[A-Z]{3}[0-9]|[A-Z]{1,2}[0-9]{7})""")
_LONGEST_PLACE: Final = 64

Rows = Iterator[tuple[int, list[Cell]]]


def open_roster(path: Path) -> Rows:
    """(line, cells), the header first. BrokenRuleError where the file as a whole cannot be read."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        raise BrokenRuleError("file_unreadable") from None
    if not head:
        raise BrokenRuleError("file_empty")
    if head.startswith(b"PK"):
        return _read_xlsx(path)
    if looks_like_dbf(head):
        return ((number, list(cells)) for number, cells in read_dbf(path))
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BrokenRuleError("file_utf16")
    if (b"\0" in head[::2]) != (b"\0" in head[1::2]):
        # Every other byte empty: UTF-16 without its mark.
        raise BrokenRuleError("file_utf16")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BrokenRuleError("file_old_excel")
    return read_csv(path)


def read_csv(path: Path) -> Rows:
    """UTF-8, with or without BOM, or GB18030; one encoding for the whole file, lines of a bounded length."""
    encoding = _encoding_of(path)
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as text:
        lines = _Lines(text, beware_of_utf8=encoding != "utf-8")
        reader = csv.reader(lines, strict=True)
        try:
            for cells in reader:
                if len(cells) > _MOST_CELLS:
                    raise BrokenRuleError("csv_too_many_cells", line=reader.line_num)
                lines.length_of_row = 0
                if any(cells):
                    yield reader.line_num, list(cells)
        except csv.Error:
            raise BrokenRuleError("csv_malformed", line=reader.line_num) from None


def _encoding_of(path: Path) -> str:
    """UTF-8 if the whole file is that, else GB18030 if it is that. A file in two encodings is neither."""
    with path.open("rb") as stream:
        marked = stream.read(len(_UTF8_BOM)) == _UTF8_BOM
    # Most of UTF-8 can be read as GB18030, as other characters: a file that says it is UTF-8 is nothing else.
    for encoding in ("utf-8",) if marked else ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise BrokenRuleError("file_encoding_unknown")


class _Lines:
    """Lines as they are; a line, or a row of many lines, without an end in sight is refused before it fills memory."""

    def __init__(self, text: TextIO, *, beware_of_utf8: bool) -> None:
        self._text = text
        self._beware_of_utf8 = beware_of_utf8
        self._number = 0
        self.length_of_row = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self.length_of_row += len(line)
        if self.length_of_row > _LONGEST_LINE:
            raise BrokenRuleError("csv_line_too_long", line=self._number)
        if "\0" in line:
            raise BrokenRuleError("file_binary")
        if self._beware_of_utf8 and not line.isascii() and _reads_as_utf8(line):
            raise BrokenRuleError("file_encoding_unknown")
        return line


def _reads_as_utf8(line: str) -> bool:
    """Whether a line read as GB18030 is Chinese in UTF-8: by chance this does not happen to a whole line."""
    try:
        other = line.encode("gb18030").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(character.isascii() or character >= _FIRST_IDEOGRAPHIC for character in other)


def _read_xlsx(path: Path) -> Rows:
    """The first visible sheet. Formulas count by the value they were saved with."""
    _refuse_bomb(path)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheets = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        if not sheets:
            raise BrokenRuleError("xlsx_no_sheet")
        rows: Iterator[list[Any]] = workbook.get_sheet_by_name(sheets[0]).iter_rows()
        for line, row in enumerate(rows, start=1):
            if len(row) > _MOST_CELLS:
                raise BrokenRuleError("xlsx_too_many_cells", line=line)
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


def _refuse_bomb(path: Path) -> None:
    """Unpack once for counting: what the directory of a zip says of sizes is its author's word."""
    unpacked = 0
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if "xl/workbook.xml" not in {entry.filename for entry in entries}:
                raise BrokenRuleError("xlsx_damaged")
            bound = max(path.stat().st_size, _BLOCK) * _HIGHEST_RATIO
            for entry in entries:
                sheet = _Corner() if entry.filename.startswith("xl/worksheets/") else None
                entry.file_size = _LARGEST_UNPACKED + 1
                with archive.open(entry) as stream:
                    while block := stream.read(_BLOCK):
                        unpacked += len(block)
                        if unpacked > min(_LARGEST_UNPACKED, bound):
                            raise BrokenRuleError("xlsx_too_large")
                        if sheet is not None:
                            sheet.look(block)
    except BrokenRuleError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error):
        raise BrokenRuleError("xlsx_damaged") from None


class _Corner:
    """The last row and column of a sheet, found while it streams by."""

    def __init__(self) -> None:
        self._tail = b""
        self._row = self._column = 0

    def look(self, block: bytes) -> None:
        """Take note of the places of cells; a rectangle that no roster fills is refused."""
        text = self._tail + block
        self._tail = text[-_LONGEST_PLACE:]
        # A table of a roster's width cannot grow too large, so most sheets are only searched for what is wider.
        if not self._column and not _FAR_CELL.search(text):
            return
        for letters, digits in _CELL_PLACE.findall(text):
            self._row = max(self._row, int(digits))
            self._column = max(self._column, _column_number(letters))
        if self._column > _MOST_CELLS or self._row * self._column > _LARGEST_AREA:
            raise BrokenRuleError("xlsx_stray_cells", rows=self._row, columns=self._column)


def _column_number(letters: bytes) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
