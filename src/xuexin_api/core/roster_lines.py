"""A record as a row of the roster format, and rows as the text of a CSV. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from xuexin_api.core.code_tables import EnrollmentStatus

_SEXES: Final = {"male": "男", "female": "女"}
# What a spreadsheet takes for the beginning of a formula, in full width, too, as it is typed in Chinese.
_ACTIVE: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")


class RosterRecord(Protocol):
    """What a roster says of a student."""

    candidate_number: str | None
    student_number: str
    name: str
    sex: str
    birth_date: date
    ethnicity: str
    programme_code: str
    programme_name: str
    branch: str | None
    department: str | None
    class_name: str | None
    level: str
    duration_years: Decimal
    study_form: str
    grade: int | None
    admission_date: date
    expected_graduation_date: date | None
    status: str


def roster_cells(record: RosterRecord, document_number: str, institution: tuple[str, str]) -> list[str]:
    """The cells of core.roster.COLUMNS; those of what is not kept are empty. `institution` is (code, name)."""
    leaves = record.expected_graduation_date
    return [
        record.candidate_number or "",
        "",
        record.student_number,
        record.name,
        _SEXES[record.sex],
        _day(record.birth_date),
        document_number,
        "",
        record.ethnicity,
        *institution,
        record.programme_code,
        record.programme_name,
        record.branch or "",
        record.department or "",
        record.class_name or "",
        record.level,
        f"{record.duration_years.normalize():f}",
        record.study_form,
        "" if record.grade is None else str(record.grade),
        _day(record.admission_date),
        "" if leaves is None else _day(leaves),
        EnrollmentStatus(record.status).word,
    ]


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Lines of a CSV."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def harmless(text: str) -> str:
    """In a CSV a cell is what a spreadsheet makes of it: with a quotation mark in front it stays text."""
    return f"'{text}" if text.startswith(_ACTIVE) else text


def as_it_was(text: str) -> str:
    """A cell before `harmless`: a file of ours that comes back changes nothing by its quotation marks."""
    return text[1:] if text.startswith("'") and text.startswith(_ACTIVE, 1) else text


def _day(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"
