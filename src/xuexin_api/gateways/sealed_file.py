"""Files of any size that lie sealed, and are read from any place of them with one chunk in memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, Final, Literal, Protocol

from xuexin_api.core.sealing import SEAL_BYTES, Sealer

_CHUNK: Final = 1 << 16


class Readable(Protocol):
    """What can be read several times, also at once, each time from its beginning: a path, or a sealed file."""

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        """Its bytes."""
        ...


class SealedWriter:
    """Seals what it is given, chunk by chunk. Each is bound to its place: none can be exchanged, and none cut off."""

    def __init__(self, stream: IO[bytes], sealer: Sealer, context: str) -> None:
        self._stream = stream
        self._sealer = sealer
        self._context = context
        self._pending = bytearray()
        self._place = 0

    def write(self, plain: bytes) -> None:
        """A part of the file."""
        self._pending += plain
        whole = (len(self._pending) - 1) // _CHUNK if self._pending else 0
        for start in range(0, whole * _CHUNK, _CHUNK):
            self._seal(bytes(self._pending[start : start + _CHUNK]), is_last=False)
        del self._pending[: whole * _CHUNK]

    def finish(self) -> None:
        """The file is whole."""
        self._seal(bytes(self._pending), is_last=True)

    def _seal(self, plain: bytes, *, is_last: bool) -> None:
        self._stream.write(self._sealer.seal(plain, _context(self._context, self._place, is_last=is_last)))
        self._place += 1


class SealedFile:
    """A file that `SealedWriter` wrote under the same context. SealBrokenError where it is another's, or not whole."""

    def __init__(self, path: Path, sealer: Sealer, context: str) -> None:
        self._path = path
        self._sealer = sealer
        self._context = context

    def exists(self) -> bool:
        return self._path.exists()

    def size(self) -> int:
        """Of what was sealed."""
        sealed = self._path.stat().st_size
        return sealed - _chunks(sealed) * SEAL_BYTES

    def open(self, mode: Literal["rb"] = "rb", /) -> BinaryIO:
        raw = _Unsealing(self._path.open(mode, buffering=0), self._sealer, self._context)
        return io.BufferedReader(raw, _CHUNK)

    def blocks(self) -> Iterator[bytes]:
        """All of it, in order."""
        with self.open() as stream:
            while block := stream.read(_CHUNK):
                yield block


class _Unsealing(io.RawIOBase):
    def __init__(self, sealed: io.FileIO, sealer: Sealer, context: str) -> None:
        self._sealed = sealed
        self._sealer = sealer
        self._context = context
        size = sealed.seek(0, io.SEEK_END)
        self._chunks = _chunks(size)
        self._size = size - self._chunks * SEAL_BYTES
        self._at = 0
        self._open_chunk = -1
        self._plain = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("before the beginning")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        # Also of an empty file the one chunk is opened: it says that nothing was cut off.
        if self._at >= max(1, self._size):
            return 0
        place, offset = divmod(self._at, _CHUNK)
        if place != self._open_chunk:
            self._unseal(place)
        part = self._plain[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _unseal(self, place: int) -> None:
        self._sealed.seek(place * (_CHUNK + SEAL_BYTES))
        sealed = self._sealed.read(_CHUNK + SEAL_BYTES)
        context = _context(self._context, place, is_last=place == self._chunks - 1)
        self._plain = self._sealer.open(sealed, context)
        self._open_chunk = place

    def close(self) -> None:
        self._sealed.close()
        super().close()


def _chunks(sealed_size: int) -> int:
    return max(1, -(-sealed_size // (_CHUNK + SEAL_BYTES)))


def _context(context: str, place: int, *, is_last: bool) -> bytes:
    return f"{context}:{place}:{'last' if is_last else 'more'}".encode()
