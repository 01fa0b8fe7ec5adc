"""Sealed files: read from any place, and never another's, shortened or with chunks that changed places."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from support.clock import HandClock
from xuexin_api.core.entropy import SystemEntropy
from xuexin_api.core.sealing import SEAL_BYTES, SealBrokenError, Sealer
from xuexin_api.gateways.sealed_file import SealedFile, SealedWriter

_CHUNK = (1 << 16) + SEAL_BYTES


def _sealed(path: Path, content: bytes, sealer: Sealer, context: str = "a") -> SealedFile:
    with path.open("wb") as stream:
        writer = SealedWriter(stream, sealer, context)
        # As a body happens to arrive.
        for at in range(0, len(content), 70_001):
            writer.write(content[at : at + 70_001])
        writer.finish()
    return SealedFile(path, sealer, context)


@pytest.fixture
def sealer(clock: HandClock) -> Sealer:
    return Sealer({1: bytes(32)}, SystemEntropy(clock))


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 200_001])
def test_what_was_sealed_is_read_from_any_place(tmp_path: Path, sealer: Sealer, size: int) -> None:
    content = bytes(at * at % 251 for at in range(size))
    file = _sealed(tmp_path / "f", content, sealer)
    assert (file.size(), b"".join(file.blocks())) == (size, content)
    with file.open("rb") as stream, io.BytesIO(content) as plain:
        for place, whence in ((0, 2), (-5, 2), (65_530, 0), (70_000, 0), (3, 1), (1, 0)):
            if place + size >= 0:
                assert stream.seek(place, whence) == plain.seek(place, whence)
            assert stream.read(100) == plain.read(100)


def test_a_file_that_is_not_whole_or_another_s_does_not_open(tmp_path: Path, sealer: Sealer) -> None:
    path = tmp_path / "f"
    content = bytes(200_000)
    _sealed(path, content, sealer)
    whole = path.read_bytes()
    swapped = whole[_CHUNK : 2 * _CHUNK] + whole[:_CHUNK] + whole[2 * _CHUNK :]
    for damaged in (b"", whole[: 2 * _CHUNK], whole[:-1], swapped, whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]):
        path.write_bytes(damaged)
        with pytest.raises(SealBrokenError):
            b"".join(SealedFile(path, sealer, "a").blocks())
    path.write_bytes(whole)
    with pytest.raises(SealBrokenError):
        b"".join(SealedFile(path, sealer, "b").blocks())
