"""The robot on questions whose articles are known. The figures are in benchmarks/RESULTS.md; here is the floor."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from xuexin_api.cli.help_desk import package_lessons
from xuexin_api.cli.migration import PROJECT
from xuexin_api.core.help.judging import NO_ARTICLE, judge, read_questions
from xuexin_api.core.help.learnt import learnt, read_learnt
from xuexin_api.core.help.matching import Matcher
from xuexin_api.core.help.tables import known_questions
from xuexin_api.core.help.teaching import Lesson, fingerprint, teach
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
    verdict = judge(matcher, read_questions(file))
    assert verdict.right_first >= 0.92
    assert verdict.right_in_three >= 0.98
    assert verdict.answered_as_if_known <= 0.03


@pytest.mark.parametrize("file", SETS, ids=lambda file: file.stem)
def test_no_question_stands_in_an_article(library: HelpLibrary, file: Path) -> None:
    """Otherwise it would be memory that is judged. Strangers ask some things in the very words of an article."""
    learnt_texts = (text for some in known_questions().values() for _, text in some)
    ways = {way.rstrip("？?").casefold() for _, all_ways in library.shelf.topics for way in all_ways}
    assert not {one.text.casefold() for one in read_questions(file)} & {text.casefold() for text in learnt_texts}
    asked = [one.text.rstrip("？?").casefold() for one in read_questions(file) if one.slug != NO_ARTICLE]
    remembered = [text for text in asked if text in ways]
    assert len(remembered) <= (len(asked) / 10 if file.stem.startswith(STRANGERS) else 0), remembered


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    return package_lessons()


def test_what_was_learnt_is_of_these_articles_tables_and_questions(lessons: list[Lesson]) -> None:
    """Otherwise: make robot."""
    assert str(learnt().made_of) == fingerprint(lessons)


def test_lessons_are_learnt_kept_and_read_again(lessons: list[Lesson]) -> None:
    """Few of them: all take half a minute, and what they lead to is judged by the questions above."""
    few = [lesson for lesson in lessons if lesson.slugs[0].startswith("recover-")]
    taught = read_learnt(teach(few).written())
    assert len(few) > 100
    assert str(taught.made_of) == fingerprint(few)
    believed = [taught.believe(lesson.features).shares for lesson in few]
    right = sum(max(shares, key=shares.__getitem__) in one.slugs for shares, one in zip(believed, few, strict=True))
    assert right > len(few) * 0.95


def test_every_way_to_ask_finds_its_own_article(library: HelpLibrary, matcher: Matcher) -> None:
    ways = [(slug, way) for slug, some in library.shelf.topics for way in some][::5]
    wrong = [one for one in ways if one[0] not in {near.slug for near in matcher.match(one[1]).ranked[:3]}]
    assert len(wrong) <= len(ways) / 100, wrong


def test_an_article_of_the_operator_s_is_found_beside_what_was_learnt(tmp_path: Path) -> None:
    (tmp_path / "zh-CN").mkdir()
    article = """+++
slug = "school-badge"
category = "学信网账号/账号登录"
question = "校徽徽章怎么佩戴？"
asks = ["徽章戴在哪边", "校徽别在左边还是右边"]
related = []
resources = []
updated = 2026-11-29
+++
左边。
"""
    (tmp_path / "zh-CN" / "badge.md").write_text(article, encoding="utf-8")
    values = {**RULES, **Settings().help_values()}
    found = HelpLibrary(folder=tmp_path, values=values, every_seconds=1).matcher().match("请问徽章应该戴哪边")
    assert (found.outcome, found.near[0].slug) == ("matched", "school-badge")
    assert (
        HelpLibrary(folder=None, values=values, every_seconds=1).matcher().match("请问徽章应该戴哪边").outcome
        == "unknown"
    )


def test_an_answer_takes_a_moment(matcher: Matcher) -> None:
    started = time.perf_counter()
    for _ in range(100):
        matcher.match("手机号换了收不到验证码怎么办" * 7)
    assert time.perf_counter() - started < 5
