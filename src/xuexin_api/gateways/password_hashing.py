"""Argon2id in a bounded pool: as many threads as cores, a short queue, and a refusal past it."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from passlib.context import CryptContext
from passlib.exc import PasslibSecurityError, UnknownHashError
from passlib.utils import MAX_PASSWORD_SIZE

from xuexin_api.core.errors import ServiceBusyError
from xuexin_api.core.policies import HashingPolicy

T = TypeVar("T")


class PasswordHashing:
    """Hashes and verifies off the event loop; never more at once than threads, never more waiting than queue."""

    def __init__(self, policy: HashingPolicy) -> None:
        self._policy = policy
        self._context = CryptContext(
            schemes=["argon2"],
            argon2__type="ID",
            argon2__memory_cost=policy.memory_kib,
            argon2__time_cost=policy.passes,
            argon2__parallelism=1,
        )
        self._threads = ThreadPoolExecutor(policy.threads, "hashing", initializer=_yield_to_readers)
        self._present_cost = ""
        self._under_way = 0
        self._counting = threading.Lock()

    async def start(self) -> None:
        """Pay for the library's first, double-priced call before a user does."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._warm_up)

    def close(self) -> None:
        """Let running hashes end and start no more."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    @property
    def half_full(self) -> bool:
        """Whether strangers should bring a challenge now."""
        return self._waiting() * 2 >= self._policy.queue

    def refuse_if_full(self) -> None:
        """503 at once where the queue has no room: cheaper than a look-up whose answer nobody can use."""
        if self._waiting() >= self._policy.queue:
            raise ServiceBusyError(retry_after=self._policy.retry_after_seconds)

    async def hash(self, secret: str) -> str:
        """The Argon2id string to store."""
        return await self._run(lambda: str(self._context.hash(secret)))

    async def verify(self, secret: str, stored: str | None) -> bool:
        """Whether `secret` is the one stored; without a stored hash the same work, and False."""
        return await self._run(lambda: self._verify(secret, stored))

    def outdated(self, stored: str) -> bool:
        """Whether the cost has been raised since this hash was made."""
        return not stored.startswith(self._present_cost)

    def _warm_up(self) -> None:
        self._context.dummy_verify()
        kind_and_cost = str(self._context.hash("")).split("$")[:-2]
        self._present_cost = "$".join(kind_and_cost) + "$"

    def _verify(self, secret: str, stored: str | None) -> bool:
        # The library refuses a longer secret before it hashes: an answer that fast would tell that there is an account.
        if stored is None or len(secret) > MAX_PASSWORD_SIZE:
            self._context.dummy_verify()
            return False
        try:
            return bool(self._context.verify(secret, stored))
        except (UnknownHashError, PasslibSecurityError, ValueError):
            return False

    def _waiting(self) -> int:
        return max(0, self._under_way - self._policy.threads)

    async def _run(self, work: Callable[[], T]) -> T:
        self.refuse_if_full()
        # The threads own the queue: one that is free takes the next job without asking the busy event loop.
        job = self._threads.submit(work)
        with self._counting:
            self._under_way += 1
        job.add_done_callback(self._count_out)
        result = asyncio.wrap_future(job)
        try:
            await asyncio.wait((result,), timeout=self._policy.longest_wait_seconds)
        finally:
            # True only where no thread has begun: it waited too long, or its caller has gone away.
            withdrawn = job.cancel()
        if withdrawn:
            raise ServiceBusyError(retry_after=self._policy.retry_after_seconds)
        return await result

    def _count_out(self, _: Future[T]) -> None:
        with self._counting:
            self._under_way -= 1


def _yield_to_readers() -> None:
    """Hashing threads step back behind the event loop (Linux gives every thread its own niceness)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, 15)
