"""Where articles lie: in the package, and in a folder whose articles replace and add to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from xuexin_api.core.help.articles import LANGUAGES
from xuexin_api.core.messages import Language

_LARGEST: Final = 64 * 1024
_MOST: Final = 2000


@dataclass(frozen=True, slots=True)
class HelpFile:
    """A file of an article; `text` is None where it cannot be read as one, and `trouble` says why."""

    name: str
    language: Language
    text: str | None
    trouble: str = ""


@cache
def package_files() -> tuple[HelpFile, ...]:
    """The articles that come with the service."""
    root = resources.files("xuexin_api") / "content" / "help"
    return tuple(
        HelpFile(f"{language}/{file.name}", language, file.read_text(encoding="utf-8"))
        for language in LANGUAGES
        for file in sorted((root / language).iterdir(), key=lambda one: one.name)
    )


def folder_files(folder: Path | None) -> list[HelpFile]:
    """The articles of the operator's folder: <language>/<any name>.md, as in the package."""
    return [_read(path, language) for path, language in _paths(folder)]


def fingerprint(folder: Path | None) -> tuple[tuple[str, int, int], ...]:
    """Changes whenever a file of the folder comes, goes or is written."""
    found = []
    for path, _ in _paths(folder):
        try:
            state = path.stat()
        except OSError:
            continue
        found.append((str(path), state.st_mtime_ns, state.st_size))
    return tuple(found)


def _paths(folder: Path | None) -> Iterator[tuple[Path, Language]]:
    if folder is None:
        return
    for language in LANGUAGES:
        for path in sorted((folder / language).glob("*.md"))[:_MOST]:
            yield path, language


def _read(path: Path, language: Language) -> HelpFile:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            return HelpFile(str(path), language, None, f"larger than {_LARGEST} bytes")
        return HelpFile(str(path), language, content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return HelpFile(str(path), language, None, "not UTF-8")
    except OSError as error:
        return HelpFile(str(path), language, None, error.strerror or "cannot be read")
