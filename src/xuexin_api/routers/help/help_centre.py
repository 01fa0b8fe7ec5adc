"""帮助中心: articles for everybody, and the platforms that take the account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from xuexin_api.core.errors import AddressLimitedError, ArticleNotFoundError, CategoryNotFoundError, TokenInvalidError
from xuexin_api.dependencies.callers import RequestLanguage, RequestSource, SentClaims
from xuexin_api.dependencies.help import help_centre_service
from xuexin_api.openapi import refusals
from xuexin_api.routers.cacheable_route import CacheableRoute
from xuexin_api.routers.entity_tags import NOT_MODIFIED
from xuexin_api.routers.help import help_presentation as show
from xuexin_api.routers.paging import PageCursor, PageLimit
from xuexin_api.schemas.help_centre import (
    HelpArticle,
    HelpArticleList,
    HelpCategory,
    HelpCategoryTree,
    HelpFeedback,
    HelpFeedbackTaken,
    HelpSearchResult,
    HotQuestionList,
    Slug,
)
from xuexin_api.schemas.platforms import Platform, PlatformList
from xuexin_api.schemas.types import PLAINLY_WRITTEN
from xuexin_api.services.help.centre import HelpCentreService
from xuexin_api.services.help.platforms import list_platforms as platforms_of

router = APIRouter(prefix="/v1", tags=["help"], route_class=CacheableRoute)
Centre = Annotated[HelpCentreService, Depends(help_centre_service)]


@router.get("/help/categories", summary="Categories of the help centre", responses=NOT_MODIFIED)
async def list_help_categories(language: RequestLanguage, centre: Centre) -> HelpCategoryTree:
    """The tree, with the number of articles in each."""
    return HelpCategoryTree(items=[HelpCategory.model_validate(one) for one in centre.list_categories(language)])


@router.get("/help/articles", summary="Articles", responses=NOT_MODIFIED | refusals(CategoryNotFoundError))
async def list_help_articles(
    language: RequestLanguage,
    centre: Centre,
    category: Annotated[
        str | None,
        Query(max_length=64, description="Id of a category; those below it are included.", examples=["account-login"]),
    ] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> HelpArticleList:
    """Questions with their short answers, of one category or of all."""
    return show.article_list(centre.list_articles(category, language, cursor=cursor, most=limit))


@router.get("/help/articles/{slug}", summary="One article", responses=NOT_MODIFIED | refusals(ArticleNotFoundError))
async def get_help_article(
    slug: Annotated[Slug, Path(examples=["recover-password"])], language: RequestLanguage, centre: Centre
) -> HelpArticle:
    """The whole answer, the resources of this service that do it, and related questions."""
    return show.article(centre.open_article(slug, language), language)


@router.get("/help/hot", summary="Hot questions", responses=NOT_MODIFIED)
async def list_hot_questions(
    language: RequestLanguage,
    centre: Centre,
    limit: Annotated[int, Query(ge=1, le=30, description="How many."), PLAINLY_WRITTEN] = 10,
) -> HotQuestionList:
    """What people open and ask most these days."""
    return HotQuestionList(items=[show.summary(one) for one in await centre.list_hot(language, most=limit)])


@router.get("/help/search", summary="Search the articles", responses=NOT_MODIFIED)
async def search_help_articles(
    q: Annotated[str, Query(min_length=1, max_length=100, description="Words to find.", examples=["找回密码"])],
    language: RequestLanguage,
    centre: Centre,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> HelpSearchResult:
    """Full text, Chinese and English. What was found stands in `<mark>`; all else is escaped."""
    return show.search_result(centre.search(q, language, cursor=cursor, most=limit))


@router.post(
    "/help/articles/{slug}/feedback",
    summary="Say whether an article helped",
    responses=refusals(TokenInvalidError, ArticleNotFoundError, AddressLimitedError),
)
async def give_help_feedback(
    slug: Annotated[Slug, Path(examples=["recover-password"])],
    body: HelpFeedback,
    source: RequestSource,
    claims: SentClaims,
    centre: Centre,
) -> HelpFeedbackTaken:
    """Counted once a day for an account, or without one for a network. Nothing of who said it is kept."""
    counted = await centre.give_feedback(slug, helped=body.helped, claims=claims, network=source.network)
    return HelpFeedbackTaken(counted=counted)


@router.get("/platforms", summary="Platforms that take the account", responses=NOT_MODIFIED)
async def list_platforms(language: RequestLanguage) -> PlatformList:
    """学信网各服务平台. Signing on to them from here is not open yet: each has its own login page."""
    return PlatformList(items=[Platform.model_validate(one) for one in platforms_of(language)])
