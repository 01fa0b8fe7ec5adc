"""Work off the event loop: as many threads as may run, a short queue, and a refusal past it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from xuexin_api.core.errors import ServiceBusyError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PoolBounds:
    """How much runs at once, how much may wait, and for how long."""

    threads: int
    queue: int
    longest_wait_seconds: float
    retry_after_seconds: int


class BoundedPool:
    """Never more at once than threads, never more waiting than the queue holds.

    Work that is `heavy` computes without the interpreter's lock, behind everything else. Work that only waits must not
    step back so: it would be put aside while it has the lock that the event loop needs.
    """

    def __init__(self, name: str, bounds: PoolBounds, *, heavy: bool) -> None:
        self._bounds = bounds
        self._threads = ThreadPoolExecutor(bounds.threads, name, initializer=_yield_to_readers if heavy else None)
        self._under_way = 0

    def close(self) -> None:
        """Let what runs end, and start no more."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    @property
    def half_full(self) -> bool:
        """Whether half of the queue is taken."""
        return self._waiting() * 2 >= self._bounds.queue

    def refuse_if_full(self) -> None:
        """503 at once where the queue has no room: cheaper than a look-up whose answer nobody can use."""
        if self._waiting() >= self._bounds.queue:
            raise ServiceBusyError(retry_after=self._bounds.retry_after_seconds)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns; ServiceBusyError where it would wait too long, or behind too many."""
        self.refuse_if_full()
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        # The threads own the queue: one that is free takes the next job without asking the busy event loop.
        job = self._threads.submit(work)
        self._under_way += 1
        job.add_done_callback(lambda done: _tell(loop, self._settle, done, result))
        # Does something only where no thread has begun.
        expiry = loop.call_later(self._bounds.longest_wait_seconds, job.cancel)
        try:
            return await result
        finally:
            expiry.cancel()
            job.cancel()

    def _waiting(self) -> int:
        return max(0, self._under_way - self._bounds.threads)

    def _settle(self, job: Future[T], result: asyncio.Future[T]) -> None:
        self._under_way -= 1
        if result.done():  # its caller has gone away
            return
        if job.cancelled():
            result.set_exception(ServiceBusyError(retry_after=self._bounds.retry_after_seconds))
        elif (error := job.exception()) is not None:
            # No future takes this one: whoever waits would wait for ever.
            result.set_exception(RuntimeError(repr(error)) if isinstance(error, StopIteration) else error)
        else:
            result.set_result(job.result())


def _tell(loop: asyncio.AbstractEventLoop, settle: Callable[..., None], *arguments: object) -> None:
    """From whatever thread ended the job; where the loop has ended, nobody waits."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle, *arguments)


def _yield_to_readers() -> None:
    """These threads step back behind the event loop (Linux gives every thread its own niceness)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, 15)
