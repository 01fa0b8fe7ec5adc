"""Waiting for what another task brings about, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_LONGEST = 30


async def until(comes: Callable[[], Awaitable[object]]) -> None:
    """Let others run until this is so; TimeoutError where it never is."""
    async with asyncio.timeout(_LONGEST):
        while not await comes():
            await asyncio.sleep(0)
