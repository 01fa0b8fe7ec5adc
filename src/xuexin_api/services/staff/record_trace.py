"""The trace of whoever works on records: each look, each change with before and after, each reach too far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from xuexin_api.core.entropy import Entropy
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.review_desk import RecordLine
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow
from xuexin_api.services.archive.graduation import before_and_after


class RecordTrace:
    """Used inside the transactions of the service that works."""

    def __init__(self, *, records: RecordOfficeRepository, staff: StaffRepository, entropy: Entropy) -> None:
        self._records = records
        self._staff = staff
        self._entropy = entropy

    async def note(self, action: str, member: StaffRow, subject_id: UUID | None, *, now: datetime) -> None:
        """A line of what the member did."""
        await self._staff.add_event(
            self._entropy.identifier(), action, staff_id=member.id, subject_id=subject_id, now=now
        )

    async def looked(
        self, rows: Sequence[Mapping[str, Any]], member: StaffRow, action: str, purpose: str, *, now: datetime
    ) -> None:
        """These records were seen, or changed: a line for each person to read."""
        if rows:
            seen = [(self._entropy.identifier(), row["person_id"], row["id"]) for row in rows]
            await self._records.add_accesses(seen, staff_id=member.id, action=action, purpose=purpose, now=now)

    async def reviewed(self, lines: Sequence[RecordLine], member: StaffRow, *, now: datetime) -> None:
        """A reviewer saw these records, whoever the applicant is: the person whose they are reads of it."""
        rows = [{"id": line.id, "person_id": line.person_id} for line in lines]
        await self.looked(rows, member, "viewed", "identity_review", now=now)

    async def changed(
        self,
        row: Mapping[str, Any],
        after: Mapping[str, Any],
        member: StaffRow,
        *,
        change: str,
        reason: str,
        note: str | None,
        effective_on: date,
        now: datetime,
    ) -> UUID:
        """What the record was and is, by whom, since when, and why; the id of its line."""
        change_id = self._entropy.identifier()
        await self._records.add_change(
            {
                "id": change_id,
                "enrollment_id": row["id"],
                "change": change,
                "staff_id": member.id,
                "reason": reason,
                "note": note,
                "effective_on": effective_on,
                "at": now,
                **before_and_after(row, after),
            }
        )
        await self.looked([row], member, "changed", change, now=now)
        await self.note(f"record:{change}", member, row["id"], now=now)
        return change_id
