"""`xuexin` in a process of its own, forked from one that has read the program already: so a start costs little."""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

_NOWHERE = Path(os.devnull)
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["xuexin_api.cli", "xuexin_api.cli.serving"])


def xuexin(*words: str | Path, environment: dict[str, str], seconds: float = 60) -> CompletedProcess[str]:
    """Run it to its end, as a shell would; TimeoutError where it has none."""
    with TemporaryDirectory() as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        process = begin(*words, environment=environment, output=output, errors=errors)
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"xuexin {' '.join(map(str, words))}")
        return CompletedProcess(
            words, process.exitcode, output.read_text(encoding="utf-8"), errors.read_text(encoding="utf-8")
        )


def begin(
    *words: str | Path, environment: dict[str, str], output: Path = _NOWHERE, errors: Path = _NOWHERE
) -> BaseProcess:
    """Let it run: whoever began it ends it."""
    process = _FORKS.Process(target=_become, args=(tuple(map(str, words)), environment, output, errors))
    process.start()
    return process


def _become(words: tuple[str, ...], environment: dict[str, str], output: Path, errors: Path) -> None:
    for stream, file in ((1, output), (2, errors)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["xuexin", *words]
    from xuexin_api.cli import main  # noqa: PLC0415 - read in the process from which this one was forked

    main()
