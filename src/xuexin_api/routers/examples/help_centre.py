"""The help centre in both languages, and a request to a person in each of its states."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from xuexin_api.core.messages import Language
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID
from xuexin_api.schemas import help_centre as schemas
from xuexin_api.schemas.help_requests import HelpRequest, HelpRequestMade
from xuexin_api.schemas.platforms import Platform, PlatformList
from xuexin_api.services.help.platforms import list_platforms

_PATH: Final = "/v1/help/articles/phone-busy"


def _words(chinese: str, english: str, language: Language) -> str:
    return english if language == "en" else chinese


def _question(language: Language) -> str:
    return _words(
        "点击立即注册时提示手机号码忙，无法注册，如何解决？",
        "Registration says the phone is busy. What now?",
        language,
    )


def _summary(language: Language) -> schemas.HelpArticleSummary:
    answer = _words(
        "表示同一个手机号码正有另一项操作在进行。稍等片刻，再提交一次即可。",
        "Another operation with the same phone is under way. Wait a moment and send it again.",
        language,
    )
    return schemas.HelpArticleSummary(
        slug="phone-busy", question=_question(language), short_answer=answer, path=_PATH, language=language
    )


def _article(language: Language) -> schemas.HelpArticle:
    summary = _summary(language)
    category = _words("账号注册", "Registration", language)
    related = _words("如何注册学信网账号？", "How do I register an account?", language)
    return schemas.HelpArticle(
        **summary.model_dump(),
        category=schemas.HelpCategoryName(id="account-registration", title=category),
        body=summary.short_answer,
        resources=[schemas.ServiceResource(method="POST", path="/v1/registrations")],
        related=[schemas.HelpTopic(slug="register-how", question=related)],
        updated=date(2026, 11, 24),
    )


def _categories(language: Language) -> schemas.HelpCategoryTree:
    child = schemas.HelpCategory(
        id="account-login", title=_words("账号登录", "Login", language), articles=5, children=[]
    )
    title = _words("学信网账号", "Xuexin account", language)
    return schemas.HelpCategoryTree(
        items=[schemas.HelpCategory(id="account", title=title, articles=34, children=[child])]
    )


def _found(language: Language) -> schemas.HelpSearchResult:
    summary = _summary(language)
    word = _words("手机", "phone", language)
    hit = schemas.HelpSearchHit(
        slug=summary.slug,
        question=summary.question,
        question_html=summary.question.replace(word, f"<mark>{word}</mark>", 1),
        fragments=[summary.short_answer.replace(word, f"<mark>{word}</mark>", 1)],
        path=_PATH,
        language=language,
    )
    return schemas.HelpSearchResult(items=[hit], total=1, next_cursor=None)


def _platforms(language: Language) -> PlatformList:
    return PlatformList(items=[Platform.model_validate(one) for one in list_platforms(language)])


_OPEN: Final = HelpRequest(
    id=AN_ID,
    state="open",
    question="我依法改过姓名，学籍还是旧名字，应当怎么办理？",
    answer=None,
    created_at=datetime(2026, 11, 24, 9, tzinfo=UTC),
    answered_at=None,
    expires_at=datetime(2027, 2, 22, 9, tzinfo=UTC),
)
_ANSWERED: Final = _OPEN.model_copy(
    update={
        "state": "answered",
        "answer": "请带户口簿到学校学籍部门更正。",
        "answered_at": datetime(2026, 11, 25, 2, tzinfo=UTC),
    }
)
_SECRET: Final = "5f1d7c0e9b3a4c2d8e6f0a1b2c3d4e5f5f1d7c0e9b3a4c2d8e6f0a1b2c3d4e5f"
HELP_CENTRE: Final[Examples] = {
    "list_help_categories": {"tree": Shown("The tree.", _categories)},
    "list_help_articles": {
        "page": Shown(
            "One page.",
            lambda language: schemas.HelpArticleList(items=[_summary(language)], total=1, next_cursor=None),
        )
    },
    "get_help_article": {"article": Shown("An article.", _article)},
    "list_hot_questions": {
        "hot": Shown("What is asked most.", lambda language: schemas.HotQuestionList(items=[_summary(language)]))
    },
    "search_help_articles": {
        "found": Shown("Found.", _found),
        "nothing": Shown(
            "Nothing has half of the words.", schemas.HelpSearchResult(items=[], total=0, next_cursor=None)
        ),
    },
    "list_platforms": {"all": Shown("All of them.", _platforms)},
    "create_help_request": {
        "without_account": Shown("Without an account.", HelpRequestMade(**_OPEN.model_dump(), secret=_SECRET)),
        "with_account": Shown("With an account.", HelpRequestMade(**_OPEN.model_dump(), secret=None)),
    },
    "check_help_request": {
        "open": Shown("Waiting.", _OPEN),
        "answered": Shown("Answered.", _ANSWERED),
        "closed": Shown("Over.", _OPEN.model_copy(update={"state": "closed"})),
    },
}
