"""Rows of a sheet: by patterns where they are plain, by a parser where not, and always the same."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster import Cell
from xuexin_api.gateways.shared_strings import SharedStrings
from xuexin_api.gateways.xlsx_cells import DateStyles, SheetRows

_COLUMNS = ["A", "B", "C", "Z", "AA", "GR"]
_DATES = DateStyles(frozenset({"2"}))
_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"))
_CELLS = (
    _TEXTS.map(lambda text: f' t="inlineStr"><is><t>{escape(text)}</t></is></c>')
    | _TEXTS.map(lambda text: f' t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>')
    | st.integers(0, 60_000).map(lambda number: f' s="2"><v>{number}</v></c>')
    | st.floats(-1e9, 1e9).map(lambda number: f' s="1"><v>{number}</v></c>')
    | st.sampled_from([' s="1"/>', "><v></v></c>", ' t="n"><v>7</v></c>', ' t="s"><v>0</v></c>', ' t="b"><v>1</v></c>'])
)


class _Strings(SharedStrings):
    def __missing__(self, number: str) -> str:
        return f"text {number}"


def _read(piece: str) -> list[tuple[int, list[Cell]]]:
    with _Strings() as strings:
        return list(SheetRows("", strings, _DATES).read(piece.encode()))


@given(st.lists(st.dictionaries(st.sampled_from(_COLUMNS), _CELLS, min_size=1), min_size=1, max_size=4), st.booleans())
def test_a_pattern_and_the_parser_read_the_same(rows: list[dict[str, str]], spans: bool) -> None:
    told = ' spans="1:23" x14ac:dyDescent="0.25"' if spans else ""
    piece = "<sheetData>"
    for line, row in enumerate(rows, start=2):
        cells = "".join(f'<c r="{column}{line}"{row[column]}' for column in _COLUMNS if column in row)
        piece += f'<row r="{line}"{told}>{cells}</row>'
    # A comment is nothing to a parser, and not plain.
    assert _read(piece) == _read(piece + "<!-- -->")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ('<c r="B1"><v>1</v></c><c r="A1"><v>1</v></c>', "xlsx_damaged"),
        ('<c r="A1"><v>1e999</v></c>', "xlsx_damaged"),
        ('<c r="A1"><v>NaN</v></c>', "xlsx_damaged"),
        ('<c r="GS1"><v>1</v></c>', "xlsx_too_many_cells"),
        ('</row><row r="1"><c r="A1"><v>1</v></c>', "xlsx_damaged"),
    ],
)
def test_what_is_wrong_with_plain_rows_is_told(row: str, code: str) -> None:
    with pytest.raises(BrokenRuleError, match=code):
        _read(f'<sheetData><row r="1">{row}</row>')
