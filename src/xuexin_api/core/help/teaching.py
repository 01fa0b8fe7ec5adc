"""Learning from known questions, in some seconds and with numpy alone: the same lessons give the same weights."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xuexin_api.core.help.learnt import (
    LENGTH,
    NOTHING,
    SCALE,
    UNKNOWN,
    Learnt,
    Numbers,
    Read,
    hash_of,
    shares_of,
    unknown_of,
)
from xuexin_api.core.help.matching import ELSEWHERE, Matcher, Thresholds
from xuexin_api.core.help.tables import tables

_SEEN_TWICE: Final = 2
"""A feature of one text alone is its memory, and no rule."""
_ROUNDS: Final = 10
_BATCH: Final = 64
_PACE: Final = 0.5
_SLOWER: Final = 0.8
_START: Final = 1e-3
_SEED: Final = 0
_LARGEST: Final = 127


class Lesson(NamedTuple):
    """The features of a text and the slugs that are right for it."""

    slugs: tuple[str, ...]
    features: Mapping[str, float]


def lessons_of(topics: Mapping[str, Sequence[str]], known: Iterable[tuple[str, str]]) -> list[Lesson]:
    """Every way to ask for a topic, and known questions; slugs with | between them are right alike."""
    matcher = Matcher(topics, tables(), Thresholds())
    ways = ((NOTHING if slug.startswith(ELSEWHERE) else slug, way) for slug, some in topics.items() for way in some)
    return [Lesson(tuple(slug.split("|")), matcher.finer(text)) for slug, text in chain(ways, known)]


def fingerprint(lessons: Sequence[Lesson]) -> str:
    """Another where a text, a table, or the way to read or to learn is another."""
    told = hashlib.sha256(
        repr((LENGTH, SCALE, UNKNOWN, _SEEN_TWICE, _ROUNDS, _BATCH, _PACE, _SLOWER, _START, _SEED)).encode()
    )
    for lesson in lessons:
        told.update(repr((lesson.slugs, sorted(lesson.features.items()))).encode())
    return told.hexdigest()


def teach(lessons: Sequence[Lesson]) -> Learnt:
    """The weights under which the right slugs of the lessons are likely."""
    slugs = [*sorted({slug for lesson in lessons for slug in lesson.slugs} - {NOTHING}), NOTHING]
    made_of = np.array(fingerprint(lessons))
    blank = _blank(lessons, np.array(slugs), made_of)
    texts = [blank.read(lesson.features) for lesson in lessons]
    weights, bias = _descend(texts, _wanted(lessons, slugs), len(blank.known))
    steps = np.maximum(np.abs(weights).max(axis=0), _START) / np.float32(_LARGEST)
    return replace(blank, weights=np.round(weights / steps).astype(np.int8), steps=steps, bias=bias)


def _blank(lessons: Sequence[Lesson], slugs: NDArray[np.str_], made_of: NDArray[np.str_]) -> Learnt:
    """The features that several lessons have, and one for what is unknown of each kind, before anything is learnt."""
    seen = Counter(feature for lesson in lessons for feature in lesson.features)
    many = math.log(len(lessons))
    kept = {name: math.log(1 + len(lessons) / times) / many for name, times in seen.items() if times >= _SEEN_TWICE}
    kept |= {unknown_of(name): 1.0 for name in seen}
    ordered = sorted((hash_of(name), rarity) for name, rarity in kept.items())
    nothing = np.zeros(len(slugs), np.float32)
    return Learnt(
        slugs=slugs,
        known=np.array([key for key, _ in ordered], np.uint64),
        rarities=np.array([rarity for _, rarity in ordered], np.float32),
        weights=np.zeros((len(ordered), len(slugs)), np.int8),
        steps=nothing,
        bias=nothing,
        made_of=made_of,
    )


def _wanted(lessons: Sequence[Lesson], slugs: Sequence[str]) -> Numbers:
    wanted = np.zeros((len(lessons), len(slugs)), np.float32)
    for row, lesson in enumerate(lessons):
        for slug in lesson.slugs:
            wanted[row, slugs.index(slug)] = 1 / len(lesson.slugs)
    return wanted


def _descend(texts: Sequence[Read], wanted: Numbers, many: int) -> tuple[Numbers, Numbers]:
    """Adagrad over small batches, in an order that is chance and yet the same each time."""
    topics = wanted.shape[1]
    weights, bias = np.zeros((many, topics), np.float32), np.zeros(topics, np.float32)
    paced, paced_bias = np.full((many, topics), _START, np.float32), np.ones(topics, np.float32)
    chance = np.random.default_rng(_SEED)
    for turn in range(_ROUNDS):
        pace = np.float32(_PACE * (1 - _SLOWER * turn / _ROUNDS))
        order = chance.permutation(len(texts))
        for start in range(0, len(texts), _BATCH):
            batch = order[start : start + _BATCH]
            at = np.concatenate([texts[row].places for row in batch])
            features, columns = np.unique(at, return_inverse=True)
            values = np.zeros((len(batch), len(features)), np.float32)
            rows = np.repeat(np.arange(len(batch)), [len(texts[row].places) for row in batch])
            values[rows, columns] = np.concatenate([texts[row].values for row in batch])
            missed = shares_of(values @ weights[features] + bias) - wanted[batch]
            slope, slope_bias = values.T @ missed, missed.sum(axis=0)
            paced[features] += slope * slope
            paced_bias += slope_bias * slope_bias
            weights[features] -= pace * slope / np.sqrt(paced[features])
            bias -= pace * slope_bias / np.sqrt(paced_bias)
    return weights, bias
