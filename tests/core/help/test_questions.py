"""The robot on questions whose articles are known. The figures are in benchmarks/RESULTS.md; here is the floor."""

from __future__ import annotations

import time

import pytest

from xuexin_api.cli.migration import PROJECT
from xuexin_api.core.help.judging import NO_ARTICLE, judge, read_questions
from xuexin_api.core.help.matching import Matcher
from xuexin_api.core.help.values import RULES
from xuexin_api.services.help.library import HelpLibrary
from xuexin_api.settings import Settings

DATA = PROJECT / "tests" / "data"


@pytest.fixture(scope="module")
def library() -> HelpLibrary:
    return HelpLibrary(folder=None, values={**RULES, **Settings().help_values()}, every_seconds=1)


@pytest.fixture(scope="module")
def matcher(library: HelpLibrary) -> Matcher:
    return library.matcher()


@pytest.mark.parametrize("name", ["robot_tuning", "robot_held_out"])
def test_known_questions_find_their_articles_and_others_none(matcher: Matcher, name: str) -> None:
    questions = read_questions(DATA / f"{name}.tsv")
    verdict = judge(matcher, questions)
    assert verdict.right_first >= 0.9
    assert verdict.right_in_three >= 0.97
    assert verdict.answered_as_if_known <= 0.05


def test_no_question_stands_in_an_article(library: HelpLibrary) -> None:
    """Otherwise it would be memory that is judged."""
    ways = {way.rstrip("？?").casefold() for _, all_ways in library.shelf.topics for way in all_ways}
    for name in ("robot_tuning", "robot_held_out"):
        for question in read_questions(DATA / f"{name}.tsv"):
            if question.slug != NO_ARTICLE:
                assert question.text.rstrip("？?").casefold() not in ways, question.text


def test_every_way_to_ask_finds_its_own_article(library: HelpLibrary, matcher: Matcher) -> None:
    wrong = [
        (slug, way)
        for slug, ways in library.shelf.topics
        for way in ways
        if slug not in {one.slug for one in matcher.match(way).ranked[:3]}
    ]
    assert len(wrong) <= 10, wrong


def test_an_answer_takes_a_moment(matcher: Matcher) -> None:
    started = time.perf_counter()
    for _ in range(100):
        matcher.match("手机号换了收不到验证码怎么办" * 7)
    assert time.perf_counter() - started < 5
