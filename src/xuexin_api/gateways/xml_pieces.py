"""Large XML out of a workbook, a piece at a time: whatever stands in it costs no more memory than a piece."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import IO, Final
from xml.parsers import expat

from xuexin_api.core.errors import BrokenRuleError

_BLOCK: Final = 1 << 17
_LARGEST_PIECE: Final = 1 << 20
_DEEPEST: Final = 64
# The beginning of every piece but the first. Closed by nobody: a piece is not parsed to the end of a document.
_AROUND: Final = b"<piece>"


def parse_small(data: bytes, start: Callable[[str, dict[str, str]], None]) -> None:
    """Tell of all elements of a small document, by their names without prefix."""
    depth = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise BrokenRuleError("xlsx_damaged")
        start(name.rpartition(":")[2], attributes)

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: object) -> None:
        # Entities of its own are what XML bombs are made of.
        raise BrokenRuleError("xlsx_damaged")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        raise BrokenRuleError("xlsx_damaged") from None


class Pieces:
    """What a container holds, in pieces of whole elements of one name that are parsed by themselves.

    A parser that is fed a whole document remembers each element that is open and each tag that has not ended. Of
    these there may be as many, and as large, as a gigabyte holds.
    """

    def __init__(self, stream: IO[bytes], *, container: bytes, element: bytes) -> None:
        self._stream = stream
        self._pending, prefix = self._find(re.compile(rb"<((?:[\w.-]+:)?)" + container + rb"(?=[\s/>])[^<>]{0,500}>"))
        self._end_of_element = b"</" + prefix + element + b">"
        self._end_of_container = b"</" + prefix + container + b">"
        self.prefix = prefix.decode()
        """Before the name of each element, as `x:`."""

    def _find(self, container: re.Pattern[bytes]) -> tuple[bytes, bytes]:
        pending = b""
        while block := self._stream.read(_BLOCK):
            pending = pending[-_BLOCK:] + block
            if found := container.search(pending):
                return pending[found.start() :], found[1]
        raise BrokenRuleError("xlsx_damaged")

    def __iter__(self) -> Iterator[bytes]:
        pending = self._pending
        if pending.startswith(b"/>", pending.index(b">") - 1):
            return
        while (stop := pending.find(self._end_of_container)) < 0:
            end = pending.rfind(self._end_of_element) + len(self._end_of_element)
            if end >= len(self._end_of_element):
                yield pending[:end]
                pending = _AROUND + pending[end:]
            block = self._stream.read(_BLOCK)
            if not block or len(pending) > _LARGEST_PIECE:
                raise BrokenRuleError("xlsx_damaged")
            pending += block
        yield pending[:stop]
