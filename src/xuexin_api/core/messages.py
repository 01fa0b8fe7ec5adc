"""Words for people, keyed by code and language: the one place where a code meets a sentence."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, TypeAlias

Language: TypeAlias = Literal["zh-CN", "en"]
DEFAULT_LANGUAGE: Final[Language] = "zh-CN"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every message of the package as {code: {"zh-CN": …, "en": …}}; two files must not share a code."""
    merged: dict[str, dict[str, str]] = {}
    folder = resources.files("xuexin_api") / "content" / "messages"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        entries = tomllib.loads(file.read_text(encoding="utf-8"))
        twice = merged.keys() & entries.keys()
        if twice:
            raise ValueError(f"{file.name} repeats {sorted(twice)}")
        merged.update(entries)
    return merged


def message(code: str, /, language: Language = DEFAULT_LANGUAGE, **params: Any) -> str:
    """The sentence for `code`, its {placeholders} filled; an unknown code is a programming error."""
    return catalogue()[code][language].format(**params)
