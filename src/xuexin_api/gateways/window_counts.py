"""Counts of fixed windows in this process.

The library's own store looks at every key it holds at each count: with a hundred thousand addresses in the hour, each
request would stop the event loop for milliseconds.
"""

from __future__ import annotations

import heapq
from typing import Final, NamedTuple

from limits.aio.storage import Storage

from xuexin_api.core.clock import Clock

_FORGOTTEN_AT_ONCE: Final = 2


class _Window(NamedTuple):
    ends_at: float
    hits: int


class WindowCounts(Storage):
    """A store of the `limits` library whose every call costs the same, however many keys it holds.

    Each count forgets at most two windows that ended: more than it adds, so none stays for long.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self._ends: list[tuple[float, str]] = []

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = self._now()
        self._forget(now)
        window = self._windows.get(key)
        if window is None or window.ends_at <= now:
            window = _Window(now + expiry, 0)
            heapq.heappush(self._ends, (window.ends_at, key))
        self._windows[key] = window._replace(hits=window.hits + amount)
        return window.hits + amount

    async def get(self, key: str) -> int:
        window = self._windows.get(key)
        return 0 if window is None or window.ends_at <= self._now() else window.hits

    async def get_expiry(self, key: str) -> float:
        window = self._windows.get(key)
        return self._now() if window is None else window.ends_at

    async def check(self) -> bool:
        return True

    async def reset(self) -> int:
        held = len(self._windows)
        self._windows.clear()
        self._ends.clear()
        return held

    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _forget(self, now: float) -> None:
        for _ in range(_FORGOTTEN_AT_ONCE):
            if not self._ends or self._ends[0][0] > now:
                return
            ends_at, key = heapq.heappop(self._ends)
            window = self._windows.get(key)
            # The key may have begun another window since.
            if window is not None and window.ends_at == ends_at:
                del self._windows[key]
