"""From what the help services return to what the contract promises."""

from __future__ import annotations

from xuexin_api.core.help.articles import Article
from xuexin_api.core.help.search import Hit
from xuexin_api.core.messages import Language
from xuexin_api.schemas import help_centre as schemas
from xuexin_api.schemas.help_requests import HelpRequestMade
from xuexin_api.services.help.centre import ArticleView, Page
from xuexin_api.services.help.requests import RequestMade, RequestView


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
