"""The index on a few topics of its own: near, far, as near as another, somebody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xuexin_api.core.help.likeness import Asked, group_alike
from xuexin_api.core.help.matching import Matcher, Thresholds
from xuexin_api.core.help.tables import tables
from xuexin_api.core.help.teaching import lessons_of, teach

TOPICS = {
    "password": ["密码忘了", "找回密码", "forgot password"],
    "phone": ["换手机号", "修改手机号码", "change phone number"],
    "photo-wrong": ["照片错了", "照片不是本人"],
    "photo-missing": ["照片没有", "看不到照片"],
    "elsewhere:weather": ["天气怎么样", "明天下雨吗"],
}


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(TOPICS, replace(tables(), needs={"phone": frozenset({"change"})}), Thresholds())


def test_the_nearest_topic_answers_and_says_why(matcher: Matcher) -> None:
    found = matcher.match("我把密码忘光了怎么办")
    assert (found.outcome, found.near[0].slug) == ("matched", "password")
    assert found.why[0][0] in {"c:password", "c:forget", "p:forget+password"}


def test_as_near_as_another_is_asked_back(matcher: Matcher) -> None:
    found = matcher.match("照片")
    assert found.outcome == "ambiguous"
    assert {one.slug for one in found.near[:2]} == {"photo-wrong", "photo-missing"}


@pytest.mark.parametrize("text", ["明天会下雨吗", "鲸鱼", "", "🐋", "密码锁在图书馆哪里买", "qq密码忘了"])
def test_what_no_topic_speaks_of_is_not_known(matcher: Matcher, text: str) -> None:
    assert matcher.match(text).outcome == "unknown"


def test_what_is_nearest_to_somebody_else_s_matter_is_not_even_offered(matcher: Matcher) -> None:
    assert matcher.match("明天会下雨吗").near == ()


def test_what_only_mentions_somebody_else_s_matter_is_offered_and_not_answered(matcher: Matcher) -> None:
    found = matcher.match("qq密码忘了")
    assert (found.outcome, found.near[0].slug) == ("unknown", "password")


def test_a_topic_that_needs_a_word_answers_its_bare_subject_or_with_that_word(matcher: Matcher) -> None:
    assert matcher.match("手机号").outcome != "unknown"
    assert matcher.match("手机号怎么换").outcome == "matched"
    assert matcher.match("手机号吉利不吉利").outcome == "unknown"


def test_an_article_about_what_was_foreign_is_answered(matcher: Matcher) -> None:
    assert matcher.match("明天下雨吗").outcome == "unknown"
    published = Matcher(TOPICS | {"rain": ["明天下雨吗", "下雨吗"]}, tables(), Thresholds())
    assert published.match("明天下雨吗").near[0].slug == "rain"
    assert published.match("明天下雨吗").outcome == "matched"


def test_what_was_learnt_answers_what_no_way_to_ask_is_like() -> None:
    known = [("password", f"门禁卡{one}不认我") for one in ("今天", "昨天", "又", "还")]
    taught = teach(lessons_of(TOPICS, known * 8))
    question = "门禁卡早上不认我"
    assert Matcher(TOPICS, tables(), Thresholds()).match(question).outcome == "unknown"
    found = Matcher(TOPICS, tables(), Thresholds(), taught).match(question)
    assert (found.outcome, found.near[0].slug) == ("matched", "password")
    assert "r:禁 卡" in {feature for feature, _ in found.why}


def test_what_an_operator_wrote_since_is_found_by_nearness() -> None:
    taught = teach(lessons_of(TOPICS, ()))
    since = {**TOPICS, "whale": ["鲸鱼认证怎么做", "鲸鱼认证在哪里"], "phone": [*TOPICS["phone"], "座机怎么登记"]}
    matcher = Matcher(since, tables(), Thresholds(), taught)
    for question, slug in (("鲸鱼认证怎么弄", "whale"), ("座机怎么登记", "phone"), ("密码忘了", "password")):
        found = matcher.match(question)
        assert (found.outcome, found.near[0].slug) == ("matched", slug), question
    assert matcher.match("明天下雨吗").outcome == "unknown"


def test_alike_questions_are_one_group(matcher: Matcher) -> None:
    asked = [Asked("鲸鱼怎么飞", 2), Asked("鲸鱼怎么飞啊", 1), Asked("火山咖啡", 5)]
    groups = group_alike(asked, matcher)
    assert [(group.times, len(group.questions)) for group in groups] == [(5, 1), (3, 2)]
    assert group_alike([], matcher) == []
