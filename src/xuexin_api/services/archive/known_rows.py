"""Rows of a roster that are published exactly so already: known by their fingerprints, and not looked at again."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator


class KnownRows:
    """The fingerprints of one institution's records, eight bytes each. Each is recognised once in a file."""

    def __init__(self, fingerprints: array[int]) -> None:
        """`fingerprints` are sorted."""
        self._fingerprints = fingerprints
        self._met = bytearray(len(fingerprints))

    def meet(self, fingerprint: int) -> bool:
        """Whether a record was made of exactly this row, which comes for the first time."""
        place = bisect_left(self._fingerprints, fingerprint)
        if place == len(self._met) or self._fingerprints[place] != fingerprint or self._met[place]:
            return False
        self._met[place] = 1
        return True


async def read_known_rows(fingerprints: AsyncIterator[int]) -> KnownRows:
    """Out of fingerprints that come sorted."""
    kept = array("q")
    async for fingerprint in fingerprints:
        kept.append(fingerprint)
    return KnownRows(kept)
