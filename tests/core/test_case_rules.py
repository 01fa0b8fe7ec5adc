"""Who wins a contested document: the table cell by cell, and the steps of a case."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from xuexin_api.cli.migration import PROJECT
from xuexin_api.core.case_rules import (
    LIVING,
    CaseState,
    Evidence,
    Facts,
    Holding,
    Meeting,
    Notice,
    Rank,
    Ruling,
    Strength,
    judge,
    may_move,
    meet,
    next_step,
    reviewers_to_undo,
)
from xuexin_api.settings import Settings

DRAWING = (PROJECT / "openapi" / "identity-case.md").read_text(encoding="utf-8")
POLICY = Settings().case_policy()
TOLD = datetime(2031, 3, 5, 2, 0, tzinfo=UTC)
FACTS = Facts(
    holding=Holding.UNVERIFIED,
    evidence=Strength.WEAK,
    unseen=False,
    told_at=TOLD,
    reachable=True,
    objected=False,
    approvals=0,
    refused_by_reviewer=False,
    now=TOLD,
)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("holding", "evidence", "refused", "notice", "reviewers"),
    [
        (Holding.NOBODY, Strength.WEAK, False, Notice.NONE, 0),
        (Holding.NOBODY, Strength.STRONG, False, Notice.NONE, 0),
        (Holding.UNVERIFIED, Strength.WEAK, False, Notice.SHORT, 0),
        (Holding.UNVERIFIED, Strength.STRONG, False, Notice.NONE, 0),
        (Holding.WEAK, Strength.WEAK, False, Notice.LONG, 1),
        (Holding.WEAK, Strength.STRONG, False, Notice.LONG, 0),
        (Holding.STRONG, Strength.WEAK, True, Notice.NONE, 0),
        (Holding.STRONG, Strength.STRONG, False, Notice.LONG, 2),
    ],
)
def test_the_table_of_who_wins(
    holding: Holding, evidence: Strength, refused: bool, notice: Notice, reviewers: int
) -> None:
    assert judge(holding, evidence) == Ruling(refused=refused, notice=notice, reviewers=reviewers)


def test_notices_last_a_day_and_three_days() -> None:
    assert (POLICY.notice_unverified, POLICY.notice_verified) == (24 * 3600, 72 * 3600)


@pytest.mark.parametrize(
    ("kind", "strength"),
    [
        (Evidence.RECORD_FACTS, Strength.WEAK),
        (Evidence.CLASSMATES, Strength.WEAK),
        (Evidence.ALIPAY_CERTIFY, Strength.STRONG),
        (Evidence.TENCENT_FACEID, Strength.STRONG),
        (Evidence.HANDHELD_PHOTO, Strength.STRONG),
    ],
)
def test_what_classmates_may_know_is_weak(kind: Evidence, strength: Strength) -> None:
    assert kind.strength is strength


@pytest.mark.parametrize(
    ("holding", "evidence", "hours"),
    [(Holding.UNVERIFIED, Strength.WEAK, 24), (Holding.WEAK, Strength.STRONG, 72)],
)
def test_where_no_reviewer_is_needed_the_clock_decides_and_not_a_second_earlier(
    holding: Holding, evidence: Strength, hours: int
) -> None:
    facts = replace(FACTS, holding=holding, evidence=evidence)
    step = next_step(facts, POLICY)
    assert (step.state, step.effect_at) == (CaseState.NOTICE, TOLD + hours * HOUR)
    almost = replace(facts, now=TOLD + hours * HOUR - timedelta(microseconds=1))
    assert next_step(almost, POLICY).state is CaseState.NOTICE
    assert next_step(replace(facts, now=TOLD + hours * HOUR), POLICY).state is CaseState.APPROVED


@pytest.mark.parametrize(
    ("holding", "evidence", "reviewers"), [(Holding.WEAK, Strength.WEAK, 1), (Holding.STRONG, Strength.STRONG, 2)]
)
def test_where_reviewers_are_needed_they_come_after_the_notice(
    holding: Holding, evidence: Strength, reviewers: int
) -> None:
    facts = replace(FACTS, holding=holding, evidence=evidence)
    for approvals in range(reviewers + 1):
        early = replace(facts, approvals=approvals)
        assert next_step(early, POLICY).state is CaseState.NOTICE
        late = replace(early, now=TOLD + 72 * HOUR)
        expected = CaseState.APPROVED if approvals == reviewers else CaseState.IN_REVIEW
        assert next_step(late, POLICY).state is expected


@pytest.mark.parametrize("evidence", list(Strength))
def test_nobody_to_tell_means_at_once(evidence: Strength) -> None:
    assert next_step(replace(FACTS, holding=Holding.NOBODY, evidence=evidence), POLICY).state is CaseState.APPROVED


def test_strong_evidence_against_an_unverified_holder_wins_at_once() -> None:
    assert next_step(replace(FACTS, evidence=Strength.STRONG), POLICY).state is CaseState.APPROVED


def test_weak_evidence_against_a_strong_holder_is_refused_whatever_reviewers_say() -> None:
    step = next_step(replace(FACTS, holding=Holding.STRONG, approvals=2, now=TOLD + 100 * HOUR), POLICY)
    assert (step.state, step.reason) == (CaseState.REJECTED, "stronger_evidence_needed")


@pytest.mark.parametrize(
    ("holding", "evidence"), [(Holding.UNVERIFIED, Strength.WEAK), (Holding.WEAK, Strength.STRONG)]
)
def test_an_objection_always_goes_to_a_reviewer_and_shortens_no_notice(holding: Holding, evidence: Strength) -> None:
    objected = replace(FACTS, holding=holding, evidence=evidence, objected=True)
    assert next_step(objected, POLICY).state is CaseState.IN_REVIEW
    approved = replace(objected, approvals=1)
    assert next_step(approved, POLICY).state is CaseState.IN_REVIEW
    late = TOLD + 72 * HOUR
    assert next_step(replace(objected, now=late), POLICY).state is CaseState.IN_REVIEW
    assert next_step(replace(approved, now=late), POLICY).state is CaseState.APPROVED


def test_a_holder_whom_no_message_reaches_is_spoken_for_by_a_reviewer() -> None:
    late = replace(FACTS, reachable=False, now=TOLD + 24 * HOUR)
    assert next_step(late, POLICY).state is CaseState.IN_REVIEW
    assert next_step(replace(late, approvals=1), POLICY).state is CaseState.APPROVED


def test_a_reviewers_no_ends_a_case_at_any_time() -> None:
    assert next_step(replace(FACTS, refused_by_reviewer=True), POLICY).state is CaseState.REJECTED


def test_photos_count_only_once_somebody_looked_at_them() -> None:
    facts = replace(FACTS, holding=Holding.NOBODY, evidence=None, unseen=True)
    assert next_step(facts, POLICY).state is CaseState.SUBMITTED
    refused = next_step(replace(facts, unseen=False), POLICY)
    assert (refused.state, refused.reason) == (CaseState.REJECTED, "evidence_not_accepted")


@pytest.mark.parametrize(
    ("mine", "waiting", "meeting"),
    [
        (Rank.WEAK, Rank.WEAK, Meeting.WAITS),
        (Rank.WEAK, Rank.UNSEEN, Meeting.WAITS),
        (Rank.WEAK, Rank.STRONG, Meeting.WAITS),
        (Rank.UNSEEN, Rank.WEAK, Meeting.BESIDE),
        (Rank.UNSEEN, Rank.UNSEEN, Meeting.WAITS),
        (Rank.UNSEEN, Rank.STRONG, Meeting.WAITS),
        (Rank.STRONG, Rank.WEAK, Meeting.PREEMPTS),
        (Rank.STRONG, Rank.UNSEEN, Meeting.BESIDE),
        (Rank.STRONG, Rank.STRONG, Meeting.WAITS),
    ],
)
def test_only_a_stronger_claim_passes_one_that_waits(mine: Rank, waiting: Rank, meeting: Meeting) -> None:
    assert meet(mine, waiting) is meeting


def test_a_case_goes_where_it_is_drawn_to_go_and_nowhere_else() -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+): ", DRAWING.split("```")[1], re.MULTILINE))
    moves = {(str(state), str(to)) for state in CaseState for to in CaseState if may_move(state, to)}
    # What happens within a draft is drawn, too.
    assert drawn - {("draft", "draft")} == moves


def test_who_wins_is_what_is_drawn() -> None:
    (_, _, *rows) = [line.strip("| ").split(" | ") for line in DRAWING.splitlines() if line.startswith("|")]
    notices = {"24 h": Notice.SHORT, "72 h": Notice.LONG}
    numbers = {"one": 1, "two": 2}
    for holding, (_, *cells) in zip(Holding, rows, strict=True):
        for evidence, cell in zip(Strength, cells, strict=True):
            notice = next((kind for words, kind in notices.items() if cell.startswith(words)), Notice.NONE)
            reviewers = next((count for word, count in numbers.items() if f"then {word} reviewer" in cell), 0)
            assert judge(holding, evidence) == Ruling(cell.startswith("refused"), notice, reviewers), cell


def test_every_state_leads_somewhere_or_is_an_end() -> None:
    ends = {state for state in CaseState if not any(may_move(state, to) for to in CaseState)}
    assert ends == {CaseState.REJECTED, CaseState.WITHDRAWN, CaseState.EXPIRED, CaseState.UNDONE}
    assert all(may_move(state, CaseState.WITHDRAWN) for state in LIVING)
    assert not any(may_move(state, CaseState.DRAFT) for state in CaseState)


@pytest.mark.parametrize(("granted_by", "undone_by"), [(0, 1), (1, 1), (2, 2)])
def test_a_grant_is_undone_by_as_many_as_it_took_and_by_one_at_least(granted_by: int, undone_by: int) -> None:
    assert reviewers_to_undo(granted_by) == undone_by
