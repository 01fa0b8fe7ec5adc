"""Roster files as schools send them: CSV, XLSX or DBF, known by their content, read as a stream."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TextIO

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster import Cell
from xuexin_api.core.roster_lines import as_it_was
from xuexin_api.gateways.dbf_file import count_dbf, looks_like_dbf, read_dbf
from xuexin_api.gateways.sealed_file import Readable
from xuexin_api.gateways.xlsx_file import read_xlsx

_BLOCK: Final = 1 << 16
_LONGEST_LINE: Final = 1 << 20
_MOST_CELLS: Final = 200
_HEAD: Final = 64
_UTF8_BOM: Final = codecs.BOM_UTF8
_FIRST_IDEOGRAPHIC: Final = "\u2e80"

Rows = Iterator[tuple[int, list[Cell]]]
Format = Literal["csv", "xlsx", "dbf"]


@dataclass(frozen=True, slots=True)
class RosterFile:
    """A roster ready to be read: (line, cells), the header first. `length` is about how many rows follow it."""

    format: Format
    encoding: str
    length: int
    rows: Rows


def open_roster(file: Readable) -> RosterFile:
    """BrokenRuleError where the file as a whole cannot be read, here or while its rows are."""
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        raise BrokenRuleError("file_unreadable") from None
    if not head:
        raise BrokenRuleError("file_empty")
    if head.startswith(b"PK"):
        lines, rows = read_xlsx(file)
        return RosterFile("xlsx", "utf-8", max(lines - 1, 0), rows)
    if looks_like_dbf(head):
        records: Rows = ((number, list(cells)) for number, cells in read_dbf(file))
        return RosterFile("dbf", "gb18030", count_dbf(file), records)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BrokenRuleError("file_utf16")
    if (b"\0" in head[::2]) != (b"\0" in head[1::2]):
        # Every other byte empty: UTF-16 without its mark.
        raise BrokenRuleError("file_utf16")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BrokenRuleError("file_old_excel")
    return open_csv(file)


def open_csv(file: Readable) -> RosterFile:
    """A CSV, whatever it is a table of."""
    encoding, lines = _encoding_of(file)
    return RosterFile("csv", encoding, max(lines - 1, 0), _read_csv(file, encoding))


def _read_csv(file: Readable, encoding: str) -> Rows:
    """UTF-8, with or without BOM, or GB18030; one encoding for the whole file, lines of a bounded length."""
    with io.TextIOWrapper(
        file.open("rb"), encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline=""
    ) as text:
        lines = _Lines(text, beware_of_utf8=encoding != "utf-8")
        reader = csv.reader(lines, strict=True)
        try:
            for cells in reader:
                if len(cells) > _MOST_CELLS:
                    raise BrokenRuleError("csv_too_many_cells", line=reader.line_num)
                quoted, lines.quoted, lines.length_of_row = lines.quoted, False, 0
                if any(cells):
                    yield reader.line_num, list(map(as_it_was, cells)) if quoted else list(cells)
        except csv.Error:
            raise BrokenRuleError("csv_malformed", line=reader.line_num) from None


def _encoding_of(file: Readable) -> tuple[str, int]:
    """UTF-8 if the whole file is that, else GB18030; one in two encodings is neither. And how many lines there are."""
    with file.open("rb") as stream:
        marked = stream.read(len(_UTF8_BOM)) == _UTF8_BOM
    # Most of UTF-8 can be read as GB18030, as other characters: a file that says it is UTF-8 is nothing else.
    for encoding in ("utf-8",) if marked else ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        lines = 0
        try:
            with file.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    decoder.decode(block)
                    lines += block.count(b"\n")
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding, lines
    raise BrokenRuleError("file_encoding_unknown")


class _Lines:
    """Lines as they are; a line, or a row of many lines, without an end in sight is refused before it fills memory."""

    def __init__(self, text: TextIO, *, beware_of_utf8: bool) -> None:
        self._text = text
        self._beware_of_utf8 = beware_of_utf8
        self.length_of_row = 0
        self.quoted = False
        """Whether a cell may begin with a quotation mark, which few files have."""

    def __iter__(self) -> Iterator[str]:
        read = self._text.readline
        for number, line in enumerate(iter(partial(read, _LONGEST_LINE + 1), ""), start=1):
            self.length_of_row += len(line)
            if self.length_of_row > _LONGEST_LINE:
                raise BrokenRuleError("csv_line_too_long", line=number)
            if "'" in line:
                self.quoted = True
            if "\0" in line:
                raise BrokenRuleError("file_binary")
            if self._beware_of_utf8 and not line.isascii() and _reads_as_utf8(line):
                raise BrokenRuleError("file_encoding_unknown")
            yield line


def _reads_as_utf8(line: str) -> bool:
    """Whether a line read as GB18030 is Chinese in UTF-8: by chance this does not happen to a whole line."""
    try:
        other = line.encode("gb18030").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(character.isascii() or character >= _FIRST_IDEOGRAPHIC for character in other)
