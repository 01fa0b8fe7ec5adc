"""The life of a 学籍 record: which change leads from which status to which, why, and when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.errors import (
    ChangeNotAllowedError,
    FieldProblem,
    InvalidRequestError,
    RecordFrozenError,
    RegistrationPeriodOverError,
)
from xuexin_api.core.policies import RecordPolicy


class Change(StrEnum):
    """学籍异动, and what else a school writes into a record."""

    REGISTER = "register"
    REGISTER_YEAR = "register_year"
    AWAIT_REGISTRATION = "await_registration"
    DEFER_REGISTRATION = "defer_registration"
    SUSPEND = "suspend"
    RESUME = "resume"
    RETAIN = "retain"
    CHANGE_PROGRAMME = "change_programme"
    REPEAT_YEAR = "repeat_year"
    SKIP_YEAR = "skip_year"
    WITHDRAW = "withdraw"
    EXPEL = "expel"
    RECORD_DEATH = "record_death"
    GRADUATE = "graduate"
    COMPLETE = "complete"
    LEAVE_INCOMPLETE = "leave_incomplete"
    EXCHANGE_CERTIFICATE = "exchange_certificate"
    AWARD_DEGREE = "award_degree"
    TRANSFER_OUT = "transfer_out"


_S: Final = EnrollmentStatus
_IN_SCHOOL: Final = frozenset(status for status in _S if status.enrolled)
_PRESENT: Final = frozenset({_S.REGISTERED, _S.REGISTRATION_PENDING, _S.REGISTRATION_DEFERRED})
_STUDYING: Final = frozenset({_S.REGISTERED})


@dataclass(frozen=True, slots=True)
class _Rule:
    """From which statuses, to which, for which reasons; `certified` changes what a certificate will say."""

    sources: frozenset[EnrollmentStatus]
    target: EnrollmentStatus
    reasons: tuple[str, ...]
    certified: bool = False


CERTIFIED: Final = (
    "institution_code",
    "name",
    "sex",
    "birth_date",
    "level",
    "programme_code",
    "programme_name",
    "duration_years",
    "category",
    "study_form",
    "admission_date",
)
"""What a certificate says of a record."""
PROVINCE_APPROVED: Final = "province_approved"
"""The reason that opens a registration after its three months."""
_TABLE: Final[Mapping[Change, _Rule]] = {
    Change.REGISTER: _Rule(
        frozenset({_S.REGISTRATION_PENDING, _S.REGISTRATION_DEFERRED}),
        _S.REGISTERED,
        ("entry_examined", PROVINCE_APPROVED),
    ),
    Change.REGISTER_YEAR: _Rule(_PRESENT, _S.REGISTERED, ("year_begun",)),
    Change.AWAIT_REGISTRATION: _Rule(_STUDYING, _S.REGISTRATION_PENDING, ("year_begun",)),
    Change.DEFER_REGISTRATION: _Rule(
        frozenset({_S.REGISTERED, _S.REGISTRATION_PENDING}),
        _S.REGISTRATION_DEFERRED,
        ("fees_unpaid", "not_reported"),
    ),
    Change.SUSPEND: _Rule(_PRESENT, _S.SUSPENDED, ("health", "start_up", "student_request")),
    Change.RESUME: _Rule(frozenset({_S.SUSPENDED, _S.RETAINED}), _S.REGISTERED, ("leave_ended", "service_ended")),
    Change.RETAIN: _Rule(_PRESENT | {_S.SUSPENDED}, _S.RETAINED, ("military_service", "joint_training", "health")),
    Change.CHANGE_PROGRAMME: _Rule(
        _STUDYING, _S.REGISTERED, ("student_request", "programme_closed", "service_ended"), certified=True
    ),
    Change.REPEAT_YEAR: _Rule(_STUDYING, _S.REGISTERED, ("credits_missing", "student_request")),
    Change.SKIP_YEAR: _Rule(_STUDYING, _S.REGISTERED, ("ahead_of_plan",), certified=True),
    Change.WITHDRAW: _Rule(
        _IN_SCHOOL, _S.WITHDRAWN, ("student_request", "leave_overrun", "studies_failed", "not_reported", "health")
    ),
    Change.EXPEL: _Rule(_IN_SCHOOL, _S.EXPELLED, ("discipline", "academic_misconduct", "crime")),
    Change.RECORD_DEATH: _Rule(_IN_SCHOOL, _S.DECEASED, ("death_certified",)),
    Change.GRADUATE: _Rule(_STUDYING, _S.GRADUATED, ("requirements_met",)),
    Change.COMPLETE: _Rule(_STUDYING, _S.COMPLETED, ("requirements_partly_met",)),
    Change.LEAVE_INCOMPLETE: _Rule(_STUDYING | {_S.SUSPENDED}, _S.INCOMPLETE, ("left_before_the_end",)),
    Change.EXCHANGE_CERTIFICATE: _Rule(frozenset({_S.COMPLETED}), _S.GRADUATED, ("requirements_met_later",)),
    Change.AWARD_DEGREE: _Rule(frozenset({_S.GRADUATED}), _S.GRADUATED, ("degree_conferred",)),
    Change.TRANSFER_OUT: _Rule(_STUDYING, _S.TRANSFERRED_OUT, ("schools_agreed",), certified=True),
}
REASONS: Final[Mapping[Change, tuple[str, ...]]] = {change: rule.reasons for change, rule in _TABLE.items()}
"""Each change gives one of its reasons; words of the school come beside it."""
NEW_AT_TRANSFER: Final = (
    "student_number",
    "programme_code",
    "programme_name",
    "duration_years",
    "branch",
    "department",
    "class_name",
    "grade",
    "expected_graduation_date",
)
"""Another programme, another class: the new school says these, or they are not yet known; all else comes along."""
TRANSFER_REASONS: Final = frozenset({"health", "hardship", "programme_closed", "student_request"})
"""Why a school asks another to take a student."""
ROSTER_MOVES: Final = frozenset(
    (source, rule.target)
    for rule in _TABLE.values()
    for source in rule.sources
    if source.enrolled and rule.target.enrolled
)
"""From which status to which other a roster may lead: what changes with names could."""


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """All of a record that decides what may become of it."""

    status: EnrollmentStatus
    admission_date: date
    expected_graduation_date: date | None
    programme_code: str
    programme_name: str
    grade: int | None
    registered_year: int | None
    leaving_date: date | None = None
    certified_change: date | None = None
    """When something that a certificate will say was changed last."""
    known_since: date | None = None
    """Since when the record is kept here: a day before was none of a freeze. None where it came from another school."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a registrar asks for; `new` are the fields that the change brings."""

    change: Change
    reason: str
    effective_on: date
    school_year: int | None
    new: Mapping[str, Any]


def outcome(status: EnrollmentStatus, change: Change) -> EnrollmentStatus | None:
    """The status that follows, or None: the whole table, and its only place."""
    rule = _TABLE[change]
    return rule.target if status in rule.sources else None


def allowed(status: EnrollmentStatus) -> list[Change]:
    """What one school alone can do to a record in this status; a transfer takes two."""
    return [change for change in Change if change is not Change.TRANSFER_OUT and outcome(status, change) is not None]


def frozen_year(today: date, policy: RecordPolicy) -> int | None:
    """The records of those who are to graduate in this year are frozen now: until the next school year begins.

    Who has not left by then goes on as a student, and so does the record.
    """
    return today.year if policy.freeze <= (today.month, today.day) < policy.school_year_begins else None


def proofs_open(
    status: EnrollmentStatus, expected_graduation_date: date | None, today: date, policy: RecordPolicy
) -> bool:
    """Students speak of their records while they are in school and the school can still change them."""
    leaves = expected_graduation_date
    return status.enrolled and (leaves is None or leaves.year != frozen_year(today, policy))


def proofs_end(expected_graduation_date: date | None, today: date, policy: RecordPolicy) -> date | None:
    """The last day before the freeze of the year of graduation, where that is still to come."""
    if expected_graduation_date is None:
        return None
    last = date(expected_graduation_date.year, *policy.freeze) - timedelta(days=1)
    return last if last >= today else None


def certificate_stands_from(day: date, policy: RecordPolicy) -> date:
    """From when on nothing may have changed that a certificate of this day says: in the freeze, from its beginning."""
    return day + timedelta(days=1) if frozen_year(day, policy) is None else date(day.year, *policy.freeze)


def school_year_of(day: date, policy: RecordPolicy) -> int:
    """The school year by the calendar year that it begins in."""
    return day.year if (day.month, day.day) >= policy.school_year_begins else day.year - 1


def registration_ends(admission_date: date, policy: RecordPolicy) -> date:
    """The last day on which a new student is registered: three months after entry."""
    month = admission_date.month - 1 + policy.registration_months
    year, month = admission_date.year + month // 12, month % 12 + 1
    day = admission_date.day
    while day > 28:  # noqa: PLR2004 - every month has so many
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1
    return date(year, month, day)


def follow(record: RecordFacts, wish: Wish, today: date, policy: RecordPolicy) -> dict[str, Any]:
    """The fields after the change. A refusal where it may not be, or where what it brings is wrong."""
    target = outcome(record.status, wish.change)
    if target is None:
        raise ChangeNotAllowedError(params={"allowed": allowed(record.status)})
    if wish.reason not in REASONS[wish.change]:
        raise _broken("reason", "not_in_list")
    if not record.admission_date <= wish.effective_on <= today:
        raise _broken("effective_on", "date_impossible")
    rule = _TABLE[wish.change]
    # Nor may a record join those that are frozen: out, changed and in again would be a way around.
    leaving = (record.expected_graduation_date, wish.new.get("expected_graduation_date"))
    if rule.certified and frozen_year(today, policy) in {day.year for day in leaving if day is not None}:
        raise RecordFrozenError
    after = dict(wish.new) | {"status": str(target)}
    if not target.enrolled and record.status.enrolled:
        after |= {"leaving_date": wish.effective_on, "expected_graduation_date": None}
    return after | _CHECKS.get(wish.change, _nothing_more)(record, wish, today, policy)


def _broken(field: str, code: str) -> InvalidRequestError:
    return InvalidRequestError([FieldProblem(f"/{field}", code, {})])


def _nothing_more(_: RecordFacts, __: Wish, ___: date, ____: RecordPolicy) -> dict[str, Any]:
    return {}


def _register(record: RecordFacts, wish: Wish, today: date, policy: RecordPolicy) -> dict[str, Any]:
    late = today > registration_ends(record.admission_date, policy)
    if late and wish.reason != PROVINCE_APPROVED:
        raise RegistrationPeriodOverError
    if record.registered_year is not None:
        raise _broken("change", "registered_before")
    return {"registered_year": school_year_of(record.admission_date, policy)}


def _register_year(record: RecordFacts, wish: Wish, today: date, policy: RecordPolicy) -> dict[str, Any]:
    first = school_year_of(record.admission_date, policy)
    year = wish.school_year
    if year is None or not first < year <= school_year_of(today, policy):
        raise _broken("school_year", "school_year_impossible")
    if record.registered_year is not None and year <= record.registered_year:
        raise _broken("school_year", "registered_before")
    return {"registered_year": year}


def _certify(record: RecordFacts, wish: Wish, _: date, policy: RecordPolicy) -> dict[str, Any]:
    """Who is put off by a year, changed, and graduates after all, would have a certificate of what was frozen."""
    changed, since = record.certified_change, record.known_since
    if since is not None and wish.effective_on < since:
        return {}
    if changed is not None and changed >= certificate_stands_from(wish.effective_on, policy):
        if frozen_year(wish.effective_on, policy) is not None:
            raise RecordFrozenError
        raise _broken("effective_on", "date_impossible")
    return {}


def _exchange(record: RecordFacts, wish: Wish, _: date, __: RecordPolicy) -> dict[str, Any]:
    if record.leaving_date is not None and wish.effective_on < record.leaving_date:
        raise _broken("effective_on", "date_impossible")
    return {}


def _change_programme(record: RecordFacts, wish: Wish, _: date, __: RecordPolicy) -> dict[str, Any]:
    if (wish.new["programme_code"], wish.new["programme_name"]) == (record.programme_code, record.programme_name):
        raise _broken("programme_code", "nothing_changes")
    return {}


def _move_in_years(record: RecordFacts, wish: Wish, _: date, __: RecordPolicy) -> dict[str, Any]:
    """留级 joins the students who came later and graduates later; 跳级 the other way round."""
    sign = 1 if wish.change is Change.REPEAT_YEAR else -1
    grade = record.grade or record.admission_date.year
    if (wish.new["grade"] - grade) * sign <= 0:
        raise _broken("grade", "grade_impossible")
    before, after = record.expected_graduation_date, wish.new["expected_graduation_date"]
    if after <= record.admission_date or (before is not None and (after - before).days * sign <= 0):
        raise _broken("expected_graduation_date", "date_impossible")
    return {}


_CHECKS: Final = {
    Change.REGISTER: _register,
    Change.REGISTER_YEAR: _register_year,
    Change.CHANGE_PROGRAMME: _change_programme,
    Change.REPEAT_YEAR: _move_in_years,
    Change.SKIP_YEAR: _move_in_years,
    Change.GRADUATE: _certify,
    Change.COMPLETE: _certify,
    Change.EXCHANGE_CERTIFICATE: _exchange,
}
