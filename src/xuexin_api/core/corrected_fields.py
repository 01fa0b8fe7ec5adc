"""Which fields of 学籍, 学历 and 学位 a correction can be about, and what may stand in each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from xuexin_api.core.certificates import check_certificate_number, check_degree
from xuexin_api.core.code_tables import CATEGORIES
from xuexin_api.core.corrections import RecordKind
from xuexin_api.core.documents import Document, birth_date_of, sex_of
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster_cells import read_cell
from xuexin_api.core.roster_rows import EARLIEST_ADMISSION

_Reader = Callable[[str], Any]


def _cell(column: str) -> _Reader:
    return lambda text: read_cell(column, text)


def _study_form(text: str) -> str:
    """A roster's word says the category too; here each is a field."""
    form, _ = read_cell("XXXS", text)
    return str(form)


def _category(text: str) -> str:
    if text not in CATEGORIES:
        raise BrokenRuleError("unknown_word", known="、".join(CATEGORIES))
    return text


def _number(text: str) -> str:
    """A certificate's: whether it fits is judged with what else it says."""
    return text.strip().upper()


_DAY: Final = _cell("RXRQ")
_TEXT: Final = _cell("ZYMC")
_OF_PROGRAMME: Final[Mapping[str, _Reader]] = {
    "level": _cell("CC"),
    "programme_code": _cell("ZYDM"),
    "programme_name": _TEXT,
    "duration_years": _cell("XZ"),
    "category": _category,
    "study_form": _study_form,
    "admission_date": _DAY,
}
_OF_STUDENT: Final[Mapping[str, _Reader]] = {"name": _cell("XM"), "sex": _cell("XB"), "birth_date": _cell("CSRQ")}
DOCUMENT: Final = "document_number"
"""Read by whoever knows the student's own: no other number can be asked for."""
_FIELDS: Final[Mapping[RecordKind, Mapping[str, _Reader]]] = {
    RecordKind.ENROLLMENT: {
        **_OF_STUDENT,
        "ethnicity": _cell("MZ"),
        DOCUMENT: _number,
        **_OF_PROGRAMME,
        "branch": _TEXT,
        "department": _TEXT,
        "class_name": _TEXT,
        "student_number": _cell("XH"),
        "candidate_number": _cell("KSH"),
        "expected_graduation_date": _DAY,
        "leaving_date": _DAY,
    },
    RecordKind.QUALIFICATION: {
        **_OF_STUDENT,
        **_OF_PROGRAMME,
        "graduation_date": _DAY,
        "president_name": _TEXT,
        "certificate_number": _number,
    },
    RecordKind.DEGREE: {
        "degree_name": _TEXT,
        "degree_certificate_number": _number,
        "awarded_on": _DAY,
    },
}
DEGREE_COLUMNS: Final[Mapping[str, str]] = {
    "degree_name": "name",
    "degree_certificate_number": "certificate_number",
    "awarded_on": "awarded_on",
}
"""The fields of a 学位, by the names that a history has, and how the archive keeps them."""
FIELDS: Final[Mapping[RecordKind, frozenset[str]]] = {kind: frozenset(fields) for kind, fields in _FIELDS.items()}
"""No status, which becomes another only by a change of it; no school, which is left by a transfer."""
_MAY_BE_EMPTY: Final = frozenset({"branch", "department", "class_name", "candidate_number"})
_ONE_OF_TWO: Final = {"expected_graduation_date": "leaving_date", "leaving_date": "expected_graduation_date"}
"""The first while in school, the other after: never both, and none in the other's place."""


def read_field(kind: RecordKind, field: str, text: str | None) -> Any:
    """The value as the archive keeps it. BrokenRuleError where the record has no such field, or it may not say that."""
    reader = _FIELDS[kind].get(field)
    if reader is None:
        raise BrokenRuleError("field_not_of_this_record")
    if text is None or not text.strip():
        if field not in _MAY_BE_EMPTY:
            raise BrokenRuleError("required")
        return None
    return reader(text.strip())


def written(value: object) -> str | None:
    """A value as people and the API write it."""
    if isinstance(value, Document):
        return value.number
    return value.isoformat() if isinstance(value, date) else None if value is None else str(value)


Facts = Mapping[str, Any]
_Check = Callable[[Facts, date], bool]


def _certificate(facts: Facts, _: date) -> bool:
    check_certificate_number(
        facts["certificate_number"],
        institution_code=facts["institution_code"],
        category=facts["category"],
        level=facts["level"],
        graduated_on=facts["graduation_date"],
    )
    return True


def _degree(facts: Facts, _: date) -> bool:
    check_degree(facts["degree_certificate_number"], facts["awarded_on"])
    return True


def _after_entry(field: str) -> _Check:
    return lambda facts, _: facts[field] is None or facts[field] > facts["admission_date"]


def _not_in_future(field: str) -> _Check:
    return lambda facts, today: facts[field] is None or facts[field] <= today


_RULES: Final[tuple[tuple[str, tuple[str, ...], _Check], ...]] = (
    # broken as, asked when one of these changes, holds
    ("sex_mismatch", ("sex", DOCUMENT), lambda facts, _: sex_of(facts[DOCUMENT]) in {None, facts["sex"]}),
    (
        "birth_date_mismatch",
        ("birth_date", DOCUMENT),
        lambda facts, _: birth_date_of(facts[DOCUMENT]) in {None, facts["birth_date"]},
    ),
    (
        "date_impossible",
        ("admission_date", "birth_date"),
        lambda facts, _: max(facts["birth_date"], EARLIEST_ADMISSION) < facts["admission_date"],
    ),
    ("date_impossible", ("admission_date",), _not_in_future("admission_date")),
    ("date_impossible", ("expected_graduation_date", "admission_date"), _after_entry("expected_graduation_date")),
    ("date_impossible", ("leaving_date", "admission_date"), _after_entry("leaving_date")),
    ("date_impossible", ("leaving_date",), _not_in_future("leaving_date")),
    ("date_impossible", ("graduation_date", "admission_date"), _after_entry("graduation_date")),
    ("date_impossible", ("graduation_date",), _not_in_future("graduation_date")),
    ("date_impossible", ("awarded_on",), _not_in_future("awarded_on")),
    ("certificate_number_malformed", ("certificate_number", "graduation_date", "level", "category"), _certificate),
    ("degree_number_malformed", ("degree_certificate_number", "awarded_on"), _degree),
)
"""A field is judged with those that it must agree with, whichever of them changes."""


def judge(before: Facts, changed: Facts, today: date) -> list[tuple[str, BrokenRuleError]]:
    """What is wrong with the changed fields: nothing changes, or the record would be at odds with itself."""
    broken: dict[str, BrokenRuleError] = {}
    for field, value in changed.items():
        if value == before[field]:
            broken[field] = BrokenRuleError("nothing_changes")
        elif before[field] is None and before.get(_ONE_OF_TWO.get(field, "")) is not None:
            broken[field] = BrokenRuleError("field_not_of_this_record")
    after = {**before, **changed}
    for code, involved, holds in _RULES:
        touched = [field for field in involved if field in changed]
        if not touched or any(field not in after for field in involved):
            continue
        try:
            if holds(after, today):
                continue
            found = BrokenRuleError(code)
        except BrokenRuleError as its_own:
            found = its_own
        broken.setdefault(touched[0], found)
    return list(broken.items())
