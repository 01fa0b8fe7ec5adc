"""A process of its own for one import: what it computes, and what it may need of memory, is not the server's."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

import structlog

_PROGRAM: Final = ("-c", "from xuexin_api.cli import main; main()", "imports", "work")
_PATIENCE_SECONDS: Final = 10
_LOG = structlog.get_logger("imports")


class ImportProcess:
    """Runs `xuexin imports work` under the settings of this process."""

    def __init__(self, database_url: str) -> None:
        self._environment = {"XUEXIN_DATABASE_URL": database_url}

    async def run(self) -> None:
        """One process, until it has ended; it ends with us."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, *_PROGRAM, env=os.environ | self._environment, stdin=asyncio.subprocess.DEVNULL
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
            raise
        if code:
            _LOG.warning("import_process_failed", code=code)
