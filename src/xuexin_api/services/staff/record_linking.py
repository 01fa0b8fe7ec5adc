"""A record goes to the person whose it is, and comes back: the school's word, inside the school's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from xuexin_api.core.clock import china_date
from xuexin_api.core.documents import Document, DocumentType, birth_date_of, mask_document_number, sex_of
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import ClaimClosedError
from xuexin_api.core.record_claims import WAS_THEIRS, ClaimHolder
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.core.staff import Role
from xuexin_api.repositories.archive.claims import ClaimRow
from xuexin_api.repositories.identity.former_identities import FormerIdentityRepository, HeldRecord, TaughtIdentity
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.archive.claim_holders import ClaimHolders
from xuexin_api.services.staff.record_trace import RecordTrace

_GRANT: Final = "claim_granted"
_UNDO: Final = "claim_undone"
_FIELDS: Final = ("former_name", "former_document_number_masked")
_SHOWN: Final = ("name", "sex", "birth_date")
_SHOWN_NUMBER: Final = "document_number_masked"

DESKS: Final[Mapping[str, ClaimHolder]] = {Role.REGISTRAR: ClaimHolder.SCHOOL, Role.PROVINCE: ClaimHolder.PROVINCE}
"""For which desk a member decides."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a desk says to a claim: why, in which words, and whether it read what the holder objects."""

    reason: str
    note: str | None
    objection_read: bool = False


class RecordLinking:
    """What the record says stays as the school registered it; only whose it is changes, with a line in its history."""

    def __init__(
        self,
        *,
        holders: ClaimHolders,
        identities: FormerIdentityRepository,
        records: RecordOfficeRepository,
        trace: RecordTrace,
        sealer: Sealer,
        entropy: Entropy,
    ) -> None:
        self._holders = holders
        self._identities = identities
        self._records = records
        self._trace = trace
        self._sealer = sealer
        self._entropy = entropy

    async def give(self, claim: ClaimRow, member: StaffRow, verdict: Verdict, *, now: datetime) -> None:
        """To the claimant. From an account that holds it verified only once that was heard, and never if it is gone."""
        record = await self._identities.get_record_for_update(claim.enrollment_id)
        if record.person_id != claim.from_person_id:
            raise ClaimClosedError
        await self._identities.lock_person(claim.from_person_id)
        held = await self._holders.refuse_unless_heard(
            claim, DESKS[member.role], objection_read=verdict.objection_read, now=now
        )
        await self._move(record, claim.person_id, now=now)
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
        fields = dict.fromkeys(_FIELDS), self._former(record)
        await self._write_down(record, claim.person_id, fields, member, _GRANT, verdict, now=now)

    async def take_back(self, claim: ClaimRow, member: StaffRow, verdict: Verdict, *, now: datetime) -> None:
        """To whom it was before, with what it became by 转学 and what rosters brought under the former number since.

        Who was corrected into it meanwhile goes: to whoever gets it back it says what it said.
        """
        record = await self._identities.get_record_for_update(claim.enrollment_id)
        if record.person_id != claim.person_id:
            raise ClaimClosedError
        became = [record, *await self._become(record)]
        # A roster gives the claimant records under the number of whom it was before: it waits for either of them.
        for person_id in sorted((claim.person_id, claim.from_person_id)):
            await self._identities.lock_person(person_id)
        taught = await self._identities.undo(claim.id, claim.person_id, claim.enrollment_id, now=now)
        back = [(one, _said_before(one, taught, self._sealer)) for one in became]
        if taught.read_by_rosters:
            brought = await self._identities.list_brought_by_rosters(
                claim.person_id, taught.document_key, taught.document_type
            )
            known = {one.id for one in became}
            back += [(await self._identities.get_record_for_update(one), {}) for one in brought if one not in known]
        for one, said in back:
            await self._move(one, claim.from_person_id, now=now, **said)
            before = self._former(taught if said else one)
            after: dict[str, Any] = dict.fromkeys(_FIELDS)
            if said:
                before |= {name: getattr(one, name) for name in _SHOWN} | {_SHOWN_NUMBER: self._masked(one)}
                after |= {name: said.get(name, getattr(one, name)) for name in _SHOWN}
                after |= {_SHOWN_NUMBER: self._masked(taught)}
            await self._write_down(one, claim.from_person_id, (before, after), member, _UNDO, verdict, now=now)

    async def _become(self, record: HeldRecord) -> list[HeldRecord]:
        """What the record became at other schools, each locked before it is asked for the next: no 转学 is missed."""
        later: list[HeldRecord] = []
        last = record
        while (next_id := await self._identities.get_transferred(last.id)) is not None:
            last = await self._identities.get_record_for_update(next_id)
            if last.person_id != record.person_id:
                # Somebody else claimed it there since: that is a decision of its own.
                break
            later.append(last)
        return later

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
    ) -> None:
        before, after = fields
        await self._trace.changed(
            {"id": record.id, "person_id": person_id} | before,
            after,
            member,
            change=change,
            reason=verdict.reason,
            note=verdict.note,
            effective_on=china_date(now),
            now=now,
        )

    def _former(self, identity: HeldRecord | TaughtIdentity) -> dict[str, Any]:
        """What the record still says of its student, and the student's person does not."""
        return dict(zip(_FIELDS, (identity.name, self._masked(identity)), strict=True))

    def _masked(self, identity: HeldRecord | TaughtIdentity) -> str:
        return mask_document_number(self._sealer.open(identity.document_ciphertext, DOCUMENT_CONTEXT).decode())


def _said_before(record: HeldRecord, taught: TaughtIdentity, sealer: Sealer) -> dict[str, Any]:
    """What the record said of its student when it was granted, where a correction changed that."""
    if (record.document_key, record.document_type) == (taught.document_key, taught.document_type):
        return {} if record.name == taught.name else {"name": taught.name}
    number = sealer.open(taught.document_ciphertext, DOCUMENT_CONTEXT).decode()
    document = Document(DocumentType(taught.document_type), number)
    told = {"sex": sex_of(document), "birth_date": birth_date_of(document)}
    return {
        "name": taught.name,
        "document_type": taught.document_type,
        "document_key": taught.document_key,
        "document_ciphertext": taught.document_ciphertext,
    } | {name: value for name, value in told.items() if value is not None}
