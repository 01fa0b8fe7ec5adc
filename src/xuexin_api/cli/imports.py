"""`xuexin institutions import`, `xuexin roster import`, `xuexin graduates import`, `xuexin photos import`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from xuexin_api.cli.import_worker import make_photo_checking
from xuexin_api.cli.places import Places, say
from xuexin_api.cli.workbench import with_parts
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.graduates import COLUMNS as GRADUATE_COLUMNS
from xuexin_api.core.messages import DEFAULT_LANGUAGE, Language, message
from xuexin_api.core.roster import COLUMNS, InstitutionNames, RowError
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.institution_file import InstitutionError, read_institutions
from xuexin_api.gateways.photo_archive import open_photos
from xuexin_api.gateways.roster_files import open_roster
from xuexin_api.repositories.archive.graduates import GraduateRepository
from xuexin_api.repositories.archive.institutions import InstitutionRepository
from xuexin_api.repositories.archive.record_photos import RecordPhotoRepository
from xuexin_api.repositories.archive.roster_imports import open_staging
from xuexin_api.repositories.archive.staged_photos import StagedPhotoRepository
from xuexin_api.services.archive.graduate_import import (
    GraduateImportService,
    GraduateReport,
    UnattendedGraduates,
)
from xuexin_api.services.archive.institution_import import InstitutionImportService, InstitutionReport
from xuexin_api.services.archive.photo_import import PhotoImportService, PhotoReport, RejectedPhoto
from xuexin_api.services.archive.roster_import import (
    RejectedCell,
    RosterImportService,
    RosterReport,
    UnattendedWatch,
)

ExistingFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The file")]


_LANGUAGES: Final[tuple[Language, ...]] = ("zh-CN", "en")


def _refuse_file(broken: BrokenRuleError) -> typer.Exit:
    """The file as a whole cannot be taken: nothing was written."""
    sentences = [message(broken.code, language, **broken.params) for language in _LANGUAGES]
    say(f"{broken.code}: {' / '.join(sentences)}")
    return typer.Exit(1)


def import_institutions(file: ExistingFile) -> None:
    """Import the ministry's list of institutions (CSV of six columns)."""

    def show(error: InstitutionError) -> None:
        typer.echo(f"line {error.line}\t{error.column}\t{error.code}\t{message(error.code)}")

    async def work(parts: Wiring, _: Places) -> InstitutionReport:
        session = parts.database.session()
        service = InstitutionImportService(
            session=session, institutions=InstitutionRepository(session), clock=parts.clock
        )
        return await service.run(read_institutions(file), rejected=show)

    try:
        report = with_parts(work)
    except BrokenRuleError as broken:
        raise _refuse_file(broken) from None
    say(f"{report.read} institutions read, {report.written} written, {report.rejected} rejected")


async def load_institution_names(parts: Wiring) -> InstitutionNames:
    """The list that rosters are checked against."""
    session = parts.database.session()
    async with session.begin():
        return InstitutionNames(await InstitutionRepository(session).list_codes_and_names())


async def make_roster_import(parts: Wiring, places: Places) -> RosterImportService:
    """The import service, with the institutions of this database."""
    return RosterImportService(
        open_staging=lambda: open_staging(places.database_url),
        institutions=await load_institution_names(parts),
        sealer=parts.sealer,
        lookups=parts.lookups,
        clock=parts.clock,
        entropy=parts.entropy,
        policy=parts.settings.record_policy(),
        chunk_rows=parts.settings.roster_chunk_rows,
    )


def import_roster(
    file: ExistingFile,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge every row, write nothing")] = False,
    rejected: Annotated[
        Path | None, typer.Option(help="Write rejected rows to this CSV instead of showing them")
    ] = None,
) -> None:
    """Import a school's roster: CSV (UTF-8, GB18030), XLSX or DBF. Rejected rows do not stop the others."""
    with ExitStack() as open_files, _bar() as bar:
        show: Callable[[RejectedCell], None] = _show_rejected
        if rejected is not None:
            show = _writer_of_rejected(open_files.enter_context(rejected.open("w", encoding="utf-8-sig", newline="")))
        task = bar.add_task("Reading rows", total=None)

        async def work(parts: Wiring, places: Places) -> RosterReport:
            service = await make_roster_import(parts, places)
            roster = open_roster(file)
            bar.update(task, total=roster.length)
            watch = UnattendedWatch(
                dry_run=dry_run,
                progress=lambda read: bar.update(task, completed=read, description=f"{read} rows read"),
            )
            return await service.run(roster.rows, file_name=file.name, rejected=show, watch=watch)

        try:
            report = with_parts(work)
        except BrokenRuleError as broken:
            raise _refuse_file(broken) from None
    verb = "would be" if dry_run else "were"
    say(
        f"{report.read} rows: {report.added} {verb} added, {report.changed} changed, "
        f"{report.unchanged} unchanged, {report.rejected} rejected"
    )


async def make_graduate_import(parts: Wiring) -> GraduateImportService:
    """The import of graduates, with the institutions of this database."""
    session = parts.database.session()
    return GraduateImportService(
        session=session,
        graduates=GraduateRepository(session),
        institutions=await load_institution_names(parts),
        policy=parts.settings.record_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


def import_graduates(
    file: ExistingFile,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge every row, write nothing")] = False,
) -> None:
    """Import a school's list of graduates: 毕业, 结业 and 肄业, with certificates and degrees; CSV, XLSX or DBF."""

    async def work(parts: Wiring, _: Places) -> GraduateReport:
        service = await make_graduate_import(parts)
        return await service.run(
            open_roster(file).rows,
            file_name=file.name,
            rejected=_show_rejected_row,
            watch=UnattendedGraduates(dry_run=dry_run),
        )

    try:
        report = with_parts(work)
    except BrokenRuleError as broken:
        raise _refuse_file(broken) from None
    verb = "would leave" if dry_run else "left"
    say(f"{report.read} rows: {report.changed} {verb}, {report.unchanged} unchanged, {report.rejected} rejected")


def _show_rejected_row(error: RowError) -> None:
    words = message(error.code, DEFAULT_LANGUAGE, **error.params)
    typer.echo(f"line {error.line}\t{error.column} {GRADUATE_COLUMNS[error.column]}\t{error.code}\t{words}")


def _show_rejected(cell: RejectedCell) -> None:
    title = COLUMNS.get(cell.column, "")
    typer.echo(
        f"line {cell.line}\t{cell.column} {title}\t{cell.code}\t{message(cell.code, DEFAULT_LANGUAGE, **cell.params)}"
    )


def _writer_of_rejected(text: TextIO) -> Callable[[RejectedCell], None]:
    """Rejected rows as a table that spreadsheets open."""
    table = csv.writer(text)
    table.writerow(["line", "column", "title", "code", "reason"])

    def write(cell: RejectedCell) -> None:
        reason = message(cell.code, DEFAULT_LANGUAGE, **cell.params)
        table.writerow([cell.line, cell.column, COLUMNS.get(cell.column, ""), cell.code, reason])

    return write


def import_photos(
    source: Annotated[Path, typer.Argument(exists=True, help="A folder or zip of JPEGs named by candidate number")],
    kind: Annotated[str, typer.Option(help="admission or graduation")],
) -> None:
    """Import archive photos. Each must keep the photo rules; a rejected one does not stop the others."""
    if kind not in {"admission", "graduation"}:
        raise typer.BadParameter("admission or graduation", param_hint="--kind")

    def show(photo: RejectedPhoto) -> None:
        typer.echo(f"{photo.name}\t{photo.code}\t{message(photo.code, 'zh-CN', **photo.params)}")

    with _bar() as bar:
        task = bar.add_task("Looking at photos", total=None)

        def show_progress(seen: int) -> None:
            bar.update(task, completed=seen, description=f"{seen} photos looked at")

        async def work(parts: Wiring, _: Places) -> PhotoReport:
            checking = make_photo_checking(parts)
            session = parts.database.session()
            service = PhotoImportService(
                session=session,
                staged=StagedPhotoRepository(session),
                photos=RecordPhotoRepository(session),
                store=parts.photos,
                checking=checking,
                policy=parts.settings.record_policy(),
                clock=parts.clock,
                entropy=parts.entropy,
            )
            with open_photos(source, limit=checking.largest) as files:
                return await service.run(
                    files,
                    kind=kind,
                    file_name=source.resolve().name,
                    rejected=show,
                    progress=show_progress,
                )

        try:
            report = with_parts(work)
        except BrokenRuleError as broken:
            raise _refuse_file(broken) from None
    say(
        f"{report.added} photos added, {report.replaced} replaced, {report.unchanged} unchanged, "
        f"{report.rejected} rejected"
    )


def _bar() -> Progress:
    """A progress bar for people; silent where nobody watches."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not sys.stderr.isatty(),
    )
