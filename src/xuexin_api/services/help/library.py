"""The articles in force: those of the package, and over them those of the operator's folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import structlog

from xuexin_api.core.help.articles import LANGUAGES, Article, ArticleError, parse_article
from xuexin_api.core.help.categories import categories
from xuexin_api.core.help.learnt import learnt
from xuexin_api.core.help.matching import ELSEWHERE, Matcher, Thresholds
from xuexin_api.core.help.search import Hit, SearchIndex
from xuexin_api.core.help.tables import tables
from xuexin_api.core.messages import Language
from xuexin_api.gateways.help_files import HelpFile, fingerprint, folder_files, package_files

_LOG = structlog.get_logger("help")
_Articles = dict[Language, dict[str, Article]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """All articles at one moment; never changed, only replaced."""

    articles: Mapping[Language, Mapping[str, Article]]
    order: tuple[str, ...]
    topics: tuple[tuple[str, tuple[str, ...]], ...]
    """Every slug with all the ways to ask for it, of all languages."""
    searches: Mapping[Language, SearchIndex]

    def get(self, slug: str, language: Language) -> Article | None:
        """The article in this language, else in the other: better understood with a dictionary than not at all."""
        for wanted in (language, *LANGUAGES):
            article = self.articles[wanted].get(slug)
            if article is not None:
                return article
        return None

    def list_in(self, path: str | None, language: Language) -> list[Article]:
        """The articles of a category and of those below it, or all; in the order of the categories."""
        found = [self.get(slug, language) for slug in self.order]
        return [
            article
            for article in found
            if article is not None and (path is None or f"{article.category}/".startswith(f"{path}/"))
        ]

    def search(self, query: str, language: Language) -> list[Hit]:
        """What the language's articles have, or the other's, where those have more of what was asked for."""
        found = (self.searches[wanted].find(query) for wanted in sorted(LANGUAGES, key=lambda one: one != language))
        return max(found, key=lambda hits: max((hit.share for hit in hits), default=0.0))


class HelpLibrary:
    """Holds the shelf, and puts up a new one when the folder has changed."""

    def __init__(self, *, folder: Path | None, values: Mapping[str, int], every_seconds: float) -> None:
        self._folder = folder
        self._values = tuple(sorted(values.items()))
        self._every = every_seconds
        self._seen = fingerprint(folder)
        self._shelf: Shelf | None = None
        self._matched: tuple[Shelf | None, Matcher | None] = None, None

    @property
    def shelf(self) -> Shelf:
        """The shelf that stands; put up at a server's start, or by the first who asks: most commands need none."""
        if self._shelf is None:
            self._shelf = self._shelve()
        return self._shelf

    def matcher(self) -> Matcher:
        """The robot's index of the shelf that stands; made at start, or by the first who asks."""
        shelf, matcher = self._matched
        if shelf is not self.shelf:
            matcher = _matcher_of(self.shelf.topics)
            self._matched = self.shelf, matcher
        assert matcher is not None, "a shelf has a matcher"
        return matcher

    def reload_if_changed(self) -> bool:
        """Read the folder again where a file of it came, went or was written; whether that was so."""
        now = fingerprint(self._folder)
        if now == self._seen:
            return False
        self._seen = now
        shelf = self._shelve()
        # Both are made before either is used: nobody waits for an index, and none answers from another shelf.
        self._matched = shelf, _matcher_of(shelf.topics)
        self._shelf = shelf
        _LOG.info("help_folder_read", files=len(now))
        return True

    async def run(self) -> None:
        """Until cancelled, look at the folder every few seconds."""
        while self._folder is not None:
            await asyncio.sleep(self._every)
            try:
                await asyncio.to_thread(self.reload_if_changed)
            except Exception:  # noqa: BLE001 - the shelf that stands goes on serving
                _LOG.exception("help_folder_failed")

    def _shelve(self) -> Shelf:
        articles, troubles = read_articles(package_files(), folder_files(self._folder), self._values)
        for trouble in troubles:
            _LOG.error("help_article_refused", trouble=trouble)
        return shelve(articles)


def read_articles(
    package: Sequence[HelpFile], folder: Sequence[HelpFile], values: tuple[tuple[str, int], ...]
) -> tuple[_Articles, list[str]]:
    """Articles by language and slug, and what is wrong with those of the folder that were refused.

    A refused article changes nothing: the package's article of that topic stays in force.
    """
    articles: _Articles = {language: {} for language in LANGUAGES}
    for article in _package_articles(tuple(package), values):
        articles[article.language][article.slug] = article
    troubles: list[str] = []
    known = dict(values)
    read: dict[Language, dict[str, str]] = {language: {} for language in LANGUAGES}
    for file in folder:
        try:
            article = _parse(file, known)
            before = read[file.language].setdefault(article.slug, file.name)
            if before != file.name:
                raise ArticleError(file.name, 1, f"{before} has the slug {article.slug} already")
        except ArticleError as error:
            troubles.append(str(error))
        else:
            articles[article.language][article.slug] = article
    return articles, troubles


def shelve(articles: Mapping[Language, Mapping[str, Article]]) -> Shelf:
    """A shelf of these articles."""
    places = {category.path: place for place, category in enumerate(categories())}
    slugs: dict[str, int] = {}
    for language in LANGUAGES:
        for article in articles[language].values():
            slugs.setdefault(article.slug, places[article.category])
    return Shelf(
        articles=articles,
        order=tuple(sorted(slugs, key=lambda slug: slugs[slug])),
        topics=tuple(
            (slug, tuple(way for language in LANGUAGES for way in _ways(articles[language].get(slug))))
            for slug in sorted(slugs)
        ),
        searches={language: _index_of(tuple(articles[language].values())) for language in LANGUAGES},
    )


def _ways(article: Article | None) -> tuple[str, ...]:
    return () if article is None else (article.question, *article.asks)


@lru_cache(maxsize=len(LANGUAGES))
def _index_of(articles: tuple[Article, ...]) -> SearchIndex:
    return SearchIndex(articles, tables().simplified)


def foreign_topics() -> dict[str, tuple[str, ...]]:
    """What the help centre does not answer, as topics."""
    return {f"{ELSEWHERE}{group}": ways for group, ways in tables().elsewhere.items()}


@lru_cache(maxsize=1)
def _matcher_of(topics: tuple[tuple[str, tuple[str, ...]], ...]) -> Matcher:
    """The robot's index of these topics; what is somebody else's matter is a topic, too, that answers nothing."""
    known = tables()
    return Matcher({**dict(topics), **foreign_topics()}, known, Thresholds(), learnt())


@lru_cache(maxsize=2)  # one of the process, one of whoever checks a folder
def _package_articles(files: tuple[HelpFile, ...], values: tuple[tuple[str, int], ...]) -> tuple[Article, ...]:
    """A mistake in the package is a programming error, and stops the start."""
    known = dict(values)
    return tuple(_parse(file, known) for file in files)


def _parse(file: HelpFile, values: Mapping[str, int]) -> Article:
    if file.text is None:
        raise ArticleError(file.name, 1, file.trouble)
    article = parse_article(file.text, file=file.name, language=file.language, values=values)
    if article.category not in {category.path for category in categories()}:
        lines = enumerate(file.text.splitlines(), 1)
        line = next((at for at, text in lines if text.strip().startswith("category")), 1)
        raise ArticleError(file.name, line, f"there is no category {article.category!r}")
    return article
