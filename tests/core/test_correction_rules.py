"""Corrections: the drawn table, their words, who decides, and what may stand in which field."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest

from xuexin_api.cli.migration import PROJECT
from xuexin_api.core.corrected_fields import FIELDS, judge, read_field, written
from xuexin_api.core.corrections import (
    HOLDERS,
    NOT_SUBMITTED_AGAIN,
    REASONS,
    SCHOOL_OVERDUE,
    CorrectionState,
    CorrectionStep,
    RecordKind,
    outcome,
    reasons_for,
    why_province,
)
from xuexin_api.core.documents import Document, DocumentType
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.messages import catalogue
from xuexin_api.schemas.corrections import CorrectedFieldName

DRAWING = (PROJECT / "openapi" / "corrections.md").read_text(encoding="utf-8")
DRAWN = {
    (source, step): target for source, target, step in re.findall(r"(\w+) --> (\w+): (\w+)$", DRAWING, re.MULTILINE)
}
TODAY = date(2031, 3, 5)
FACTS: dict[str, Any] = {
    "name": "示例同学",
    "sex": "female",
    "birth_date": date(2011, 3, 7),
    "document_number": Document(DocumentType.SFZ, "11010120110307002X"),
    "institution_code": "4199990001",
    "level": "本科",
    "category": "普通高等教育",
    "class_name": None,
    "admission_date": date(2029, 9, 1),
    "expected_graduation_date": date(2033, 7, 1),
    "leaving_date": None,
    "graduation_date": date(2031, 1, 10),
    "certificate_number": "900011203105000001",
    "degree_certificate_number": "9000142031000001",
    "awarded_on": date(2031, 1, 10),
}


def test_what_can_become_of_a_correction_is_what_is_drawn_and_has_words() -> None:
    for state in CorrectionState:
        for step in CorrectionStep:
            assert outcome(state, step) == DRAWN.get((state, step)), (state, step)
        ends = all(outcome(state, step) is None for step in CorrectionStep)
        assert ends is (state not in HOLDERS), state
    wanted = {f"correction_state_{state}" for state in CorrectionState}
    reasons = {reason for some in REASONS.values() for reason in some} | {SCHOOL_OVERDUE, NOT_SUBMITTED_AGAIN}
    wanted |= {f"correction_reason_{reason}" for reason in reasons}
    wanted |= {f"record_reason_{reason}" for reason in REASONS[CorrectionStep.APPLY]}
    wanted |= {f"record_change_correct_{kind}" for kind in RecordKind}
    wanted |= {f"field_{field}" for fields in FIELDS.values() for field in fields}
    assert wanted <= catalogue().keys()
    assert set(get_args(CorrectedFieldName)) == frozenset().union(*FIELDS.values())


@pytest.mark.parametrize(
    ("kind", "field", "so", "why"),
    [
        ("enrollment", "class_name", {}, None),
        ("enrollment", "programme_name", {}, None),
        ("enrollment", "class_name", {"frozen"}, None),
        ("enrollment", "programme_name", {"frozen"}, "frozen"),
        ("enrollment", "expected_graduation_date", {"frozen"}, "frozen"),
        ("enrollment", "name", {}, "identity"),
        ("enrollment", "document_number", {}, "identity"),
        ("enrollment", "class_name", {"moved"}, "moved"),
        ("enrollment", "admission_date", {"late", "moved"}, "entry"),
        ("enrollment", "class_name", {"published"}, "published"),
        ("qualification", "president_name", {}, "published"),
        ("degree", "degree_name", {}, "published"),
    ],
)
def test_who_decides_follows_from_what_it_is_about(kind: str, field: str, so: set[str], why: str | None) -> None:
    facts = {name: name in so for name in ("published", "frozen", "late", "moved")}
    assert why_province(RecordKind(kind), ["branch", field], **facts) == why


def test_a_published_record_changes_only_for_the_schools_own_error() -> None:
    for kind in (RecordKind.QUALIFICATION, RecordKind.DEGREE):
        assert reasons_for(CorrectionStep.APPLY, kind, ["name"]) == ["registered_wrongly"]
    assert reasons_for(CorrectionStep.APPLY, RecordKind.ENROLLMENT, ["class_name"]) == ["registered_wrongly"]
    assert "identity_changed" in reasons_for(CorrectionStep.APPLY, RecordKind.ENROLLMENT, ["name"])


@pytest.mark.parametrize(
    ("kind", "field", "text", "value"),
    [
        ("enrollment", "name", " 买买提•艾力 ", "买买提·艾力"),
        ("enrollment", "sex", "男", "male"),
        ("enrollment", "birth_date", "2011-03-07", date(2011, 3, 7)),
        ("enrollment", "duration_years", "2.5", Decimal("2.5")),
        ("enrollment", "study_form", "函授", "函授"),
        ("enrollment", "category", "网络教育", "网络教育"),
        ("enrollment", "class_name", None, None),
        ("enrollment", "student_number", "2029a01", "2029A01"),
        ("qualification", "president_name", "示例校长", "示例校长"),
        ("degree", "awarded_on", "20310701", date(2031, 7, 1)),
    ],
)
def test_a_value_is_read_as_a_roster_is(kind: str, field: str, text: str | None, value: object) -> None:
    assert read_field(RecordKind(kind), field, text) == value


@pytest.mark.parametrize(
    ("kind", "field", "text", "code"),
    [
        ("enrollment", "status", "毕业", "field_not_of_this_record"),
        ("enrollment", "certificate_number", "1", "field_not_of_this_record"),
        ("degree", "name", "学士", "field_not_of_this_record"),
        ("enrollment", "name", None, "required"),
        ("enrollment", "student_number", "  ", "required"),
        ("enrollment", "level", "小学", "unknown_word"),
        ("enrollment", "category", "小学", "unknown_word"),
        ("enrollment", "admission_date", "去年", "date_malformed"),
        ("enrollment", "class_name", "一" * 81, "cell_too_long"),
    ],
)
def test_what_may_not_stand_there_is_refused(kind: str, field: str, text: str | None, code: str) -> None:
    with pytest.raises(BrokenRuleError) as broken:
        read_field(RecordKind(kind), field, text)
    assert broken.value.code == code


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"class_name": "二班"}, []),
        ({"class_name": None}, [("class_name", "nothing_changes")]),
        ({"sex": "male"}, [("sex", "sex_mismatch")]),
        ({"birth_date": date(2011, 3, 8)}, [("birth_date", "birth_date_mismatch")]),
        ({"admission_date": date(2032, 1, 1)}, [("admission_date", "date_impossible")]),
        ({"admission_date": date(2010, 1, 1)}, [("admission_date", "date_impossible")]),
        ({"expected_graduation_date": date(2029, 9, 1)}, [("expected_graduation_date", "date_impossible")]),
        ({"leaving_date": date(2031, 1, 1)}, [("leaving_date", "field_not_of_this_record")]),
        ({"graduation_date": date(2030, 7, 1)}, [("graduation_date", "certificate_year_mismatch")]),
        ({"graduation_date": date(2031, 3, 6)}, [("graduation_date", "date_impossible")]),
        (
            {"graduation_date": date(2030, 7, 1), "certificate_number": "900011203005000001"},
            [],
        ),
        ({"level": "专科"}, [("level", "certificate_level_mismatch")]),
        ({"degree_certificate_number": "X"}, [("degree_certificate_number", "degree_number_malformed")]),
        ({"awarded_on": date(2008, 8, 31)}, [("awarded_on", "degree_too_early")]),
    ],
)
def test_a_record_is_not_left_at_odds_with_itself(changed: dict[str, Any], broken: list[tuple[str, str]]) -> None:
    assert [(field, rule.code) for field, rule in judge(FACTS, changed, TODAY)] == broken


def test_who_enters_later_this_year_has_a_birth_date_corrected_before() -> None:
    wrong = FACTS | {"birth_date": date(2011, 3, 8), "admission_date": date(2031, 9, 1)}
    assert judge(wrong, {"birth_date": date(2011, 3, 7)}, TODAY) == []


def test_values_are_written_as_people_read_them() -> None:
    values = (date(2031, 1, 2), Decimal("2.5"), None, FACTS["document_number"])
    assert [written(value) for value in values] == ["2031-01-02", "2.5", None, "11010120110307002X"]
