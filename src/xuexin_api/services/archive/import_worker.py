"""One waiting import, done: by a process that holds it under a lease and tells how far it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.imports import ImportCancelledError, ImportKind, ImportState, LeaseLostError, Senders
from xuexin_api.core.messages import message
from xuexin_api.core.policies import ImportPolicy, RecordPolicy
from xuexin_api.core.roster import InstitutionNames, RowError
from xuexin_api.core.sealing import Sealer
from xuexin_api.gateways.import_files import ImportFiles
from xuexin_api.gateways.photo_archive import PhotoZip, open_photo_zip
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.gateways.rejected_photos import RejectedPhotos
from xuexin_api.gateways.rejected_rows import RejectedRows
from xuexin_api.gateways.roster_files import open_roster
from xuexin_api.repositories.archive.earlier_photos import EarlierPhotoRepository
from xuexin_api.repositories.archive.graduates import GraduateRepository
from xuexin_api.repositories.archive.import_jobs import ImportJobRepository, ImportJobRow, staging_schema
from xuexin_api.repositories.archive.institutions import InstitutionRepository
from xuexin_api.repositories.archive.record_photos import RecordPhotoRepository
from xuexin_api.repositories.archive.roster_imports import Counts, RosterStaging, open_kept_staging
from xuexin_api.repositories.archive.staged_photos import RejectedPlace, StagedPhotoRepository
from xuexin_api.repositories.staff.staff import StaffRepository
from xuexin_api.services.archive.graduate_import import GraduateImportService, GraduateReport
from xuexin_api.services.archive.held_import import HeldImport
from xuexin_api.services.archive.photo_checking import PhotoChecking
from xuexin_api.services.archive.photo_import import PhotoReport
from xuexin_api.services.archive.roster_import import RejectedCell, RosterImportService
from xuexin_api.services.archive.staged_photo_erasure import StagedPhotoErasure
from xuexin_api.services.archive.staged_photo_import import StagedPhotoImport
from xuexin_api.services.lookups import Lookups

_LOG = structlog.get_logger("imports")


class ImportWorker:
    """Killed at any moment, what it had staged is taken up by the next one, and published once."""

    def __init__(
        self,
        *,
        new_session: Callable[[], AsyncSession],
        database_url: str,
        files: ImportFiles,
        sealer: Sealer,
        lookups: Lookups,
        photos: PhotoStore,
        checking: PhotoChecking,
        policy: ImportPolicy,
        record_policy: RecordPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._new_session = new_session
        self._database_url = database_url
        self._files = files
        self._sealer = sealer
        self._lookups = lookups
        self._photos = photos
        self._checking = checking
        self._policy = policy
        self._record_policy = record_policy
        self._clock = clock
        self._entropy = entropy

    async def run_next(self) -> bool:
        """Whether there was one. How it ended stands in its row."""
        owner = self._entropy.identifier()
        now = self._clock.now()
        async with self._jobs() as jobs:
            job = await jobs.claim(owner, lease_until=now + timedelta(seconds=self._policy.lease), now=now)
        if job is None:
            return False
        held = HeldImport(job, owner, note=self._note, policy=self._policy, clock=self._clock)
        try:
            if job.attempts > self._policy.most_attempts:
                raise BrokenRuleError("import_given_up")
            # Once more where it is published: before, for nothing is read of who may not bring it.
            senders = await self._senders(held)
            async with held.alive():
                match job.kind:
                    case ImportKind.ROSTER:
                        await self._import_roster(held, senders)
                    case ImportKind.GRADUATES:
                        await self._import_graduates(held, senders)
                    case _:
                        await self._import_photos(held, senders)
        except BrokenRuleError as broken:
            await held.end(ImportState.FAILED, error_code=broken.code, error_params=broken.params)
        except ImportCancelledError as cancelled:
            await held.end(ImportState.CANCELLED, error_code=cancelled.code)
        except LeaseLostError:
            _LOG.warning("import_taken_over", import_id=str(job.id))
            return True
        await self._clean_up(job.id)
        return True

    async def _import_roster(self, held: HeldImport, senders: Senders) -> None:
        job = held.job
        upload = self._files.upload(job.id)
        roster = open_roster(upload)
        await held.note(file_format=roster.format, rows_total=roster.length)
        service = RosterImportService(
            open_staging=partial(open_kept_staging, self._database_url, staging_schema(job.id)),
            institutions=await self._institutions(),
            sealer=self._sealer,
            lookups=self._lookups,
            policy=self._record_policy,
            clock=self._clock,
            entropy=self._entropy,
            chunk_rows=self._policy.chunk_rows,
        )
        with RejectedRows(upload, self._files.prepare_rejected(job.id)) as rows:
            watch = _RosterWatch(held, partial(self._finish_rejected, rows, job.id))
            await service.run(
                roster.rows,
                file_name=job.file_name,
                senders=senders,
                rejected=partial(_reject, rows),
                watch=watch,
            )

    async def _import_graduates(self, held: HeldImport, senders: Senders) -> None:
        job = held.job
        upload = self._files.upload(job.id)
        table = open_roster(upload)
        await held.note(file_format=table.format, rows_total=table.length)
        async with self._new_session() as session:
            service = GraduateImportService(
                session=session,
                graduates=GraduateRepository(session),
                institutions=await self._institutions(),
                policy=self._record_policy,
                clock=self._clock,
                entropy=self._entropy,
            )
            with RejectedRows(upload, self._files.prepare_rejected(job.id)) as rows:
                await service.run(
                    table.rows,
                    file_name=job.file_name,
                    senders=senders,
                    rejected=partial(_reject, rows),
                    watch=_GraduateWatch(held, session, partial(self._finish_rejected, rows, job.id)),
                )

    async def _import_photos(self, held: HeldImport, senders: Senders) -> None:
        job = held.job
        async with self._new_session() as session:
            service = StagedPhotoImport(
                session=session,
                import_id=job.id,
                institution_code=job.institution_code,
                import_kind=job.kind,
                file_name=job.file_name,
                staged=StagedPhotoRepository(session),
                photos=RecordPhotoRepository(session),
                store=self._photos,
                checking=self._checking,
                at_once=self._policy.chunk_rows,
                record_policy=self._record_policy,
                clock=self._clock,
                entropy=self._entropy,
            )
            with open_photo_zip(self._files.upload(job.id)) as archive:
                await held.note(file_format="zip", rows_total=len(archive))
                progress = partial(held.note_rows, passed_over=job.rows_read)
                confirm = partial(held.confirm, ImportJobRepository(session))
                await service.stage(archive, done=job.rows_read, progress=progress, confirm=confirm)
                dry_run = await held.is_dry_run()

                async def settle(report: PhotoReport, published: UUID | None) -> None:
                    counts = Counts(report.added, report.replaced, report.unchanged)
                    await held.settle(
                        session, counts, report.rejected, dry_run=published is None, roster_import_id=published
                    )

                finished = False
                while not finished:
                    await service.judge_together(senders)
                    await self._tell_rejected(job.id, service, archive)
                    finished = await service.finish(dry_run=dry_run, settle=settle)

    async def _tell_rejected(self, job_id: UUID, service: StagedPhotoImport, archive: PhotoZip) -> None:
        largest = self._checking.largest
        with RejectedPhotos(self._files.prepare_rejected(job_id)) as refused:

            def tell(one: RejectedPlace) -> None:
                photo = archive.read(one.place, limit=largest)
                picture = photo.data if len(photo.data) <= largest else None
                refused.add(one.place, photo.name, picture, one.code, message(one.code, **one.params))

            await service.tell_rejected(tell)
        self._files.keep_rejected(job_id)

    def _erasure(self, session: AsyncSession) -> StagedPhotoErasure:
        staged = StagedPhotoRepository(session)
        earlier = EarlierPhotoRepository(session)
        return StagedPhotoErasure(
            session=session, staged=staged, earlier=earlier, store=self._photos, clock=self._clock
        )

    def _finish_rejected(self, rows: RejectedRows, job_id: UUID) -> None:
        rows.finish()
        self._files.keep_rejected(job_id)

    async def _senders(self, held: HeldImport) -> Senders:
        async with self._new_session() as session, session.begin():
            return await held.list_senders(StaffRepository(session))

    async def _institutions(self) -> InstitutionNames:
        async with self._new_session() as session, session.begin():
            return InstitutionNames(await InstitutionRepository(session).list_codes_and_names())

    async def _clean_up(self, job_id: UUID) -> None:
        """What a dry run staged stays for its publication. The rest may as well be left to the next cleaning."""
        async with self._jobs() as jobs:
            job = await jobs.get(job_id)
            if job is None or job.state in {ImportState.CHECKED, ImportState.QUEUED}:
                return
            await jobs.drop_staging(job_id)
        async with self._new_session() as session:
            await self._erasure(session).erase_import(job_id)
        if job.state == ImportState.PUBLISHED:
            self._files.delete_upload(job_id)
        else:
            self._files.delete(job_id)

    async def _note(self, job_id: UUID, owner: UUID, values: Mapping[str, Any]) -> ImportJobRow | None:
        async with self._jobs() as jobs:
            return await jobs.note(job_id, owner, values)

    @asynccontextmanager
    async def _jobs(self) -> AsyncIterator[ImportJobRepository]:
        """The table of jobs, for one transaction."""
        async with self._new_session() as session, session.begin():
            yield ImportJobRepository(session)


class _RosterWatch:
    """Between the import and the row of its job."""

    def __init__(self, held: HeldImport, finish_rejected: Callable[[], None]) -> None:
        self._held = held
        self._finish_rejected = finish_rejected
        self.note_rows = held.note_rows
        self.is_dry_run = held.is_dry_run

    async def settle(self, staging: RosterStaging, read: int, counts: Counts, import_id: UUID | None) -> None:
        # Before the outcome is known, so that it is never known without them.
        self._finish_rejected()
        await self._held.settle_roster(staging, read, counts, import_id)


class _GraduateWatch:
    """The same for a list of graduates, whose session settles it."""

    def __init__(self, held: HeldImport, session: AsyncSession, finish_rejected: Callable[[], None]) -> None:
        self._held = held
        self._session = session
        self._finish_rejected = finish_rejected
        self.note_rows = held.note_rows
        self.is_dry_run = held.is_dry_run

    async def settle(self, report: GraduateReport, import_id: UUID | None) -> None:
        self._finish_rejected()
        await self._held.settle(
            self._session,
            Counts(0, report.changed, report.unchanged),
            report.rejected,
            dry_run=import_id is None,
            roster_import_id=import_id,
        )


def _reject(rows: RejectedRows, cell: RejectedCell | RowError) -> None:
    rows.add(cell.line, cell.column, cell.code, message(cell.code, **cell.params))
