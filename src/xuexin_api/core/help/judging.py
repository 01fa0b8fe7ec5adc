"""How well the robot does on questions whose articles are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xuexin_api.core.help.matching import Matcher

NO_ARTICLE: Final = "-"
"""Stands for the slug where no article is right."""
_OFFERED: Final = 3


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the slug of its article; of each that is right, with | between them."""

    slug: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Shares of the questions that have an article, and of those that have none."""

    with_article: int
    right_first: float
    right_in_three: float
    without_article: int
    answered_as_if_known: float


def read_questions(file: Path) -> list[Question]:
    """Lines of slug, tab, question."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [Question(*line.split("\t", 1)) for line in lines if line]


def judge(matcher: Matcher, questions: Sequence[Question]) -> Verdict:
    """Right at first is answered by the right article; asking back is not."""
    first = in_three = known = wrong = 0
    for question in questions:
        match = matcher.match(question.text)
        near = [one.slug for one in match.near[:_OFFERED]]
        answered = match.outcome == "matched"
        if question.slug == NO_ARTICLE:
            wrong += answered
        else:
            right = question.slug.split("|")
            known += 1
            first += answered and near[0] in right
            in_three += any(slug in right for slug in near)
    none = len(questions) - known
    return Verdict(known, first / max(1, known), in_three / max(1, known), none, wrong / max(1, none))
