"""The PostgreSQL that comes in a wheel: started on first use, shared by every process of this machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

import fasteners
import psutil

from xuexin_api.gateways.embedded_home import EmbeddedHome, EmbeddedPostgresError, find_home

_PORT: Final = "5432"
_SOCKETS_LINE, _STATUS_LINE = 4, 7
_READY: Final = "ready"
# After a crash of the machine a large database reads its journal first.
_LONGEST_START: Final = 300
_LONGEST_STOP: Final = 60
_LOOK_EVERY: Final = 0.02
_PATIENCE: Final = 10
_LOG_LINES_SHOWN: Final = 3
# The shell goes at once and leaves the server to the machine: it must outlive the process that happened to start it.
_DETACH: Final = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
_OPTIONS: Final = (
    # Its log is a file beside the data: no row's contents in it.
    *("-c", "log_error_verbosity=terse"),
    *("-c", "log_min_error_statement=panic"),
)


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server; `url` for one of its databases, `close` when this process needs it no more."""

    url: Callable[[str], str]
    close: Callable[[], None]


def start_embedded(data_dir: Path, say: Callable[[str], None]) -> EmbeddedServer:
    """Start (or join) the server whose data live under `data_dir`; EmbeddedPostgresError says why it cannot run."""
    data_dir = data_dir.resolve()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        turnstile = fasteners.InterProcessLock(data_dir / ".postgres.lock")
        with turnstile, contextlib.ExitStack() as undo:
            home = find_home(data_dir, say)
            # Held while we use the server, and let go by the system however we end: pids would lie after a kill.
            using = undo.enter_context((data_dir / ".postgres.users").open("w"))
            fcntl.flock(using, fcntl.LOCK_SH)
            if not (home.data / "PG_VERSION").exists():
                _initialise(home, using)
            sockets = _start(home, say)
            undo.pop_all()
    except OSError as unfit:
        raise EmbeddedPostgresError(f"the embedded PostgreSQL cannot use {data_dir}: {unfit}") from None

    def url(database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{quote(database)}?host={quote(sockets)}&port={_PORT}"

    def close() -> None:
        with turnstile, using:
            if _nobody_else(using) and _postmaster(home.data) is not None:
                _run(home, "pg_ctl", "-D", str(home.data), "-m", "fast", "-w", "-t", str(_LONGEST_STOP), "stop")
                if sockets != str(home.data):
                    with contextlib.suppress(OSError):
                        Path(sockets).rmdir()

    return EmbeddedServer(url=url, close=close)


def _nobody_else(using: IO[str]) -> bool:
    try:
        fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _initialise(home: EmbeddedHome, using: IO[str]) -> None:
    """Make the data beside their place and move them there when complete: stopped in the middle, it begins anew."""
    # The program holds the lock too: of a start that was killed it may still be at work.
    fcntl.flock(using, fcntl.LOCK_EX)
    unfinished = home.data.with_name("postgres.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    home.hand_over(unfinished)
    # Trust, because the socket's folder lets nobody else in. A collation of its own: machines' locales come and go.
    done = _run(
        home,
        "initdb",
        *("--username=postgres", "--auth=trust", "--encoding=UTF8"),
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *("-D", str(unfinished)),
        holding=(using.fileno(),),
    )
    if done.returncode:
        raise EmbeddedPostgresError(f"the embedded PostgreSQL could not make its data: {_last_lines(done.stderr)}")
    if home.data.exists():
        # An empty folder, for instance: without a version it is no database.
        home.data.rename(home.data.with_name(f"postgres.no-database.{os.getpid()}"))
    unfinished.rename(home.data)
    fcntl.flock(using, fcntl.LOCK_SH)


def _start(home: EmbeddedHome, say: Callable[[str], None]) -> str:
    """The folder of the server's socket, once it answers."""
    begun, told = time.monotonic(), False
    pid, ours = _postmaster(home.data), False
    while pid is None or not _ready(home.data):
        if pid is None or not _alive(pid):
            # One that was there may just have been stopping.
            if ours:
                raise _no_start(home)
            pid, ours = _launch(home), True
        waited = time.monotonic() - begun
        if waited > _LONGEST_START:
            raise _no_start(home)
        if waited > _PATIENCE and not told:
            say("The database takes its time to start: after an unclean end it reads its journal")
            told = True
        time.sleep(_LOOK_EVERY)
    return _pid_file(home.data)[_SOCKETS_LINE]


def _no_start(home: EmbeddedHome) -> EmbeddedPostgresError:
    log = home.data / "log"
    return EmbeddedPostgresError(f"the embedded PostgreSQL did not start: {_last_lines(_text(log))} (its log: {log})")


def _launch(home: EmbeddedHome) -> int:
    """The process of a new server."""
    # Left by a killed server; its number may be another process's today, for which the new server would give up.
    (home.data / "postmaster.pid").unlink(missing_ok=True)
    server = (home.programs / "postgres", "-D", home.data, "-h", "", "-k", home.sockets(), "-p", _PORT, *_OPTIONS)
    started = subprocess.run(  # noqa: S603 - our own program and folders
        ["/bin/sh", "-c", _DETACH, str(home.data / "log"), *map(str, server)],
        **home.identity(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        start_new_session=True,
    )
    return int(started.stdout)


def _pid_file(data: Path) -> list[str]:
    return [line.strip() for line in _text(data / "postmaster.pid").splitlines()]


def _ready(data: Path) -> bool:
    lines = _pid_file(data)
    return len(lines) > _STATUS_LINE and lines[_STATUS_LINE] == _READY


def _postmaster(data: Path) -> int | None:
    """The process that serves these data, be it starting, ready or stopping."""
    lines = _pid_file(data)
    if not lines or not lines[0].isdecimal():
        return None
    pid = int(lines[0])
    try:
        # The number may have gone to another process since: a server works in the folder of its data.
        return pid if Path(psutil.Process(pid).cwd()).samefile(data) else None
    except (psutil.Error, OSError):
        return None


def _alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _run(
    home: EmbeddedHome, program: str, *words: str, holding: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program and folders
        [str(home.programs / program), *words],
        **home.identity(),
        pass_fds=holding,
        capture_output=True,
        text=True,
        check=False,
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _last_lines(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-_LOG_LINES_SHOWN:])
