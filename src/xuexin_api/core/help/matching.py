"""Which article answers a question: what was learnt from known ones, or the nearest way to ask it of any article."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final, Literal, NamedTuple, TypeAlias

from xuexin_api.core.help.features import FeatureMaker, Features
from xuexin_api.core.help.learnt import NOTHING, Learnt
from xuexin_api.core.help.reading import Reader
from xuexin_api.core.help.tables import Tables

Outcome: TypeAlias = Literal["matched", "ambiguous", "unknown"]
ELSEWHERE: Final = "elsewhere:"
"""How the names of topics begin that the help centre does not answer."""
_UNKNOWN_COUNTS: Final = 0.5
"""A run that no article has, in the length of the question: typing slips make many."""
_TOPIC_SHARE: Final = 2.5
_DAMPING: Final = 0.35
"""What many ways to ask share counts more, but by far not as often as it is said."""
_NEAREST: Final = 8
_BARE: Final = 3
_YIELDS: Final = 0.8
_FOREIGN_SHARE: Final = 0.5
"""How much of the nearest foreign matter's score is taken from an article's."""
_WITHOUT_COVERAGE: Final = 0.4
_WORTH_OFFERING: Final = 0.5
"""Of the best score: what is further away is no neighbour."""
_LIKELY_ENOUGH: Final = 0.0001
"""The same of the likelihood that was learnt."""
_IN_ITS_WORDS: Final = 0.995
"""How like a way to ask a question is that is nothing else; it goes before all that only resembles."""
_STRONGEST: Final = 5


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When the nearest article is an answer. Tuned on strangers' questions of which nothing was learnt."""

    certainty: float = 0.5
    """The score, less half of that of the nearest foreign matter, times the sum of 0.4 and the coverage."""
    alike: float = 0.995
    """Asks back where the second topic has this share of the first one's score."""
    alike_when_bare: float = 0.88
    """The same for a question that is one word: `照片` may mean much."""
    learnt: float = 1.7
    """The logarithm of the odds that it is no foreign matter, by what was learnt, and the coverage together."""
    foreign: float = 0.99
    """How likely a foreign matter is for which nothing is even offered."""


class Scored(NamedTuple):
    """A topic and how near or, of what was learnt, how likely it is."""

    slug: str
    score: float
    likeness: float
    """To the nearest of its ways to ask."""


@dataclass(frozen=True, slots=True)
class Match:
    """What was found for a question, and why."""

    outcome: Outcome
    ranked: tuple[Scored, ...]
    near: tuple[Scored, ...]
    """What may be offered, the answer first: nothing where the question is somebody else's matter."""
    coverage: float
    why: tuple[tuple[str, float], ...]
    """The features that spoke for the first, strongest first: what a log may hold, for they are the articles' words."""


class Matcher:
    """An index over every way to ask for an article. Small: some thousand ways, some ten thousand features."""

    def __init__(
        self,
        topics: Mapping[str, Sequence[str]],
        tables: Tables,
        thresholds: Thresholds,
        learnt: Learnt | None = None,
    ) -> None:
        reader = Reader(tables)
        reader.learn(text for texts in topics.values() for text in texts)
        reader.learn(word for word in tables.concepts if word.isascii())
        self._maker = FeatureMaker(tables, reader)
        self._thresholds = thresholds
        self._learnt = learnt
        self._needs = tables.needs
        self._slugs = list(topics)
        self._rarity: dict[str, float] = {}
        self._topic_of = array("I")
        self._build(topics)

    def _build(self, topics: Mapping[str, Sequence[str]]) -> None:
        made = [
            (place, self._maker.features(text).weights) for place, texts in enumerate(topics.values()) for text in texts
        ]
        seen: dict[str, set[int]] = {}
        for place, weights in made:
            for feature in weights:
                seen.setdefault(feature, set()).add(place)
        many = len(topics)
        self._rarity = {feature: math.log(1 + many / len(places)) for feature, places in seen.items()}
        self._unseen = math.log(1 + many)
        sums: list[dict[str, float]] = [{} for _ in topics]
        ways: list[tuple[str, int, float]] = []
        for way, (place, weights) in enumerate(made):
            self._topic_of.append(place)
            vector = {feature: weight * self._rarity[feature] for feature, weight in weights.items()}
            length = _length(vector.values())
            for feature, value in vector.items():
                ways.append((feature, way, value / length))
                sums[place][feature] = sums[place].get(feature, 0.0) + value / length
        self._ways = _Postings(ways)
        damped_sums: list[tuple[str, int, float]] = []
        for place, total in enumerate(sums):
            damped = {feature: value**_DAMPING for feature, value in total.items()}
            length = _length(damped.values())
            damped_sums += [(feature, place, value / length) for feature, value in damped.items()]
        self._topics = _Postings(damped_sums)

    def match(self, text: str) -> Match:
        """The articles for a question; `matched` only where one is sure and alone."""
        features = self._maker.features(text)
        vector = self._weigh(features)
        ranked = self._rank(vector)
        if not ranked:
            return Match("unknown", (), (), 0.0, ())
        nearest = self._nearest(features, vector, ranked)
        if self._learnt is None or self._stands(nearest, self._learnt):
            return nearest
        return self._likeliest(features, ranked, self._learnt)

    @staticmethod
    def _stands(nearest: Match, learnt: Learnt) -> bool:
        """Whether what is near needs no second opinion: an article written since, or asked in its very words."""
        first = nearest.near[0] if nearest.outcome == "matched" else None
        return first is not None and (first.likeness >= _IN_ITS_WORDS or first.slug not in learnt.slugs)

    def _likeliest(self, features: Features, ranked: Sequence[Scored], learnt: Learnt) -> Match:
        """By what was learnt; of articles written since nothing was, they keep the places they have by nearness."""
        belief = learnt.believe(features.finer())
        known = [one for one in ranked if not one.slug.startswith(ELSEWHERE)]
        likeness = {one.slug: one.likeness for one in known}
        likely = sorted(
            (Scored(slug, share, likeness.get(slug, 0.0)) for slug, share in belief.shares.items()),
            key=lambda one: (-one.score, one.slug),
        )
        first = likely[0]
        near = [one for one in likely if one.score >= _LIKELY_ENOUGH * first.score]
        for place, one in enumerate(known):
            if one.slug not in belief.shares:
                near.insert(place, one._replace(score=first.score))
        coverage = self._coverage(features, self._slugs.index(first.slug))
        if belief.nothing >= self._thresholds.foreign:
            return Match("unknown", tuple(likely), (), coverage, tuple(learnt.why(belief, NOTHING)[:_STRONGEST]))
        why = tuple(learnt.why(belief, first.slug)[:_STRONGEST])
        odds = math.log((1 - belief.nothing) / belief.nothing)
        sure = odds + coverage >= self._thresholds.learnt
        outcome = self._judge(features, likely, known) if sure else "unknown"
        return Match(outcome, tuple(likely), tuple(near), coverage, why)

    def finer(self, text: str) -> dict[str, float]:
        """The features of which one learns."""
        return self._maker.features(text).finer()

    def _nearest(self, features: Features, vector: Mapping[str, float], ranked: Sequence[Scored]) -> Match:
        first = self._first(ranked)
        coverage = self._coverage(features, self._slugs.index(first.slug))
        known = tuple(one for one in ranked if not one.slug.startswith(ELSEWHERE))
        why = self._why(vector, first.slug)
        if first.slug.startswith(ELSEWHERE):
            return Match("unknown", known, (), coverage, why)
        near = tuple(one for one in known if one.score >= _WORTH_OFFERING * first.score)
        foreign = next((one.score for one in ranked if one.slug.startswith(ELSEWHERE)), 0.0)
        certainty = (first.score - _FOREIGN_SHARE * foreign) * (_WITHOUT_COVERAGE + coverage)
        if certainty < self._thresholds.certainty or self._is_elsewhere(features, first.slug, whole=coverage == 1):
            return Match("unknown", known, near, coverage, why)
        return Match(self._judge(features, known, known), known, near, coverage, why)

    @staticmethod
    def _first(ranked: Sequence[Scored]) -> Scored:
        """The nearest; an article before a foreign matter about as near: an operator may have written it since."""
        article = next((one for one in ranked if not one.slug.startswith(ELSEWHERE)), ranked[0])
        return article if article.score >= _YIELDS * ranked[0].score else ranked[0]

    def vector(self, text: str) -> dict[str, float]:
        """The text with what no article has, of length one: for telling how alike two texts are."""
        weights = self._maker.features(text).weights
        vector = {feature: weight * self._rarity.get(feature, self._unseen) for feature, weight in weights.items()}
        length = _length(vector.values())
        return {feature: value / length for feature, value in vector.items()}

    def _weigh(self, features: Features) -> dict[str, float]:
        vector, outside = {}, 0.0
        for feature, weight in features.weights.items():
            rarity = self._rarity.get(feature)
            if rarity is None:
                outside += (_UNKNOWN_COUNTS * weight * self._unseen) ** 2
            else:
                vector[feature] = weight * rarity
        length = math.sqrt(sum(value * value for value in vector.values()) + outside) or 1.0
        return {feature: value / length for feature, value in vector.items()}

    def _rank(self, vector: Mapping[str, float]) -> list[Scored]:
        ways: dict[int, float] = {}
        topics = [0.0] * len(self._slugs)
        for feature, value in vector.items():
            for way, held in self._ways.of(feature):
                ways[way] = ways.get(way, 0.0) + value * held
            for place, held in self._topics.of(feature):
                topics[place] += value * held
        nearest: list[list[float]] = [[] for _ in self._slugs]
        for way, score in ways.items():
            nearest[self._topic_of[way]].append(score)
        ranked = []
        for place, scores in enumerate(nearest):
            if scores:
                scores.sort(reverse=True)
                near = sum(score / (1 + order) for order, score in enumerate(scores[:_NEAREST])) / _HARMONIC
                score = near + _TOPIC_SHARE * topics[place] + (scores[0] >= _IN_ITS_WORDS)
                ranked.append(Scored(self._slugs[place], score, scores[0]))
        ranked.sort(key=lambda one: (-one.score, one.slug))
        return ranked

    def _coverage(self, features: Features, place: int) -> float:
        """The share of the question's own words of which this topic speaks."""
        if not features.content:
            return 1.0
        spoken = sum(any(self._speaks(feature, place) for feature in unit) for unit in features.content)
        return spoken / len(features.content)

    def _is_elsewhere(self, features: Features, slug: str, *, whole: bool) -> bool:
        """Whether the question speaks of what the article never does, or not of what it needs.

        A question that is nothing but the article's subject (`whole`) needs no more.
        """
        place = self._slugs.index(slug)
        foreign = [feature for feature in features.weights if feature.startswith("f:")]
        if any(not self._topics.has(feature, place) for feature in foreign):
            return True
        needs = self._needs.get(slug)
        return needs is not None and not whole and not any(f"c:{concept}" in features.weights for concept in needs)

    def _speaks(self, feature: str, place: int) -> bool:
        # A single character says too little.
        return not feature.startswith("h:") and self._topics.has(feature, place)

    def _judge(self, features: Features, first: Sequence[Scored], nearest: Sequence[Scored]) -> Outcome:
        """Whether the first of these is alone; a bare word is as near to several, whatever was learnt of it."""
        bare = len(features.content) <= _BARE and sum(feature.startswith("c:") for feature in features.weights) == 1
        alike = _alike(first, self._thresholds.alike) or (bare and _alike(nearest, self._thresholds.alike_when_bare))
        return "ambiguous" if alike else "matched"

    def _why(self, vector: Mapping[str, float], slug: str) -> tuple[tuple[str, float], ...]:
        place = self._slugs.index(slug)
        spoken = []
        for feature, value in vector.items():
            for topic, held in self._topics.of(feature):
                if topic == place:
                    spoken.append((feature, round(value * held, 3)))
        return tuple(sorted(spoken, key=lambda one: -one[1])[:_STRONGEST])


def _alike(scored: Sequence[Scored], share: float) -> bool:
    """Whether the second is about as good as the first."""
    return len(scored) > 1 and scored[1].score >= share * scored[0].score


_HARMONIC: Final = sum(1 / (1 + order) for order in range(_NEAREST))


def _length(values: Iterable[float]) -> float:
    return math.sqrt(sum(value * value for value in values)) or 1.0


class _Postings:
    """Where each feature is, and how much of it: in three long arrays."""

    def __init__(self, entries: Sequence[tuple[str, int, float]]) -> None:
        self._places, self._values, self._ends = array("I"), array("f"), array("I", [0])
        self._orders: dict[str, int] = {}
        for order, (feature, its) in enumerate(groupby(sorted(entries), key=itemgetter(0))):
            for _, place, value in its:
                self._places.append(place)
                self._values.append(value)
            self._ends.append(len(self._places))
            self._orders[feature] = order

    def of(self, feature: str) -> Iterator[tuple[int, float]]:
        """Each place that has it, and how much."""
        its = self._span(feature)
        return zip(self._places[its], self._values[its], strict=True)

    def has(self, feature: str, place: int) -> bool:
        """Whether it is there."""
        return feature in self._orders and place in self._places[self._span(feature)]

    def _span(self, feature: str) -> slice:
        order = self._orders[feature]
        return slice(self._ends[order], self._ends[order + 1])
