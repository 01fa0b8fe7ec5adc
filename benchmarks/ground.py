"""What the benchmarks stand on: the data directory, databases, processes of their own, figures."""

from __future__ import annotations

import json
import math
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final, Self

import asyncpg
import psutil
from sqlalchemy.engine import make_url

PROJECT: Final = Path(__file__).resolve().parents[1]
SERVER_CORE: Final = 0
LOAD_CORE: Final = 1
_PATIENCE_SECONDS: Final = 60
_LIMITS_OF_AN_ADDRESS: Final = (
    "LOGINS_PER_ADDRESS_MINUTE",
    "LOGINS_PER_DEVICE_MINUTE",
    "LOGIN_FAILURES_PER_ADDRESS_HOUR",
    "CHALLENGES_PER_ADDRESS_MINUTE",
    "CHALLENGE_COST_DOUBLES_EVERY",
    "CODES_PER_ADDRESS_DAY",
    "RECOVERIES_PER_ADDRESS_MINUTE",
    "PHOTOS_PER_ACCOUNT_DAY",
    "PHOTOS_PER_CASE",
    "RECORD_EXPORTS_PER_DAY",
)


def prepare_environment() -> Path:
    """A data directory of the benchmarks' own, and limits that one address under load does not meet."""
    os.environ.setdefault("XUEXIN_DATA_DIR", str(PROJECT / "var" / "bench"))
    os.environ.pop("XUEXIN_DATABASE_URL", None)
    for limit in _LIMITS_OF_AN_ADDRESS:
        os.environ[f"XUEXIN_{limit}"] = "10000000"
    os.environ["XUEXIN_CHALLENGE_COST"] = "1"
    os.environ["XUEXIN_ACCESS_TOKEN_SECONDS"] = "14400"
    os.environ["XUEXIN_VERIFIED_SECONDS"] = "14400"
    folder = Path(os.environ["XUEXIN_DATA_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def database_url(server_url: str, name: str) -> str:
    """The address of the database `name` on the same server."""
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


async def connect(url: str) -> asyncpg.Connection:
    """A bare connection."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return await asyncpg.connect(plain, server_settings={"jit": "off"})


def peak_mib(process: int | None = None) -> float:
    """The most that this process has held, or another of Linux. `ru_maxrss` would remember whom it was forked from."""
    status = Path(f"/proc/{process or 'self'}/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def pin(core: str) -> None:
    """Keep this process on one core, where the machine has several and lets us."""
    if core and hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {int(core)})


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Worker:
    """A process of ours that answers one JSON line with one JSON line."""

    def __init__(self, module: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}", *arguments],
            cwd=PROJECT,
            env=os.environ | (environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **question: Any) -> dict[str, Any]:
        """The answer, when it comes."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next line of the process."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a benchmark process ended early: {self._process.args!r}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End it by closing its input."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Server:
    """An HTTP server process; ready when entered, its peak memory known when left."""

    def __init__(self, kind: str, url: str, *, cold: bool = False, pinned: bool = True) -> None:
        self.port = free_port()
        self.peak_mib = math.nan
        core = str(SERVER_CORE) if pinned else ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.servers", kind, str(self.port), "cold" if cold else "warm", core],
            cwd=PROJECT,
            env=os.environ | {"XUEXIN_DATABASE_URL": url},
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        ends = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < ends and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.1)
        self.__exit__()
        raise RuntimeError("a benchmark server did not start")

    def peak_mib_of_helpers(self) -> float:
        """The most memory that a process of the server's own has held, of those that run now."""
        return max((peak_mib(helper.pid) for helper in psutil.Process(self._process.pid).children()), default=math.nan)

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            out, _err = self._process.communicate(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, _err = self._process.communicate()
        if out.strip():
            self.peak_mib = float(out.strip().splitlines()[-1])


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table."""

    measure: str
    value: str
    target: str = ""
    met: bool | None = None


@dataclass(slots=True)
class Report:
    """What has been measured until now."""

    lines: list[Line] = field(default_factory=list)

    def note(self, measure: str, value: str) -> None:
        """A figure without a target."""
        self._add(Line(measure, value))

    def at_least(self, measure: str, value: float, target: float, detail: str = "") -> None:
        """A ratio that should not be lower."""
        self._add(Line(measure, f"{value:.2f}{detail}", f"≥ {target}", value >= target))

    def at_most(self, measure: str, value: float, target: float, detail: str = "") -> None:
        """A ratio that should not be higher."""
        self._add(Line(measure, f"{value:.2f}{detail}", f"≤ {target}", value <= target))

    def alike(
        self, measure: str, ratio: float, interval: tuple[float, float], bounds: tuple[float, float], detail: str
    ) -> None:
        """A ratio that should be one: within the bounds, or not surely outside of them."""
        met = interval[0] <= bounds[1] and interval[1] >= bounds[0]
        self._add(Line(measure, f"{ratio:.2f}{detail}", f"{bounds[0]} to {bounds[1]}", met))

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        say(f"    {line.measure}: {line.value}")

    def table(self) -> str:
        """Markdown."""
        words = {None: "", True: "yes", False: "**no**"}
        rows = [f"| {line.measure} | {line.value} | {line.target} | {words[line.met]} |" for line in self.lines]
        return "\n".join(["| Measure | Value | Target | Met |", "|---|---|---|---|", *rows])


def say(line: str) -> None:
    """Progress, on standard error."""
    print(line, file=sys.stderr, flush=True)


def spread(values: Sequence[float]) -> str:
    """Median and extremes of slices."""
    return f"{median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def describe_machine(postgres: str) -> str:
    """Without a date and a name: only what the figures depend on."""
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}, PostgreSQL {postgres}"
    )
