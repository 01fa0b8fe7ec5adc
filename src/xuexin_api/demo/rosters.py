"""Roster files of any size, in every format schools use."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import chain
from math import ceil
from pathlib import Path
from typing import Final, Literal

import xlsxwriter

from xuexin_api.core.roster import COLUMNS
from xuexin_api.demo.people import DemoStudent, make_students
from xuexin_api.gateways.dbf_file import write_dbf

Format = Literal["csv", "xlsx", "dbf"]
_DBF_WIDTHS: Final = {"XM": 60, "YXMC": 60, "ZYMC": 60, "FY": 40, "XSH": 40, "BH": 40}
_DBF_WIDTH: Final = 24
_MOST_XLSX_LINES: Final = 1_048_576


def roster_row(student: DemoStudent) -> list[str]:
    """A student as the 23 columns of the roster format."""
    return [
        student.candidate_number,
        "43",
        student.student_number,
        student.name,
        student.sex,
        f"{student.birth_date:%Y%m%d}",
        student.document_number,
        "共青团员",
        student.ethnicity,
        student.institution_code[-5:],
        student.institution_name,
        student.programme_code,
        student.programme_name,
        "",
        student.department,
        student.class_name,
        student.level,
        student.duration,
        "普通全日制",
        f"{student.admission_date:%Y}",
        f"{student.admission_date:%Y%m%d}",
        f"{student.expected_graduation_date:%Y%m%d}",
        student.status,
    ]


def generate_rows(
    count: int, *, seed: int, schools: list[tuple[str, str]], entered: date | None = None
) -> Iterator[list[str]]:
    """Rows without the header; the same for the same seed. All entered on that day, where there is one."""
    students = make_students(count, seed=seed, schools=schools)
    return (roster_row(student if entered is None else _entered(student, entered)) for student in students)


def _entered(student: DemoStudent, day: date) -> DemoStudent:
    leaves = date(day.year + ceil(float(student.duration)), 7, 1)
    return replace(student, admission_date=day, expected_graduation_date=leaves)


def write_roster(path: Path, rows: Iterable[list[str]], *, kind: Format, encoding: str = "utf-8") -> None:
    """A roster file with its header. DBF is GBK (GB18030), XLSX has text cells only."""
    if kind == "csv":
        with path.open("w", encoding=encoding, newline="") as text:
            csv.writer(text).writerows(chain([list(COLUMNS)], rows))
    elif kind == "xlsx":
        with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as workbook:
            sheet = workbook.add_worksheet("学籍")
            for line, row in enumerate(chain([list(COLUMNS)], rows)):
                if line == _MOST_XLSX_LINES:
                    # The library would drop the rest without a word.
                    raise ValueError(f"an XLSX sheet ends at line {_MOST_XLSX_LINES}")
                for column, cell in enumerate(row):
                    sheet.write_string(line, column, cell)
    else:
        with write_dbf(path, [(code, _DBF_WIDTHS.get(code, _DBF_WIDTH)) for code in COLUMNS]) as add:
            for row in rows:
                add(row)
