"""Full-text search over the articles of one language, and the fragments in which it found something."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xuexin_api.core.help.articles import Article

_WORDS: Final = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")
_FIELDS: Final = (("question", 3.0), ("asks", 2.0), ("body", 1.0))
_LEAST_SHARE: Final = 0.5
_MARKED: Final = re.compile("<mark>(.*?)</mark>")
_FRAGMENT: Final = 80
_BEFORE: Final = 20
_MOST_FRAGMENTS: Final = 2
_CHINESE_FROM: Final = "\u3400"


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that was found: its question and pieces of its text as safe HTML, what was found in <mark>."""

    article: Article
    question: str
    fragments: tuple[str, ...]


class SearchIndex:
    """Chinese by pairs of characters, other words whole."""

    def __init__(self, articles: Sequence[Article], simplified: Mapping[int, str]) -> None:
        self._articles = articles
        self._simplified = simplified
        self._places: dict[str, dict[int, float]] = {}
        for place, article in enumerate(articles):
            for field, weight in _FIELDS:
                text = "\n".join(article.asks) if field == "asks" else getattr(article, field)
                for term in set(self._terms(text)):
                    held = self._places.setdefault(term, {})
                    held[place] = held.get(place, 0.0) + weight

    def find(self, query: str) -> list[Hit]:
        """Articles that have at least half of what was asked for, best first."""
        terms = {term: self._rarity(term) for term in self._terms(query)}
        whole = sum(terms.values())
        scores: dict[int, float] = {}
        shares: dict[int, float] = {}
        for term, rarity in terms.items():
            for place, weight in self._places.get(term, {}).items():
                scores[place] = scores.get(place, 0.0) + rarity * weight
                shares[place] = shares.get(place, 0.0) + rarity
        found = [place for place, share in shares.items() if share >= _LEAST_SHARE * whole]
        hits = {place: self._hit(self._articles[place], terms) for place in found}
        # A question that is hardly more than what was asked for comes before one that also has it.
        found.sort(key=lambda place: (-scores[place] * (1 + _share_marked(hits[place].question)), place))
        return [hits[place] for place in found]

    def _rarity(self, term: str) -> float:
        return math.log(1 + (len(self._articles) + 1) / (len(self._places.get(term, ())) + 1))

    def _terms(self, text: str) -> list[str]:
        terms: list[str] = []
        for word in _WORDS.findall(self._fold(text)):
            if word < _CHINESE_FROM or len(word) == 1:
                terms.append(word)
            else:
                terms += (word[place : place + 2] for place in range(len(word) - 1))
        return terms

    def _fold(self, text: str) -> str:
        """The text for comparison, of the same length, so that places in it are places in the text."""
        return "".join(_one(character) for character in text).translate(self._simplified)

    def _hit(self, article: Article, terms: Mapping[str, float]) -> Hit:
        body = article.body.replace("`", "").replace("\n", " ")
        return Hit(article, _marked(article.question, self._spans(article.question, terms)), self._pieces(body, terms))

    def _spans(self, text: str, terms: Mapping[str, float]) -> list[tuple[int, int]]:
        """Where the terms stand, those that touch made one."""
        folded = self._fold(text)
        places = sorted(
            (found.start(), found.end()) for term in terms for found in re.finditer(re.escape(term), folded)
        )
        spans: list[tuple[int, int]] = []
        for start, end in places:
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans

    def _pieces(self, body: str, terms: Mapping[str, float]) -> tuple[str, ...]:
        """The beginning where nothing of it was found: the question or a way to ask it had the words."""
        spans = self._spans(body, terms)
        pieces: list[str] = []
        end = -1
        for start, _ in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
            if len(pieces) == _MOST_FRAGMENTS:
                break
            begin = max(0, start - _BEFORE)
            if begin < end:
                continue
            end = min(len(body), begin + _FRAGMENT)
            pieces.append(_piece(body, begin, end, spans))
        return tuple(pieces) or (_piece(body, 0, min(len(body), _FRAGMENT), []),)


def _piece(body: str, begin: int, end: int, spans: list[tuple[int, int]]) -> str:
    inside = [
        (max(start, begin) - begin, min(stop, end) - begin) for start, stop in spans if start < end and stop > begin
    ]
    text = _marked(body[begin:end], inside)
    return f"{'…' if begin else ''}{text}{'…' if end < len(body) else ''}"


def _marked(text: str, spans: list[tuple[int, int]]) -> str:
    """Everything escaped; only our own <mark> is markup."""
    made, end = "", 0
    for start, stop in spans:
        made += f"{html.escape(text[end:start])}<mark>{html.escape(text[start:stop])}</mark>"
        end = stop
    return made + html.escape(text[end:])


def _share_marked(marked: str) -> float:
    inside = sum(len(piece) for piece in _MARKED.findall(marked))
    return inside / max(1, len(marked))


def _one(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).casefold()
    return folded if len(folded) == 1 else character
