"""更正: what can become of a correction of a record, who decides it, and for which reasons. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final, Literal

from xuexin_api.core.record_claims import WAS_THEIRS
from xuexin_api.core.record_life import CERTIFIED


class CorrectionState(StrEnum):
    """From what a student tells the school to a decision, or to nothing."""

    SUBMITTED = "submitted"
    SCHOOL_REVIEW = "school_review"
    RETURNED = "returned"
    FORWARDED = "forwarded"
    PROVINCE_REVIEW = "province_review"
    APPLIED = "applied"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class CorrectionStep(StrEnum):
    """What moves a correction: its student, the school, the province, or the clock."""

    TAKE = "take"
    RELEASE = "release"
    RETURN = "return"
    SUBMIT_AGAIN = "submit_again"
    FORWARD = "forward"
    ESCALATE = "escalate"
    APPLY = "apply"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


class CorrectionHolder(StrEnum):
    """Whose move it is."""

    STUDENT = "student"
    SCHOOL = "school"
    PROVINCE = "province"


class RecordKind(StrEnum):
    """学籍, 学历 and 学位 of one enrollment are three records."""

    ENROLLMENT = "enrollment"
    QUALIFICATION = "qualification"
    DEGREE = "degree"


WhyProvince = Literal["published", "identity", "frozen", "entry", "moved"]
_S: Final = CorrectionState
HOLDERS: Final[Mapping[CorrectionState, CorrectionHolder]] = {
    _S.SUBMITTED: CorrectionHolder.SCHOOL,
    _S.SCHOOL_REVIEW: CorrectionHolder.SCHOOL,
    _S.RETURNED: CorrectionHolder.STUDENT,
    _S.FORWARDED: CorrectionHolder.PROVINCE,
    _S.PROVINCE_REVIEW: CorrectionHolder.PROVINCE,
}
"""States in which somebody has to do something; the others are ends."""
_IN_REVIEW: Final = (_S.SCHOOL_REVIEW, _S.PROVINCE_REVIEW)
_TABLE: Final[Mapping[CorrectionStep, Mapping[CorrectionState, CorrectionState]]] = {
    CorrectionStep.TAKE: {_S.SUBMITTED: _S.SCHOOL_REVIEW, _S.FORWARDED: _S.PROVINCE_REVIEW},
    CorrectionStep.RELEASE: {_S.SCHOOL_REVIEW: _S.SUBMITTED, _S.PROVINCE_REVIEW: _S.FORWARDED},
    CorrectionStep.RETURN: {_S.SCHOOL_REVIEW: _S.RETURNED},
    CorrectionStep.SUBMIT_AGAIN: {_S.RETURNED: _S.SUBMITTED},
    CorrectionStep.FORWARD: {_S.SCHOOL_REVIEW: _S.FORWARDED},
    CorrectionStep.ESCALATE: {_S.SUBMITTED: _S.FORWARDED, _S.SCHOOL_REVIEW: _S.FORWARDED},
    CorrectionStep.APPLY: dict.fromkeys(_IN_REVIEW, _S.APPLIED),
    CorrectionStep.DECLINE: dict.fromkeys(_IN_REVIEW, _S.DECLINED),
    CorrectionStep.WITHDRAW: dict.fromkeys(HOLDERS, _S.WITHDRAWN),
    CorrectionStep.LAPSE: {_S.RETURNED: _S.WITHDRAWN},
}
REGISTERED_WRONGLY: Final = "registered_wrongly"
"""The school's own error: the only reason for which a published 学历 or 学位 changes."""
REASONS: Final[Mapping[CorrectionStep, tuple[str, ...]]] = {
    CorrectionStep.RETURN: ("proof_missing", "proof_unreadable", "value_unclear"),
    CorrectionStep.FORWARD: ("province_decides", "school_cannot_settle"),
    CorrectionStep.APPLY: (REGISTERED_WRONGLY, *sorted(WAS_THEIRS)),
    CorrectionStep.DECLINE: ("proof_unconvincing", "record_is_right", "another_procedure"),
}
"""Each decision gives one of its reasons; words come beside it."""
SCHOOL_OVERDUE: Final = "school_overdue"
"""Why the clock hands a correction to the province; no member says it."""
NOT_SUBMITTED_AGAIN: Final = "not_submitted_again"
"""Why the clock ends one that was returned."""
IDENTITY: Final = frozenset({"name", "sex", "birth_date", "document_number"})
"""Who the student is: not for the school alone to change."""
FROZEN: Final = frozenset({*CERTIFIED, "expected_graduation_date"})
"""What stands in the summer of a graduation; the day decides whose summer it is."""
_FORMERLY_THEIRS: Final = frozenset({"name", "document_number"})


def outcome(state: CorrectionState, step: CorrectionStep) -> CorrectionState | None:
    """The state that follows, or None: the whole table, and its only place."""
    return _TABLE[step].get(state)


def sources(step: CorrectionStep) -> list[CorrectionState]:
    """The states in which this step is possible."""
    return list(_TABLE[step])


def held_by(holder: CorrectionHolder) -> list[CorrectionState]:
    """The states in which it is this one's move."""
    return [state for state, whose in HOLDERS.items() if whose is holder]


def reasons_for(step: CorrectionStep, record: RecordKind, fields: Collection[str]) -> list[str]:
    """For which reasons. Who somebody was since changes a 学籍 only; everything else was the school's error."""
    if step is not CorrectionStep.APPLY:
        return list(REASONS[step])
    changed = record is RecordKind.ENROLLMENT and not _FORMERLY_THEIRS.isdisjoint(fields)
    return list(REASONS[step]) if changed else [REGISTERED_WRONGLY]


def why_province(
    record: RecordKind, fields: Collection[str], *, published: bool, frozen: bool, late: bool, moved: bool
) -> WhyProvince | None:
    """Why the school may not apply this by itself, or None where it may: the whole table of who decides.

    `published`: the enrollment has its 学历; `frozen`: its student is to graduate this summer, and it is that time;
    `late`: it would begin earlier, on a day for which the school registers nobody any more; `moved`: it is another
    school's by now.
    """
    if record is not RecordKind.ENROLLMENT or published:
        return "published"
    if not IDENTITY.isdisjoint(fields):
        return "identity"
    if frozen and not FROZEN.isdisjoint(fields):
        return "frozen"
    if late:
        return "entry"
    return "moved" if moved else None


def decisions(
    state: CorrectionState, record: RecordKind, fields: Collection[str], *, applies: bool, returns: bool
) -> dict[str, list[str]]:
    """What the desk can say now, and for which reasons; whether it may apply by itself, and still return."""
    open_to_it = {CorrectionStep.APPLY: applies, CorrectionStep.RETURN: returns}
    return {
        str(step): reasons_for(step, record, fields)
        for step in REASONS
        if outcome(state, step) is not None and open_to_it.get(step, True)
    }
