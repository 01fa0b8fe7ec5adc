"""Roster files as schools send them: CSV, XLSX or DBF, known by their content, read as a stream."""

from __future__ import annotations

import codecs
import csv
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
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BrokenRuleError("file_old_excel")
    return read_csv(path)


def read_csv(path: Path) -> Rows:
    """UTF-8, with or without BOM, or GB18030; one encoding for the whole file, lines of a bounded length."""
    encoding = _encoding_of(path)
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as text:
        reader = csv.reader(_lines(text), strict=True)
        try:
            for cells in reader:
                if len(cells) > _MOST_CELLS:
                    raise BrokenRuleError("csv_too_many_cells", line=reader.line_num)
                if cells:
                    yield reader.line_num, list(cells)
        except csv.Error:
            raise BrokenRuleError("csv_malformed", line=reader.line_num) from None


def _encoding_of(path: Path) -> str:
    """UTF-8 if the whole file is that, else GB18030 if it is that. A file in two encodings is neither."""
    for encoding in ("utf-8", "gb18030"):
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


def _lines(text: TextIO) -> Iterator[str]:
    """Lines as they are; one without an end in sight is refused before it fills the memory."""
    number = 0
    while line := text.readline(_LONGEST_LINE + 1):
        number += 1
        if len(line) > _LONGEST_LINE:
            raise BrokenRuleError("csv_line_too_long", line=number)
        if "\0" in line:
            raise BrokenRuleError("file_binary")
        yield line


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
                entry.file_size = _LARGEST_UNPACKED + 1
                with archive.open(entry) as stream:
                    while block := stream.read(_BLOCK):
                        unpacked += len(block)
                        if unpacked > min(_LARGEST_UNPACKED, bound):
                            raise BrokenRuleError("xlsx_too_large")
    except BrokenRuleError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error):
        raise BrokenRuleError("xlsx_damaged") from None
