"""XLSX workbooks: the first visible sheet as a stream, after everything about it that could mislead is known."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Final
from xml.parsers import expat

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster import Cell
from xuexin_api.gateways.bounded_zip import open_zip
from xuexin_api.gateways.sealed_file import Readable
from xuexin_api.gateways.shared_strings import SharedStrings
from xuexin_api.gateways.xlsx_cells import COLUMNS, DateStyles, SheetRows, read_date_styles
from xuexin_api.gateways.xml_pieces import Pieces, parse_small

_BLOCK: Final = 1 << 16
_LARGEST_DIRECTORY: Final = 1 << 20
_LARGEST_UNPACKED: Final = 1 << 30
_HIGHEST_RATIO: Final = 200
# The value of a merged cell stands in its first row and column only, and people see it in all.
_MERGED_CELL: Final = re.compile(
    rb"""mergeCell [^>]{0,20}?ref=["'](([A-Z]{1,3})([0-9]{1,10}):([A-Z]{1,3})([0-9]{1,10}))["']"""
)
_LONGEST_PLACE: Final = 128
_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_LARGEST_SMALL_PART: Final = 1 << 20
_DAMAGE: Final = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    zlib.error,
    expat.ExpatError,
)


def read_xlsx(file: Readable) -> tuple[int, Iterator[tuple[int, list[Cell]]]]:
    """The first visible sheet: about how many lines, and its rows. Formulas count by the value they were saved with."""
    seen = _look_through(file)
    with _opened(file) as archive:
        book = _read_book(archive)
    sheet = seen.get(book.sheet, _Seen())
    if sheet.merged:
        raise BrokenRuleError("xlsx_merged_cells", place=sheet.merged)
    rows = _rows(file, book)
    if sheet.wide and (header := next(rows, None)) is not None:
        sheet.refuse_merged_columns(header[1])
        rows = chain([header], rows)
    return sheet.lines, rows


def _rows(file: Readable, book: _Book) -> Iterator[tuple[int, list[Cell]]]:
    with _opened(file) as archive, SharedStrings() as strings:
        if book.strings is not None:
            with archive.open(book.strings) as stream:
                strings.read(Pieces(stream, container=b"sst", element=b"si"))
        with archive.open(book.sheet) as stream:
            pieces = Pieces(stream, container=b"sheetData", element=b"row")
            rows = SheetRows(pieces.prefix, strings, book.dates)
            for piece in pieces:
                yield from rows.read(piece)


@contextmanager
def _opened(file: Readable) -> Iterator[zipfile.ZipFile]:
    """The workbook; whatever is wrong with it is one refusal."""
    try:
        with open_zip(file, largest_directory=_LARGEST_DIRECTORY) as archive:
            yield archive
    except BrokenRuleError:
        raise
    except _DAMAGE:
        raise BrokenRuleError("xlsx_damaged") from None


@dataclass(slots=True)
class _Seen:
    """What is found while a sheet streams by: how many rows, and the first cell that is merged over several.

    `wide` are cells merged in one row: from which column, to which, and where; of each column the widest.
    """

    lines: int = 0
    merged: str = ""
    wide: dict[int, tuple[int, str]] = field(default_factory=dict)
    _tail: bytes = b""

    def look(self, block: bytes) -> None:
        self.lines += block.count(b"row>")
        text = self._tail + block
        self._tail = text[-_LONGEST_PLACE:]
        if not self.merged and b"mergeCell " in text:
            for place, left, top, right, bottom in _MERGED_CELL.findall(text):
                if top != bottom:
                    self.merged = place.decode()
                    break
                first, last = (COLUMNS.get(side.decode(), len(COLUMNS)) for side in (left, right))
                if last > self.wide.get(first, (first, ""))[0]:
                    self.wide[first] = last, place.decode()

    def refuse_merged_columns(self, header: list[Cell]) -> None:
        """Beside the table, or over one column of it, a merged cell takes nothing away."""
        named = [column for column, title in enumerate(header) if title not in {None, ""}]
        for first, (last, place) in self.wide.items():
            if sum(first <= column <= last for column in named) > 1:
                raise BrokenRuleError("xlsx_merged_columns", place=place)


def _look_through(file: Readable) -> dict[str, _Seen]:
    """What is known of each sheet. Unpacked once for counting: what a zip says of sizes is its author's word."""
    unpacked = 0
    sheets: dict[str, _Seen] = {}
    with file.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
    bound = min(_LARGEST_UNPACKED, max(size, _BLOCK) * _HIGHEST_RATIO)
    with _opened(file) as archive:
        for entry in archive.infolist():
            name = entry.filename
            sheet = sheets.setdefault(name, _Seen()) if name.startswith("xl/worksheets/") else None
            entry.file_size = _LARGEST_UNPACKED + 1
            with archive.open(entry) as stream:
                while block := stream.read(_BLOCK):
                    unpacked += len(block)
                    if unpacked > bound:
                        raise BrokenRuleError("xlsx_too_large")
                    if sheet is not None:
                        sheet.look(block)
    return sheets


@dataclass(slots=True)
class _Book:
    """Where in the archive things are that the rows need."""

    sheet: str = ""
    strings: str | None = None
    dates: DateStyles = field(default_factory=DateStyles)


def _read_book(archive: zipfile.ZipFile) -> _Book:
    parts: dict[str, tuple[str, str]] = {}
    visible: list[str] = []
    since_1904 = False

    def relation(name: str, facts: dict[str, str]) -> None:
        if name == "Relationship":
            # A place that begins with / is the archive's; what the others are beside is the workbook.
            place = posixpath.normpath(posixpath.join("/xl", facts["Target"])).lstrip("/")
            parts[facts["Id"]] = (facts["Type"].rpartition("/")[2], place)

    def sheet(name: str, facts: dict[str, str]) -> None:
        nonlocal since_1904
        if name == "workbookPr":
            since_1904 = facts.get("date1904") in {"1", "true"}
        if name == "sheet" and facts.get("state", "visible") == "visible":
            identifier = next(value for key, value in facts.items() if key.endswith(":id"))
            if parts[identifier][0] == "worksheet":
                visible.append(parts[identifier][1])

    try:
        parse_small(_small(archive, _RELATIONS), relation)
        parse_small(_small(archive, _WORKBOOK), sheet)
    except StopIteration:
        raise BrokenRuleError("xlsx_damaged") from None
    if not visible:
        raise BrokenRuleError("xlsx_no_sheet")
    places = dict(parts.values())
    styles = places.get("styles")
    dates = read_date_styles(_small(archive, styles), since_1904=since_1904) if styles else DateStyles()
    return _Book(visible[0], places.get("sharedStrings"), dates)


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        data = stream.read(_LARGEST_SMALL_PART + 1)
    if len(data) > _LARGEST_SMALL_PART:
        raise BrokenRuleError("xlsx_damaged")
    return data
