"""From what the help services return to what the contract promises."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

from fastapi import Response
from fastapi.responses import StreamingResponse

from xuexin_api.core.help.articles import Article
from xuexin_api.core.help.search import Hit
from xuexin_api.core.help.typed import sentences
from xuexin_api.core.messages import Language, message
from xuexin_api.openapi import EVENTS
from xuexin_api.routers.presentation import choices
from xuexin_api.schemas import help_centre as schemas
from xuexin_api.schemas import help_robot as robot_schemas
from xuexin_api.schemas.help_requests import HelpRequestMade
from xuexin_api.services.help.centre import ArticleView, Page
from xuexin_api.services.help.requests import RequestMade, RequestView
from xuexin_api.services.help.robot import Answer, Opened


def path_of(slug: str) -> str:
    """Where an article is read."""
    return f"/v1/help/articles/{slug}"


def topic(article: Article) -> schemas.HelpTopic:
    return schemas.HelpTopic(slug=article.slug, question=article.question)


def summary(article: Article) -> schemas.HelpArticleSummary:
    return schemas.HelpArticleSummary(
        slug=article.slug,
        question=article.question,
        short_answer=article.short_answer,
        path=path_of(article.slug),
        language=article.language,
    )


def resources(article: Article) -> list[schemas.ServiceResource]:
    return [schemas.ServiceResource.model_validate(one) for one in article.resources]


def article_list(page: Page[Article]) -> schemas.HelpArticleList:
    return schemas.HelpArticleList(
        items=[summary(one) for one in page.items], total=page.total, next_cursor=page.next_cursor
    )


def article(view: ArticleView, language: Language) -> schemas.HelpArticle:
    return schemas.HelpArticle(
        **summary(view.article).model_dump(),
        category=schemas.HelpCategoryName(id=view.category.id, title=view.category.title(language)),
        body=view.article.body,
        resources=resources(view.article),
        related=[topic(one) for one in view.related],
        updated=view.article.updated,
    )


def search_result(page: Page[Hit]) -> schemas.HelpSearchResult:
    return schemas.HelpSearchResult(
        items=[
            schemas.HelpSearchHit(
                slug=hit.article.slug,
                question=hit.article.question,
                question_html=hit.question,
                fragments=list(hit.fragments),
                path=path_of(hit.article.slug),
                language=hit.article.language,
            )
            for hit in page.items
        ],
        total=page.total,
        next_cursor=page.next_cursor,
    )


def request_made(made: RequestMade) -> HelpRequestMade:
    request = {name: getattr(made.request, name) for name in RequestView.__slots__}
    return HelpRequestMade.model_validate(request | {"secret": made.secret})


def opened(conversation: Opened, language: Language) -> robot_schemas.ConversationOpened:
    words = message(conversation.greeting, language) + message("robot_invites", language)
    return robot_schemas.ConversationOpened(
        id=conversation.id, greeting=words, max_characters=conversation.max_characters
    )


def robot_answer(answer: Answer, language: Language, *, events: bool) -> robot_schemas.RobotAnswer | Response:
    """The answer, or the stream of events that ends in it."""
    shown = _answer(answer, language)
    if not events:
        return shown
    stream = _one_by_one(robot_events(shown, language))
    return StreamingResponse(stream, media_type=EVENTS, headers={"Cache-Control": "no-store"})


def _answer(answer: Answer, language: Language) -> robot_schemas.RobotAnswer:
    found = answer.article
    return robot_schemas.RobotAnswer(
        answered=found is not None,
        reason=answer.reason,
        text=message(f"robot_{answer.reason}", language) if found is None else found.short_answer,
        article=None
        if found is None
        else robot_schemas.RobotArticle(
            slug=found.slug,
            question=found.question,
            short_answer=found.short_answer,
            path=path_of(found.slug),
            resources=resources(found),
        ),
        suggestions=[topic(one) for one in answer.suggestions],
        remaining_characters=answer.remaining_characters,
        next=choices(answer.next, language),
    )


def robot_events(answer: robot_schemas.RobotAnswer, language: Language) -> Iterator[str]:
    """JSON has no line breaks, so each event is one line of data."""
    for piece in sentences(answer.text, language):
        yield f"event: text\ndata: {json.dumps({'text': piece}, ensure_ascii=False)}\n\n"
    yield f"event: answer\ndata: {answer.model_dump_json()}\n\n"


async def _one_by_one(events: Iterator[str]) -> AsyncIterator[str]:
    for event in events:
        yield event
