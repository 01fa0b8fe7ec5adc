"""毕业, 结业 and 学位: what must hold, and the rows that come of it, whoever says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from xuexin_api.core.certificates import check_certificate_number, check_degree
from xuexin_api.core.clock import china_date
from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.entropy import born_at
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.record_life import CERTIFIED, Change, RecordFacts

CONCLUSIONS: Final[Mapping[Change, str]] = {Change.GRADUATE: "graduated", Change.COMPLETE: "completed"}
_COPIED: Final = ("person_id", *CERTIFIED)


def facts_of(row: Mapping[str, Any]) -> RecordFacts:
    """What decides about a record. Only a graduation asks when something was changed that a certificate says."""
    certified, transferred = row.get("certified_change"), row.get("transferred_in", False)
    return RecordFacts(
        status=EnrollmentStatus(row["status"]),
        admission_date=row["admission_date"],
        expected_graduation_date=row["expected_graduation_date"],
        programme_code=row["programme_code"],
        programme_name=row["programme_name"],
        grade=row["grade"],
        registered_year=row["registered_year"],
        leaving_date=row["leaving_date"],
        certified_change=None if certified is None else china_date(certified),
        known_since=None if transferred else china_date(born_at(row["id"])),
    )


def judge_certificate(row: Mapping[str, Any], number: str, graduated_on: date) -> None:
    """BrokenRuleError unless this record can have a certificate of this number."""
    check_certificate_number(
        number,
        institution_code=row["institution_code"],
        category=row["category"],
        level=row["level"],
        graduated_on=graduated_on,
    )


def judge_degree(row: Mapping[str, Any], number: str, awarded_on: date) -> None:
    """BrokenRuleError unless this record can have a degree of this number."""
    if row["level"] == "专科":
        raise BrokenRuleError("degree_not_of_this_level")
    check_degree(number, awarded_on)


def qualification_of(
    row: Mapping[str, Any],
    qualification_id: UUID,
    *,
    change: Change,
    graduated_on: date,
    number: str,
    president_name: str,
    now: datetime,
) -> dict[str, Any]:
    """The 学历 that comes of a record."""
    return {name: row[name] for name in _COPIED} | {
        "id": qualification_id,
        "enrollment_id": row["id"],
        "graduation_date": graduated_on,
        "conclusion": CONCLUSIONS[change],
        "president_name": president_name,
        "certificate_number": number,
        "published_at": now,
    }


def degree_of(
    row: Mapping[str, Any], degree_id: UUID, *, name: str, number: str, awarded_on: date, now: datetime
) -> dict[str, Any]:
    """The 学位 that comes of a record."""
    return {
        "id": degree_id,
        "enrollment_id": row["id"],
        "person_id": row["person_id"],
        "institution_code": row["institution_code"],
        "name": name,
        "certificate_number": number,
        "awarded_on": awarded_on,
        "published_at": now,
    }


def before_and_after(row: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields that differ, as the history keeps them."""
    differing = {name: value for name, value in after.items() if row.get(name) != value}
    return {
        "before": {name: plain(row.get(name)) for name in differing},
        "after": {name: plain(value) for name, value in differing.items()},
    }


def plain(value: object) -> object:
    """As JSON keeps it, and as the database itself writes a roster's records into the history."""
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
