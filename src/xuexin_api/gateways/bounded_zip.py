"""Zip files that cost no more memory than is asked: the library bounds neither directories nor every packing."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.gateways.sealed_file import Readable

# Of the others the library unpacks all that a block holds, whatever it was asked for: of bzip2, gigabytes out of a
# thousand bytes.
_PACKINGS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


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
    """BrokenRuleError where the directory is larger, or a file packed otherwise than zips nearly always are.

    And what `zipfile` raises where the archive is damaged.
    """
    with file.open("rb") as stream, zipfile.ZipFile(_BoundedStream(stream, largest_directory)) as archive:
        if not _PACKINGS.issuperset(entry.compress_type for entry in archive.infolist()):
            raise BrokenRuleError("zip_packing_unknown")
        yield archive
