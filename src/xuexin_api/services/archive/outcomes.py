"""学历 and 学位 as their holder reads them, and why there is none where there is none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from xuexin_api.core.code_tables import EnrollmentStatus

Explanation = Literal["no_record", "enrolled", "left_without_certificate"]
DegreeExplanation = Literal["no_degree_reported"]


@dataclass(frozen=True, slots=True)
class QualificationView:
    """学历 in the source's display order."""

    id: UUID
    enrollment_id: UUID
    name: str
    sex: str
    birth_date: date
    admission_date: date
    graduation_date: date
    institution_code: str
    institution_name: str
    place: str
    programme_code: str
    programme_name: str
    category: str
    duration_years: Decimal
    study_form: str
    level: str
    conclusion: str
    exchanged_on: date | None
    president_name: str
    certificate_number: str
    photo_kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QualificationPage:
    """Some of one's 学历, and what to know of what is not among them."""

    items: list[QualificationView]
    explanation: Explanation | None
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DegreeView:
    """学位, as the awarding institution reported it."""

    id: UUID
    enrollment_id: UUID
    institution_code: str
    institution_name: str
    name: str
    certificate_number: str
    awarded_on: date


@dataclass(frozen=True, slots=True)
class DegreePage:
    """Some of one's 学位."""

    items: list[DegreeView]
    explanation: DegreeExplanation | None
    next_cursor: str | None


def explain(statuses: Collection[str], *, any_qualification: bool) -> Explanation | None:
    """Why somebody with records in these statuses misses a 学历.

    Who is in school has 学籍 only, for that school, whatever was finished before.
    """
    if any(EnrollmentStatus(status).enrolled for status in statuses):
        return "enrolled"
    if any_qualification:
        return None
    return "left_without_certificate" if statuses else "no_record"


def qualification_view(row: Mapping[str, Any]) -> QualificationView:
    """A row as it is shown."""
    plain = {name: row[name] for name in QualificationView.__slots__}
    return QualificationView(**{**plain, "photo_kinds": tuple(row["photo_kinds"] or ())})


def degree_view(row: Mapping[str, Any]) -> DegreeView:
    """A row as it is shown."""
    return DegreeView(**{name: row[name] for name in DegreeView.__slots__})
