"""Photos as schools hand them over: a folder or a zip of files named by candidate number."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.gateways.bounded_zip import open_zip
from xuexin_api.gateways.sealed_file import Readable

_ZIP: Final = b"PK"
_SUFFIXES: Final = frozenset({".jpg", ".jpeg"})
# In memory an entry takes several times as much. More photos are several archives.
_LARGEST_DIRECTORY: Final = 16 << 20
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
    else:
        with open_photo_zip(path) as archive:
            yield (archive.read(place, limit=limit) for place in range(len(archive)))


class PhotoZip:
    """The photos of a zip by their places: what was looked at need not be read again."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._entries = [entry for entry in archive.infolist() if not entry.is_dir() and _wanted(_path_of(entry))]

    def __len__(self) -> int:
        return len(self._entries)

    def candidate_number(self, place: int) -> str:
        """What the name of a photo says, without reading it."""
        return _number_in(_path_of(self._entries[place]))

    def read(self, place: int, *, limit: int) -> PhotoFile:
        """A photo, never more than `limit` + 1 bytes of it."""
        try:
            with self._archive.open(self._entries[place]) as stream:
                data = stream.read(limit + 1)
        except _DAMAGE:
            raise BrokenRuleError("photo_archive_damaged") from None
        return _named(_path_of(self._entries[place]), data)


@contextmanager
def open_photo_zip(file: Readable) -> Iterator[PhotoZip]:
    """BrokenRuleError where it is none."""
    if not _is_zip(file):
        raise BrokenRuleError("photo_archive_unknown")
    with ExitStack() as opened:
        try:
            archive = PhotoZip(opened.enter_context(open_zip(file, largest_directory=_LARGEST_DIRECTORY)))
        except BrokenRuleError:
            raise
        except _DAMAGE:
            raise BrokenRuleError("photo_archive_damaged") from None
        yield archive


def _is_zip(file: Readable) -> bool:
    """By its first bytes: one that was cut off has lost its last."""
    with file.open("rb") as stream:
        return stream.read(len(_ZIP)) == _ZIP


def _named(path: PurePosixPath, data: bytes) -> PhotoFile:
    # What a stranger's archive calls its files is shown to people: nothing that would speak to their terminal.
    shown = "".join(character if character.isprintable() else "\ufffd" for character in str(path))
    return PhotoFile(shown, _number_in(path), data)


def _number_in(path: PurePosixPath) -> str:
    return path.stem.strip().upper()


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


def _path_of(entry: zipfile.ZipInfo) -> PurePosixPath:
    # Some programs of Windows write its separators, which the format does not know.
    return PurePosixPath(entry.filename.replace("\\", "/"))
