"""A browser that is looked through, and ended with whatever it started."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")


def see(command: Sequence[str], page: Path, seconds: float) -> bool:
    """Let it write what it sees into `page`; whether it came to an end by itself.

    Begun by a small process of its own: whatever a browser does, the tests go on.
    """
    process = _FORKS.Process(target=_look, args=(command, page))
    process.start()
    process.join(seconds)
    ended = process.exitcode is not None
    assert process.pid is not None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join(seconds)
    return ended


def _look(command: Sequence[str], page: Path) -> None:
    os.setsid()
    # A file and not a pipe: what the browser leaves behind would hold a pipe open.
    with page.open("wb") as file:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL, check=False)
