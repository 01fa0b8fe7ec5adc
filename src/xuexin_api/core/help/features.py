"""What of a question is compared: concepts and pairs of them, runs of characters, runs of sounds, words."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final, NamedTuple

from xuexin_api.core.help.reading import Reader, Unit, stem
from xuexin_api.core.help.tables import Tables

NEIGHBOURS: Final = 0.6
LETTERS: Final = 0.25
"""How much the finer features count, which only what was learnt can weigh: most of them say nothing."""
_EDGES: Final = ("^", "$")
_RUN_OF_LETTERS: Final = 4
WEIGHTS: Final[Mapping[str, float]] = {
    "concept": 1.7,
    "pair": 1.5,
    "character": 0.3,
    "run": 0.8,
    "sound": 0.35,
    "word": 0.6,
    "words": 1.0,
}
"""How much a feature of each kind counts, before its rarity. Tuned; see docs/decisions."""
FOREIGN: Final = ("not_", "only_")
"""How the names of concepts begin whose words silence every article that never uses them."""
_MOST_CONCEPTS: Final = 12


class Features(NamedTuple):
    """The features of one text with the weights of their kinds, and what of it was content."""

    weights: dict[str, float]
    content: tuple[tuple[str, ...], ...]
    """For each unit that is not filler: the features that speak of it."""
    units: tuple[Unit, ...]
    """As read, fillers among them."""

    def finer(self) -> dict[str, float]:
        """With neighbours as they stand, so that 没, 能 and the order count, and runs of letters within words."""
        finer = dict(self.weights)
        texts = [unit.text or unit.sound for unit in self.units]
        for one, other in pairwise((_EDGES[0], *texts, _EDGES[1])):
            finer[f"n:{one} {other}"] = NEIGHBOURS
        for unit in self.units:
            word = f"<{unit.text}>"
            if not unit.sound and len(word) > _RUN_OF_LETTERS + 1 and unit.text.isalpha():
                for place in range(len(word) - _RUN_OF_LETTERS + 1):
                    finer[f"l:{word[place : place + _RUN_OF_LETTERS]}"] = LETTERS
        return finer


class FeatureMaker:
    """Makes features; the articles' own words are known to its reader."""

    def __init__(self, tables: Tables, reader: Reader) -> None:
        self._reader = reader
        self._fillers = tables.chinese_fillers
        self._english_fillers = frozenset(stem(word) for word in tables.english_fillers)
        self._written: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._heard: dict[tuple[str, ...], list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
        self._filler_sounds: set[tuple[str, ...]] = set()
        # By the first unit, written or heard: how long a word that begins so may be.
        self._longest: dict[str, int] = {}
        self._longest_filler: dict[str, int] = dict.fromkeys(self._english_fillers, 1)
        for word, concepts in tables.concepts.items():
            units = _bare(reader, word)
            self._written[tuple(unit.text for unit in units)] = concepts
            _raise(self._longest, units[0].text, len(units))
            sounds = tuple(unit.sound for unit in units)
            # Somebody else's matter is known by its own words only: a guess by ear must not silence an answer.
            if len(sounds) > 1 and all(sounds) and not concepts[0].startswith(FOREIGN):
                self._heard.setdefault(sounds, []).append((tuple(unit.text for unit in units), concepts))
                _raise(self._longest, sounds[0], len(units))
        for word in self._fillers:
            sounds = tuple(unit.sound for unit in _bare(reader, word))
            _raise(self._longest_filler, word[0], len(word))
            if len(sounds) > 1 or sounds in {("ma",), ("le",)}:
                self._filler_sounds.add(sounds)
                _raise(self._longest_filler, sounds[0], len(sounds))

    def features(self, raw: str) -> Features:
        """Of a question or an article's way to ask it."""
        units = self._reader.units(raw)
        covering: list[list[str]] = [[] for _ in units]
        weights: dict[str, float] = {}
        concepts = self._concepts(units, covering)
        for concept, words in concepts.items():
            weights[f"c:{concept}"] = WEIGHTS["concept"]
            if concept.startswith(FOREIGN):
                weights.update({f"f:{word}": WEIGHTS["run"] for word in words})
        ordered = sorted(concepts)[:_MOST_CONCEPTS]
        for place, one in enumerate(ordered):
            for other in ordered[place + 1 :]:
                weights[f"p:{one}+{other}"] = WEIGHTS["pair"]
        filler = self._filler(units)
        kept = [place for place in range(len(units)) if not filler[place]]
        self._runs(units, kept, covering, weights)
        return Features(weights, tuple(tuple(covering[place]) for place in kept), tuple(units))

    def _concepts(self, units: list[Unit], covering: list[list[str]]) -> dict[str, list[str]]:
        """Concepts and the words they were found by: the longest first, as written, else as heard."""
        found: dict[str, list[str]] = {}
        start = 0
        while start < len(units):
            start += self._concept_at(units, start, found, covering)
        return found

    def _concept_at(self, units: list[Unit], start: int, found: dict[str, list[str]], covering: list[list[str]]) -> int:
        """Note the concepts of the longest word that begins here; how many units to go on."""
        for length in range(_most(self._longest, units, start), 0, -1):
            part = units[start : start + length]
            written = tuple(unit.text for unit in part)
            known = self._written.get(written) or self._by_ear(part, written)
            if known:
                word = "".join(unit.text or unit.sound for unit in part)
                for concept in known:
                    found.setdefault(concept, []).append(word)
                for place in range(start, start + length):
                    covering[place] += (f"c:{concept}" for concept in known)
                return length
        return 1

    def _by_ear(self, part: list[Unit], written: tuple[str, ...]) -> tuple[str, ...]:
        """The concepts of a word that sounds so: of pinyin, or of characters half of which are the word's."""
        for word, concepts in self._heard.get(tuple(unit.sound for unit in part), ()):
            same = sum(one == other or not one for one, other in zip(written, word, strict=True))
            if 2 * same >= len(word):
                return concepts
        return ()

    def _filler(self, units: list[Unit]) -> list[bool]:
        marked = [False] * len(units)
        start = 0
        while start < len(units):
            length = self._filler_at(units, start)
            for place in range(start, start + length):
                marked[place] = True
            start += length or 1
        return marked

    def _filler_at(self, units: list[Unit], start: int) -> int:
        """How many units from `start` are one filler."""
        for length in range(_most(self._longest_filler, units, start), 0, -1):
            part = units[start : start + length]
            text = "".join(unit.text for unit in part)
            if text in self._fillers or (length == 1 and text in self._english_fillers):
                return length
            if not any(unit.text for unit in part) and tuple(unit.sound for unit in part) in self._filler_sounds:
                return length
        return 0

    def _runs(self, units: list[Unit], kept: list[int], covering: list[list[str]], weights: dict[str, float]) -> None:
        """Single units, and neighbours, where fillers between them do not count."""

        def add(kind: str, prefix: str, parts: list[str], places: tuple[int, ...]) -> None:
            feature = f"{prefix}:{' '.join(parts)}"
            weights[feature] = WEIGHTS[kind]
            for place in places:
                covering[place].append(feature)

        for order, place in enumerate(kept):
            unit = units[place]
            is_word = not unit.sound
            if unit.text and (not is_word or len(unit.text) > 1):  # a letter or a digit alone says nothing
                add("word" if is_word else "character", "w" if is_word else "h", [unit.text], (place,))
            if order == 0 or (unit.gap and unit.sound):
                continue
            before_place = kept[order - 1]
            before = units[before_place]
            both = (before_place, place)
            if before.text and unit.text:
                kind = "words" if is_word else "run"
                add(kind, "r", [before.text, unit.text], both)
            if before.sound and unit.sound:
                # Of pinyin the sounds are all there is.
                spelled = not before.text and not unit.text
                add("run" if spelled else "sound", "s", [before.sound, unit.sound], both)


def _bare(reader: Reader, word: str) -> list[Unit]:
    """The units of a word of the tables; Latin ones as they are, for they are words and no pinyin."""
    if word.isascii():
        return [Unit(stem(part), "", False) for part in word.split()]
    return reader.units(word)


def _raise(longest: dict[str, int], first: str, length: int) -> None:
    longest[first] = max(length, longest.get(first, 0))


def _most(longest: dict[str, int], units: list[Unit], start: int) -> int:
    """How many units a word that begins here may have."""
    unit = units[start]
    return min(max(longest.get(unit.text, 0), longest.get(unit.sound, 0)), len(units) - start)
