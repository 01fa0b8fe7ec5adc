"""The texts of a workbook, which its cells name by number: on disk, for there may be millions."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterable
from typing import Final, Self
from xml.parsers import expat

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.gateways.xml_pieces import Pieces

_MOST: Final = 20_000_000
_LONGEST_REMEMBERED: Final = 200
_MEMORY: Final = 50_000


class SharedStrings(dict[str, str]):
    """Texts by their numbers. Of each there are four bytes in memory: where it ends in a file that has no name.

    As a dictionary it holds those that were asked for lately.
    """

    def __init__(self) -> None:
        super().__init__()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._ends = array("I", [0])

    def read(self, pieces: Pieces) -> None:
        """Keep all texts of the table."""
        for piece in pieces:
            self._keep(_texts(piece, pieces.prefix))
        self._file.flush()

    def _keep(self, texts: Iterable[str]) -> None:
        end = self._ends[-1]
        for text in texts:
            end += self._file.write(text.encode())
            self._ends.append(end)
        if len(self._ends) > _MOST:
            raise BrokenRuleError("xlsx_too_large")

    def __missing__(self, number: str) -> str:
        place = int(number)
        if not 0 <= place < len(self._ends) - 1:
            raise BrokenRuleError("xlsx_damaged")
        start = self._ends[place]
        text = os.pread(self._file.fileno(), self._ends[place + 1] - start, start).decode()
        if len(text) <= _LONGEST_REMEMBERED:
            if len(self) >= _MEMORY:
                self.clear()
            self[number] = text
        return text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _texts(piece: bytes, prefix: str) -> list[str]:
    """Of each `si` its `t`s as one, without those of `rPh`, which say how it is pronounced."""
    texts: list[str] = []
    heard: list[str] = []
    item, text, aside = f"{prefix}si", f"{prefix}t", f"{prefix}rPh"
    is_aside = False

    def start(name: str, _: object) -> None:
        nonlocal is_aside
        parser.CharacterDataHandler = None
        if name == text:
            if not is_aside:
                parser.CharacterDataHandler = heard.append
            is_aside = False
        elif name == aside:
            is_aside = True

    def end(name: str) -> None:
        parser.CharacterDataHandler = None
        if name == item:
            texts.append("".join(heard))
            heard.clear()

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(piece)
    parser.StartElementHandler = parser.EndElementHandler = None
    return texts
