"""更正: a student tells the school what is wrong in a record, with proof; only a decision changes the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock, china_date, next_china_midnight
from xuexin_api.core.corrected_fields import written
from xuexin_api.core.corrections import CorrectionState, CorrectionStep, RecordKind, outcome
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    CorrectionClosedError,
    CorrectionNotFoundError,
    CorrectionOpenError,
    FieldProblem,
    InvalidRequestError,
    RecordNotFoundError,
    TooManyOperationsError,
    UploadNotFoundError,
)
from xuexin_api.core.policies import CorrectionPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.archive.corrections import CorrectionRepository, CorrectionRow
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.sent_photos import PhotoPlace, PhotoRepository
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.services.archive.corrected_records import CorrectedRecords
from xuexin_api.services.archive.correction_log import CorrectionLog
from xuexin_api.services.archive.correction_view import (
    WORDS_CONTEXT,
    CorrectionLine,
    CorrectionView,
    correction_line,
    correction_view,
    seal_values,
)
from xuexin_api.services.archive.record_history import AFTER_ALL
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.photos.sent_photos import PhotoView, photo_view

_SUBMITTED: Final = "corrections"
_MOST_EVENTS: Final = 200
_MOST_PHOTOS: Final = 100


@dataclass(frozen=True, slots=True)
class CorrectionRequest:
    """What is wrong in which record, what it should be, why, and which pictures prove it."""

    record: RecordKind
    wishes: Sequence[tuple[str, str | None]]
    statement: str
    proof_ids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class CorrectionPage:
    """Some corrections, newest first."""

    items: list[CorrectionLine]
    next_cursor: str | None


class CorrectionService(Service):
    """A student can never edit a record: here they say what is wrong, to those who can."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        corrections: CorrectionRepository,
        office: RecordOfficeRepository,
        records: CorrectedRecords,
        photos: PhotoRepository,
        store: PhotoStore,
        counters: CounterRepository,
        callers: Callers,
        log: CorrectionLog,
        sealer: Sealer,
        policy: CorrectionPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._corrections = corrections
        self._office = office
        self._records = records
        self._photos = photos
        self._store = store
        self._counters = counters
        self._callers = callers
        self._log = log
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def submit(self, enrollment_id: UUID, request: CorrectionRequest, claims: Claims) -> CorrectionView:
        """To the school, with its pictures, all at once."""
        now = self._clock.now()
        _refuse_repeated(request.wishes)
        await self._count(claims, now)
        async with self._read():
            account, person_id = await self._student(claims)
            enrollment = await self._own(enrollment_id, person_id)
            facts = await self._records.facts(request.record, enrollment_id)
        if facts is None:
            raise InvalidRequestError([FieldProblem("/record", "record_not_registered", {})])
        changed, broken = self._records.judge(request.record, request.wishes, facts, account, china_date(now))
        if broken:
            places = {field: place for place, (field, _) in enumerate(request.wishes)}
            raise InvalidRequestError(
                [FieldProblem(f"/fields/{places[field]}/value", rule.code, rule.params) for field, rule in broken]
            )
        values = {field: (written(facts[field]), written(value)) for field, value in changed.items()}
        correction_id = self._entropy.identifier()
        async with self._transaction():
            added = await self._corrections.add(
                {
                    "id": correction_id,
                    "account_id": account.id,
                    "person_id": person_id,
                    "enrollment_id": enrollment_id,
                    "institution_code": enrollment["institution_code"],
                    "record": request.record,
                    "fields": list(values),
                    "values_sealed": seal_values(values, self._sealer),
                    "state": CorrectionState.SUBMITTED,
                    "returns": 0,
                    "submitted_at": now,
                    "held_since": now,
                    "due_at": now + timedelta(seconds=self._policy.school),
                    "untold_since": now,
                }
            )
            if not added:
                raise CorrectionOpenError
            # An undoing that was under way, for which adding waits, has taken record or person back by now.
            account, person_id = await self._student(claims)
            await self._own(enrollment_id, person_id)
            row = await self._mine(correction_id, account)
            await self._attach(row, request.proof_ids)
            await self._submitted(row, "submitted", request.statement, claims, now)
            return await self._view(row)

    async def submit_again(
        self, correction_id: UUID, statement: str, proof_ids: Sequence[UUID], claims: Claims
    ) -> CorrectionView:
        """What the school sent back, with what it missed; its time begins anew."""
        now = self._clock.now()
        await self._count(claims, now)
        async with self._transaction():
            account, _ = await self._student(claims)
            row = await self._mine(correction_id, account)
            due_at = now + timedelta(seconds=self._policy.school)
            await self._move(row, CorrectionStep.SUBMIT_AGAIN, held_since=now, due_at=due_at, untold_since=now)
            await self._attach(row, proof_ids)
            await self._submitted(row, "submitted_again", statement, claims, now)
            return await self._view(await self._mine(correction_id, account))

    async def withdraw(self, correction_id: UUID, claims: Claims) -> CorrectionView:
        """Ask no longer, while nobody has decided."""
        now = self._clock.now()
        async with self._transaction():
            account, _ = await self._student(claims)
            row = await self._mine(correction_id, account)
            await self._move(row, CorrectionStep.WITHDRAW, held_since=now, due_at=None, assigned_to=None)
            await self._log.note(row.id, "withdrawn", "student", now=now)
            await self._log.audit("withdraw", account.id, session_id=claims.session_id, now=now)
            return await self._view(await self._mine(correction_id, account))

    async def list_mine(self, claims: Claims, *, cursor: str | None, most: int) -> CorrectionPage:
        """Newest first, whatever became of them."""
        before_id = AFTER_ALL if cursor is None else read_cursor(cursor)
        async with self._read():
            account, _ = await self._student(claims)
            found = await self._corrections.list_for_account(account.id, before_id=before_id, most=most + 1)
        now = self._clock.now()
        lines = [correction_line(row, now) for row in found[:most]]
        return CorrectionPage(lines, write_cursor(lines[-1].id) if len(found) > most else None)

    async def get(self, correction_id: UUID, claims: Claims) -> CorrectionView:
        """One of the caller's own."""
        async with self._read():
            account, _ = await self._student(claims)
            return await self._view(await self._mine(correction_id, account))

    async def get_proof(self, correction_id: UUID, photo_id: UUID, claims: Claims) -> bytes:
        """A picture of one of the caller's own, until it is erased."""
        async with self._read():
            account, _ = await self._student(claims)
            row = await self._mine(correction_id, account)
            photo = await self._photos.get_shown(photo_id, PhotoPlace(correction_id=row.id))
        data = None
        if photo is not None and photo.object_key is not None:
            data = await self._store.get(photo.object_key)
        if data is None:
            raise UploadNotFoundError
        return data

    async def list_proofs(self, enrollment_id: UUID, claims: Claims) -> list[PhotoView]:
        """Pictures that were sent for a record of one's own and belong to no correction yet, refused ones too."""
        async with self._read():
            account, person_id = await self._student(claims)
            await self._own(enrollment_id, person_id)
            place = PhotoPlace(enrollment_id=enrollment_id)
            rows = (await self._photos.list_sent([place], account_id=account.id, most=_MOST_PHOTOS))[place]
        return [photo_view(row) for row in rows]

    async def _count(self, claims: Claims, now: datetime) -> None:
        ends = next_china_midnight(now)
        async with self._transaction():
            account, _ = await self._student(claims)
            tries = await self._counters.add_one(_SUBMITTED, account.id.bytes, now=now, window_ends_at=ends)
        if tries.count > self._policy.per_day:
            raise TooManyOperationsError(retry_after=seconds_until(ends, now))

    async def _move(self, row: CorrectionRow, step: CorrectionStep, **values: Any) -> None:
        state = outcome(CorrectionState(row.state), step)
        if state is None or not await self._corrections.move(row, step, state, **values):
            raise CorrectionClosedError

    async def _attach(self, row: CorrectionRow, proof_ids: Sequence[UUID]) -> None:
        """Each picture once, and all of them or none."""
        wanted = set(proof_ids)
        attached = await self._corrections.attach(
            row.id, wanted, account_id=row.account_id, enrollment_id=row.enrollment_id
        )
        if attached != len(wanted):
            raise InvalidRequestError([FieldProblem("/proof_ids", "proof_unknown", {})])

    async def _submitted(self, row: CorrectionRow, kind: str, statement: str, claims: Claims, now: datetime) -> None:
        sealed = self._sealer.seal(statement.encode(), WORDS_CONTEXT)
        await self._log.note(row.id, kind, "student", now=now, statement=sealed)
        await self._log.audit("submit", row.account_id, session_id=claims.session_id, now=now)
        await self._log.tell_owner(row.account_id, "body_correction_submitted", now=now, school=row.institution_name)

    async def _student(self, claims: Claims) -> tuple[AccountRow, UUID]:
        return await self._callers.student_of(claims, refusal=RecordNotFoundError)

    async def _own(self, enrollment_id: UUID, person_id: UUID) -> Mapping[str, Any]:
        enrollment = await self._office.get(enrollment_id)
        if enrollment is None or enrollment["person_id"] != person_id:
            raise RecordNotFoundError
        return enrollment

    async def _mine(self, correction_id: UUID, account: AccountRow) -> CorrectionRow:
        row = await self._corrections.get_for_account(correction_id, account.id)
        if row is None:
            raise CorrectionNotFoundError
        return row

    async def _view(self, row: CorrectionRow) -> CorrectionView:
        place = PhotoPlace(correction_id=row.id)
        photos = (await self._photos.list_sent([place], account_id=row.account_id, most=_MOST_PHOTOS))[place]
        log = await self._corrections.list_events(row.id, most=_MOST_EVENTS)
        return correction_view(row, photos, log, self._sealer, now=self._clock.now())


def _refuse_repeated(wishes: Sequence[tuple[str, str | None]]) -> None:
    fields = [field for field, _ in wishes]
    repeated = [place for place, field in enumerate(fields) if field in fields[:place]]
    if repeated:
        raise InvalidRequestError([FieldProblem(f"/fields/{place}/field", "field_repeated", {}) for place in repeated])
