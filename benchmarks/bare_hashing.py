"""Argon2id verification and nothing else, by as many threads as cores: what a login cannot be faster than.

A worker process: {"seconds": S} is answered with {"per_second": N}.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from passlib.context import CryptContext

from xuexin_api.settings import Settings


def main() -> None:
    """Answer until the input ends."""
    policy = Settings().hashing_policy()
    context = CryptContext(
        schemes=["argon2"],
        argon2__type="ID",
        argon2__memory_cost=policy.memory_kib,
        argon2__time_cost=policy.passes,
        argon2__parallelism=1,
    )
    stored = context.hash("a password of the benchmark")
    threads = os.cpu_count() or 1

    def verify_until(ends: float) -> int:
        count = 0
        while time.perf_counter() < ends:
            assert context.verify("a password of the benchmark", stored)
            count += 1
        return count

    with ThreadPoolExecutor(threads) as pool:
        for line in sys.stdin:
            started = time.perf_counter()
            ends = started + json.loads(line)["seconds"]
            done = sum(pool.map(verify_until, [ends] * threads))
            print(json.dumps({"per_second": done / (time.perf_counter() - started)}), flush=True)


if __name__ == "__main__":
    main()
