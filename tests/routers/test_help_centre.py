"""帮助中心 over HTTP: nobody needs to log in, and whoever keeps an answer is told whether it is still right."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.keys import keys_for_tests
from support.people import students
from support.tables import count_rows, rows_of
from support.waiting import until_blocked
from xuexin_api.app import create_app
from xuexin_api.assembly import wire
from xuexin_api.dependencies.wiring import Wiring

ENGLISH = {"Accept-Language": "en"}
ARTICLE = """+++
slug = "{slug}"
category = "学信档案"
question = "{question}"
asks = ["紫色大象怎么查"]
related = ["photo-missing"]
resources = ["GET /v1/account"]
updated = 2026-11-25
+++
紫色大象在{code_seconds}内有效。

<script>alert(1)</script> 第二段。
"""


@pytest.fixture
async def neighbour(app: FastAPI, parts: Wiring) -> AsyncIterator[Client]:
    async with connected_client(app, parts, "203.0.113.99") as connected:
        yield connected


async def test_categories_are_a_tree_that_counts_every_article_once(client: Client) -> None:
    tree = (await client.get("/v1/help/categories")).json()["items"]
    assert [one["title"] for one in tree][:2] == ["学信网账号", "学信档案"]
    assert [one["title"] for one in tree[0]["children"]] == [
        "账号注册",
        "账号登录",
        "重新注册",
        "信息修改",
        "其他问题",
    ]
    assert sum(one["articles"] for one in tree) == 55
    assert sum(one["articles"] for one in tree[0]["children"]) == tree[0]["articles"]
    english = (await client.get("/v1/help/categories", headers=ENGLISH)).json()["items"]
    assert english[0]["title"] == "Xuexin account"


async def test_a_list_has_pages_and_a_total(client: Client) -> None:
    slugs, cursor, pages = [], "", 0
    while True:
        page = (await client.get(f"/v1/help/articles?limit=20{cursor}")).json()
        assert page["total"] == 55
        slugs += [one["slug"] for one in page["items"]]
        pages += 1
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert pages == 3
    assert len(set(slugs)) == len(slugs) == 55


async def test_a_category_lists_what_stands_in_it_and_below_it(client: Client) -> None:
    below = (await client.get("/v1/help/articles?category=account-registering-anew")).json()
    assert {one["slug"] for one in below["items"]} >= {"document-registered", "photo-under-1mb"}
    whole = (await client.get("/v1/help/articles?category=account&limit=100")).json()
    assert whole["total"] > below["total"]
    unknown = await client.get("/v1/help/articles?category=nothing")
    assert (unknown.status_code, code_of(unknown)) == (404, "category_not_found")


async def test_an_article_says_what_to_do_and_with_which_resource(client: Client) -> None:
    article = (await client.get("/v1/help/articles/recover-password")).json()
    assert article["question"] == "如何找回密码？"
    assert article["body"].startswith(article["short_answer"])
    assert article["category"] == {"id": "account-login", "title": "账号登录"}
    assert {"method": "POST", "path": "/v1/recovery/password"} in article["resources"]
    assert 2 <= len(article["related"]) <= 3
    english = (await client.get("/v1/help/articles/recover-password", headers=ENGLISH)).json()
    assert english["question"] == "How do I recover my password?"
    assert english["language"] == "en"


async def test_an_unknown_article_is_a_404(client: Client) -> None:
    missing = await client.get("/v1/help/articles/no-such-thing")
    assert (missing.status_code, code_of(missing)) == (404, "article_not_found")


@pytest.mark.settings(code_seconds=420, code_tries=7)
async def test_an_article_says_the_numbers_of_this_deployment(client: Client) -> None:
    chinese = (await client.get("/v1/help/articles/code-rejected")).json()["body"]
    assert "7 分钟" in chinese
    assert "连续输错 7 次" in chinese
    english = (await client.get("/v1/help/articles/code-rejected", headers=ENGLISH)).json()["body"]
    assert "7 minutes" in english


@pytest.mark.parametrize(
    "path",
    [
        "/v1/help/categories",
        "/v1/help/articles",
        "/v1/help/articles/phone-busy",
        "/v1/help/hot",
        "/v1/help/search?q=密码",
        "/v1/platforms",
    ],
)
async def test_an_answer_may_be_kept_and_is_not_sent_again_unchanged(client: Client, path: str) -> None:
    first = await client.get(path)
    assert first.headers["cache-control"] == "public, max-age=300"
    assert first.headers["vary"] == "Accept-Language"
    tag = first.headers["etag"]
    again = await client.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    english = await client.get(path, headers=ENGLISH | {"If-None-Match": tag})
    assert english.status_code == 200
    assert english.headers["content-language"] == "en"


async def test_search_finds_chinese_and_marks_what_it_found(client: Client) -> None:
    found = (await client.get("/v1/help/search?q=找回密码")).json()
    assert found["items"][0]["slug"] == "recover-password"
    assert found["items"][0]["question_html"] == "如何<mark>找回密码</mark>？"
    assert any("<mark>找回密码</mark>" in piece for hit in found["items"] for piece in hit["fragments"])
    assert found["total"] >= len(found["items"]) > 1


async def test_search_reads_traditional_characters_and_full_width(client: Client) -> None:
    plain = (await client.get("/v1/help/search?q=注册IP")).json()["items"]
    assert plain
    assert (await client.get("/v1/help/search?q=註冊ＩＰ")).json()["items"] == plain


async def test_search_finds_english_whatever_the_language_of_the_caller(client: Client) -> None:
    asked = await client.get("/v1/help/search?q=authenticator recover")
    assert {one["language"] for one in asked.json()["items"]} == {"en"}
    english = (await client.get("/v1/help/search?q=Recovery E-MAIL", headers=ENGLISH)).json()["items"]
    assert "change-email" in {one["slug"] for one in english}
    assert any("<mark>" in one["question_html"] for one in english)


async def test_search_finds_a_single_character_and_what_is_typed_with_gaps(client: Client) -> None:
    alone = (await client.get("/v1/help/search?q=籍")).json()["items"]
    assert any("<mark>籍</mark>" in one["question_html"] for one in alone)
    parted = (await client.get("/v1/help/search?q=学 籍")).json()["items"]
    assert any("<mark>学籍</mark>" in one["question_html"] for one in parted)


async def test_search_marks_whole_words_and_reads_e_mail_as_email(client: Client) -> None:
    first = (await client.get("/v1/help/search?q=e-mail", headers=ENGLISH)).json()
    assert first == (await client.get("/v1/help/search?q=email", headers=ENGLISH)).json()
    assert first["items"][0]["question_html"] == "How do I change the recovery <mark>e-mail</mark>?"
    marked = [re.findall("<mark>(.*?)</mark>", text) for one in first["items"] for text in one["fragments"]]
    assert {word for words in marked for word in words} == {"e-mail", "email"}
    parts = (await client.get("/v1/help/search?q=phone-number", headers=ENGLISH)).json()["items"]
    assert "<mark>phone</mark> <mark>number</mark>" in parts[0]["question_html"]


async def test_fragments_cut_no_word_and_nothing_that_was_found(client: Client) -> None:
    items = (await client.get("/v1/help/search?q=recover the password&limit=100", headers=ENGLISH)).json()["items"]
    assert items
    for one in items:
        body = (await client.get(one["path"], headers=ENGLISH)).json()["body"]
        words = set(re.findall("[A-Za-z0-9]+", body))
        for piece in one["fragments"]:
            plain = html.unescape(re.sub("</?mark>", "", piece))
            assert set(re.findall("[A-Za-z0-9]+", plain)) <= words


async def test_search_answers_in_the_other_language_where_that_has_more_of_it(client: Client) -> None:
    english = (await client.get("/v1/help/search?q=recover password")).json()["items"]
    assert (english[0]["language"], english[0]["slug"]) == ("en", "recover-password")
    both = (await client.get("/v1/help/search?q=SFZ")).json()["items"]
    assert both[0]["language"] == "zh-CN"


async def test_search_echoes_no_markup_and_finds_nothing_where_nothing_is(client: Client) -> None:
    for query in ("<script>alert(1)</script>密码", "密码<b>", "&lt;密码"):
        answer = await client.get("/v1/help/search", params={"q": query})
        assert "<script" not in answer.text
        assert "<b>" not in answer.text
    nothing = (await client.get("/v1/help/search", params={"q": "鲸鱼🐋"})).json()
    assert nothing == {"items": [], "total": 0, "next_cursor": None}
    assert (await client.get("/v1/help/search", params={"q": " "})).json()["total"] == 0


@pytest.mark.parametrize(
    "query", ["", "q=", "q=" + "密" * 101, "q=密码&limit=0", "q=密码&cursor=x", "q=密码&cursor=AAAA"]
)
async def test_a_search_that_is_none_is_refused(client: Client, query: str) -> None:
    refused = await client.get(f"/v1/help/search?{query}")
    assert (refused.status_code, code_of(refused)) == (422, "invalid_request")


async def test_hot_questions_begin_with_those_of_the_source(client: Client) -> None:
    hot = (await client.get("/v1/help/hot?limit=3")).json()["items"]
    assert [one["slug"] for one in hot] == ["account-uses", "recover-password", "document-registered"]


async def test_what_people_open_becomes_hot_and_cools_by_day(client: Client, parts: Wiring, clock: HandClock) -> None:
    for _ in range(3):
        await client.get("/v1/help/articles/degree-query")
    assert await count_rows(parts, "help_interest") == 0, "a read writes nothing"
    await parts.help_interest.flush()
    clock.pass_time(minutes=2)
    assert (await client.get("/v1/help/hot")).json()["items"][0]["slug"] == "degree-query"

    clock.pass_time(days=5)
    for _ in range(2):
        await client.get("/v1/help/articles/app-logout")
    await parts.help_interest.flush()
    clock.pass_time(minutes=2)
    slugs = [one["slug"] for one in (await client.get("/v1/help/hot")).json()["items"]]
    assert slugs[:2] == ["app-logout", "degree-query"]


async def test_counts_of_two_processes_add_up(client: Client, parts: Wiring) -> None:
    for _ in range(2):
        await client.get("/v1/help/articles/phone-busy")
        await parts.help_interest.flush()
    rows = await rows_of(parts, "help_interest")
    assert [(row["slug"], row["opened"], row["asked"]) for row in rows] == [("phone-busy", 2, 0)]


async def test_whether_it_helped_is_counted_once_a_day_for_a_network(
    client: Client, neighbour: Client, parts: Wiring, clock: HandClock
) -> None:
    path = "/v1/help/articles/phone-busy/feedback"
    answers = await asyncio.gather(*(client.post(path, {"helped": True}) for _ in range(8)))
    assert sorted(one.json()["counted"] for one in answers) == [False] * 7 + [True]
    assert (await neighbour.post(path, {"helped": False})).json() == {"counted": True}
    [row] = await rows_of(parts, "help_feedback")
    assert (row["helped"], row["not_helped"]) == (1, 1)
    clock.pass_time(days=1)
    assert (await client.post(path, {"helped": True})).json() == {"counted": True}


async def test_people_of_one_network_with_accounts_are_counted_each(client: Client, parts: Wiring) -> None:
    path = "/v1/help/articles/phone-busy/feedback"
    assert (await client.post(path, {"helped": True})).json()["counted"]
    [student] = students(1)
    await client.register(student)
    assert (await client.post(path, {"helped": True})).json()["counted"]
    assert not (await client.post(path, {"helped": False})).json()["counted"]


@pytest.mark.settings(help_messages_per_address_hour=2)
async def test_one_address_may_not_say_much(client: Client) -> None:
    for slug in ("phone-busy", "app-logout"):
        assert (await client.post(f"/v1/help/articles/{slug}/feedback", {"helped": True})).status_code == 200
    refused = await client.post("/v1/help/articles/degree-query/feedback", {"helped": True})
    assert (refused.status_code, code_of(refused)) == (429, "address_limited")
    assert int(refused.headers["retry-after"]) > 0


async def test_feedback_on_what_is_not_there_is_a_404(client: Client, parts: Wiring) -> None:
    refused = await client.post("/v1/help/articles/no-such-thing/feedback", {"helped": True})
    assert (refused.status_code, code_of(refused)) == (404, "article_not_found")
    assert await count_rows(parts, "help_feedback") == 0


async def test_platforms_that_take_the_account_are_listed(client: Client) -> None:
    platforms = (await client.get("/v1/platforms")).json()["items"]
    assert len(platforms) == 11
    assert {one["name"] for one in platforms} >= {"学信档案", "全国征兵网", "中国研究生招生信息网"}
    for one in platforms:
        assert (await client.get(f"/v1/help/articles/{one['article']}")).status_code == 200


def _published(folder: Path, name: str, text: str) -> None:
    (folder / "zh-CN").mkdir(parents=True, exist_ok=True)
    (folder / "zh-CN" / f"{name}.md").write_text(text, encoding="utf-8")


def _with_folder(parts: Wiring, folder: Path) -> Wiring:
    settings = parts.settings.model_copy(update={"help_folder": folder})
    return wire(settings, keys=keys_for_tests(), database=parts.database, clock=parts.clock, entropy=parts.entropy)


async def test_hot_questions_are_answered_while_one_of_them_is_taken_back(parts: Wiring, tmp_path: Path) -> None:
    _published(tmp_path, "one", ARTICLE.replace("{slug}", "purple-elephant").replace("{question}", "紫色大象？"))
    changed = _with_folder(parts, tmp_path)
    async with connected_client(create_app(changed, background=False), changed) as client:
        await client.get("/v1/help/articles/purple-elephant")
        await changed.help_interest.flush()
        async with parts.database.session() as session, session.begin():
            await session.execute(text("LOCK TABLE help_interest"))
            asked = asyncio.create_task(client.get("/v1/help/hot"))
            await until_blocked(parts)
            (tmp_path / "zh-CN" / "one.md").unlink()
            assert changed.help_library.reload_if_changed()
        assert (await asked).json()["items"][0]["slug"] == "purple-elephant"


async def test_a_folder_publishes_articles_without_a_restart(parts: Wiring, tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    changed = _with_folder(parts, folder)
    app = create_app(changed, background=False)
    async with connected_client(app, changed) as client:
        assert (await client.get("/v1/help/articles/purple-elephant")).status_code == 404

        _published(folder, "one", ARTICLE.replace("{slug}", "purple-elephant").replace("{question}", "紫色大象？"))
        _published(folder, "two", ARTICLE.replace("{slug}", "phone-busy").replace("{question}", "改写的问题？"))
        assert changed.help_library.reload_if_changed()
        added = (await client.get("/v1/help/articles/purple-elephant")).json()
        assert added["short_answer"] == "紫色大象在5 分钟内有效。"
        assert (await client.get("/v1/help/articles/phone-busy")).json()["question"] == "改写的问题？"
        assert (await client.get("/v1/help/articles")).json()["total"] == 56
        # There is no English text of it: better the Chinese one than none, and it says so.
        english = (await client.get("/v1/help/articles/purple-elephant", headers=ENGLISH)).json()
        assert english["language"] == "zh-CN"
        found = (await client.get("/v1/help/search?q=第二段")).json()["items"][0]
        assert "<script" not in str(found["fragments"])

        (folder / "zh-CN" / "one.md").unlink()
        assert changed.help_library.reload_if_changed()
        assert not changed.help_library.reload_if_changed()
        assert (await client.get("/v1/help/articles/purple-elephant")).status_code == 404
