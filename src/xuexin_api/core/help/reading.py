"""From what somebody typed to units that can be compared: width, case, script, spelling and slips made one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

from xuexin_api.core.help.tables import Tables

_LONGEST_WORD: Final = 24
_SHORTEST_MENDED: Final = 6
_SHORTEST_STEM: Final = 3
_VOWEL: Final = re.compile(r"[aeiouy]")
_RUNS: Final = re.compile(r"[a-z]+(?:[-'][a-z]+)*|(?<!\d)\d{1,6}(?!\d)|[\u3400-\u9fff]", re.ASCII)
"""Longer numbers are somebody's: they say nothing of what is asked."""
_LATIN: Final = re.compile(r"[a-z]")
_SOUNDS: Final = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"))
_LONGEST_SYLLABLE: Final = 6


class Unit(NamedTuple):
    """A character with its reading, a syllable of pinyin, or a word of another language or a number."""

    text: str
    """The character or word; empty for a syllable typed as such."""
    sound: str
    """The reading as a careless ear hears it; empty for a word."""
    gap: bool
    """Whether something stood between this unit and the one before."""


def sound_of(syllable: str) -> str:
    """One for syllables that many speakers do not tell apart."""
    for written, heard in _SOUNDS:
        syllable = syllable.replace(written, heard)
    return syllable


def plain_text(raw: str, simplified: Mapping[int, str]) -> str:
    """Width, case and script made one; invisible characters gone."""
    text = unicodedata.normalize("NFKC", raw).casefold()
    text = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return text.translate(simplified)


class Reader:
    """Reads texts into units, knowing the words that the articles use."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._sounds = {character: sound_of(syllable) for character, syllable in tables.readings.items()}
        self._syllables = frozenset(tables.readings.values()) | {"lv", "nv"}
        self._pairs = frozenset(
            (tables.readings[one], tables.readings[other])
            for word in tables.concepts
            for one, other in pairwise(word)
            if one in tables.readings and other in tables.readings
        )
        self._starts = frozenset(word[0] for word in tables.other_readings)
        self._vocabulary: set[str] = set(tables.english_fillers)
        self._mended: dict[str, str | None] = {}
        spelled = sorted(tables.spellings, key=len, reverse=True)
        self._chinese_spelled = re.compile("|".join(word for word in spelled if not word.isascii()))
        latin = "|".join(re.escape(word) for word in spelled if word.isascii())
        self._latin_spelled = re.compile(rf"(?<![a-z])(?:{latin})(?![a-z])")

    def learn(self, texts: Iterable[str]) -> None:
        """Take the Latin words of these texts as known, so that they are neither pinyin nor slips."""
        for text in texts:
            self._vocabulary.update(one for one in _RUNS.findall(self.plain(text)) if _LATIN.match(one))
        self._mended = {}
        for word in self._vocabulary:
            if len(word) >= _SHORTEST_MENDED:
                for shorter in _with_one_less(word):
                    # A slip that could be of two words is left as it is.
                    self._mended[shorter] = word if self._mended.get(shorter, word) == word else None

    def plain(self, raw: str) -> str:
        """`plain_text`, with the one spelling of each word that has several."""
        text = plain_text(raw, self._tables.simplified)
        for pattern in (self._chinese_spelled, self._latin_spelled):
            text = pattern.sub(lambda found: self._tables.spellings[found.group()], text)
        return text

    def units(self, raw: str) -> list[Unit]:
        """The units of a text, in order."""
        text = self.plain(raw)
        found: list[Unit] = []
        end = 0
        for run in _RUNS.finditer(text):
            gap = bool(text[end : run.start()].strip())
            end = run.end()
            word = run.group()
            if not _LATIN.match(word):
                found.append(Unit(word, self._sounds.get(word, ""), gap))
            else:
                found += self._latin(word, gap=gap)
        return self._in_words(found)

    def _latin(self, word: str, *, gap: bool) -> list[Unit]:
        """A known word, else pinyin, else a slip of a known word, else as it stands."""
        if word in self._vocabulary or stem(word) in self._vocabulary:
            return [Unit(stem(word), "", gap)]
        syllables = self._spell(word)
        mended = self._mend(word)
        if mended is not None and (not syllables or len(syllables) > len(word) / 2):
            return [Unit(stem(mended), "", gap)]
        if syllables:
            return [Unit("", sound_of(one), gap and place == 0) for place, one in enumerate(syllables)]
        return [Unit(stem(word), "", gap)]

    def _spell(self, word: str) -> list[str]:
        """The fewest syllables of pinyin that make the word up, of as few the ones that known words have; or none."""
        if len(word) > _LONGEST_WORD * 2:
            return []
        # By where it ends and its last syllable: how many syllables, less how many pairs of known words, and which.
        best: list[dict[str, tuple[int, int, list[str]]]] = [{"": (0, 0, [])}, *({} for _ in word)]
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - _LONGEST_SYLLABLE), end):
                part = word[start:end]
                if part in self._syllables and best[start]:
                    ways = (
                        (count + 1, unknown - ((before, part) in self._pairs), [*syllables, part])
                        for before, (count, unknown, syllables) in best[start].items()
                    )
                    best[end][part] = min(ways, key=lambda way: way[:2])
        return min(best[-1].values(), default=(0, 0, []), key=lambda way: way[:2])[2]

    def _mend(self, word: str) -> str | None:
        """The one known word that differs by a letter too few, too many, wrong, or by two that changed places."""
        if not _SHORTEST_MENDED - 1 <= len(word) <= _LONGEST_WORD:
            return None
        for candidate in (word, *_with_one_less(word)):
            if candidate in self._vocabulary and len(candidate) >= _SHORTEST_MENDED:
                return candidate
            mended = self._mended.get(candidate)
            if mended is not None:
                return mended
        return None

    def _in_words(self, units: list[Unit]) -> list[Unit]:
        """Readings that characters have in a certain word."""
        for place, unit in enumerate(units):
            if unit.text not in self._starts:
                continue
            for length in (2, 1):
                word = "".join(unit.text for unit in units[place : place + length])
                syllables = self._tables.other_readings.get(word)
                if syllables is not None and len(syllables) == length:
                    for step, syllable in enumerate(syllables):
                        units[place + step] = units[place + step]._replace(sound=sound_of(syllable))
                    break
        return units


def stem(word: str) -> str:
    """Without the endings of plurals, times and persons: register, registers, registered, registering are one."""
    word = word.removesuffix("'s")
    if word.endswith("ies") and len(word) > _SHORTEST_STEM + 2:
        word = f"{word[:-3]}y"
    elif word.endswith("s") and len(word) > _SHORTEST_STEM and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ied", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _SHORTEST_STEM and _VOWEL.search(rest) and not rest.endswith("e"):
            word = f"{rest}y" if ending == "ied" else _single(rest)
            break
    return word.removesuffix("e") if len(word) > _SHORTEST_STEM else word


def _single(word: str) -> str:
    """forgett-ing is of forget."""
    doubled = len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1] not in "ls"
    return word[:-1] if doubled else word


def _with_one_less(word: str) -> list[str]:
    return [word[:place] + word[place + 1 :] for place in range(len(word))]
