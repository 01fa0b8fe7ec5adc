"""Photos as schools hand them over: a folder or a zip of files named by candidate number."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from xuexin_api.core.errors import BrokenRuleError

_ZIP: Final = b"PK"
_SUFFIXES: Final = frozenset({".jpg", ".jpeg"})
_MOST_ENTRIES: Final = 1_000_000
_DAMAGE: Final = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error)


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A file's name, the candidate number in it, and at most `limit` + 1 of its bytes."""

    name: str
    candidate_number: str
    data: bytes


@contextmanager
def open_photos(path: Path, *, limit: int) -> Iterator[Iterator[PhotoFile]]:
    """The photos of a folder or zip, one at a time; never more than `limit` + 1 bytes of each are read.

    Nothing is unpacked to disk, so a path inside a zip leads nowhere; a bomb stops at the limit.
    BrokenRuleError where `path` is neither.
    """
    if path.is_dir():
        yield _from_folder(path, limit)
    elif _is_zip(path):
        try:
            archive = zipfile.ZipFile(path)
        except _DAMAGE:
            raise BrokenRuleError("photo_archive_damaged") from None
        with archive:
            yield _from_zip(archive, limit)
    else:
        raise BrokenRuleError("photo_archive_unknown")


def _is_zip(path: Path) -> bool:
    """By its first bytes: one that was cut off has lost its last."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(_ZIP)) == _ZIP


def _named(path: PurePosixPath, data: bytes) -> PhotoFile:
    # What a stranger's archive calls its files is shown to people: nothing that would speak to their terminal.
    shown = "".join(character if character.isprintable() else "\ufffd" for character in str(path))
    return PhotoFile(shown, path.stem.strip().upper(), data)


def _wanted(path: PurePosixPath) -> bool:
    """Photos only: no folders, no hidden files of other systems."""
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and "__MACOSX" not in path.parts


def _from_folder(folder: Path, limit: int) -> Iterator[PhotoFile]:
    for file in sorted(folder.rglob("*")):
        name = PurePosixPath(file.relative_to(folder).as_posix())
        if file.is_symlink() or not file.is_file() or not _wanted(name):
            continue
        with file.open("rb") as stream:
            yield _named(name, stream.read(limit + 1))


def _from_zip(archive: zipfile.ZipFile, limit: int) -> Iterator[PhotoFile]:
    entries = archive.infolist()
    if len(entries) > _MOST_ENTRIES:
        raise BrokenRuleError("photo_archive_too_many", most=_MOST_ENTRIES)
    for entry in entries:
        # Some programs of Windows write its separators, which the format does not know.
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if entry.is_dir() or not _wanted(name):
            continue
        try:
            with archive.open(entry) as stream:
                data = stream.read(limit + 1)
        except _DAMAGE:
            raise BrokenRuleError("photo_archive_damaged") from None
        yield _named(name, data)
