"""Work off the event loop, and how it ends."""

from __future__ import annotations

import asyncio

import pytest

from xuexin_api.gateways.bounded_pool import BoundedPool, PoolBounds


async def test_work_that_stops_an_iteration_is_an_error_of_its_caller_and_not_a_wait_for_ever() -> None:
    pool = BoundedPool("test", PoolBounds(1, 1, 5.0, 1), heavy=False)
    try:
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(pool.run(lambda: next(iter(()))), 5)
    finally:
        pool.close()
