"""The rejected rows of a roster as a file of the format that it came in, each with what is wrong with it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Self

import xlsxwriter

from xuexin_api.core.roster import Cell
from xuexin_api.core.roster_lines import harmless
from xuexin_api.gateways.dbf_file import dbf_widths, fit_dbf, write_dbf
from xuexin_api.gateways.roster_files import RosterFile, open_roster
from xuexin_api.gateways.sealed_file import Readable

# Columns of other names are read past: a corrected file may come back as it is.
_TITLES: Final = ("行号", "错误代码", "错误说明")
_DBF_FIELDS: Final = (("CWHH", 10), ("CWDM", 100), ("CWYY", 254))
_SEPARATOR: Final = "; "
_MOST_XLSX_LINES: Final = 1_048_576


@dataclass(slots=True)
class _Line:
    number: int
    codes: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


class RejectedRows:
    """Told of broken cells in the order of lines, it reads the roster once more beside them. Nothing is held but a row.

    Without a broken cell `target` is not written to.
    """

    def __init__(self, source: Readable, target: Path) -> None:
        self._source = source
        self._target = target
        self._line: _Line | None = None
        self._rows: Iterator[tuple[int, list[Cell]]] = iter(())
        self._writing: AbstractContextManager[_Write] | None = None
        self._write: _Write | None = None

    def add(self, line: int, column: str, code: str, reason: str) -> None:
        """One broken cell."""
        if self._line is None or self._line.number != line:
            self._finish_line()
            self._line = _Line(line)
        self._line.codes.append(f"{column}:{code}")
        self._line.reasons.append(f"{column} {reason}")

    def _finish_line(self) -> None:
        if self._line is None:
            return
        write = self._write or self._begin()
        for number, cells in self._rows:
            if number == self._line.number:
                write(cells, self._line)
                return

    def _begin(self) -> _Write:
        roster = open_roster(self._source)
        _, header = next(roster.rows)
        self._rows = roster.rows
        self._writing = _WRITERS[roster.format](self._source, self._target, roster, header)
        self._write = self._writing.__enter__()
        return self._write

    def finish(self) -> None:
        """No more are coming: the file is whole after this."""
        self._finish_line()
        self._close()

    def _close(self) -> None:
        if self._writing is not None:
            self._writing.__exit__(None, None, None)
            self._writing = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()


_Write = Callable[[Sequence[Cell], _Line], None]


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    return cell.strftime("%Y%m%d") if isinstance(cell, date) else str(cell)


@contextmanager
def _csv(_: Readable, target: Path, roster: RosterFile, header: Sequence[Cell]) -> Iterator[_Write]:
    # With its mark, UTF-8 opens in any spreadsheet.
    encoding = "utf-8-sig" if roster.encoding == "utf-8" else roster.encoding
    with target.open("w", encoding=encoding, errors="replace", newline="") as text:
        table = csv.writer(text)
        table.writerow([harmless(_plain(cell)) for cell in header] + list(_TITLES))

        def write(cells: Sequence[Cell], line: _Line) -> None:
            own = [harmless(_plain(cell)) for cell in cells] + [""] * (len(header) - len(cells))
            table.writerow([*own, line.number, _SEPARATOR.join(line.codes), _SEPARATOR.join(line.reasons)])

        yield write


@contextmanager
def _xlsx(_: Readable, target: Path, __: RosterFile, header: Sequence[Cell]) -> Iterator[_Write]:
    """Cells are written by their kind: text is never taken for a formula."""
    with xlsxwriter.Workbook(str(target), {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for place, title in enumerate([*(_plain(cell) for cell in header), *_TITLES]):
            sheet.write_string(0, place, title)
        row = 0

        def write(cells: Sequence[Cell], line: _Line) -> None:
            nonlocal row
            row += 1
            if row >= _MOST_XLSX_LINES:
                return
            for place, cell in enumerate(cells):
                if isinstance(cell, int | float):
                    sheet.write_number(row, place, cell)
                elif cell is not None:
                    sheet.write_string(row, place, _plain(cell))
            sheet.write_number(row, len(header), line.number)
            sheet.write_string(row, len(header) + 1, _SEPARATOR.join(line.codes))
            sheet.write_string(row, len(header) + 2, _SEPARATOR.join(line.reasons))

        yield write


@contextmanager
def _dbf(source: Readable, target: Path, _: RosterFile, header: Sequence[Cell]) -> Iterator[_Write]:
    fields = [*zip(map(str, header), dbf_widths(source), strict=True), *_DBF_FIELDS]
    with write_dbf(target, fields) as add:

        def write(cells: Sequence[Cell], line: _Line) -> None:
            added = (str(line.number), _SEPARATOR.join(line.codes), _SEPARATOR.join(line.reasons))
            add([fit_dbf(text, width) for text, (_, width) in zip([*map(_plain, cells), *added], fields, strict=True)])

        yield write


_WRITERS: Final[dict[str, Callable[[Readable, Path, RosterFile, Sequence[Cell]], AbstractContextManager[Any]]]] = {
    "csv": _csv,
    "xlsx": _xlsx,
    "dbf": _dbf,
}
