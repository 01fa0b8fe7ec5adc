"""An article as written: TOML between two lines of +++, then Markdown whose first paragraph is the short answer."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from xuexin_api.core.help.values import PLACEHOLDER, fill
from xuexin_api.core.messages import Language

LANGUAGES: Final[tuple[Language, ...]] = ("zh-CN", "en")
_FENCE: Final = "+++"
_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RESOURCE: Final = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/v1/[a-z0-9_{}/.-]+)")
_KINDS: Final[Mapping[str, type]] = {
    "slug": str,
    "category": str,
    "question": str,
    "asks": list,
    "related": list,
    "resources": list,
    "updated": date,
}
_LONGEST_SLUG: Final = 64


class ArticleError(Exception):
    """The article is refused: where, and why."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")


@dataclass(frozen=True, slots=True)
class Resource:
    """What of this service does what the article speaks of."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Article:
    """One topic in one language, its numbers filled in."""

    slug: str
    language: Language
    category: str
    question: str
    asks: tuple[str, ...]
    related: tuple[str, ...]
    resources: tuple[Resource, ...]
    updated: date
    short_answer: str
    body: str
    """Markdown: paragraphs, and code spans for resources and codes."""


def parse_article(text: str, *, file: str, language: Language, values: Mapping[str, int]) -> Article:
    """The article, or ArticleError with file and line."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != _FENCE:
        raise ArticleError(file, 1, "the first line must be +++")
    closing = next((place for place, line in enumerate(lines[1:], 1) if line.strip() == _FENCE), None)
    if closing is None:
        raise ArticleError(file, len(lines), "no second line of +++ ends the front matter")
    front = _front_matter(lines[1:closing], file)
    body = "\n".join(lines[closing + 1 :]).strip()
    if not body:
        raise ArticleError(file, closing + 1, "there is no answer below the front matter")
    for place, line in enumerate(lines[closing + 1 :], closing + 2):
        unknown = [name for name in PLACEHOLDER.findall(_without_resources(line)) if name not in values]
        if unknown:
            raise ArticleError(file, place, f"no setting is called {unknown[0]}")
    filled = _fill_outside_resources(body, values, language)
    return Article(
        slug=front["slug"],
        language=language,
        category=front["category"],
        question=front["question"],
        asks=tuple(front["asks"]),
        related=tuple(front["related"]),
        resources=tuple(Resource(*resource.split(" ", 1)) for resource in front["resources"]),
        updated=front["updated"],
        short_answer=filled.split("\n\n", 1)[0].replace("\n", " "),
        body=filled,
    )


def _front_matter(lines: list[str], file: str) -> dict[str, Any]:
    try:
        front = tomllib.loads("\n".join(lines))
    except (ValueError, RecursionError) as error:  # a number too long, lists too deep: no TOMLDecodeError
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) + 1 if found else len(lines) + 1
        raise ArticleError(file, line, f"the front matter is not TOML: {error}") from None

    for key in {**_KINDS, **front}:
        reason = _fault(key, front)
        if reason:
            line = next((at for at, text in enumerate(lines, 2) if text.split("=")[0].strip() == key), 1)
            raise ArticleError(file, line, reason)
    return front


def _fault(key: str, front: Mapping[str, Any]) -> str:
    """What is wrong with this field of the front matter; nothing, if nothing is."""
    kind = _KINDS.get(key)
    if kind is None:
        return f"{key} is not a field of an article"
    value = front.get(key)
    if not isinstance(value, kind) or isinstance(value, datetime):
        return f"{key} is missing or has another type than {kind.__name__}"
    texts = value if isinstance(value, list) else [value]
    if kind is not date and not all(isinstance(text, str) and text.strip() for text in texts):
        return f"{key} has an empty text, or something that is none"
    if key == "slug" and (len(str(value)) > _LONGEST_SLUG or not _SLUG.fullmatch(str(value))):
        return "a slug is small letters and digits, joined by hyphens"
    if key == "resources" and not all(_RESOURCE.fullmatch(str(text)) for text in texts):
        return "a resource is a method and a path below /v1"
    return ""


_RESOURCE_SPAN: Final = re.compile(rf"`{_RESOURCE.pattern}`")


def _without_resources(line: str) -> str:
    """The ids in a path are no placeholders."""
    return _RESOURCE_SPAN.sub("", line)


def _fill_outside_resources(body: str, values: Mapping[str, int], language: Language) -> str:
    filled, end = "", 0
    for span in _RESOURCE_SPAN.finditer(body):
        filled += fill(body[end : span.start()], values, language) + span.group()
        end = span.end()
    return filled + fill(body[end:], values, language)
