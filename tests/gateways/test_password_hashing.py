"""Hashing: the same work for whoever has an account and whoever has none."""

from __future__ import annotations

import time

from xuexin_api.core.policies import HashingPolicy
from xuexin_api.gateways.password_hashing import PasswordHashing

DEAR = HashingPolicy(
    memory_kib=64 * 1024, passes=2, threads=1, queue=10, longest_wait_seconds=30.0, retry_after_seconds=1
)


async def test_a_secret_too_long_to_be_hashed_is_as_slow_with_an_account_as_without() -> None:
    """256 characters may become 4,608 by normalisation, and the library refuses those before it hashes."""
    hashing = PasswordHashing(DEAR)
    await hashing.start()
    stored = await hashing.hash("plain-sailing-by-moonlight")
    seconds = []
    for known in (stored, None):
        began = time.perf_counter()
        assert await hashing.verify("\ufdfa" * 5000, known) is False
        seconds.append(time.perf_counter() - began)
    hashing.close()
    assert seconds[0] > seconds[1] / 5
