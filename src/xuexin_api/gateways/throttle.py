"""Rate limits by source address: in memory for one process, in Redis for several."""

from __future__ import annotations

from math import ceil

from limits import RateLimitItemPerSecond
from limits.aio.strategies import FixedWindowRateLimiter
from limits.storage import storage_from_string

from xuexin_api.core.clock import SystemClock


class Throttle:
    """Fixed windows. Attempts that matter for one account or destination are counted in the database instead."""

    def __init__(self, url: str) -> None:
        self._limiter = FixedWindowRateLimiter(storage_from_string(url))

    async def hit(self, name: str, subject: str, *, most: int, seconds: int) -> int | None:
        """Count one; seconds to wait where that was too many, else None."""
        item = RateLimitItemPerSecond(most, seconds, namespace=name)
        if await self._limiter.hit(item, subject):
            return None
        stats = await self._limiter.get_window_stats(item, subject)
        # The limiter keeps the machine's time, whatever clock the services were given.
        return max(1, ceil(stats.reset_time - SystemClock().now().timestamp()))

    async def count(self, name: str, subject: str, *, most: int, seconds: int) -> int:
        """How many of `most` the running window holds."""
        item = RateLimitItemPerSecond(most, seconds, namespace=name)
        stats = await self._limiter.get_window_stats(item, subject)
        return most - int(stats.remaining)
