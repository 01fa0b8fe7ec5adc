"""Filling the archive as schools do: through the imports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from support.people import FAR_SCHOOL, SCHOOLS, Student
from xuexin_api.core.archive_photos import PhotoRules
from xuexin_api.core.roster import COLUMNS, Cell, InstitutionNames
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.demo.rosters import roster_row
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.institution_file import ListedInstitution
from xuexin_api.gateways.photo_archive import PhotoFile
from xuexin_api.repositories.archive.institutions import InstitutionRepository
from xuexin_api.repositories.archive.record_photos import RecordPhotoRepository
from xuexin_api.repositories.archive.roster_imports import open_staging
from xuexin_api.repositories.archive.staged_photos import StagedPhotoRepository
from xuexin_api.services.archive.institution_import import InstitutionImportService
from xuexin_api.services.archive.photo_checking import PhotoChecking
from xuexin_api.services.archive.photo_import import PhotoImportService, PhotoReport, RejectedPhoto
from xuexin_api.services.archive.roster_import import (
    ImportWatch,
    RejectedCell,
    RosterImportService,
    RosterReport,
    UnattendedWatch,
)

HEADER = list(COLUMNS)


async def add_schools(parts: Wiring) -> None:
    session = parts.database.session()
    service = InstitutionImportService(session=session, institutions=InstitutionRepository(session), clock=parts.clock)
    listed = [
        ListedInstitution(code, name, "示例教育部门", "示例省", "本科", "") for code, name in (*SCHOOLS, FAR_SCHOOL)
    ]
    await service.run(listed, rejected=print)


async def import_rows(
    parts: Wiring,
    rows: Iterable[Sequence[Cell]],
    *,
    header: Sequence[Cell] = HEADER,
    dry_run: bool = False,
    chunk_rows: int = 5000,
    watch: ImportWatch | None = None,
) -> tuple[RosterReport, list[RejectedCell]]:
    """Import rows as a roster file's; the report and every rejected cell."""
    await add_schools(parts)
    rejected: list[RejectedCell] = []
    service = RosterImportService(
        open_staging=lambda: open_staging(parts.database.url),
        institutions=InstitutionNames(SCHOOLS),
        sealer=parts.sealer,
        lookups=parts.lookups,
        clock=parts.clock,
        entropy=parts.entropy,
        policy=parts.settings.record_policy(),
        chunk_rows=chunk_rows,
    )
    numbered = ((line, list(cells)) for line, cells in enumerate([list(header), *rows], start=1))
    report = await service.run(
        numbered,
        file_name="roster.csv",
        rejected=rejected.append,
        watch=watch or UnattendedWatch(dry_run=dry_run),
    )
    return report, rejected


async def enroll(parts: Wiring, *students: Student) -> None:
    """Put these students' records into the archive."""
    report, rejected = await import_rows(parts, [roster_row(student.record) for student in students])
    assert report.added == len(students), rejected


async def import_photos(
    parts: Wiring, files: Iterable[PhotoFile], kind: str = "admission"
) -> tuple[PhotoReport, list[RejectedPhoto]]:
    session = parts.database.session()
    rejected: list[RejectedPhoto] = []
    service = PhotoImportService(
        session=session,
        staged=StagedPhotoRepository(session),
        photos=RecordPhotoRepository(session),
        store=parts.photos,
        checking=PhotoChecking(rules=PhotoRules(), pictures=parts.pictures),
        policy=parts.settings.record_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )
    return await service.run(files, kind=kind, file_name="photos", rejected=rejected.append), rejected


async def add_photos(parts: Wiring, student: Student) -> dict[str, bytes]:
    """Both photos of a student; returns their bytes by kind."""
    photos = {
        "admission": draw_archive_photo(1, "admission"),
        "graduation": draw_archive_photo(1, "graduation"),
    }
    for kind, data in photos.items():
        file = PhotoFile("photo.jpg", student.record.candidate_number, data)
        report, rejected = await import_photos(parts, [file], kind)
        assert report.added == 1, rejected
    return photos
