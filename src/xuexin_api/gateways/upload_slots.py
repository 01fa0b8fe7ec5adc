"""How much of uploads is held in memory at once: a photo is read whole before it is judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from xuexin_api.core.errors import ServiceBusyError

_RETRY_AFTER: Final = 5
_EACH: Final = 2


class UploadSlots:
    """Of one process. Nobody waits for room, and nobody who sends slowly takes more than that of two photos."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._taken: Counter[UUID] = Counter()

    @contextmanager
    def one_for(self, account_id: UUID, size: int) -> Iterator[None]:
        """Room for so many bytes; ServiceBusyError where there is none."""
        if self._bytes + size > self._most_bytes or self._taken[account_id] >= _EACH:
            raise ServiceBusyError(retry_after=_RETRY_AFTER)
        self._taken[account_id] += 1
        self._bytes += size
        try:
            yield
        finally:
            self._bytes -= size
            self._taken[account_id] -= 1
            # What is not counted takes no memory.
            self._taken += Counter()
