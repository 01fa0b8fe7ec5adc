"""Roster files of every kind, and every kind of damage."""

from __future__ import annotations

import codecs
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.archive import HEADER
from support.people import SCHOOLS
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster import FORMULA_ERROR
from xuexin_api.demo.rosters import Format, generate_rows, write_roster
from xuexin_api.gateways.roster_files import open_roster

ROWS = list(generate_rows(120, seed=3, schools=SCHOOLS))


def _read(path: Path) -> list[list[str]]:
    return [["" if cell is None else str(cell) for cell in cells] for _, cells in open_roster(path).rows]


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [("csv", "utf-8"), ("csv", "utf-8-sig"), ("csv", "gb18030"), ("xlsx", "utf-8"), ("dbf", "gb18030")],
)
def test_every_format_gives_the_same_rows(tmp_path: Path, kind: Format, encoding: str) -> None:
    path = tmp_path / "a file without a telling name"
    write_roster(path, ROWS, kind=kind, encoding=encoding)
    assert _read(path) == [HEADER, *ROWS]


def _written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "roster"
    path.write_bytes(data)
    return path


HEAD = ",".join(HEADER).encode() + b"\n"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (codecs.BOM_UTF16_LE + "姓名".encode("utf-16-le"), "file_utf16"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file_old_excel"),
        (HEAD + b"\0\0\0\n", "file_binary"),
        (HEAD + "张三,".encode() + "李四\n".encode("gb18030") + b"\xff\n", "file_encoding_unknown"),
        (HEAD + b"x" * (1 << 20) + b"xx", "csv_line_too_long"),
        (HEAD + b",".join([b"x"] * 300), "csv_too_many_cells"),
        (HEAD + b'"never closed\n' + b"x\n" * 100_000, "csv_malformed"),
        (HEAD + b'"a"b,c\n', "csv_malformed"),
        (b"PK\x03\x04 not a zip", "xlsx_damaged"),
    ],
)
def test_a_damaged_file_is_refused_with_its_reason(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(BrokenRuleError, match=code):
        _read(_written(tmp_path, data))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_like(tmp_path: Path, end: str) -> None:
    data = end.join([",".join(HEADER), ",".join(ROWS[0]), ",".join(ROWS[1])])
    assert _read(_written(tmp_path, data.encode())) == [HEADER, ROWS[0], ROWS[1]]


def test_an_encoding_that_shows_only_late_is_still_seen(tmp_path: Path) -> None:
    plain = ",".join("x" for _ in HEADER).encode() + b"\n"
    data = HEAD + plain * 40_000 + "张三".encode("gb18030") + b"\n"
    assert _read(_written(tmp_path, data))[-1] == ["张三"]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    path = _written(tmp_path, HEAD + b'"a\nb",c\n\nlast\n')
    assert [line for line, _ in open_roster(path).rows] == [1, 3, 5]


@pytest.mark.parametrize("cut", [10, 40, 500, 5000])
def test_a_truncated_dbf_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "r.dbf"
    write_roster(path, ROWS, kind="dbf")
    path.write_bytes(path.read_bytes()[:-cut])
    if cut == 10:
        path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(BrokenRuleError):
        _read(path)


def test_deleted_records_of_a_dbf_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "r.dbf"
    write_roster(path, ROWS[:3], kind="dbf")
    data = bytearray(path.read_bytes())
    data[32 + 32 * len(HEADER) + 1] = 0x2A
    path.write_bytes(data)
    assert _read(path) == [HEADER, *ROWS[1:3]]


def test_a_dbf_with_unprintable_names_is_damaged_and_shows_none_of_them(tmp_path: Path) -> None:
    path = tmp_path / "r.dbf"
    write_roster(path, ROWS[:1], kind="dbf")
    data = bytearray(path.read_bytes())
    data[32:34] = b"\x1b["
    path.write_bytes(data)
    with pytest.raises(BrokenRuleError, match="dbf_damaged"):
        _read(path)


def test_a_truncated_xlsx_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    write_roster(path, ROWS, kind="xlsx")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BrokenRuleError, match="xlsx_damaged"):
        _read(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000_000)
    with pytest.raises(BrokenRuleError, match="xlsx_too_large"):
        _read(path)


def test_only_the_first_visible_sheet_counts_and_numbers_stay_numbers(tmp_path: Path) -> None:
    path = tmp_path / "sheets.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        hidden = book.add_worksheet("hidden")
        hidden.write_string(0, 0, "secret")
        hidden.hide()
        shown = book.add_worksheet("shown")
        shown.activate()
        shown.set_first_sheet()
        shown.write_row(2, 0, HEADER[:3])
        shown.write_row(3, 0, ["22001", 43, 119999200309010020])
        shown.write_formula(4, 0, "=1+1", value=2)
    rows = list(open_roster(path).rows)
    assert [cells[0] for _, cells in rows] == ["KSH", "22001", 2.0]
    assert isinstance(rows[1][1][2], float)
    assert "secret" not in str(rows)


def _book(path: Path, fill: Callable[[xlsxwriter.worksheet.Worksheet], None], *, first: int = 0, left: int = 0) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        # Another sheet stands before it, hidden, with everything that is wrong.
        hidden = book.add_worksheet("hidden & more")
        hidden.write_formula(first + 1, 0, "=1/0", value="#DIV/0!")
        hidden.merge_range(0, 5, 9, 5, "merged")
        hidden.hide()
        shown = book.add_worksheet("名册")
        shown.activate()
        shown.set_first_sheet()
        shown.write_row(first, left, HEADER[:3])
        for place in range(1, 4):
            shown.write_row(first + place, left, [f"2200{place}", "43", f"2{place}"])
        fill(shown)


@pytest.mark.parametrize(("first", "left"), [(0, 0), (4, 2)])
def test_a_failed_formula_is_seen_and_is_not_an_empty_cell(tmp_path: Path, first: int, left: int) -> None:
    path = tmp_path / "r.xlsx"
    _book(path, lambda sheet: sheet.write_formula(first + 2, left + 1, "=NA()", None, "#N/A"), first=first, left=left)
    assert [(line, cells[left + 1]) for line, cells in open_roster(path).rows][1:] == [
        (first + 2, "43"),
        (first + 3, FORMULA_ERROR),
        (first + 4, "43"),
    ]


def test_cells_merged_over_several_rows_are_refused_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    _book(path, lambda sheet: sheet.merge_range(1, 4, 3, 4, "一班"))
    with pytest.raises(BrokenRuleError, match="xlsx_merged_cells") as broken:
        _read(path)
    assert broken.value.params == {"place": "E2:E4"}


def _merged(left: int, right: int, sheet: xlsxwriter.worksheet.Worksheet) -> None:
    sheet.merge_range(9, left, 9, right, "note")


def test_cells_merged_over_columns_are_refused_where_more_than_one_has_a_name(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    # Beside the table, out of it, and as far to the right as a sheet goes.
    for left, right in ((4, 6), (2, 16_383), (9_000, 9_001)):
        _book(path, partial(_merged, left, right))
        assert _read(path)[1][:3] == ["22001", "43", "21"]
    _book(path, lambda sheet: sheet.merge_range(4, 0, 4, 1, "王小明"))
    with pytest.raises(BrokenRuleError, match="xlsx_merged_columns") as broken:
        _read(path)
    assert broken.value.params == {"place": "A5:B5"}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from([b"", b"PK\x03\x04", b"\x03\x7e\x09\x01\x05\0\0\0\x41\0\x11\0" + b"\0" * 20, HEAD]),
    data=st.binary(max_size=400),
)
def test_any_bytes_are_rows_or_a_refusal(tmp_path: Path, head: bytes, data: bytes) -> None:
    path = _written(tmp_path, head + data)
    try:
        assert all(isinstance(cells, list) for _, cells in open_roster(path).rows)
    except BrokenRuleError:
        return
