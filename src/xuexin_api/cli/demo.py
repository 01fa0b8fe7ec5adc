"""`xuexin demo-data` and `xuexin roster generate`: made-up schools, students and photos."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

import typer

from xuexin_api.cli.imports import make_graduate_import, make_roster_import
from xuexin_api.cli.places import Places, say
from xuexin_api.cli.workbench import with_parts
from xuexin_api.core.archive_photos import PhotoRules
from xuexin_api.core.clock import china_date
from xuexin_api.core.roster import COLUMNS, Cell
from xuexin_api.demo.graduates import earlier_record, graduate_rows
from xuexin_api.demo.people import DemoStudent, make_students
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.demo.rosters import Format, generate_rows, roster_row, write_roster
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.institution_file import InstitutionError, ListedInstitution, read_institutions
from xuexin_api.gateways.photo_archive import PhotoFile
from xuexin_api.repositories.archive.institutions import InstitutionRepository
from xuexin_api.repositories.archive.record_photos import RecordPhotoRepository
from xuexin_api.repositories.archive.staged_photos import StagedPhotoRepository
from xuexin_api.services.archive.graduate_import import UnattendedGraduates
from xuexin_api.services.archive.institution_import import InstitutionImportService
from xuexin_api.services.archive.photo_checking import PhotoChecking
from xuexin_api.services.archive.photo_import import PhotoImportService
from xuexin_api.services.archive.roster_import import RejectedCell, UnattendedWatch
from xuexin_api.settings import SettingsError

_DEMO_SEED: Final = 2026
_DEMO_STUDENTS: Final = 200
_WITH_PHOTOS: Final = 20
_AT_TWO_SCHOOLS: Final = 3


def demo_schools() -> list[ListedInstitution]:
    """The made-up institutions that come with the package."""
    with resources.as_file(resources.files("xuexin_api") / "demo" / "institutions.csv") as path:
        return [line for line in read_institutions(path) if isinstance(line, ListedInstitution)]


def demo_students(count: int = _DEMO_STUDENTS, seed: int = _DEMO_SEED, start: int = 0) -> Iterator[DemoStudent]:
    """Made-up students of the made-up schools."""
    schools = [(school.code, school.name) for school in demo_schools()]
    return make_students(count, seed=seed, schools=schools, start=start)


def demo_data() -> None:
    """Load made-up schools, students, photos and graduates. Run again, it changes nothing."""
    students = list(demo_students())
    students.insert(_WITH_PHOTOS - 1, earlier_record(students[_AT_TWO_SCHOOLS]))

    async def load(parts: Wiring, places: Places) -> int:
        added = await load_students(parts, places, students)
        service = await make_graduate_import(parts)
        rows = graduate_rows(students[:_WITH_PHOTOS], today=china_date(parts.clock.now()))
        lines: Iterator[tuple[int, list[Cell]]] = ((line, [*cells]) for line, cells in enumerate(rows, start=1))
        watch = UnattendedGraduates(dry_run=False)
        await service.run(lines, file_name="demo graduates", rejected=_never, watch=watch)
        return added

    say(f"Demo data: {with_parts(load)} records added")


async def load_students(parts: Wiring, places: Places, students: list[DemoStudent]) -> int:
    """Import schools, students and the first students' photos, as a school's own files would come in."""
    if places.settings.production:
        raise SettingsError("made-up people do not belong into production")
    session = parts.database.session()
    institutions = InstitutionImportService(
        session=session, institutions=InstitutionRepository(session), clock=parts.clock
    )
    await institutions.run(demo_schools(), rejected=_never)
    service = await make_roster_import(parts, places)
    rows = enumerate([list(COLUMNS), *map(roster_row, students)], start=1)
    report = await service.run(
        ((line, list(cells)) for line, cells in rows),
        file_name="demo",
        rejected=_never_but_of_who_left,
        watch=UnattendedWatch(dry_run=False),
    )
    photos = PhotoImportService(
        session=session,
        staged=StagedPhotoRepository(session),
        photos=RecordPhotoRepository(session),
        store=parts.photos,
        checking=PhotoChecking(rules=PhotoRules(), pictures=parts.pictures),
        policy=parts.settings.record_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )
    for kind in ("admission", "graduation"):
        files = (
            PhotoFile(
                f"{student.candidate_number}.jpg",
                student.candidate_number,
                draw_archive_photo(index, "admission" if kind == "admission" else "graduation"),
            )
            for index, student in enumerate(students[:_WITH_PHOTOS])
        )
        await photos.run(files, kind=kind, file_name=f"demo {kind} photos", rejected=_never)
    return report.added


def _never_but_of_who_left(cell: RejectedCell) -> None:
    """The roster is that of before: run again, it brings back nobody who graduated since."""
    if cell.code != "status_move_not_allowed":
        _never(cell)


def _never(error: InstitutionError | RejectedCell | object) -> None:
    raise AssertionError(f"made-up data broke a rule: {error}")


def print_demo_student() -> None:
    """The data with which a person can play the journey by hand."""
    student = next(demo_students(1))
    say("A demo student (made up) to register and verify as:")
    for title, value in (
        ("phone", student.phone),
        ("name", student.name),
        ("sex", "male" if student.sex == "男" else "female"),
        ("document (SFZ)", student.document_number),
        ("candidate number", student.candidate_number),
        ("student number", student.student_number),
        ("admission year", f"{student.admission_date:%Y}"),
        ("institution code", student.institution_code),
        ("programme", student.programme_name),
    ):
        say(f"    {title}: {value}")


def generate_roster(
    out: Annotated[Path, typer.Argument(help="Where to write; .csv, .xlsx or .dbf")],
    rows: Annotated[int, typer.Option(min=1, help="How many students")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other students")] = 1,
    encoding: Annotated[str, typer.Option(help="Of a CSV: utf-8, utf-8-sig or gb18030")] = "utf-8",
    institution: Annotated[str | None, typer.Option(help="Of this made-up school alone, by its code")] = None,
    entered: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="When all of them entered; a school uploads who entered lately"),
    ] = None,
) -> None:
    """Write a roster of made-up students of the made-up schools."""
    kinds: dict[str, Format] = {".csv": "csv", ".xlsx": "xlsx", ".dbf": "dbf"}
    kind = kinds.get(out.suffix.lower())
    if kind is None:
        raise typer.BadParameter("the name must end in .csv, .xlsx or .dbf")
    if encoding not in {"utf-8", "utf-8-sig", "gb18030"}:
        raise typer.BadParameter("utf-8, utf-8-sig or gb18030", param_hint="--encoding")
    schools = [(school.code, school.name) for school in demo_schools() if institution in {None, school.code}]
    if not schools:
        raise typer.BadParameter("no made-up school has this code", param_hint="--institution")
    made = generate_rows(rows, seed=seed, schools=schools, entered=None if entered is None else entered.date())
    write_roster(out, made, kind=kind, encoding=encoding)
    say(f"{rows} made-up students in {out}")
