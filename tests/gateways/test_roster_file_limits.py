"""Files that would fill the memory, or be read as something they are not."""

from __future__ import annotations

import codecs
import struct
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from support.archive import HEADER
from support.people import SCHOOLS
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster import FORMULA_ERROR
from xuexin_api.demo.rosters import generate_rows, write_roster
from xuexin_api.gateways.photo_archive import open_photo_zip
from xuexin_api.gateways.roster_files import open_roster

HEAD = ",".join(HEADER) + "\n"


def _written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "roster"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("row", "column"), [(1_048_575, 16_383), (1_048_575, 1), (5, 200)])
def test_a_stray_cell_far_away_costs_nothing_and_belongs_to_no_column(tmp_path: Path, row: int, column: int) -> None:
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ["x"] * 3)
        sheet.write_string(row, column, "stray")
    header, first, *rest = open_roster(path).rows
    assert (header, first) == ((1, HEADER), (2, ["x"] * 3 + [None] * (len(HEADER) - 3)))
    assert [(line, cells[column]) for line, cells in rest] == ([(row + 1, "stray")] if column == 1 else [])


_BOOK = '<workbook xmlns:r="r"><sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets></workbook>'
_RELATIONS = (
    '<Relationships><Relationship Id="rId1" Type="t/worksheet" Target="/xl/worksheets/s.xml"/>'
    '<Relationship Id="rId2" Type="t/sharedStrings" Target="sharedStrings.xml"/>'
    '<Relationship Id="rId3" Type="t/styles" Target="styles.xml"/></Relationships>'
)
_STYLES = (
    '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/>'
    '<numFmt numFmtId="171" formatCode="[Red]0.00&quot;yd&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/>'
    '</cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs></styleSheet>'
)


def _book(path: Path, sheet: str, strings: str = "<sst></sst>") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", _BOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", _RELATIONS)
        archive.writestr("xl/styles.xml", _STYLES)
        archive.writestr("xl/sharedStrings.xml", strings)
        archive.writestr("xl/worksheets/s.xml", sheet)
    return path


def test_cells_are_read_as_other_programs_write_them(tmp_path: Path) -> None:
    strings = (
        '<x:sst xmlns:x="x"><x:si><x:r><x:t>东</x:t></x:r><x:r><x:rPr/><x:t>方 &amp; 西</x:t></x:r>'
        "<x:rPh sb='0' eb='1'><x:t>dong</x:t></x:rPh></x:si><x:si><x:t/></x:si></x:sst>"
    )
    sheet = (
        '<x:worksheet xmlns:x="x"><x:cols/><x:sheetData><x:row><x:c t="s"><x:v>0</x:v></x:c>'
        '<x:c t="s"><x:v>1</x:v></x:c>'
        '<x:c t="inlineStr"><x:is><x:r><x:t>甲</x:t></x:r><x:r><x:t>乙</x:t></x:r>'
        "<x:rPh><x:t>jia</x:t></x:rPh></x:is></x:c>"
        '<x:c/><x:c t="str"><x:f>"a"&amp;"b"</x:f><x:v>ab</x:v></x:c></x:row><x:row r="4"/>\n<x:row r="7">'
        '<x:c r="A7" s="1"><x:v>45000</x:v></x:c><x:c r="B7" s="2"><x:v>45000</x:v></x:c>'
        '<x:c r="C7" t="b"><x:v>1</x:v></x:c>'
        '<x:c r="E7" t="e"><x:v>#N/A</x:v></x:c></x:row></x:sheetData><x:mergeCells/></x:worksheet>'
    )
    assert list(open_roster(_book(tmp_path / "r.xlsx", sheet, strings)).rows) == [
        (1, ["东方 & 西", None, "甲乙", None, "ab"]),
        (7, [datetime(2023, 3, 15), 45000.0, "TRUE", None, FORMULA_ERROR]),  # noqa: DTZ001
    ]


_ROW = '<row r="1"><c t="inlineStr"><is><t>KSH</t></is></c></row>'


@pytest.mark.parametrize(
    ("sheet", "strings"),
    [
        (f"<worksheet><sheetData>{_ROW}{'<a>' * 600_000}</sheetData></worksheet>", ""),
        (f"<worksheet><sheetData>{_ROW}<row a='{'x' * (2 << 20)}'/></sheetData></worksheet>", ""),
        (f"<worksheet><sheetData>{_ROW}", ""),
        (f"<worksheet><sheetData>{_ROW}{_ROW}</sheetData></worksheet>", ""),
        ('<worksheet><sheetData><row><c t="s"><v>7</v></c></row></sheetData></worksheet>', ""),
        ('<worksheet><sheetData><row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row></sheetData></worksheet>', ""),
        (
            "<!DOCTYPE a [<!ENTITY b 'c'>]><worksheet><sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>",
            "",
        ),
        ("<worksheet><sheetData/></worksheet>", f"<sst><si><t>{'x' * (2 << 20)}</t></si></sst>"),
    ],
    ids=["deep", "long tag", "no end", "line twice", "no such text", "cells backwards", "entity", "long text"],
)
def test_a_sheet_that_would_fill_memory_or_is_unsound_is_refused(tmp_path: Path, sheet: str, strings: str) -> None:
    with pytest.raises(BrokenRuleError, match=r"xlsx_damaged|xlsx_too_large"):
        list(open_roster(_book(tmp_path / "r.xlsx", sheet, strings or "<sst></sst>")).rows)


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


_ZIPS: list[Callable[[Path], object]] = [
    lambda path: open_roster(path).rows,
    lambda path: open_photo_zip(path).__enter__(),
]


@pytest.mark.parametrize("opened", _ZIPS)
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


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("opened", _ZIPS)
def test_a_zip_that_can_be_unpacked_only_in_large_pieces_is_refused(
    tmp_path: Path, opened: Callable[[Path], object], packing: int
) -> None:
    path = tmp_path / "dense.zip"
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("22001234567890.jpg", b"x")
    with pytest.raises(BrokenRuleError, match="zip_packing_unknown"):
        opened(path)
