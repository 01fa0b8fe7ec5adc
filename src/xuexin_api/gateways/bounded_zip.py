"""Zip files whose directory is known to be small before it is read: the library would hold all of it in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xuexin_api.core.errors import BrokenRuleError


class _BoundedFile(io.FileIO):
    """Reads as much at once as it may. The directory is read in one piece, of the size that the file says."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(path)
        self._most = most

    def read(self, size: int | None = -1, /) -> bytes | None:  # type: ignore[override]
        if size is not None and size > self._most:
            raise BrokenRuleError("zip_directory_too_large")
        return super().read(self._most if size is None or size < 0 else size)


@contextmanager
def open_zip(path: Path, *, largest_directory: int) -> Iterator[zipfile.ZipFile]:
    """BrokenRuleError where the directory is larger, and what `zipfile` raises where the file is damaged."""
    with _BoundedFile(path, largest_directory) as stream, zipfile.ZipFile(stream) as archive:
        yield archive
