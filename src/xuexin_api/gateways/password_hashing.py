"""Argon2id in a bounded pool: as many threads as cores, a short queue, and a refusal past it."""

from __future__ import annotations

from passlib.context import CryptContext
from passlib.exc import PasslibSecurityError, UnknownHashError
from passlib.utils import MAX_PASSWORD_SIZE

from xuexin_api.core.policies import HashingPolicy
from xuexin_api.gateways.bounded_pool import BoundedPool, PoolBounds


class PasswordHashing:
    """Hashes and verifies off the event loop; never more at once than threads, never more waiting than queue."""

    def __init__(self, policy: HashingPolicy) -> None:
        self._context = CryptContext(
            schemes=["argon2"],
            argon2__type="ID",
            argon2__memory_cost=policy.memory_kib,
            argon2__time_cost=policy.passes,
            argon2__parallelism=1,
        )
        self._pool = BoundedPool(
            "hashing",
            PoolBounds(policy.threads, policy.queue, policy.longest_wait_seconds, policy.retry_after_seconds),
            heavy=True,
        )
        self._present_cost = ""

    async def start(self) -> None:
        """Pay for the library's first, double-priced call before a user does."""
        await self._pool.run(self._warm_up)

    def close(self) -> None:
        """Let running hashes end and start no more."""
        self._pool.close()

    @property
    def half_full(self) -> bool:
        """Whether strangers should bring a challenge now."""
        return self._pool.half_full

    def refuse_if_full(self) -> None:
        """503 at once where the queue has no room: cheaper than a look-up whose answer nobody can use."""
        self._pool.refuse_if_full()

    async def hash(self, secret: str) -> str:
        """The Argon2id string to store."""
        return await self._pool.run(lambda: str(self._context.hash(secret)))

    async def verify(self, secret: str, stored: str | None) -> bool:
        """Whether `secret` is the one stored; without a stored hash the same work, and False."""
        return await self._pool.run(lambda: self._verify(secret, stored))

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
