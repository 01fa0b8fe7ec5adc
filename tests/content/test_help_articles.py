"""The articles: complete, and true. A number comes from a setting, a path and a code from the contract."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from xuexin_api.cli.migration import PROJECT
from xuexin_api.core.help.articles import LANGUAGES, Article, ArticleError, parse_article
from xuexin_api.core.help.categories import categories, first_hot
from xuexin_api.core.help.values import RULES, fill
from xuexin_api.core.messages import catalogue
from xuexin_api.gateways.help_files import HelpFile, package_files
from xuexin_api.openapi import operations
from xuexin_api.services.help.library import read_articles
from xuexin_api.services.help.platforms import list_platforms
from xuexin_api.settings import Settings

VALUES = {**RULES, **Settings().help_values()}
CONTRACT = json.loads((PROJECT / "openapi" / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS = {(method.upper(), path) for method, path, _ in operations(CONTRACT)}
SOURCES = {file.name: file.text or "" for file in package_files()}
ARTICLES = [
    parse_article(file.text or "", file=file.name, language=file.language, values=VALUES) for file in package_files()
]
SPAN = re.compile(r"`([^`]+)`")
NOT_NUMBERS = re.compile(r"\{[a-z_]+\}|`[^`]+`")
# Quantities in words say a number as much as digits do. 一 and "one" mean "a" as often as 1, so they may stand.
CHINESE_QUANTITY = re.compile(
    r"[二两三四五六七八九十百千万]+\s*(?:次|天|小时|分钟|秒|个月|年|位|个|条|份|种|张|兆|[KM]B)"
)
ENGLISH_QUANTITY = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|hundred|thousand|twice|thrice)\b",
    re.IGNORECASE,
)
FREE_OF_NUMBERS: dict[str, str] = {
    "两次": "a password is typed again: the form has two fields",
    "两张": "a record has two photos",
}


def _words(part: Any) -> set[str]:
    """Every word that the contract itself uses: fields, values, header names."""
    found: set[str] = set()
    if isinstance(part, dict):
        found.update(part.get("properties", {}))
        found.update(str(value) for value in part.get("enum", []))
        found.add(str(part.get("const", "")))
        for value in part.values():
            found |= _words(value)
    elif isinstance(part, list):
        for value in part:
            found |= _words(value)
    return found


@cache
def _words_of_the_contract() -> set[str]:
    return _words(CONTRACT)


# Values that the contract gives as plain texts, and where they come from.
OPEN_VALUES = {
    "record_facts": "method_record_facts",
    "take_over": "option_take_over",
    "re_register": "option_re_register",
    "?fit=true": "option_fit_picture",
}


def test_every_topic_stands_in_both_languages() -> None:
    by_language = {language: {one.slug for one in ARTICLES if one.language == language} for language in LANGUAGES}
    assert len(by_language["zh-CN"]) == 55
    assert by_language["en"] == by_language["zh-CN"]
    for name in SOURCES:
        assert any(one.slug == name.split("/")[1].removesuffix(".md") for one in ARTICLES), name


@pytest.mark.parametrize("article", ARTICLES, ids=lambda one: f"{one.language}/{one.slug}")
def test_an_article_leads_on(article: Article) -> None:
    slugs = {one.slug for one in ARTICLES}
    assert set(article.related) <= slugs - {article.slug}
    assert 2 <= len(article.related) <= 3
    assert article.resources
    for resource in article.resources:
        assert (resource.method, resource.path) in OPERATIONS, resource
    assert 10 <= len(article.short_answer) <= 400
    assert len(article.asks) >= 6
    assert article.category in {one.path for one in categories()}
    twin = next(one for one in ARTICLES if one.slug == article.slug and one.language != article.language)
    assert (twin.category, twin.related, twin.resources) == (article.category, article.related, article.resources)


@pytest.mark.parametrize("name", SOURCES)
def test_an_article_names_no_number_that_settings_or_rules_do_not_give(name: str) -> None:
    body = SOURCES[name].split("+++", 2)[2]
    text = NOT_NUMBERS.sub("", body)
    for free in FREE_OF_NUMBERS:
        text = text.replace(free, "")
    assert not re.search(r"\d", text), "digits come from placeholders"
    assert not CHINESE_QUANTITY.search(text)
    assert not ENGLISH_QUANTITY.search(text)


@pytest.mark.parametrize("article", ARTICLES, ids=lambda one: f"{one.language}/{one.slug}")
def test_what_an_article_quotes_is_in_the_contract(article: Article) -> None:
    words = _words_of_the_contract()
    for quoted in SPAN.findall(article.body):
        method, _, path = quoted.partition(" ")
        if path:
            assert (method, path) in OPERATIONS, quoted
        else:
            known = quoted in words or quoted in catalogue() or quoted == "Retry-After"
            assert known or OPEN_VALUES.get(quoted) in catalogue(), quoted


def test_hot_questions_and_platforms_name_articles_that_exist() -> None:
    slugs = {one.slug for one in ARTICLES}
    assert set(first_hot()) <= slugs
    for platforms in (list_platforms("zh-CN"), list_platforms("en")):
        assert {one.article for one in platforms} <= slugs | {None}


GOOD = """+++
slug = "good-one"
category = "学信档案"
question = "好问题？"
asks = ["怎么问"]
related = []
resources = ["GET /v1/account"]
updated = 2026-11-24
+++
短答案，{code_tries} 次。

更多，见 `GET /v1/archive/enrollments/{enrollment_id}`。
"""


def _parse(text: str) -> Article:
    return parse_article(text, file="folder/good-one.md", language="zh-CN", values={"code_tries": 5, "a_seconds": 90})


def test_an_article_is_read_with_its_numbers() -> None:
    article = _parse(GOOD)
    assert article.short_answer == "短答案，5 次。"
    assert "{enrollment_id}" in article.body
    assert article.resources[0].method == "GET"


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("+++\nslug", "slug"), 1, "first line"),
        (("2026-11-24\n+++", "2026-11-24"), 11, "no second line"),
        (('slug = "good-one"', 'slug = "Good One"'), 2, "slug"),
        (('slug = "good-one"', "slug = 5"), 2, "slug"),
        (('category = "学信档案"\n', ""), 1, "category"),
        (('asks = ["怎么问"]', 'asks = [""]'), 5, "asks"),
        (('asks = ["怎么问"]', 'asks = ["怎么问"'), 6, "TOML"),
        (('"GET /v1/account"', '"FETCH /v1/account"'), 7, "resource"),
        (("updated = 2026-11-24", 'updated = "today"'), 8, "updated"),
        (("updated = 2026-11-24", "updated = 2026-11-24T10:00:00"), 8, "updated"),
        (("updated = 2026-11-24", f"updated = {'1' * 5000}"), 8, "TOML"),
        (("updated = 2026-11-24", f"updated = {'[' * 5000}"), 8, "TOML"),
        (("updated =", "author = 'me'\nupdated ="), 8, "author"),
        (("{code_tries}", "{no_such_setting}"), 10, "no_such_setting"),
    ],
)
def test_a_malformed_article_is_refused_with_its_file_and_line(change: tuple[str, str], line: int, reason: str) -> None:
    text = GOOD.replace(*change)
    with pytest.raises(ArticleError) as refused:
        _parse(text)
    assert str(refused.value).startswith(f"folder/good-one.md:{line}: "), str(refused.value)
    assert reason in str(refused.value)


@pytest.mark.parametrize("line", ['category = "没有"', '  category = "没有"', '"category" = "没有"'])
def test_an_article_of_no_category_is_refused_and_stops_no_other(line: str) -> None:
    lost = GOOD.replace('category = "学信档案"', line)
    files = [HelpFile("lost.md", "zh-CN", lost), HelpFile("good.md", "zh-CN", GOOD)]
    articles, troubles = read_articles([], files, tuple(VALUES.items()))
    assert list(articles["zh-CN"]) == ["good-one"]
    assert len(troubles) == 1
    assert "there is no category '没有'" in troubles[0]


def test_an_article_without_an_answer_is_refused() -> None:
    with pytest.raises(ArticleError, match="no answer"):
        _parse(GOOD.split("短答案", maxsplit=1)[0])


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (1, "1 秒", "1 second"),
        (90, "90 秒", "90 seconds"),
        (300, "5 分钟", "5 minutes"),
        (3600, "1 小时", "1 hour"),
        (5400, "90 分钟", "90 minutes"),
        (259200, "3 天", "3 days"),
    ],
)
def test_times_are_said_in_the_largest_unit_that_fits(seconds: int, chinese: str, english: str) -> None:
    assert fill("{a_seconds}", {"a_seconds": seconds}, "zh-CN") == chinese
    assert fill("{a_seconds}", {"a_seconds": seconds}, "en") == english


def test_sizes_of_files_are_said_in_the_largest_unit_that_fits() -> None:
    said = [fill("{a_bytes}", {"a_bytes": size}, "en") for size in (8_388_608, 61_440, 1_500)]
    assert said == ["8 MB", "60 KB", "1,500 B"]
