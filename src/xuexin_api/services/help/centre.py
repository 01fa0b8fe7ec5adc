"""The help centre: categories, lists, articles, search, and whether an article helped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock, china_date, next_china_midnight
from xuexin_api.core.errors import AddressLimitedError, ArticleNotFoundError, CategoryNotFoundError
from xuexin_api.core.help.articles import Article
from xuexin_api.core.help.categories import Category, categories, first_hot
from xuexin_api.core.help.search import Hit
from xuexin_api.core.messages import DEFAULT_LANGUAGE, Language
from xuexin_api.core.policies import HelpPolicy
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.help.help_centre import HelpCountRepository
from xuexin_api.services.base import Service
from xuexin_api.services.help.interest import HelpInterest
from xuexin_api.services.help.library import HelpLibrary, Shelf
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.paging import read_offset, write_offset

_FEEDBACK: Final = "help_feedback"
_HOUR: Final = 3600
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[_Item]):
    """Some items of a list, how many there are, and where the next ones start."""

    items: list[_Item]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class CategoryView:
    """A category with the number of its articles, those below it included, and its own categories."""

    id: str
    title: str
    articles: int
    children: list[CategoryView]


@dataclass(frozen=True, slots=True)
class ArticleView:
    """An article, the category it stands in, and the articles next to it."""

    article: Article
    category: Category
    related: list[Article]


class HelpCentreService(Service):
    """Reads from memory; only feedback writes."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        library: HelpLibrary,
        interest: HelpInterest,
        counts: HelpCountRepository,
        counters: CounterRepository,
        throttle: Throttle,
        lookups: Lookups,
        policy: HelpPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._library = library
        self._interest = interest
        self._counts = counts
        self._counters = counters
        self._throttle = throttle
        self._lookups = lookups
        self._policy = policy

    @property
    def _shelf(self) -> Shelf:
        return self._library.shelf

    def list_categories(self, language: Language) -> list[CategoryView]:
        """The tree from its roots."""
        return self._children("", language)

    def _children(self, path: str, language: Language) -> list[CategoryView]:
        return [
            CategoryView(
                id=one.id,
                title=one.title(language),
                articles=len(self._shelf.list_in(one.path, language)),
                children=self._children(one.path, language),
            )
            for one in categories()
            if one.parent == path
        ]

    def list_articles(
        self, category_id: str | None, language: Language, *, cursor: str | None, most: int
    ) -> Page[Article]:
        """The articles of a category and those below it, or all of them."""
        path = None
        if category_id is not None:
            path = next((one.path for one in categories() if one.id == category_id), None)
            if path is None:
                raise CategoryNotFoundError
        return _page(self._shelf.list_in(path, language), cursor, most)

    def search(self, query: str, language: Language, *, cursor: str | None, most: int) -> Page[Hit]:
        """Articles with at least half of the words, best first."""
        return _page(self._shelf.search(query, language), cursor, most)

    def open_article(self, slug: str, language: Language) -> ArticleView:
        """The article; that it was opened is counted."""
        article = self._get(slug, language)
        self._interest.note_opened(slug)
        found = [self._shelf.get(other, language) for other in article.related]
        category = next(one for one in categories() if one.path == article.category)
        return ArticleView(article, category, [other for other in found if other is not None])

    async def list_hot(self, language: Language, *, most: int) -> list[Article]:
        """What people open and ask most; before anybody has, what the source's users ask."""
        shelf = self._shelf  # held: another may stand when the counts are read
        first = [slug for slug in first_hot() if slug in shelf.order]
        ranked = await self._interest.rank([*first, *(slug for slug in shelf.order if slug not in first)])
        found = (shelf.get(slug, language) for slug in ranked[:most])
        return [article for article in found if article is not None]

    async def give_feedback(self, slug: str, *, helped: bool, claims: Claims | None, network: str) -> bool:
        """Whether it was counted: once for an account, or without one for a network, per article and day."""
        wait = await self._throttle.hit(_FEEDBACK, network, most=self._policy.per_address_hour, seconds=_HOUR)
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)
        self._get(slug, DEFAULT_LANGUAGE)
        who = network if claims is None else claims.account_id.bytes
        now = self._clock.now()
        async with self._transaction():
            counted = await self._counters.add_one_unless(
                _FEEDBACK,
                self._lookups.attempt(who, slug),
                limit=1,
                spaced=None,
                now=now,
                window_ends_at=next_china_midnight(now),
            )
            if counted:
                await self._counts.add_feedback(china_date(now), slug, helped=helped)
        return counted

    def _get(self, slug: str, language: Language) -> Article:
        article = self._shelf.get(slug, language)
        if article is None:
            raise ArticleNotFoundError
        return article


def _page(items: Sequence[_Item], cursor: str | None, most: int) -> Page[_Item]:
    start = 0 if cursor is None else read_offset(cursor)
    end = start + most
    return Page(list(items[start:end]), len(items), write_offset(end) if end < len(items) else None)
