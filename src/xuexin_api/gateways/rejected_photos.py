"""The rejected files of a photo archive as a zip that may be corrected and uploaded again, with the reasons."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Final, Self

from xuexin_api.core.roster_lines import harmless

_LIST: Final = "list.csv"
_TITLES: Final = ("文件名", "所在", "错误代码", "错误说明")
_MOST_PICTURES: Final = 10_000
_MOST_BYTES: Final = 256 << 20
_UNFIT_FOR_A_NAME: Final = re.compile(r'[:*?"<>|]')


class RejectedPhotos:
    """Each picture in a folder of its own, under its own name and no path of its author's.

    Beyond ten thousand of them, or 256 MB, there is only the list. Without any `target` is not written to.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._opened = ExitStack()
        self._archive: zipfile.ZipFile | None = None
        self._lines = io.BytesIO()
        self._pictures = self._bytes = 0

    def add(self, place: int, name: str, picture: bytes | None, code: str, reason: str) -> None:
        """One file, by its place and path in the archive."""
        if self._archive is None:
            self._archive = self._opened.enter_context(
                zipfile.ZipFile(self._target, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
            )
            self._lines.write(b"\xef\xbb\xbf" + _line(_TITLES))
        kept = ""
        if picture and self._pictures < _MOST_PICTURES and self._bytes + len(picture) <= _MOST_BYTES:
            kept = f"{place + 1}/{_UNFIT_FOR_A_NAME.sub('_', PurePosixPath(name).name)}"
            self._archive.writestr(kept, picture)
            self._pictures += 1
            self._bytes += len(picture)
        self._lines.write(_line((harmless(name), kept, code, reason)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        with self._opened:
            if failed is None and self._archive is not None:
                self._archive.writestr(_LIST, self._lines.getvalue())


def _line(cells: tuple[str, ...]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode(errors="replace")
