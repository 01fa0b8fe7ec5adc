"""One roster import in a process of its own, by the parts that `xuexin roster import` uses.

python -m benchmarks.importing FILE; the database is that of XUEXIN_DATABASE_URL.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.ground import peak_mib
from xuexin_api.cli.imports import make_roster_import
from xuexin_api.cli.places import Places
from xuexin_api.cli.workbench import with_parts
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.roster_files import open_roster
from xuexin_api.services.archive.roster_import import RejectedCell, UnattendedWatch


def _never(cell: RejectedCell) -> None:
    raise AssertionError(f"made-up data broke a rule: {cell}")


def main(name: str) -> None:
    """Import and tell rows, seconds and peak memory."""
    file = Path(name)

    async def work(parts: Wiring, places: Places) -> None:
        service = await make_roster_import(parts, places)
        watch = UnattendedWatch(dry_run=False)
        started = time.perf_counter()
        report = await service.run(open_roster(file).rows, file_name=file.name, rejected=_never, watch=watch)
        seconds = time.perf_counter() - started
        told = {"rows": report.read, "changed": report.changed, "seconds": seconds, "peak_mib": peak_mib()}
        print(json.dumps(told), flush=True)

    with_parts(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
