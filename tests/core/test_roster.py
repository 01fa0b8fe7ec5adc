"""Roster rows: every cell's rule, and what spreadsheets do to numbers."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from support.people import SCHOOLS
from xuexin_api.core.roster import COLUMNS, FORMULA_ERROR, Cell, InstitutionNames
from xuexin_api.core.roster_rows import RosterRow, RosterRowParser
from xuexin_api.demo.rosters import generate_rows

TODAY = date(2026, 11, 1)
HEADER = list(COLUMNS)
PARSER = RosterRowParser(HEADER, InstitutionNames(SCHOOLS), TODAY)
ROW: list[Cell] = list(next(generate_rows(1, seed=3, schools=SCHOOLS)))


def _parse(changes: dict[str, Cell]) -> RosterRow | list[tuple[str, str]]:
    cells = list(ROW)
    for column, cell in changes.items():
        cells[HEADER.index(column)] = cell
    parsed = PARSER.parse(2, cells)
    return parsed if isinstance(parsed, RosterRow) else [(error.column, error.code) for error in parsed]


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("KSH", 12345678901234567.0, "number_stored_as_number"),
        ("XH", 1e15, "number_stored_as_number"),
        ("XH", 10**15 - 1, None),
        ("ZYDM", 80901.0, "number_stored_as_number"),
        ("ZYDM", 510201.0, None),
        ("RXRQ", "2022/9/1", None),
        ("RXRQ", "2022-09-01", None),
        ("RXRQ", datetime(2022, 9, 1), None),  # noqa: DTZ001 - spreadsheets know no zones
        ("RXRQ", "2022-0901", "date_malformed"),
        ("RXRQ", "2022-09/01", "date_malformed"),
        ("RXRQ", "20220931", "date_malformed"),
        ("RXRQ", "20991001", "date_impossible"),
        ("FY", "信息\u3000学院", None),
        ("FY", "信\u200b息", "cell_unprintable"),
        ("FY", "信息\ufffd", "cell_unprintable"),
        ("FY", "#N/A", "formula_failed"),
        ("XH", FORMULA_ERROR, "formula_failed"),
        ("FY", "院" * 80, None),
        ("FY", "院" * 81, "cell_too_long"),
        ("XB", "男" + " " * 300 + "性", "cell_too_long"),
        ("YXMC", "示" * 81, "cell_too_long"),
    ],
)
def test_a_cell_is_taken_or_told(column: str, cell: Cell, code: str | None) -> None:
    changes: dict[str, Cell] = {column: cell, "YJBYRQ": ""}
    if code is None:
        assert isinstance(_parse(changes), RosterRow)
    else:
        assert _parse(changes) == [(column, code)]


def test_a_broken_cell_stays_broken_the_second_time() -> None:
    assert _parse({"CC": "小学"}) == _parse({"CC": "小学"}) == [("CC", "unknown_word")]


def test_a_remembered_word_reads_the_same_with_blanks_around_it() -> None:
    assert _parse({"CC": "本科"}) == _parse({"CC": " 本科 "})


@given(st.sampled_from(HEADER), st.text(max_size=300) | st.integers() | st.floats() | st.dates() | st.none())
def test_any_cell_is_a_row_or_a_list_of_errors(column: str, cell: Cell) -> None:
    parsed = _parse({column: cell})
    assert isinstance(parsed, RosterRow) or parsed


@given(st.sampled_from(HEADER), st.text(max_size=40) | st.sampled_from(ROW) | st.integers() | st.dates() | st.none())
def test_who_has_met_a_class_reads_its_next_row_as_who_meets_it(column: str, cell: Cell) -> None:
    experienced = RosterRowParser(HEADER, InstitutionNames(SCHOOLS), TODAY)
    for met in (ROW, [cell or None for cell in ROW]):
        assert isinstance(experienced.parse(2, met), RosterRow)
    cells = list(ROW)
    cells[HEADER.index(column)] = cell
    fresh = RosterRowParser(HEADER, InstitutionNames(SCHOOLS), TODAY)
    assert experienced.parse(3, cells) == fresh.parse(3, cells)


def _of_birth(digits: str, sex_digit: int) -> dict[str, Cell]:
    body = f"110101{digits}00{sex_digit}"
    card = body + ric.calc_check_digit(body + "0")
    return {"CSRQ": digits, "XB": "男" if sex_digit % 2 else "女", "SFZH": card}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"XB": "男"}, ("XB", "sex_mismatch")),
        ({"CSRQ": "19800902"}, ("CSRQ", "birth_date_mismatch")),
        ({"RXRQ": "20030901"}, ("RXRQ", "date_impossible")),
        ({"KSH": "1"}, ("KSH", "candidate_number_malformed")),
        ({"SFZH": "110101200309010029"}, ("SFZH", "document_check_digit_wrong")),
    ],
)
def test_each_word_has_been_met_and_together_they_are_wrong(changes: dict[str, Cell], wrong: tuple[str, str]) -> None:
    row = dict(zip(HEADER, ROW, strict=True)) | _of_birth("20030901", 2)
    parser = RosterRowParser(HEADER, InstitutionNames(SCHOOLS), TODAY)
    for met in (row, row | _of_birth("19800902", 1) | {"RXRQ": "20030901"}):
        assert isinstance(parser.parse(2, list(met.values())), RosterRow)
    parsed = parser.parse(3, list((row | changes).values()))
    assert not isinstance(parsed, RosterRow)
    assert [(error.column, error.code) for error in parsed] == [wrong]
