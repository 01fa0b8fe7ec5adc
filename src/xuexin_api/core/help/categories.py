"""The tree of categories, as content/help/categories.toml has it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from xuexin_api.core.messages import Language


@dataclass(frozen=True, slots=True)
class Category:
    """A place for articles; `path` is the Chinese titles from the root, which articles name it by."""

    id: str
    path: str
    english_title: str

    def title(self, language: Language) -> str:
        return self.english_title if language == "en" else self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The path of the category that holds this one; empty for a root."""
        return self.path.rpartition("/")[0]


@cache
def _file() -> dict[str, Any]:
    file = resources.files("xuexin_api") / "content" / "help" / "categories.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def categories() -> tuple[Category, ...]:
    """Every category, in the order they are shown; parents before their children."""
    return tuple(Category(one["id"], one["path"], one["en"]) for one in _file()["categories"])


@cache
def first_hot() -> tuple[str, ...]:
    """The questions shown as hot while nobody has asked anything yet: those that the source's users ask most."""
    return tuple(_file()["hot"])
