"""Questions that are alike, put together: what operators read to see which article is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xuexin_api.core.help.matching import Matcher

_ALIKE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and how often it came."""

    question: str
    times: int


@dataclass(frozen=True, slots=True)
class Group:
    """Alike questions, the one asked most first."""

    times: int
    questions: tuple[Asked, ...]


def group_alike(asked: Sequence[Asked], matcher: Matcher) -> list[Group]:
    """Each question joins the first group whose leading question it is like; the largest groups come first."""
    leaders: list[dict[str, float]] = []
    groups: list[list[Asked]] = []
    for one in sorted(asked, key=lambda question: -question.times):
        vector = matcher.vector(one.question)
        likeness = [sum(value * leader.get(feature, 0.0) for feature, value in vector.items()) for leader in leaders]
        nearest = max(range(len(leaders)), key=likeness.__getitem__, default=None)
        if nearest is not None and likeness[nearest] >= _ALIKE:
            groups[nearest].append(one)
        else:
            leaders.append(vector)
            groups.append([one])
    made = [Group(sum(one.times for one in group), tuple(group)) for group in groups]
    return sorted(made, key=lambda group: -group.times)
