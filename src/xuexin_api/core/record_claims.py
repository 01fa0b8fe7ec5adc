"""尝试绑定: what must be proven to be told what, who holds a claim in which state, and the reasons. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from xuexin_api.core.names import name_key


class ClaimState(StrEnum):
    """From a record that was found to a decision, or to nothing."""

    DRAFT = "draft"
    SCHOOL_REVIEW = "school_review"
    PROVINCE_REVIEW = "province_review"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    UNDONE = "undone"


class ClaimStep(StrEnum):
    """What moves a claim: its student, the school, its province, or the clock."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    FORWARD = "forward"
    ESCALATE = "escalate"
    GRANT = "grant"
    DECLINE = "decline"
    UNDO = "undo"


class ClaimHolder(StrEnum):
    """Whose move it is."""

    STUDENT = "student"
    SCHOOL = "school"
    PROVINCE = "province"


_S: Final = ClaimState
HOLDERS: Final[Mapping[ClaimState, ClaimHolder]] = {
    _S.DRAFT: ClaimHolder.STUDENT,
    _S.SCHOOL_REVIEW: ClaimHolder.SCHOOL,
    _S.PROVINCE_REVIEW: ClaimHolder.PROVINCE,
}
"""States in which somebody has to do something; the others are ends."""
REVIEWS: Final = (_S.SCHOOL_REVIEW, _S.PROVINCE_REVIEW)
"""States in which a desk has it."""
_TABLE: Final[Mapping[ClaimStep, Mapping[ClaimState, ClaimState]]] = {
    ClaimStep.SUBMIT: {_S.DRAFT: _S.SCHOOL_REVIEW},
    ClaimStep.WITHDRAW: dict.fromkeys((_S.DRAFT, *REVIEWS), _S.WITHDRAWN),
    ClaimStep.EXPIRE: {_S.DRAFT: _S.EXPIRED},
    ClaimStep.FORWARD: {_S.SCHOOL_REVIEW: _S.PROVINCE_REVIEW},
    ClaimStep.ESCALATE: {_S.SCHOOL_REVIEW: _S.PROVINCE_REVIEW},
    ClaimStep.GRANT: dict.fromkeys(REVIEWS, _S.GRANTED),
    ClaimStep.DECLINE: dict.fromkeys(REVIEWS, _S.DECLINED),
    ClaimStep.UNDO: {_S.GRANTED: _S.UNDONE},
}
REASONS: Final[Mapping[ClaimStep, tuple[str, ...]]] = {
    ClaimStep.GRANT: ("identity_changed", "document_renewed", "registered_wrongly"),
    ClaimStep.FORWARD: ("held_by_another", "records_elsewhere", "cannot_be_told"),
    ClaimStep.DECLINE: ("proof_missing", "proof_unconvincing", "another_person", "correction_needed"),
    ClaimStep.UNDO: ("another_person", "proof_false", "granted_by_mistake"),
}
"""Each decision gives one of its reasons; words come beside it."""
GIVEN_TO_ANOTHER: Final = "given_to_another"
"""Why the claims of others end when one is granted; no school says it."""
GRANT_UNDONE: Final = "grant_undone"
"""Why what somebody asked of a record ends when it is theirs no more; no member says it, of claims or corrections."""
CAME_ALONG: Final = "came_along"
"""Why a claim ends whose record came to the claimant with another claim of theirs; no member says it."""
WAS_THEIRS: Final = frozenset({"identity_changed", "document_renewed"})
"""Reasons which say that the old number was the claimant's: records that come with it later are the claimant's too.

A number that the school wrote wrongly may be somebody else's, and stands for nobody by this.
"""


def outcome(state: ClaimState, step: ClaimStep) -> ClaimState | None:
    """The state that follows, or None: the whole table, and its only place."""
    return _TABLE[step].get(state)


def sources(step: ClaimStep) -> list[ClaimState]:
    """The states in which this step is possible."""
    return list(_TABLE[step])


def desk_of(state: ClaimState, *, forwarded: bool) -> ClaimHolder | None:
    """Who decides now. What the province granted, the province undoes."""
    if state is _S.GRANTED:
        return ClaimHolder.PROVINCE if forwarded else ClaimHolder.SCHOOL
    return HOLDERS[state] if state in REVIEWS else None


def decisions(state: ClaimState, desk: ClaimHolder, *, forwarded: bool) -> dict[str, list[str]]:
    """What this desk can say in this state, and for which reasons."""
    if desk is not desk_of(state, forwarded=forwarded):
        return {}
    return {str(step): list(reasons) for step, reasons in REASONS.items() if outcome(state, step) is not None}


_COUNTED: Final = ("name", "birth_date", "document_number")
"""What makes somebody like the student. Sex does not: half of all strangers have it."""


@dataclass(frozen=True, slots=True)
class IdentityFields:
    """Who somebody is, as an account was verified or as a school registered it; the number stands as its hash."""

    name: str
    sex: str
    birth_date: date | None
    document_type: str
    document_key: bytes


def differing_fields(claimant: IdentityFields, record: IdentityFields) -> list[str]:
    """The names of the fields that do not match, in the archive's order."""
    same = {
        "name": name_key(claimant.name) == name_key(record.name),
        "sex": claimant.sex == record.sex,
        "birth_date": claimant.birth_date == record.birth_date,
        "document_number": (claimant.document_type, claimant.document_key)
        == (record.document_type, record.document_key),
    }
    return [field for field, equal in same.items() if not equal]


def may_be_told(differing: list[str], *, needed: int) -> bool:
    """Whether enough of name, birth date and document is equal to say what is not; else no record is there."""
    return sum(field not in differing for field in _COUNTED) >= needed
