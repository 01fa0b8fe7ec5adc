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

_WORDS: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*|[\u3400-\u9fff]+")
_PARTS: Final = re.compile(r"[a-z0-9]+")
_REST_OF_WORD: Final = re.compile(r"(?<=[A-Za-z0-9])[A-Za-z0-9]+")
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
    share: float
    """How much of what was asked for the article has, rare words weighing more."""


class SearchIndex:
    """Chinese by characters and their pairs, other words whole; e-mail is email, too, and mail."""

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
        terms = {term: self._rarity(term) for term in self._asked(query)}
        whole = sum(terms.values())
        scores: dict[int, float] = {}
        shares: dict[int, float] = {}
        for term, rarity in terms.items():
            for place, weight in self._places.get(term, {}).items():
                scores[place] = scores.get(place, 0.0) + rarity * weight
                shares[place] = shares.get(place, 0.0) + rarity
        found = [place for place, share in shares.items() if share >= _LEAST_SHARE * whole]
        hits = {place: self._hit(self._articles[place], terms, shares[place] / whole) for place in found}
        # A question that is hardly more than what was asked for comes before one that also has it.
        found.sort(key=lambda place: (-scores[place] * (1 + _share_marked(hits[place].question)), place))
        return [hits[place] for place in found]

    def _rarity(self, term: str) -> float:
        return math.log(1 + (len(self._articles) + 1) / (len(self._places.get(term, ())) + 1))

    def _terms(self, text: str) -> list[str]:
        """All that the text can be found by."""
        terms: list[str] = []
        for word in _WORDS.findall(self._fold(text)):
            terms += [*word, *_pairs(word)] if word >= _CHINESE_FROM else [_joined(word), *_PARTS.findall(word)]
        return terms

    def _asked(self, query: str) -> list[str]:
        """What the query asks for: pairs rather than characters, a word rather than its parts."""
        terms: list[str] = []
        for word in _WORDS.findall(self._fold(query)):
            if word >= _CHINESE_FROM:
                terms += _pairs(word) or [word]
            else:
                terms += [_joined(word)] if _joined(word) in self._places else _PARTS.findall(word)
        return terms

    def _fold(self, text: str) -> str:
        """The text for comparison, of the same length, so that places in it are places in the text."""
        return "".join(_one(character) for character in text).translate(self._simplified)

    def _hit(self, article: Article, terms: Mapping[str, float], share: float) -> Hit:
        body = article.body.replace("`", "").replace("\n", " ")
        question = _marked(article.question, self._spans(article.question, terms))
        return Hit(article, question, self._pieces(body, terms), share)

    def _spans(self, text: str, terms: Mapping[str, float]) -> list[tuple[int, int]]:
        """Where the terms stand, those that touch made one."""
        spans: list[tuple[int, int]] = []
        for word in _WORDS.finditer(self._fold(text)):
            for start, end in _places_in(word, terms):
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
            begin = _whole(body, max(0, start - _BEFORE), spans)
            if begin < end:
                continue
            end = _whole(body, min(len(body), begin + _FRAGMENT), spans)
            pieces.append(_piece(body, begin, end, spans))
        return tuple(pieces) or (_piece(body, 0, _whole(body, min(len(body), _FRAGMENT), []), []),)


def _pairs(word: str) -> list[str]:
    return [word[place : place + 2] for place in range(len(word) - 1)]


def _joined(word: str) -> str:
    return word.replace("-", "")


def _places_in(word: re.Match[str], terms: Mapping[str, float]) -> list[tuple[int, int]]:
    """Where terms stand in this word of a text, in order."""
    text = word.group()
    if text >= _CHINESE_FROM:
        ends = ((start, start + length) for start in range(len(text)) for length in (1, 2))
        found = [(start, end) for start, end in ends if text[start:end] in terms]
    elif _joined(text) in terms:
        found = [(0, len(text))]
    else:
        found = [part.span() for part in _PARTS.finditer(text) if part.group() in terms]
    return [(word.start() + start, word.start() + end) for start, end in found]


def _whole(text: str, place: int, spans: list[tuple[int, int]]) -> int:
    """The place, or the end of what it would cut in two: a word, or something that was found."""
    place = next((stop for start, stop in spans if start < place < stop), place)
    rest = _REST_OF_WORD.match(text, place)
    return rest.end() if rest else place


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
