"""The robot on questions whose articles are known. The figures are in benchmarks/RESULTS.md; here is the floor."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from xuexin_api.cli.migration import PROJECT
from xuexin_api.core.help.judging import NO_ARTICLE, judge, read_questions
from xuexin_api.core.help.matching import Matcher
from xuexin_api.core.help.values import RULES
from xuexin_api.services.help.library import HelpLibrary
from xuexin_api.settings import Settings

SETS = sorted((PROJECT / "tests" / "data").glob("robot_*.tsv"))
STRANGERS = "robot_clean_"
"""How the names of the sets begin whose writers knew neither the articles nor the tables."""


@pytest.fixture(scope="module")
def library() -> HelpLibrary:
    return HelpLibrary(folder=None, values={**RULES, **Settings().help_values()}, every_seconds=1)


@pytest.fixture(scope="module")
def matcher(library: HelpLibrary) -> Matcher:
    return library.matcher()


@pytest.mark.parametrize("file", SETS, ids=lambda file: file.stem)
def test_known_questions_find_their_articles_and_others_none(matcher: Matcher, file: Path) -> None:
    of_strangers = file.stem.startswith(STRANGERS)
    verdict = judge(matcher, read_questions(file))
    assert verdict.right_first >= (0.85 if of_strangers else 0.9)
    assert verdict.right_in_three >= (0.95 if of_strangers else 0.97)
    assert verdict.answered_as_if_known <= 0.05


@pytest.mark.parametrize("file", SETS, ids=lambda file: file.stem)
def test_no_question_stands_in_an_article(library: HelpLibrary, file: Path) -> None:
    """Otherwise it would be memory that is judged. Strangers ask some things in the very words of an article."""
    ways = {way.rstrip("？?").casefold() for _, all_ways in library.shelf.topics for way in all_ways}
    asked = [one.text.rstrip("？?").casefold() for one in read_questions(file) if one.slug != NO_ARTICLE]
    remembered = [text for text in asked if text in ways]
    assert len(remembered) <= (len(asked) / 10 if file.stem.startswith(STRANGERS) else 0), remembered


def test_every_way_to_ask_finds_its_own_article(library: HelpLibrary, matcher: Matcher) -> None:
    ways = [(slug, way) for slug, some in library.shelf.topics for way in some][::5]
    wrong = [one for one in ways if one[0] not in {near.slug for near in matcher.match(one[1]).ranked[:3]}]
    assert len(wrong) <= len(ways) / 100, wrong


def test_an_answer_takes_a_moment(matcher: Matcher) -> None:
    started = time.perf_counter()
    for _ in range(100):
        matcher.match("手机号换了收不到验证码怎么办" * 7)
    assert time.perf_counter() - started < 5
