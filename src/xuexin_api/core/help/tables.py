"""What the robot knows of the language, read from content/help/robot: tables, and not code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

_LEVEL_ONE: Final = (0xB0, 0xD8)
_CELLS: Final = (0xA1, 0xFF)


@dataclass(frozen=True, slots=True)
class Tables:
    """Simplified characters, spellings, readings, fillers, and the words for each concept."""

    simplified: Mapping[int, str]
    spellings: Mapping[str, str]
    readings: Mapping[str, str]
    other_readings: Mapping[str, tuple[str, ...]]
    chinese_fillers: frozenset[str]
    english_fillers: frozenset[str]
    concepts: Mapping[str, tuple[str, ...]]
    """Word → the concepts it stands for."""
    elsewhere: Mapping[str, tuple[str, ...]]
    """Questions that the help centre does not answer, by what they are about."""
    needs: Mapping[str, frozenset[str]]
    """Slug → concepts of which a question must speak for this article to answer it."""


def _table(name: str) -> dict[str, Any]:
    file = resources.files("xuexin_api") / "content" / "help" / "robot" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def tables() -> Tables:
    """The tables of the package."""
    readings = _table("readings")
    fillers = _table("fillers")
    return Tables(
        simplified={ord(pair[0]): pair[1] for pair in _table("traditional")["pairs"].split()},
        spellings=_table("variants")["words"],
        readings=_readings(readings["order"]),
        other_readings={word: tuple(text.split()) for word, text in readings["other"].items()},
        chinese_fillers=frozenset(fillers["zh"].split()),
        english_fillers=frozenset(fillers["en"].split()),
        concepts=_concepts(_table("concepts")),
        elsewhere={group: tuple(lines.split("\n")) for group, lines in _stripped(_table("elsewhere")).items()},
        needs={slug: frozenset(words.split()) for slug, words in _table("needs").items()},
    )


def known_questions() -> dict[str, list[tuple[str, str]]]:
    """Questions whose articles are known, by who wrote them: pairs of slug and text, to learn from."""
    folder = resources.files("xuexin_api") / "content" / "help" / "robot" / "asked"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".tsv"): _pairs(file.read_text(encoding="utf-8")) for file in files}


def _pairs(text: str) -> list[tuple[str, str]]:
    found = (line.partition("\t") for line in text.splitlines() if line)
    return [(slug, question) for slug, _, question in found]


def _readings(order: str) -> dict[str, str]:
    """Character → syllable: GB 2312 orders its first level by reading, so the first of each syllable is enough."""
    starts = {part[-1]: part[:-1] for part in order.split()}
    found: dict[str, str] = {}
    syllable = ""
    for row in range(*_LEVEL_ONE):
        for cell in range(*_CELLS):
            character = bytes((row, cell)).decode("gb2312", "ignore")
            if character:
                syllable = starts.get(character, syllable)
                found[character] = syllable
    return found


def _stripped(table: Mapping[str, str]) -> dict[str, str]:
    return {name: text.strip() for name, text in table.items()}


def _concepts(table: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for concept, words in table.items():
        for word in words.replace("|", " ").split():
            found.setdefault(word, []).append(concept)
    return {word: tuple(concepts) for word, concepts in found.items()}
