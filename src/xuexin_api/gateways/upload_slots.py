"""How many uploads are held in memory at once: a photo is read whole before it is judged."""

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
    """Of one process. Nobody waits for a slot, and nobody who sends slowly takes more than two."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[UUID] = Counter()

    @contextmanager
    def one_for(self, account_id: UUID) -> Iterator[None]:
        """ServiceBusyError where all are taken."""
        if self._taken.total() >= self._most or self._taken[account_id] >= _EACH:
            raise ServiceBusyError(retry_after=_RETRY_AFTER)
        self._taken[account_id] += 1
        try:
            yield
        finally:
            self._taken[account_id] -= 1
            # What is not counted takes no memory.
            self._taken += Counter()
