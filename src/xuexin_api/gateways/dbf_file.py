"""DBF tables of dBase and FoxPro: fixed-width text in GBK. Read strictly and as a stream."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.gateways.sealed_file import Readable

_HEADER: Final = struct.Struct("<BxBBIHH20x")
_FIELD: Final = struct.Struct("<11sc4xBB14x")
_END_OF_FIELDS: Final = 0x0D
_DELETED: Final = 0x2A
_ALIVE: Final = 0x20
_VERSIONS: Final = frozenset((0x03, 0x30, 0x31, 0x83, 0x8B, 0xF5))
_MONTHS: Final = 12
_DAYS: Final = 31
_MOST_FIELDS: Final = 255
_WIDEST_RECORD: Final = 65_535
_RECORDS_AT_ONCE: Final = 500
# Text, numbers, dates and yes/no are all text in the file; memo and binary fields do not belong into a roster.
_TEXT_KINDS: Final = frozenset(b"CNFDL")


def looks_like_dbf(head: bytes) -> bool:
    """Whether the first bytes are those of a table with a plausible header."""
    if len(head) < _HEADER.size:
        return False
    version, month, day, _, header_size, record_size = _HEADER.unpack_from(head)
    # The date of the last change tells a table from a text that begins with a digit.
    dated = month <= _MONTHS and day <= _DAYS
    return version in _VERSIONS and dated and header_size > _HEADER.size and 1 < record_size <= _WIDEST_RECORD


def count_dbf(file: Readable) -> int:
    """How many records a table announces; no more than it can hold."""
    with file.open("rb") as stream:
        count, header_size, record_size = map(int, _HEADER.unpack(stream.read(_HEADER.size))[3:])
        return min(count, max(0, stream.seek(0, io.SEEK_END) - header_size) // record_size)


def read_dbf(file: Readable) -> Iterator[tuple[int, list[str]]]:
    """(number, cells): the names of the fields as number 0, then the records from 1; deleted ones are passed over."""
    with file.open("rb") as stream:
        version, _, _, count, header_size, record_size = _HEADER.unpack(stream.read(_HEADER.size))
        names, widths = _fields(stream, header_size)
        if version not in _VERSIONS or 1 + sum(widths) != record_size:
            raise BrokenRuleError("dbf_damaged")
        yield 0, list(names)
        if stream.seek(0, io.SEEK_END) < header_size + count * record_size:
            raise BrokenRuleError("file_truncated")
        stream.seek(header_size)
        yield from _records(stream, count, record_size, widths)


def _fields(stream: BinaryIO, header_size: int) -> tuple[list[str], list[int]]:
    names: list[str] = []
    widths: list[int] = []
    while len(names) <= _MOST_FIELDS:
        raw = stream.read(1)
        if raw and raw[0] == _END_OF_FIELDS and names and stream.tell() <= header_size:
            return names, widths
        raw += stream.read(_FIELD.size - 1)
        if len(raw) != _FIELD.size:
            break
        name, kind, width, _ = _FIELD.unpack(raw)
        title = _decode(name.split(b"\0")[0])
        if not title.isprintable():
            break
        if kind[0] not in _TEXT_KINDS or not width:
            raise BrokenRuleError("dbf_field_not_text", column=title)
        names.append(title)
        widths.append(width)
    raise BrokenRuleError("dbf_damaged")


def _records(stream: BinaryIO, count: int, size: int, widths: list[int]) -> Iterator[tuple[int, list[str]]]:
    unpack = struct.Struct("c" + "".join(f"{width}s" for width in widths)).unpack_from
    number = 0
    while number < count:
        wanted = min(_RECORDS_AT_ONCE, count - number)
        block = stream.read(wanted * size)
        if len(block) < wanted * size:
            raise BrokenRuleError("file_truncated")
        for place in range(wanted):
            number += 1
            mark, *cells = unpack(block, place * size)
            if mark[0] == _DELETED:
                continue
            if mark[0] != _ALIVE:
                raise BrokenRuleError("dbf_damaged")
            try:
                yield number, [cell.rstrip(b" \0").decode("gb18030") for cell in cells]
            except UnicodeDecodeError:
                yield number, [_decode_damaged(cell.rstrip(b" \0")) for cell in cells]


def dbf_widths(file: Readable) -> list[int]:
    """How many bytes each field of a table holds."""
    with file.open("rb") as stream:
        header_size = _HEADER.unpack(stream.read(_HEADER.size))[4]
        return _fields(stream, header_size)[1]


@contextmanager
def write_dbf(path: Path, fields: Sequence[tuple[str, int]]) -> Iterator[Callable[[Sequence[str]], None]]:
    """A table of version 3 with text fields (name, bytes) only: call what it gives with each row's cells.

    ValueError where a cell is wider than its field.
    """
    widths = [width for _, width in fields]
    count = 0
    with path.open("wb") as stream:
        # The number of records is written when it is known. The date is no one's.
        header_size = _HEADER.size + _FIELD.size * len(fields) + 1
        stream.write(struct.pack("<B3BIHH20x", 3, 126, 9, 1, 0, header_size, 1 + sum(widths)))
        for name, width in fields:
            stream.write(_FIELD.pack(name.encode("gb18030"), b"C", width, 0))
        stream.write(bytes([_END_OF_FIELDS]))

        def add(row: Sequence[str]) -> None:
            nonlocal count
            count += 1
            cells = [cell.encode("gb18030", errors="replace") for cell in row]
            if any(len(cell) > width for cell, width in zip(cells, widths, strict=True)):
                raise ValueError(f"a cell is wider than its DBF field: {row}")
            stream.write(b" " + b"".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)))

        yield add
        stream.write(b"\x1a")
        stream.seek(4)
        stream.write(struct.pack("<I", count))


def fit_dbf(text: str, width: int) -> str:
    """As much of a text as a field holds."""
    return text.encode("gb18030", errors="replace")[:width].decode("gb18030", errors="ignore")


def _decode_damaged(raw: bytes) -> str:
    """Programs cut a text at the field's width, in the middle of a character: that cell is broken, not the file."""
    return raw.decode("gb18030", errors="replace")


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError:
        raise BrokenRuleError("file_encoding_unknown") from None
