"""核对 and 图像校对: students say of their own record, and of its graduation photo, whether it is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock, china_date, next_china_midnight
from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    PhotoNotFoundError,
    ProofingClosedError,
    ProofNotOpenError,
    RecordNotFoundError,
    TooManyOperationsError,
)
from xuexin_api.core.policies import ProofPolicy, RecordPolicy
from xuexin_api.core.record_life import proofs_end, proofs_open
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.archive.proofs import CheckRow, OwnRecord, PhotoProofRow, ProofRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers

ProofState = Literal["to_confirm", "confirmed", "expired", "outdated"]
_SAID: Final = "record_proofs"


@dataclass(frozen=True, slots=True)
class Check:
    """What was said of a record; `outdated` when the record changed since."""

    id: UUID
    wrong_fields: list[str]
    at: datetime
    outdated: bool


@dataclass(frozen=True, slots=True)
class CheckState:
    """Whether something can be said now, until which day, and what was said last."""

    open: bool
    until: date | None
    last: Check | None


@dataclass(frozen=True, slots=True)
class PhotoProof:
    """What was said of a graduation photo, and whether it counts."""

    id: UUID
    answer: str
    fault: str | None
    state: ProofState
    created_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PhotoProofState:
    """Whether something can be said now, until which day, of which photo, and what was said last."""

    open: bool
    until: date | None
    photo_available: bool
    last: PhotoProof | None


class ProofService(Service):
    """Nothing here changes a record: the school does, when it has been told."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        proofs: ProofRepository,
        counters: CounterRepository,
        callers: Callers,
        policy: ProofPolicy,
        record_policy: RecordPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._proofs = proofs
        self._counters = counters
        self._callers = callers
        self._policy = policy
        self._record_policy = record_policy
        self._entropy = entropy

    async def get_check(self, enrollment_id: UUID, claims: Claims) -> CheckState:
        """What was said of one's own record, and until when it can be."""
        async with self._read():
            record = await self._own(enrollment_id, claims)
            last = await self._proofs.get_last_check(record.id)
        view = None if last is None else check_view(last, record.version)
        return CheckState(self._open(record), self._until(record), view)

    async def check(self, enrollment_id: UUID, wrong_fields: Sequence[str], claims: Claims) -> Check:
        """Say that the record is right, or which of its fields are wrong."""
        now = self._clock.now()
        record = await self._may_say(enrollment_id, claims, now)
        fields = sorted(set(wrong_fields))
        row = CheckRow(self._entropy.identifier(), record.version, fields, now)
        async with self._transaction():
            await self._proofs.add_check(
                {
                    "id": row.id,
                    "enrollment_id": record.id,
                    "version": row.version,
                    "wrong_fields": fields,
                    "at": now,
                }
            )
        return check_view(row, record.version)

    async def get_photo_proof(self, enrollment_id: UUID, claims: Claims) -> PhotoProofState:
        """What was said of one's graduation photo, and until when it can be."""
        async with self._read():
            record = await self._own(enrollment_id, claims)
            last = await self._proofs.get_last_photo_proof(record.id, confirmed=False)
        view = None if last is None else photo_proof_view(last, record.photo, self._clock.now())
        return PhotoProofState(self._open(record), self._until(record), record.photo is not None, view)

    async def prove_photo(self, enrollment_id: UUID, fault: str | None, claims: Claims) -> PhotoProof:
        """Say that the graduation photo is right, or what is wrong with it. It counts once it is confirmed."""
        now = self._clock.now()
        record = await self._may_say(enrollment_id, claims, now)
        if record.photo is None:
            raise PhotoNotFoundError
        row = PhotoProofRow(
            id=self._entropy.identifier(),
            sha256=record.photo,
            answer="right" if fault is None else "wrong",
            fault=fault,
            created_at=now,
            expires_at=now + timedelta(seconds=self._policy.confirmation),
            confirmed_at=None,
        )
        async with self._transaction():
            await self._proofs.add_photo_proof(
                {"enrollment_id": record.id} | {name: getattr(row, name) for name in PhotoProofRow.__slots__}
            )
        return photo_proof_view(row, record.photo, now)

    async def confirm_photo_proof(self, enrollment_id: UUID, proof_id: UUID, claims: Claims) -> PhotoProof:
        """The second word, which counts: once, soon after the first, of the same photo."""
        now = self._clock.now()
        async with self._transaction():
            record = await self._own(enrollment_id, claims)
            self._refuse_unless_open(record)
            if not await self._proofs.confirm_photo_proof(proof_id, record.id, now=now):
                raise ProofNotOpenError
            last = await self._proofs.get_last_photo_proof(record.id, confirmed=True)
        assert last is not None, "it was confirmed just now"
        return photo_proof_view(last, record.photo, now)

    async def _may_say(self, enrollment_id: UUID, claims: Claims, now: datetime) -> OwnRecord:
        """One's own record, open, and not talked about too often today."""
        async with self._transaction():
            record = await self._own(enrollment_id, claims)
            said = await self._counters.add_one(
                _SAID, record.id.bytes, now=now, window_ends_at=next_china_midnight(now)
            )
        if said.count > self._policy.per_day:
            raise TooManyOperationsError(retry_after=seconds_until(said.window_ends_at, now))
        self._refuse_unless_open(record)
        return record

    async def _own(self, enrollment_id: UUID, claims: Claims) -> OwnRecord:
        _, person_id = await self._callers.student_of(claims, refusal=RecordNotFoundError)
        record = await self._proofs.get_own(enrollment_id, person_id)
        if record is None:
            raise RecordNotFoundError
        return record

    def _refuse_unless_open(self, record: OwnRecord) -> None:
        if not self._open(record):
            raise ProofingClosedError

    def _open(self, record: OwnRecord) -> bool:
        today = china_date(self._clock.now())
        status = EnrollmentStatus(record.status)
        return proofs_open(status, record.expected_graduation_date, today, self._record_policy)

    def _until(self, record: OwnRecord) -> date | None:
        today = china_date(self._clock.now())
        return proofs_end(record.expected_graduation_date, today, self._record_policy) if self._open(record) else None


def check_view(row: CheckRow, version: int) -> Check:
    """What was said, beside the record's present version."""
    return Check(row.id, row.wrong_fields, row.at, outdated=row.version != version)


def photo_proof_view(row: PhotoProofRow, photo: bytes | None, now: datetime) -> PhotoProof:
    """What was said, beside the present photo. Of another photo it says nothing."""
    state: ProofState
    if row.sha256 != photo:
        state = "outdated"
    elif row.confirmed_at is not None:
        state = "confirmed"
    else:
        state = "to_confirm" if row.expires_at > now else "expired"
    return PhotoProof(row.id, row.answer, row.fault, state, row.created_at, row.expires_at, row.confirmed_at)
