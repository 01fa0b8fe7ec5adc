"""The life of a record: the drawn table, the calendar, and numbers of certificates."""

from __future__ import annotations

import re
from datetime import date
from itertools import product

import pytest

from xuexin_api.cli.migration import PROJECT
from xuexin_api.core.certificates import check_certificate_number, check_degree
from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.messages import catalogue
from xuexin_api.core.record_life import REASONS, ROSTER_MOVES, Change, frozen_year, outcome, registration_ends
from xuexin_api.settings import Settings

POLICY = Settings().record_policy()
DRAWING = (PROJECT / "openapi" / "record-life.md").read_text(encoding="utf-8")
DRAWN = {
    (source, change): target for source, target, change in re.findall(r"(\w+) --> (\w+): (\w+)$", DRAWING, re.MULTILINE)
}


@pytest.mark.parametrize("status", EnrollmentStatus)
def test_what_can_become_of_a_record_is_what_is_drawn(status: EnrollmentStatus) -> None:
    for change in Change:
        assert outcome(status, change) == DRAWN.get((str(status), str(change))), change


def test_nobody_comes_back_who_has_left_and_no_roster_lets_anybody_leave() -> None:
    gone = [status for status in EnrollmentStatus if not status.enrolled]
    for status, change in product(gone, Change):
        target = outcome(status, change)
        assert target is None or not target.enrolled, (status, change)
    assert all(source.enrolled and target.enrolled for source, target in ROSTER_MOVES)


def test_every_change_and_reason_has_words() -> None:
    assert REASONS.keys() == set(Change)
    wanted = {f"record_change_{change}" for change in Change}
    wanted |= {f"record_reason_{reason}" for reasons in REASONS.values() for reason in reasons}
    assert wanted <= catalogue().keys()


@pytest.mark.parametrize(
    ("day", "year"),
    [("2027-06-30", None), ("2027-07-01", 2027), ("2027-08-31", 2027), ("2027-09-01", None)],
)
def test_the_freeze_begins_on_the_first_of_july_and_ends_with_the_school_year(day: str, year: int | None) -> None:
    assert frozen_year(date.fromisoformat(day), POLICY) == year


@pytest.mark.parametrize(
    ("entry", "last"),
    [("2026-09-01", "2026-12-01"), ("2026-11-30", "2027-02-28"), ("2027-11-30", "2028-02-29")],
)
def test_a_new_student_is_registered_within_three_months(entry: str, last: str) -> None:
    assert registration_ends(date.fromisoformat(entry), POLICY) == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("number", "year", "broken"),
    [
        ("990011202705000001", 2027, None),
        ("99001120270500000", 2001, None),
        ("990011202705000001", 2001, "certificate_number_malformed"),
        ("99001120270500000X", 2027, "certificate_number_malformed"),
        ("990021202705000001", 2027, "certificate_institution_mismatch"),
        ("990015202705000001", 2027, "certificate_type_mismatch"),
        ("990011202605000001", 2027, "certificate_year_mismatch"),
        ("990011202706000001", 2027, "certificate_level_mismatch"),
    ],
)
def test_a_certificate_number_says_school_kind_year_and_level(number: str, year: int, broken: str | None) -> None:
    def check() -> None:
        check_certificate_number(
            number,
            institution_code="4199999001",
            category="普通高等教育",
            level="本科",
            graduated_on=date(year, 7, 1),
        )

    if broken is None:
        check()
        return
    with pytest.raises(BrokenRuleError, match=broken):
        check()


@pytest.mark.parametrize(("day", "kept"), [("2008-08-31", False), ("2008-09-01", True)])
def test_degrees_are_kept_from_september_2008_on(day: str, kept: bool) -> None:
    if kept:
        check_degree("9900142008000001", date.fromisoformat(day))
        return
    with pytest.raises(BrokenRuleError, match="degree_too_early"):
        check_degree("9900142008000001", date.fromisoformat(day))
