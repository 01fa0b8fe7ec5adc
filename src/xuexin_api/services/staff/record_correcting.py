"""A correction takes effect: the record changes at the version that was seen, and what it said stays in its history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from xuexin_api.core.clock import china_date
from xuexin_api.core.corrected_fields import DOCUMENT, written
from xuexin_api.core.corrections import RecordKind
from xuexin_api.core.documents import mask_document_number
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import CandidateNumberInUseError, CorrectionUnfitError, RecordChangedError
from xuexin_api.core.record_claims import WAS_THEIRS
from xuexin_api.core.sealing import Sealer
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.archive.corrections import CorrectionRow
from xuexin_api.repositories.identity.former_identities import FormerIdentityRepository, HeldRecord
from xuexin_api.repositories.staff.correction_desk import CorrectionDeskRepository
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.archive.corrected_records import CorrectedRecords, columns_of
from xuexin_api.services.archive.correction_view import open_values
from xuexin_api.services.staff.record_trace import RecordTrace

_CANDIDATE: Final = "candidate_number"
"""By which photos find their record."""
_SHOWN_NUMBER: Final = "document_number_masked"


class RecordCorrecting:
    """The one way to change a published 学历 or 学位, and what a record says of who its student is."""

    def __init__(
        self,
        *,
        records: CorrectedRecords,
        office: RecordOfficeRepository,
        desk: CorrectionDeskRepository,
        identities: FormerIdentityRepository,
        trace: RecordTrace,
        sealer: Sealer,
        entropy: Entropy,
    ) -> None:
        self._records = records
        self._office = office
        self._desk = desk
        self._identities = identities
        self._trace = trace
        self._sealer = sealer
        self._entropy = entropy

    async def lock(self, correction: CorrectionRow) -> HeldRecord:
        """The record before the correction, as whoever takes a record back has them."""
        if _CANDIDATE in correction.fields:
            # Before the record, as imports do: no index keeps these numbers apart.
            await self._desk.lock_numbers(correction.institution_code)
        return await self._identities.get_record_for_update(correction.enrollment_id)

    async def apply(
        self,
        correction: CorrectionRow,
        held: HeldRecord,
        account: AccountRow,
        member: StaffRow,
        reason: str,
        note: str | None,
        *,
        version: int,
        now: datetime,
    ) -> None:
        """Judged again, for the record may have changed since it was asked for."""
        kind = RecordKind(correction.record)
        facts = await self._records.facts(kind, correction.enrollment_id)
        assert facts is not None, "what was registered is never deleted"
        wishes = [(field, after) for field, (_, after) in open_values(correction.values_sealed, self._sealer).items()]
        changed, broken = self._records.judge(kind, wishes, facts, account, china_date(now))
        if broken:
            raise CorrectionUnfitError(params={"fields": [field for field, _ in broken]})
        number = changed.get(_CANDIDATE)
        if number is not None and await self._desk.has_candidate_number(correction.institution_code, number):
            raise CandidateNumberInUseError
        columns = columns_of(changed, account)
        of_enrollment = columns if kind is RecordKind.ENROLLMENT else {}
        if not await self._office.change(correction.enrollment_id, version, of_enrollment, now=now):
            raise RecordChangedError
        if kind is not RecordKind.ENROLLMENT:
            await self._desk.correct(kind, correction.enrollment_id, columns)
        elif reason in WAS_THEIRS and changed.keys() & {"name", DOCUMENT}:
            await self._keep_former(held, correction.person_id, member, now=now)
        before, after = (_shown({field: values[field] for field in changed}) for values in (facts, changed))
        await self._trace.changed(
            {"id": held.id, "person_id": held.person_id} | before,
            after,
            member,
            change=f"correct_{kind}",
            reason=reason,
            note=note,
            effective_on=china_date(now),
            now=now,
        )

    async def _keep_former(self, record: HeldRecord, person_id: UUID, member: StaffRow, *, now: datetime) -> None:
        """Who the student was until now, unless a claim has taught it already. Rosters are read by claims alone."""
        if await self._identities.is_kept(person_id, record.document_key, record.name):
            return
        await self._identities.add(
            {
                "id": self._entropy.identifier(),
                "person_id": person_id,
                "from_person_id": person_id,
                "document_type": record.document_type,
                "document_key": record.document_key,
                "document_ciphertext": record.document_ciphertext,
                "name": record.name,
                "since": record.admission_date,
                "until": china_date(now),
                "stands_for": False,
                "enrollment_id": record.id,
                "decided_by": member.id,
                "decided_at": now,
            }
        )


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the history keeps it, which students and desks read: numbers of documents masked."""
    shown = dict(values)
    number = written(shown.pop(DOCUMENT, None))
    return shown if number is None else shown | {_SHOWN_NUMBER: mask_document_number(number)}
