"""Zip files whose directory is known to be small before it is read: the library would hold all of it in memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.gateways.sealed_file import Readable


class _BoundedStream:
    """Reads as much at once as it may. The directory is read in one piece, of the size that the file says."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream = stream
        self._most = most
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise BrokenRuleError("zip_directory_too_large")
        return self._stream.read(self._most if size < 0 else size)


@contextmanager
def open_zip(file: Readable, *, largest_directory: int) -> Iterator[zipfile.ZipFile]:
    """BrokenRuleError where the directory is larger, and what `zipfile` raises where the file is damaged."""
    with file.open("rb") as stream, zipfile.ZipFile(_BoundedStream(stream, largest_directory)) as archive:
        yield archive
