"""Files that would fill the memory, or be read as something they are not."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from support.archive import HEADER
from support.people import SCHOOLS
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.demo.rosters import generate_rows, write_roster
from xuexin_api.gateways.photo_archive import count_photos
from xuexin_api.gateways.roster_files import open_roster

HEAD = ",".join(HEADER) + "\n"


def _written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "roster"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("row", "column", "refused"),
    [(1_048_575, 16_383, True), (1_048_575, 60, True), (5, 200, True), (5, 199, False)],
)
def test_a_stray_cell_far_away_is_refused_before_a_sheet_is_laid_out(
    tmp_path: Path, row: int, column: int, *, refused: bool
) -> None:
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_string(row, column, "x")
    if refused:
        with pytest.raises(BrokenRuleError, match="xlsx_stray_cells"):
            list(open_roster(path).rows)
    else:
        assert len(list(open_roster(path).rows)) == 2


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (codecs.BOM_UTF8 + HEAD.encode() + "张三".encode() + b"\xd5\xc5,x\n", "file_encoding_unknown"),
        ((HEAD + "张三丰,李\n").encode("gb18030") + "王五,赵六\n".encode(), "file_encoding_unknown"),
        (HEAD.encode("utf-16-le"), "file_utf16"),
        (HEAD.encode("utf-16-be"), "file_utf16"),
        (HEAD.encode() + b'"\n' + b'","\n' * 400_000, "csv_line_too_long"),
    ],
)
def test_a_file_that_would_be_misread_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(BrokenRuleError, match=code):
        list(open_roster(_written(tmp_path, data)).rows)


def test_a_table_of_numbers_is_no_dbf(tmp_path: Path) -> None:
    assert [cells for _, cells in open_roster(_written(tmp_path, b"1,2,3\n" * 20)).rows] == [["1", "2", "3"]] * 20


def test_lines_of_commas_only_are_no_rows(tmp_path: Path) -> None:
    assert len(list(open_roster(_written(tmp_path, HEAD.encode() + b",,,\n" * 3)).rows)) == 1


def test_a_character_cut_at_a_fields_width_breaks_its_cell_only(tmp_path: Path) -> None:
    path = tmp_path / "r.dbf"
    rows = list(generate_rows(2, seed=3, schools=SCHOOLS))
    rows[0][13] = "院" * 20
    write_roster(path, rows, kind="dbf")
    data = path.read_bytes()
    full = ("院" * 20).encode("gb18030")
    path.write_bytes(data.replace(full, b" " + full[:-1]))
    read = [cells for _, cells in open_roster(path).rows]
    assert str(read[1][13]).endswith("\ufffd")
    assert read[2] == rows[1]


@pytest.mark.parametrize("opened", [lambda path: open_roster(path).rows, count_photos])
def test_a_zip_whose_directory_would_fill_memory_is_refused_unread(
    tmp_path: Path, opened: Callable[[Path], object]
) -> None:
    path = tmp_path / "wide.zip"
    with path.open("wb") as stream:
        stream.write(b"PK\x03\x04")
        # Sparse, as its author need not be: a directory of 100 MiB, and the end that announces it.
        stream.truncate(100 << 20)
        stream.seek(0, 2)
        stream.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, (100 << 20) - 4, 4, 0))
    with pytest.raises(BrokenRuleError, match="zip_directory_too_large"):
        opened(path)
