"""Rate limits by source address: in memory for one process, in Redis for several."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from math import ceil
from typing import Final, TypeVar

import structlog
from limits import RateLimitItemPerSecond
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from xuexin_api.core.clock import SystemClock
from xuexin_api.gateways.window_counts import WindowCounts

_LOG = structlog.get_logger("limits")
_LONGEST_WAIT: Final = 1.0
_PAUSE: Final = 5.0
_WINDOWS_KEPT: Final = 256
T = TypeVar("T")


class Throttle:
    """Fixed windows. Attempts that matter for one account or destination are counted in the database instead.

    While a shared store does not answer, each process counts for itself: a limit that is too wide for some minutes
    does less harm than a service that turns everybody away.
    """

    def __init__(self, url: str, *, pause: float = _PAUSE) -> None:
        self._alone = FixedWindowRateLimiter(WindowCounts(SystemClock()))
        self._shared = self._alone if url.startswith("async+memory") else FixedWindowRateLimiter(_store(url))
        self._pause = pause
        self._alone_until = 0.0

    async def hit(self, name: str, subject: str, *, most: int, seconds: int) -> int | None:
        """Count one; seconds to wait where that was too many, else None."""
        item = _window(name, most, seconds)

        async def ask(limiter: FixedWindowRateLimiter) -> int | None:
            if await limiter.hit(item, subject):
                return None
            stats = await limiter.get_window_stats(item, subject)
            # The limiter keeps the machine's time, whatever clock the services were given.
            return max(1, ceil(stats.reset_time - SystemClock().now().timestamp()))

        return await self._ask(ask)

    async def count(self, name: str, subject: str, *, most: int, seconds: int) -> int:
        """How many of `most` the running window holds."""
        item = _window(name, most, seconds)

        async def ask(limiter: FixedWindowRateLimiter) -> int:
            stats = await limiter.get_window_stats(item, subject)
            return most - int(stats.remaining)

        return await self._ask(ask)

    async def _ask(self, ask: Callable[[FixedWindowRateLimiter], Awaitable[T]]) -> T:
        if time.monotonic() >= self._alone_until:
            try:
                return await ask(self._shared)
            except StorageError:
                # For a while nobody waits for the store; then the next one asks it again.
                self._alone_until = time.monotonic() + self._pause
                _LOG.warning("limits_store_unreachable", seconds=self._pause)
        return await ask(self._alone)


@lru_cache(_WINDOWS_KEPT)
def _window(name: str, most: int, seconds: int) -> RateLimitItemPerSecond:
    """There are as many as there are limits, and each is asked for at every request."""
    return RateLimitItemPerSecond(most, seconds, namespace=name)


def _store(url: str) -> Storage:
    made = storage_from_string(url, wrap_exceptions=True, connect_timeout=_LONGEST_WAIT, stream_timeout=_LONGEST_WAIT)
    assert isinstance(made, Storage), "the setting names a store that does not block"
    return made
