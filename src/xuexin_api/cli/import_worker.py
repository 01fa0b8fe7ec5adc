"""`xuexin imports work`, which servers start by themselves."""

from __future__ import annotations

import os
from typing import Final

from xuexin_api.cli.places import Places
from xuexin_api.cli.workbench import with_parts
from xuexin_api.core.archive_photos import PhotoRules
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.services.archive.import_worker import ImportWorker
from xuexin_api.services.archive.photo_checking import PhotoChecking

# Who asks something waits for an answer; a roster has time.
_NICENESS: Final = 10


def make_photo_checking(parts: Wiring) -> PhotoChecking:
    """The rules of archive photos, with the sizes of these settings."""
    rules = PhotoRules(smallest=parts.settings.photo_min_bytes, largest=parts.settings.photo_max_bytes)
    return PhotoChecking(rules=rules, pictures=parts.pictures)


def make_import_worker(parts: Wiring) -> ImportWorker:
    """The worker, on the files and the database of these parts."""
    return ImportWorker(
        new_session=parts.database.session,
        database_url=parts.database.url,
        files=parts.import_files,
        sealer=parts.sealer,
        lookups=parts.lookups,
        photos=parts.photos,
        checking=make_photo_checking(parts),
        policy=parts.settings.import_policy(),
        record_policy=parts.settings.record_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


def work_on_imports() -> None:
    """Do the uploads that wait, one after the other, then end."""
    os.nice(_NICENESS)

    async def work(parts: Wiring, _: Places) -> None:
        worker = make_import_worker(parts)
        while await worker.run_next():
            pass

    with_parts(work)
