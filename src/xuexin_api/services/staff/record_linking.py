"""A record goes to the person whose it is, and comes back: the school's word, inside the school's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from xuexin_api.core.clock import china_date
from xuexin_api.core.corrections import RecordKind
from xuexin_api.core.documents import mask_document_number
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import ClaimClosedError, RecordChangedError, RecordTransferredError
from xuexin_api.core.record_claims import WAS_THEIRS, ClaimHolder
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.core.staff import Role
from xuexin_api.repositories.archive.claims import ClaimRow
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.identity.former_identities import FormerIdentityRepository, HeldRecord, TaughtIdentity
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.record_undoing import RecordUndoingRepository
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.archive.claim_holders import ClaimHolders
from xuexin_api.services.archive.open_requests import OpenRequests
from xuexin_api.services.staff.photo_restoring import PhotoRestoring
from xuexin_api.services.staff.record_restoring import SHOWN_NUMBER, Period, RecordRestoring, Restored
from xuexin_api.services.staff.record_trace import RecordTrace

_GRANT: Final = "claim_granted"
_UNDO: Final = "claim_undone"
_PHOTO_UNDONE: Final = "claim_undone_photo"
_FIELDS: Final = ("former_name", "former_document_number_masked")
_DOCUMENT: Final = ("document_type", "document_key", "document_ciphertext")
_NUMBERS: Final = (
    "uq_enrollments_institution_code_student_number",
    "uq_qualifications_certificate_number",
    "uq_degrees_certificate_number",
)

DESKS: Final[Mapping[str, ClaimHolder]] = {Role.REGISTRAR: ClaimHolder.SCHOOL, Role.PROVINCE: ClaimHolder.PROVINCE}
"""For which desk a member decides."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a desk says to a claim: why, in which words, and whether it read what the holder objects."""

    reason: str
    note: str | None
    objection_read: bool = False


@dataclass(slots=True)
class _Lineages:
    """What came of a claim, each record with its past, and what of it others have by decisions of their own."""

    held: list[tuple[HeldRecord, tuple[Period, ...]]] = field(default_factory=list)
    others: list[UUID] = field(default_factory=list)

    def ids(self) -> set[UUID]:
        return {record.id for record, _ in self.held} | set(self.others)


class RecordLinking:
    """What the record says stays as the school registered it; only whose it is changes, with a line in its history."""

    def __init__(
        self,
        *,
        holders: ClaimHolders,
        identities: FormerIdentityRepository,
        records: RecordOfficeRepository,
        undoing: RecordUndoingRepository,
        restoring: RecordRestoring,
        photos: PhotoRestoring,
        requests: OpenRequests,
        trace: RecordTrace,
        sealer: Sealer,
        entropy: Entropy,
    ) -> None:
        self._holders = holders
        self._identities = identities
        self._records = records
        self._undoing = undoing
        self._restoring = restoring
        self._photos = photos
        self._requests = requests
        self._trace = trace
        self._sealer = sealer
        self._entropy = entropy

    async def give(self, claim: ClaimRow, member: StaffRow, verdict: Verdict, *, now: datetime) -> list[UUID]:
        """To the claimant, with what it became by 转学 while the claim waited; which records.

        From an account that holds it verified only once that was heard, and never if it is gone.
        """
        record = await self._identities.get_record_for_update(claim.enrollment_id)
        if record.person_id != claim.from_person_id:
            raise ClaimClosedError
        given = [record, *await self._became_meanwhile(record, claim)]
        if len(given) > 1 and DESKS[member.role] is not ClaimHolder.PROVINCE:
            raise RecordTransferredError
        await self._identities.lock_person(claim.from_person_id)
        held = await self._holders.refuse_unless_heard(
            claim, DESKS[member.role], objection_read=verdict.objection_read, now=now
        )
        for one in given:
            await self._move(one, claim.person_id, now=now)
        stands_for = (
            verdict.reason in WAS_THEIRS
            # Who was verified with the number has it: it means them.
            and not held
            and not await self._identities.has_records(claim.from_person_id)
            and not await self._identities.stands_for_somebody(record.document_key, record.document_type)
        )
        await self._identities.add(
            {
                "id": self._entropy.identifier(),
                "person_id": claim.person_id,
                "from_person_id": claim.from_person_id,
                "document_type": record.document_type,
                "document_key": record.document_key,
                "document_ciphertext": record.document_ciphertext,
                "name": record.name,
                "since": record.admission_date,
                "until": china_date(now),
                "stands_for": stands_for,
                "enrollment_id": record.id,
                "claim_id": claim.id,
                "decided_by": member.id,
                "decided_at": now,
            }
        )
        for one in given:
            fields = dict.fromkeys(_FIELDS), self._former(one)
            await self._write_down(one, claim.person_id, fields, member, _GRANT, verdict, now=now)
        ids = [one.id for one in given]
        await self._requests.end_of_loser(ids, lost_by=claim.from_person_id, now=now)
        await self._requests.end_of_winner(claim, ids, now=now)
        return ids

    async def _became_meanwhile(self, record: HeldRecord, claim: ClaimRow) -> list[HeldRecord]:
        """Records at other schools, taken on the word that the claim says is wrong; each locked before the next."""
        later: list[HeldRecord] = []
        last = record
        while (following := await self._identities.get_transferred(last.id)) is not None:
            next_id, moved_at = following
            last = await self._identities.get_record_for_update(next_id)
            before = claim.submitted_at is None or moved_at < claim.submitted_at
            if last.person_id != record.person_id or (before and not later):
                break
            later.append(last)
        return later

    async def lock_imports(self, claim: ClaimRow) -> Sequence[str]:
        """Before the record: what taking it back may change waits for no import; of which schools no roster comes."""
        locked = await self._restoring.lock_numbers(claim)
        await self._photos.lock()
        return locked

    async def take_back(
        self, claim: ClaimRow, member: StaffRow, verdict: Verdict, locked: Sequence[str], *, now: datetime
    ) -> None:
        """To whom it was before, with what it became by 转学 and what rosters brought under the former number since.

        Each says what it said: to whoever gets it back, corrections of somebody else are none.
        """
        record = await self._identities.get_record_for_update(claim.enrollment_id)
        if record.person_id != claim.person_id:
            raise ClaimClosedError
        lineages = _Lineages()
        await self._follow(lineages, claim, record, since=claim.decided_at)
        await self._follow_gifts(lineages, claim)
        # A roster gives the claimant records under the number of whom it was before: it waits for either of them.
        for person_id in sorted((claim.person_id, claim.from_person_id)):
            await self._identities.lock_person(person_id)
        await self._follow_gifts(lineages, claim)
        held = [one.id for one, _ in lineages.held]
        taught = await self._identities.undo(claim.id, claim.person_id, held, now=now)
        # A number may have become another's since it was asked for: the next try finds it there.
        with refused_by(dict.fromkeys(_NUMBERS, RecordChangedError())):
            for one, periods in lineages.held:
                await self._restore(one, periods, claim, taught, member, verdict, locked, now=now)
        await self._requests.end_of_records(held, lost_by=claim.person_id, back_to=claim.from_person_id, now=now)
        await self._undoing.point_claims_back(
            [*held, *lineages.others], from_person_id=claim.person_id, to_person_id=claim.from_person_id
        )

    async def _follow_gifts(self, lineages: _Lineages, claim: ClaimRow) -> None:
        known = lineages.ids()
        for given in await self._undoing.list_given_by_rosters(claim.id):
            if given not in known:
                record = await self._identities.get_record_for_update(given)
                await self._follow(lineages, claim, record, since=None)

    async def _follow(
        self, lineages: _Lineages, claim: ClaimRow, record: HeldRecord, *, since: datetime | None
    ) -> None:
        """A record and what it became at other schools, each locked before it is asked for the next.

        So no 转学 is missed. What was granted there, to somebody else or to the same, is a decision of its own.
        """
        periods: tuple[Period, ...] = (Period(record.id, since, None),)
        while record.person_id == claim.person_id:
            lineages.held.append((record, periods))
            following = await self._identities.get_transferred(record.id)
            if following is None:
                return
            next_id, moved_at = following
            own, *earlier = periods
            periods = (Period(next_id, since, None), replace(own, until=moved_at), *earlier)
            record = await self._identities.get_record_for_update(next_id)
            if await self._undoing.is_granted(next_id, claim.person_id):
                return
        lineages.others.append(record.id)

    async def _restore(
        self,
        record: HeldRecord,
        periods: Sequence[Period],
        claim: ClaimRow,
        taught: TaughtIdentity,
        member: StaffRow,
        verdict: Verdict,
        locked: Sequence[str],
        *,
        now: datetime,
    ) -> None:
        was = await self._restoring.said(periods, locked)
        said = was.fields
        own = said.pop(RecordKind.ENROLLMENT, Restored({}, {}))
        document = await self._document_before(claim, taught, was.number_masked)
        await self._move(record, claim.from_person_id, now=now, **own.after, **document)
        former = dict(zip(_FIELDS, (own.after.get("name", record.name), self._masked(taught)), strict=True))
        before, after = former | dict(own.before), dict.fromkeys(_FIELDS) | dict(own.after)
        if document:
            before[SHOWN_NUMBER], after[SHOWN_NUMBER] = self._masked(record), was.number_masked
        await self._write_down(record, claim.from_person_id, (before, after), member, _UNDO, verdict, now=now)
        for kind, restored in said.items():
            await self._restoring.say_again(kind, record.id, restored)
            fields = dict(restored.before), dict(restored.after)
            change = f"{_UNDO}_{kind}"
            await self._write_down(record, claim.from_person_id, fields, member, change, verdict, now=now)
        for photo in await self._photos.strange(periods, now=now):
            line = await self._write_down(
                record, claim.from_person_id, photo.told(), member, _PHOTO_UNDONE, verdict, now=now
            )
            await self._photos.put_back(photo, line, now=now)

    async def _document_before(self, claim: ClaimRow, taught: TaughtIdentity, masked: str | None) -> dict[str, Any]:
        """The number under which the record was given, where a correction changed it since.

        A history tells it masked. It is the number of the claim, or, where it was corrected at another school before
        the grant, that of whose the record was.
        """
        if masked is None:
            return {}
        before = taught
        if masked != self._masked(taught):
            before = await self._identities.get_person(claim.from_person_id)
        return {name: getattr(before, name) for name in _DOCUMENT}

    async def _move(self, record: HeldRecord, person_id: UUID, *, now: datetime, **said: Any) -> None:
        moved = await self._records.change(record.id, record.version, {"person_id": person_id} | said, now=now)
        assert moved, "it is locked"
        await self._identities.give_outcomes(record.id, person_id)

    async def _write_down(
        self,
        record: HeldRecord,
        person_id: UUID,
        fields: tuple[dict[str, Any], dict[str, Any]],
        member: StaffRow,
        change: str,
        verdict: Verdict,
        *,
        now: datetime,
    ) -> UUID:
        before, after = fields
        return await self._trace.changed(
            {"id": record.id, "person_id": person_id} | before,
            after,
            member,
            change=change,
            reason=verdict.reason,
            note=verdict.note,
            effective_on=china_date(now),
            now=now,
        )

    def _former(self, record: HeldRecord) -> dict[str, Any]:
        """What the record still says of its student, and the student's person does not."""
        return dict(zip(_FIELDS, (record.name, self._masked(record)), strict=True))

    def _masked(self, identity: HeldRecord | TaughtIdentity) -> str:
        return mask_document_number(self._sealer.open(identity.document_ciphertext, DOCUMENT_CONTEXT).decode())
