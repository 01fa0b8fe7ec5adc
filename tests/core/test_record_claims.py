"""Claims: the drawn table, their words, and what is told to whom."""

from __future__ import annotations

import re
from datetime import date

import pytest

from xuexin_api.cli.migration import PROJECT
from xuexin_api.core.messages import catalogue
from xuexin_api.core.record_claims import (
    HOLDERS,
    REASONS,
    WAS_THEIRS,
    ClaimState,
    ClaimStep,
    IdentityFields,
    differing_fields,
    may_be_told,
    outcome,
)

DRAWING = (PROJECT / "openapi" / "record-claim.md").read_text(encoding="utf-8")
DRAWN = {
    (source, step): target for source, target, step in re.findall(r"(\w+) --> (\w+): (\w+)$", DRAWING, re.MULTILINE)
}
RECORD = IdentityFields("买买提·艾力", "male", date(2005, 3, 7), "SFZ", b"old")


def test_what_can_become_of_a_claim_is_what_is_drawn_and_has_words() -> None:
    for state in ClaimState:
        for step in ClaimStep:
            assert outcome(state, step) == DRAWN.get((state, step)), (state, step)
        ends = all(outcome(state, step) is None for step in ClaimStep)
        assert ends or state in HOLDERS or state is ClaimState.GRANTED
    wanted = {f"claim_state_{state}" for state in ClaimState}
    wanted |= {f"claim_reason_{reason}" for reasons in REASONS.values() for reason in reasons}
    wanted |= {f"record_reason_{reason}" for step in (ClaimStep.GRANT, ClaimStep.UNDO) for reason in REASONS[step]}
    assert wanted <= catalogue().keys()
    assert set(REASONS[ClaimStep.GRANT]) > WAS_THEIRS


@pytest.mark.parametrize(
    ("claimant", "differing", "told"),
    [
        (IdentityFields("买买提艾力", "male", date(2005, 3, 7), "SFZ", b"new"), ["document_number"], True),
        (IdentityFields("艾力", "male", date(2005, 3, 7), "SFZ", b"new"), ["name", "document_number"], False),
        (IdentityFields("买买提·艾力", "female", date(2005, 3, 7), "SFZ", b"new"), ["sex", "document_number"], True),
        (IdentityFields("艾力", "male", None, "SFZ", b"new"), ["name", "birth_date", "document_number"], False),
        (IdentityFields("买买提·艾力", "male", date(2005, 3, 7), "SFZ_GAT", b"old"), ["document_number"], True),
    ],
)
def test_what_differs_is_told_to_whoever_is_like_the_student(
    claimant: IdentityFields, differing: list[str], told: bool
) -> None:
    assert differing_fields(claimant, RECORD) == differing
    assert may_be_told(differing, needed=2) is told
