"""转学: the school that a student leaves asks, the other agrees, and both records change together or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.archive_photos import photo_key
from xuexin_api.core.clock import Clock, china_date
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    FieldProblem,
    InvalidRequestError,
    NotReadyError,
    NotYoursToDecideError,
    RecordChangedError,
    RecordNotFoundError,
    StoredPhotoDamagedError,
    StudentNumberInUseError,
    TransferClosedError,
    TransferNotFoundError,
    TransferRequestedError,
    VersionNeededError,
)
from xuexin_api.core.policies import RecordPolicy
from xuexin_api.core.record_life import NEW_AT_TRANSFER, TRANSFER_REASONS, Change, Wish, follow
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.archive.institutions import InstitutionRepository
from xuexin_api.repositories.archive.record_photos import RecordPhotoRepository
from xuexin_api.repositories.archive.staged_photos import PhotoChange, StagedPhotoRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.repositories.staff.transfers import Direction, TransferRepository, TransferRow
from xuexin_api.services.archive.archive import EnrollmentView, enrollment_view
from xuexin_api.services.archive.graduation import facts_of
from xuexin_api.services.archive.record_history import AFTER_ALL
from xuexin_api.services.base import Service
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.staff.record_trace import RecordTrace
from xuexin_api.services.staff.staff_callers import StaffCallers

_PURPOSE: Final = "transfer"
_AGREED: Final = "schools_agreed"
_ENTRY_PHOTO: Final = "admission"
_TAKEN: Final = {"uq_enrollments_institution_code_student_number": StudentNumberInUseError()}


@dataclass(frozen=True, slots=True)
class TransferLine:
    """A transfer as both schools read it; the state is that of the clock."""

    id: UUID
    enrollment_id: UUID
    name: str
    from_code: str
    from_name: str
    to_code: str
    to_name: str
    state: str
    reason: str
    note: str | None
    requested_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    answer: str | None
    new_enrollment_id: UUID | None


@dataclass(frozen=True, slots=True)
class TransferPage:
    """Some of a school's transfers."""

    items: list[TransferLine]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer, and the record that it is about."""

    transfer: TransferLine
    enrollment: EnrollmentView


@dataclass(frozen=True, slots=True)
class Place:
    """Where the student will be in the new school."""

    student_number: str
    programme_code: str
    programme_name: str
    duration_years: Decimal
    branch: str | None
    department: str | None
    class_name: str | None
    grade: int
    expected_graduation_date: date


class TransferService(Service):
    """Two schools see a transfer, each does its part; to any other there is none."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        transfers: TransferRepository,
        records: RecordOfficeRepository,
        institutions: InstitutionRepository,
        photos: RecordPhotoRepository,
        staged: StagedPhotoRepository,
        store: PhotoStore,
        trace: RecordTrace,
        callers: StaffCallers,
        sealer: Sealer,
        policy: RecordPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._transfers = transfers
        self._records = records
        self._institutions = institutions
        self._photos = photos
        self._staged = staged
        self._store = store
        self._trace = trace
        self._callers = callers
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def request(
        self,
        enrollment_id: UUID,
        to_code: str,
        reason: str,
        note: str | None,
        expected: str | None,
        claims: Claims,
    ) -> TransferView:
        """Ask another school to take a student of one's own."""
        now = self._clock.now()
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REGISTRAR)
            row = await self._records.get(enrollment_id)
            mine = row is not None and row["institution_code"] == member.institution_code
            if not mine:
                await self._trace.note("record:out_of_reach", member, enrollment_id, now=now)
            known = await self._institutions.exists(to_code)
            own = await self._records.is_of(enrollment_id, member.document_key)
        if row is None or not mine:
            raise RecordNotFoundError
        if own:
            raise NotYoursToDecideError
        if expected is None:
            raise VersionNeededError
        if expected.strip() != f'"{row["version"]}"':
            raise RecordChangedError
        if reason not in TRANSFER_REASONS:
            raise InvalidRequestError([FieldProblem("/reason", "not_in_list", {})])
        if not known or to_code == member.institution_code:
            code = "nothing_changes" if known else "institution_unknown"
            raise InvalidRequestError([FieldProblem("/to_institution_code", code, {})])
        self._leave(row)
        transfer_id = self._entropy.identifier()
        async with self._transaction():
            await self._transfers.expire(enrollment_id, now=now)
            added = await self._transfers.add(
                {
                    "id": transfer_id,
                    "enrollment_id": enrollment_id,
                    "from_code": member.institution_code,
                    "to_code": to_code,
                    "state": "requested",
                    "reason": reason,
                    "note": note,
                    "requested_by": member.id,
                    "requested_at": now,
                    "expires_at": now + timedelta(seconds=self._policy.transfer),
                }
            )
            if not added:
                raise TransferRequestedError
            await self._trace.looked([row], member, "viewed", _PURPOSE, now=now)
            await self._trace.note("transfer:request", member, transfer_id, now=now)
            return await self._view(transfer_id, member)

    async def list_transfers(
        self, direction: Direction, claims: Claims, *, cursor: str | None, most: int
    ) -> TransferPage:
        """What others ask of one's school (`in`), or it of others (`out`), newest first."""
        before_id = AFTER_ALL if cursor is None else read_cursor(cursor)
        now = self._clock.now()
        async with self._transaction():
            member = await self._callers.member_of(claims, Role.REGISTRAR)
            found = await self._transfers.list_for_institution(
                member.institution_code or "", direction, before_id=before_id, most=most + 1
            )
            page = found[:most]
            await self._trace.looked([_subject(row) for row in page], member, "listed", _PURPOSE, now=now)
        items = [self._line(row) for row in page]
        return TransferPage(items, write_cursor(items[-1].id) if len(found) > most else None)

    async def view(self, transfer_id: UUID, claims: Claims) -> TransferView:
        """One transfer of one's school, with the record that it is about."""
        async with self._transaction():
            member, row = await self._reach(transfer_id, claims)
            if row is not None and self._shows_record(row, member):
                await self._trace.looked([_subject(row)], member, "viewed", _PURPOSE, now=self._clock.now())
                return await self._view(transfer_id, member)
        raise TransferNotFoundError

    async def agree(self, transfer_id: UUID, place: Place, note: str | None, claims: Claims) -> TransferView:
        """The other school takes the student: the old record ends, the new one begins, in one transaction."""
        member, transfer = await self._answering(transfer_id, claims)
        now = self._clock.now()
        new_id = self._entropy.identifier()
        async with self._transaction():
            old = await self._transfers.get_whole_for_update(transfer.enrollment_id)
            if await self._records.is_of(transfer.enrollment_id, member.document_key):
                raise NotYoursToDecideError
            after = self._leave(old)
            if not place.expected_graduation_date > china_date(now):
                raise InvalidRequestError([FieldProblem("/expected_graduation_date", "date_impossible", {})])
            new = {**old, **{name: getattr(place, name) for name in NEW_AT_TRANSFER}}
            new |= {"id": new_id, "institution_code": transfer.to_code, "version": 1, "updated_at": now}
            with refused_by(_TAKEN):
                await self._transfers.add_enrollment(new)
            if not await self._transfers.decide(
                transfer_id, "agreed", staff_id=member.id, answer=note, new_enrollment_id=new_id, now=now
            ):
                raise TransferClosedError
            await self._records.change(transfer.enrollment_id, old["version"], after, now=now)
            entry = {name: new[name] for name in ("institution_code", *NEW_AT_TRANSFER, "status")}
            blank = new | dict.fromkeys(entry)
            await self._write_down(old, after, "transfer_out", note, member)
            await self._write_down(blank, entry, "transfer_in", note, member)
            view = await self._view(transfer_id, member)
        # A store that is away or spoilt the photo does not undo what is agreed: the next import of photos brings it.
        with contextlib.suppress(NotReadyError, StoredPhotoDamagedError):
            await self._bring_photo(transfer.enrollment_id, new_id, member.id)
        return view

    async def refuse(self, transfer_id: UUID, note: str | None, claims: Claims) -> TransferView:
        """The other school does not take the student; nothing changes."""
        member, row = await self._answering(transfer_id, claims)
        return await self._close(row, "refused", note, member)

    async def take_back(self, transfer_id: UUID, claims: Claims) -> TransferView:
        """The school that asked asks no longer."""
        async with self._transaction():
            member, row = await self._reach(transfer_id, claims)
        if row is None or row.from_code != member.institution_code:
            raise TransferNotFoundError
        return await self._close(row, "taken_back", None, member)

    async def _bring_photo(self, old_id: UUID, new_id: UUID, staff_id: UUID) -> None:
        """录取照片 is of the student's entry, which stays. It is copied: what the old school replaces goes some day."""
        async with self._read():
            row = await self._photos.get(old_id, _ENTRY_PHOTO)
        photo = None if row is None else await self._store.get(row["object_key"])
        if row is None or photo is None:
            return
        photo_id = self._entropy.identifier()
        copied = {name: row[name] for name in ("sha256", "byte_size", "person_id")}
        copied |= {"id": photo_id, "place": 0, "outcome": "added", "enrollment_id": new_id}
        copied["object_key"] = photo_key(new_id, _ENTRY_PHOTO, photo_id)
        async with self._transaction():
            await self._staged.add([copied])
        await self._store.put(copied["object_key"], photo)
        async with self._transaction():
            await self._photos.lock()
            change = PhotoChange(
                _ENTRY_PHOTO,
                self._entropy.identifier(),
                self._clock.now(),
                self._policy,
                staff_id=staff_id,
                reason=_AGREED,
            )
            await self._staged.hang_some([photo_id], change)

    async def _close(self, row: TransferRow, state: str, answer: str | None, member: StaffRow) -> TransferView:
        now = self._clock.now()
        async with self._transaction():
            # The answer shows the record. Before the transfer, as whoever agrees has them.
            await self._trace.looked([_subject(row)], member, "viewed", _PURPOSE, now=now)
            if not await self._transfers.decide(
                row.id, state, staff_id=member.id, answer=answer, new_enrollment_id=None, now=now
            ):
                raise TransferClosedError
            await self._trace.note(f"transfer:{state}", member, row.id, now=now)
            return await self._view(row.id, member)

    async def _write_down(
        self, row: Mapping[str, Any], fields: Mapping[str, Any], change: str, note: str | None, member: StaffRow
    ) -> None:
        now = self._clock.now()
        await self._trace.changed(
            row, fields, member, change=change, reason=_AGREED, note=note, effective_on=china_date(now), now=now
        )

    async def _answering(self, transfer_id: UUID, claims: Claims) -> tuple[StaffRow, TransferRow]:
        """A transfer that one's school is asked; whoever asked does not answer."""
        async with self._transaction():
            member, row = await self._reach(transfer_id, claims)
        if row is None or row.to_code != member.institution_code:
            raise TransferNotFoundError
        if self._line(row).state != "requested":
            raise TransferClosedError
        return member, row

    async def _reach(self, transfer_id: UUID, claims: Claims) -> tuple[StaffRow, TransferRow | None]:
        member = await self._callers.member_of(claims, Role.REGISTRAR)
        row = await self._transfers.get_of(transfer_id, member.institution_code or "")
        if row is None:
            await self._trace.note("transfer:out_of_reach", member, transfer_id, now=self._clock.now())
        return member, row

    def _shows_record(self, row: TransferRow, member: StaffRow) -> bool:
        """Another school's record is read while one is asked for its student, and once one took them."""
        return row.from_code == member.institution_code or self._line(row).state in {"requested", "agreed"}

    async def _view(self, transfer_id: UUID, member: StaffRow) -> TransferView:
        row = await self._transfers.get_of(transfer_id, member.institution_code or "")
        assert row is not None, "it was read or written just now"
        record = await self._records.get(row.enrollment_id)
        assert record is not None, "a record is never deleted"
        return TransferView(self._line(row), enrollment_view(record, self._sealer))

    def _line(self, row: TransferRow) -> TransferLine:
        """What nobody answered in time is shown as what it is."""
        late = row.state == "requested" and row.expires_at <= self._clock.now()
        plain = {name: getattr(row, name) for name in TransferLine.__slots__}
        return TransferLine(**{**plain, "state": "expired" if late else row.state})

    def _leave(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of the record that is left, or the rule that forbids leaving it."""
        today = china_date(self._clock.now())
        wish = Wish(Change.TRANSFER_OUT, _AGREED, today, None, {})
        return follow(facts_of(row), wish, today, self._policy)


def _subject(row: TransferRow) -> dict[str, Any]:
    return {"id": row.enrollment_id, "person_id": row.person_id}
