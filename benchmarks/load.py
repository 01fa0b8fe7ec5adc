"""The load generator: keep-alive HTTP/1.1 over bare sockets, closed loop and open loop.

A worker process: reads one JSON question a line, answers one JSON line. Latencies are milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import random  # noqa: TID251 - which session asks next
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import uvloop

from benchmarks.ground import percentile, pin

_CHANCE: Final = random.Random(1)
_MOST_CONNECTIONS: Final = 1000
_LAST_ANSWERS_SECONDS: Final = 15
_LEAD_SECONDS: Final = 0.5


class Connection(asyncio.Protocol):
    """One request at a time on one kept connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._missing = -1
        self._answer: asyncio.Future[bytes] | None = None
        self.living = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self.living = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("closed by the server"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._missing < 0:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            start = self._received.index(b"content-length: ") + 16
            self._missing = end + 4 + int(self._received[start : self._received.index(b"\r\n", start)])
        if len(self._received) >= self._missing:
            answer, self._received, self._missing = self._received, b"", -1
            assert self._answer is not None
            self._answer.set_result(answer)

    async def exchange(self, request: bytes) -> bytes:
        """Send and wait for the whole answer, its head included."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def _connect(port: int) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


@dataclass(slots=True)
class Tally:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    without_retry_after: int = 0

    def note(self, answer: bytes, started: float) -> None:
        status = int(answer[9:12])
        self.statuses[status] += 1
        if status < 300:
            self.milliseconds.append((time.perf_counter() - started) * 1000)
        elif status == 503 and b"\r\nretry-after: " not in answer[: answer.index(b"\r\n\r\n") + 2]:
            self.without_retry_after += 1

    def summary(self, seconds: float) -> dict[str, Any]:
        good = len(self.milliseconds)
        return {
            "per_second": good / seconds,
            "p50": percentile(self.milliseconds, 0.50),
            "p99": percentile(self.milliseconds, 0.99),
            "good": good,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "without_retry_after": self.without_retry_after,
        }


async def _closed(port: int, callers: Sequence[list[bytes]], seconds: float) -> dict[str, Any]:
    """As many requests as are answered: each caller has its own, and sends the next one when the last one is back."""
    tally = Tally()
    started = time.perf_counter()
    ends = started + seconds

    async def call(requests: list[bytes]) -> None:
        connection = await _connect(port)
        while (sent := time.perf_counter()) < ends:
            tally.note(await connection.exchange(_CHANCE.choice(requests)), sent)
        connection.close()

    await asyncio.gather(*(call(requests) for requests in callers))
    return tally.summary(time.perf_counter() - started)


async def _open(port: int, requests: list[bytes], rate: float, seconds: float) -> dict[str, Any]:
    """A fixed number of requests a second, whether the answers come or not."""
    tally = Tally()
    idle: list[Connection] = []
    running: set[asyncio.Task[None]] = set()
    unsent = 0
    late = 0

    async def caller(request: bytes, due: float) -> None:
        nonlocal late
        # The server closes those that nobody used for some seconds.
        while idle and not idle[-1].living:
            idle.pop()
        connection = idle.pop() if idle else await _connect(port)
        answer = await connection.exchange(request)
        tally.note(answer, due)
        if time.perf_counter() <= started + seconds and int(answer[9:12]) < 300:
            late -= 1
        late += int(answer[9:12]) < 300
        idle.append(connection)

    started = time.perf_counter()
    order = _CHANCE.sample(requests, len(requests))
    for number in range(int(rate * seconds)):
        due = started + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        if len(running) >= _MOST_CONNECTIONS:
            unsent += 1
            continue
        task = asyncio.create_task(caller(order[number % len(order)], due))
        running.add(task)
        task.add_done_callback(running.discard)
    if running:
        await asyncio.wait(running, timeout=_LAST_ANSWERS_SECONDS)
    for connection in idle:
        connection.close()
    summary = tally.summary(seconds)
    # Answers that came after the end of arrivals do not count as rate: the queue was filled before it.
    return summary | {"per_second": (summary["good"] - late) / seconds, "unsent": unsent, "unanswered": len(running)}


async def _run(kind: str, question: dict[str, Any], files: dict[str, list[bytes]]) -> dict[str, Any]:
    reads, logins, uploads = (files.get(str(question.get(name)), []) for name in ("reads", "logins", "uploads"))
    port, seconds = question["port"], question["seconds"]
    if kind == "reads":
        return await _closed(port, [reads] * question["connections"], seconds)
    if kind == "logins":
        return await _closed(port, [logins] * question["connections"], seconds)
    if kind == "uploads":
        return await _closed(port, [[upload] for upload in uploads], seconds)
    if kind == "calm":
        return await _open(port, reads, question["reads_rate"], seconds)
    if kind == "storm":
        storm, read = await asyncio.gather(
            _open(port, logins, question["logins_rate"], seconds), _open(port, reads, question["reads_rate"], seconds)
        )
        return {"logins": storm, "reads": read}
    if kind == "uploads_and_reads":
        sending = asyncio.create_task(_closed(port, [[upload] for upload in uploads], seconds))
        # That all begin in one moment is of the load and not of people.
        await asyncio.sleep(_LEAD_SECONDS)
        read = await _open(port, reads, question["reads_rate"], seconds - _LEAD_SECONDS)
        return {"uploads": await sending, "reads": read}
    raise ValueError(kind)


def _requests(place: Path) -> list[bytes]:
    if place.is_dir():
        return [file.read_bytes() for file in sorted(place.glob("*.http"))]
    return [request.encode() for request in json.loads(place.read_text())]


def main(core: str = "") -> None:
    """Answer questions until the input ends.

    Requests are read once: a JSON list of strings, or a folder of files that are one each.
    """
    pin(core)
    files: dict[str, list[bytes]] = {}
    # One loop for all questions: the kernel takes a second to clear an ended one away.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            question = json.loads(line)
            for name in ("reads", "logins", "uploads"):
                path = question.get(name)
                if path is not None and path not in files:
                    files[path] = _requests(Path(path))
            print(json.dumps(runner.run(_run(question["kind"], question, files))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
