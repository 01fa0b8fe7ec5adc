"""Identity conflict cases (证件重号审核): who wins a contested document, and which step follows which. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final

from xuexin_api.core.policies import CasePolicy


class Strength(StrEnum):
    """What evidence is worth. Classmates know the facts of a record: weak."""

    WEAK = "weak"
    STRONG = "strong"


class Holding(StrEnum):
    """How well the account that has the document has proven to be its owner."""

    NOBODY = "nobody"
    UNVERIFIED = "unverified"
    WEAK = "weak"
    STRONG = "strong"


class Evidence(StrEnum):
    """What a claimant can bring."""

    RECORD_FACTS = "record_facts"
    CLASSMATES = "classmates"
    ALIPAY_CERTIFY = "alipay_certify"
    TENCENT_FACEID = "tencent_faceid"
    HANDHELD_PHOTO = "handheld_photo"

    @property
    def strength(self) -> Strength:
        return Strength.WEAK if self in {Evidence.RECORD_FACTS, Evidence.CLASSMATES} else Strength.STRONG


BOTH_SIDES: Final = frozenset({"front", "back"})
"""Of the card that is held up in hand-held photos: one without the other is no evidence."""


class Notice(StrEnum):
    """How long the holder is told before anything happens."""

    NONE = "none"
    SHORT = "short"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Ruling:
    """One cell of the table: refused, or granted after this notice by so many reviewers."""

    refused: bool
    notice: Notice
    reviewers: int


_REFUSED: Final = Ruling(refused=True, notice=Notice.NONE, reviewers=0)
_TABLE: Final[Mapping[tuple[Holding, Strength], Ruling]] = {
    (Holding.NOBODY, Strength.WEAK): Ruling(refused=False, notice=Notice.NONE, reviewers=0),
    (Holding.NOBODY, Strength.STRONG): Ruling(refused=False, notice=Notice.NONE, reviewers=0),
    (Holding.UNVERIFIED, Strength.WEAK): Ruling(refused=False, notice=Notice.SHORT, reviewers=0),
    (Holding.UNVERIFIED, Strength.STRONG): Ruling(refused=False, notice=Notice.NONE, reviewers=0),
    (Holding.WEAK, Strength.WEAK): Ruling(refused=False, notice=Notice.LONG, reviewers=1),
    (Holding.WEAK, Strength.STRONG): Ruling(refused=False, notice=Notice.LONG, reviewers=0),
    (Holding.STRONG, Strength.WEAK): _REFUSED,
    (Holding.STRONG, Strength.STRONG): Ruling(refused=False, notice=Notice.LONG, reviewers=2),
}


def judge(holding: Holding, evidence: Strength) -> Ruling:
    """Who wins a contested document: the whole table, and its only place."""
    return _TABLE[holding, evidence]


class CaseState(StrEnum):
    """Where a case stands; openapi/identity-case.md draws it."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    NOTICE = "notice"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    UNDO_REVIEW = "undo_review"
    UNDONE = "undone"


_S: Final = CaseState
HANDED_IN: Final = frozenset({_S.SUBMITTED, _S.NOTICE, _S.IN_REVIEW})
"""Somebody contests the document with evidence: further claims wait, and so do first weak verifications."""
LIVING: Final = HANDED_IN | {_S.DRAFT}
QUEUED: Final = frozenset({_S.SUBMITTED, _S.IN_REVIEW, _S.UNDO_REVIEW})
"""People must look."""
_ENDS: Final = frozenset({_S.APPROVED, _S.REJECTED, _S.WITHDRAWN})
_MOVES: Final[Mapping[CaseState, frozenset[CaseState]]] = {
    _S.DRAFT: frozenset({_S.SUBMITTED, _S.NOTICE, _S.APPROVED, _S.WITHDRAWN, _S.EXPIRED}),
    _S.SUBMITTED: _ENDS | {_S.NOTICE},
    _S.NOTICE: _ENDS | {_S.IN_REVIEW},
    _S.IN_REVIEW: _ENDS | {_S.NOTICE},
    _S.APPROVED: frozenset({_S.UNDO_REVIEW}),
    _S.UNDO_REVIEW: frozenset({_S.APPROVED, _S.UNDONE}),
    _S.REJECTED: frozenset(),
    _S.WITHDRAWN: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.UNDONE: frozenset(),
}


def may_move(state: CaseState, to: CaseState) -> bool:
    """Whether a case goes from one state to the other in one step."""
    return to in _MOVES[state]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the next state of a handed-in case depends on.

    `told_at` is when the last of the present holders was told; `reachable` whether any channel of each was left to
    tell them by; `unseen` whether photos wait for the look without which they are no evidence.
    """

    holding: Holding
    evidence: Strength | None
    unseen: bool
    told_at: datetime
    reachable: bool
    objected: bool
    approvals: int
    refused_by_reviewer: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """The state that follows, the moment before which nothing takes effect, and how many reviewers must agree."""

    state: CaseState
    effect_at: datetime
    reviewers: int
    reason: str | None = None


def next_step(facts: Facts, policy: CasePolicy) -> Step:
    """Where a handed-in case stands now. Asked again it answers the same, until a fact changes or time passes."""
    if facts.unseen:
        return Step(CaseState.SUBMITTED, facts.now, 1)
    ruling = _REFUSED if facts.evidence is None else judge(facts.holding, facts.evidence)
    if ruling.refused or facts.refused_by_reviewer:
        reason = "evidence_not_accepted" if facts.evidence is None else "stronger_evidence_needed"
        return Step(CaseState.REJECTED, facts.now, ruling.reviewers, reason if ruling.refused else None)
    reviewers = ruling.reviewers
    # Whoever objects is heard by a person. So is, unasked, a holder whom no message reaches.
    if facts.objected or (ruling.notice is not Notice.NONE and not facts.reachable):
        reviewers = max(reviewers, 1)
    effect_at = facts.told_at + _length(ruling.notice, policy)
    enough = facts.approvals >= reviewers
    if facts.now >= effect_at:
        return Step(CaseState.APPROVED if enough else CaseState.IN_REVIEW, effect_at, reviewers)
    # An objection is looked at while the notice runs; what is decided then waits for its end.
    return Step(CaseState.IN_REVIEW if facts.objected else CaseState.NOTICE, effect_at, reviewers)


def _length(notice: Notice, policy: CasePolicy) -> timedelta:
    seconds = {Notice.NONE: 0, Notice.SHORT: policy.notice_unverified, Notice.LONG: policy.notice_verified}
    return timedelta(seconds=seconds[notice])


class Rank(IntEnum):
    """What a claim weighs beside another one. Photos that nobody looked at may turn out strong, and are not yet."""

    WEAK = 1
    UNSEEN = 2
    STRONG = 3


class Meeting(StrEnum):
    """What a claim does when it meets one that waits."""

    WAITS = "waits"
    BESIDE = "beside"
    PREEMPTS = "preempts"


def meet(mine: Rank, waiting: Rank) -> Meeting:
    """Only a stronger claim passes one that waits, and only proven strength ends it."""
    if mine <= waiting:
        return Meeting.WAITS
    return Meeting.PREEMPTS if (mine, waiting) == (Rank.STRONG, Rank.WEAK) else Meeting.BESIDE


def reviewers_to_undo(reviewers: int) -> int:
    """A grant is undone by as many people as it took, and by one at least."""
    return max(1, reviewers)
