"""How much of uploads is held in memory at once: a photo is read whole before it is judged."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID

from xuexin_api.core.errors import ServiceBusyError
from xuexin_api.gateways.bounded_pool import PoolBounds

_EACH: Final = 2


class UploadSlots:
    """Of one process. Who finds no room waits in turn, unread: the bytes stay with the sender meanwhile.

    Nobody who sends slowly takes more than the room of two photos. `bounds` says how many may wait, and how long.
    """

    def __init__(self, most_bytes: int, bounds: PoolBounds) -> None:
        self._free = most_bytes
        self._most_bytes = most_bytes
        self._bounds = bounds
        self._taken: Counter[UUID] = Counter()
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

    @asynccontextmanager
    async def one_for(self, account_id: UUID, size: int) -> AsyncIterator[None]:
        """Room for so many bytes; ServiceBusyError where there is none, or none in time."""
        if size > self._most_bytes or self._taken[account_id] >= _EACH or len(self._waiting) >= self._bounds.queue:
            raise ServiceBusyError(retry_after=self._bounds.retry_after_seconds)
        self._taken[account_id] += 1
        try:
            await self._room(size)
            try:
                yield
            finally:
                self._leave(size)
        finally:
            self._taken[account_id] -= 1
            # What is not counted takes no memory.
            self._taken += Counter()

    async def _room(self, size: int) -> None:
        if not self._waiting and size <= self._free:
            self._free -= size
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, size))
        try:
            async with asyncio.timeout(self._bounds.longest_wait_seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._leave(size)  # the room came in the moment in which nobody wanted it any more
            else:
                with suppress(ValueError):  # who was looked for meanwhile is out of the row already
                    self._waiting.remove((turn, size))
                self._let_in()
            if isinstance(error, TimeoutError):
                raise ServiceBusyError(retry_after=self._bounds.retry_after_seconds) from None
            raise

    def _leave(self, size: int) -> None:
        self._free += size
        self._let_in()

    def _let_in(self) -> None:
        """In turn: a large photo is not kept waiting by small ones that would fit."""
        while self._waiting and self._waiting[0][1] <= self._free:
            turn, size = self._waiting.popleft()
            if not turn.done():
                self._free -= size
                turn.set_result(None)
