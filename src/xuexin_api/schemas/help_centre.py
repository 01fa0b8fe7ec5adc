"""The help centre's answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.types import Input, NextCursor, Output

Slug = Annotated[
    str,
    StringConstraints(max_length=64, pattern="^[a-z0-9-]+$"),
    Field(description="The topic's name in addresses; never changes.", examples=["recover-password"]),
]
TextLanguage = Annotated[
    Literal["zh-CN", "en"],
    Field(
        description="The language of the text: the other than asked for, where there is no translation.",
        examples=["zh-CN"],
    ),
]
Question = Annotated[str, Field(description="The topic's question.", examples=["如何找回密码？"])]
ShortAnswer = Annotated[
    str,
    Field(
        description="The first paragraph of the article, Markdown.",
        examples=["提交用户名、姓名和证件号码，选择返回的一种方式验证，然后设置新密码。"],
    ),
]
Total = Annotated[int, Field(description="How many there are on all pages.", examples=[55])]


class HelpCategory(Output):
    id: str = Field(description="Send it as `category` of the list of articles.", examples=["account-login"])
    title: str = Field(description="Name of the category.", examples=["账号登录"])
    articles: int = Field(description="How many articles stand in it and below it.", examples=[5])
    children: list[HelpCategory] = Field(
        description="The categories inside it.",
        examples=[[{"id": "account-login", "title": "账号登录", "articles": 5, "children": []}]],
    )


class HelpCategoryTree(Output):
    items: list[HelpCategory] = Field(description="The categories at the top, each with those inside it.")


class HelpTopic(Output):
    slug: Slug
    question: Question


class HelpArticleSummary(HelpTopic):
    short_answer: ShortAnswer
    path: str = Field(description="Where the article is.", examples=["/v1/help/articles/recover-password"])
    language: TextLanguage


class HelpArticleList(Output):
    items: list[HelpArticleSummary] = Field(description="In the order of the help centre.")
    total: Total
    next_cursor: NextCursor


class HotQuestionList(Output):
    items: list[HelpArticleSummary] = Field(description="What is opened and asked most, the most first.")


class ServiceResource(Output):
    """What of this service does what an article speaks of: the next step to offer."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(description="The HTTP method.", examples=["POST"])
    path: str = Field(
        description="As in this contract, with its parameters in braces.", examples=["/v1/recovery/password"]
    )


class HelpCategoryName(Output):
    id: str = Field(description="Which category, as in `GET /v1/help/categories`.", examples=["account-login"])
    title: str = Field(description="Name of the category.", examples=["账号登录"])


class HelpArticle(HelpArticleSummary):
    category: HelpCategoryName = Field(description="Where it stands in the help centre.")
    body: str = Field(
        description="Markdown: paragraphs, and code spans for resources, codes and fields.",
        examples=["提交用户名、姓名和证件号码……"],
    )
    resources: list[ServiceResource] = Field(
        description="Operations of this service that do what the article speaks of."
    )
    related: list[HelpTopic] = Field(description="Questions next to this one.")
    updated: date = Field(description="When the text was last changed.", examples=["2026-11-24"])


class HelpSearchHit(HelpTopic):
    question_html: str = Field(
        description="The question as HTML: everything escaped, what was found in `<mark>`.",
        examples=["如何<mark>找回密码</mark>？"],
    )
    fragments: list[str] = Field(
        description="Pieces of the article as HTML: everything escaped, what was found in `<mark>`.",
        examples=[["不记得当前密码的，请用<mark>找回密码</mark>。"]],
    )
    path: str = Field(description="Where the article is.", examples=["/v1/help/articles/recover-password"])
    language: TextLanguage


class HelpSearchResult(Output):
    items: list[HelpSearchHit] = Field(description="The best first.")
    total: Total
    next_cursor: NextCursor


class HelpFeedback(Input):
    helped: bool = Field(description="Whether the article helped.", examples=[True])


class HelpFeedbackTaken(Output):
    counted: bool = Field(
        description="False where this account, or without one this network, has said so today already.",
        examples=[True],
    )
