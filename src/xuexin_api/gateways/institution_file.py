"""The ministry's list of institutions: a CSV of six columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.gateways.roster_files import open_csv

COLUMNS: Final = ("学校标识码", "学校名称", "主管部门", "所在地", "办学层次", "备注")
_CODE_DIGITS: Final = 10
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class ListedInstitution:
    """One school of the list."""

    code: str
    name: str
    authority: str
    place: str
    level: str
    remark: str


@dataclass(frozen=True, slots=True)
class InstitutionError:
    """A line of the list that breaks a rule."""

    line: int
    column: str
    code: str


def read_institutions(path: Path) -> Iterator[ListedInstitution | InstitutionError]:
    """Each line as an institution or an error; BrokenRuleError where it is another file altogether."""
    rows = open_csv(path).rows
    _, header = next(rows, (0, []))
    titles = [str(cell).strip() for cell in header]
    if titles[: len(COLUMNS)] != list(COLUMNS):
        raise BrokenRuleError("institution_columns_missing", columns="、".join(COLUMNS))
    seen: set[str] = set()
    for line, cells in rows:
        texts = [str(cell or "").strip() for cell in cells] + [""] * len(COLUMNS)
        row = ListedInstitution(*texts[: len(COLUMNS)])
        if not (len(row.code) == _CODE_DIGITS and row.code.isascii() and row.code.isdigit()):
            yield InstitutionError(line, COLUMNS[0], "institution_code_malformed")
        elif row.code in seen:
            yield InstitutionError(line, COLUMNS[0], "institution_code_repeated")
        elif not row.name or any(len(text) > _LONGEST or not text.isprintable() for text in texts):
            yield InstitutionError(line, COLUMNS[1], "institution_name_malformed")
        else:
            seen.add(row.code)
            yield row
