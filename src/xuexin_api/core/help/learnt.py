"""What was learnt from questions whose articles are known: how much each feature speaks for each article.

A multinomial logistic regression, made by `make robot` (see teaching.py) and kept in content/help/robot/learnt.npz.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from hashlib import blake2b
from importlib import resources
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

NAME: Final = "learnt.npz"
NOTHING: Final = "-"
"""Stands for the slug where no article is right."""
LENGTH: Final = 0.6
"""The power of a question's length by which it is divided: of a long story more is left than of a short question."""
SCALE: Final = 1.3
UNKNOWN: Final = 0.3
"""How much it counts that a question has features of a kind which no lesson has: it may speak of something else."""
Numbers: TypeAlias = NDArray[np.float32]


class Read(NamedTuple):
    """Features with their places among the known ones, and their values."""

    names: tuple[str, ...]
    places: NDArray[np.int64]
    values: Numbers


@dataclass(frozen=True, slots=True)
class Belief:
    """How likely each topic is, and what spoke for it."""

    shares: Mapping[str, float]
    """Of the articles; what is missing to one is the share of questions without any."""
    nothing: float
    features: tuple[str, ...]
    spoken: Numbers
    """What each of these features says of each topic, in the order of the slugs; the last is no article."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """The weights: small, for features are known by hashes of 64 bits and a weight is one byte."""

    slugs: NDArray[np.str_]
    """Of the columns; the last is NOTHING."""
    known: NDArray[np.uint64]
    """The hashes of the features, ascending."""
    rarities: Numbers
    weights: NDArray[np.int8]
    steps: Numbers
    """What one step of a weight is, by topic."""
    bias: Numbers
    made_of: NDArray[np.str_]
    """The fingerprint of the lessons; see teaching.py."""

    def read(self, finer: Mapping[str, float]) -> Read:
        """The features as places and values; what no lesson has counts too, once for each kind of feature."""
        names = sorted(finer)
        places, is_known = self._places(names)
        known = [name for name, one in zip(names, is_known, strict=True) if one]
        unknown = sorted({unknown_of(name) for name, one in zip(names, is_known, strict=True) if not one})
        unknown_places, is_known_kind = self._places(unknown)
        values = np.array([finer[name] for name in known], np.float32) * self.rarities[places[is_known]]
        length = float(np.sqrt(np.sum(values * values))) or 1.0
        return Read(
            (*known, *(kind for kind, one in zip(unknown, is_known_kind, strict=True) if one)),
            np.concatenate([places[is_known], unknown_places[is_known_kind]]),
            np.concatenate(
                [
                    values * np.float32(SCALE / length**LENGTH),
                    np.full(np.count_nonzero(is_known_kind), UNKNOWN, np.float32),
                ]
            ),
        )

    def _places(self, names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where each would stand, and whether it does."""
        hashes = np.array([hash_of(name) for name in names], np.uint64)
        places = np.minimum(np.searchsorted(self.known, hashes), len(self.known) - 1)
        return places, self.known[places] == hashes

    def believe(self, finer: Mapping[str, float]) -> Belief:
        """How likely each article is for a question of these features."""
        read = self.read(finer)
        spoken = read.values[:, None] * self.weights[read.places] * self.steps
        shares = shares_of(spoken.sum(axis=0) + self.bias)
        articles = dict(zip(self.slugs.tolist(), shares.tolist(), strict=True))
        nothing = articles.pop(NOTHING)
        return Belief(articles, nothing, read.names, spoken)

    def why(self, belief: Belief, slug: str) -> list[tuple[str, float]]:
        """The features that spoke for this article more than for the others, strongest first."""
        place = self.slugs.tolist().index(slug)
        said = belief.spoken[:, place] - belief.spoken.mean(axis=1)
        return [(belief.features[at], round(float(said[at]), 3)) for at in np.argsort(-said, kind="stable")]

    def written(self) -> bytes:
        """As a file, the same for the same weights."""
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, **{one.name: getattr(self, one.name) for one in fields(self)})
        return file.getvalue()


@cache
def learnt() -> Learnt:
    """What the package was taught."""
    file = resources.files("xuexin_api") / "content" / "help" / "robot" / NAME
    return read_learnt(file.read_bytes())


def read_learnt(written: bytes) -> Learnt:
    """What `written` wrote."""
    with np.load(io.BytesIO(written), allow_pickle=False) as arrays:
        return Learnt(**{one.name: arrays[one.name] for one in fields(Learnt)})


def hash_of(feature: str) -> int:
    """The same in every process."""
    return int.from_bytes(blake2b(feature.encode(), digest_size=8).digest(), "big")


def unknown_of(feature: str) -> str:
    """What stands for a feature of its kind that nothing was learnt of."""
    return f"?:{feature[0]}"


def shares_of(scores: Numbers) -> Numbers:
    """Of the last axis: positive, and one together."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), np.float32)
