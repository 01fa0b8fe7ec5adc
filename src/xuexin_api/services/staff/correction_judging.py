"""The record that a correction is about, and whether the school may apply it by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from xuexin_api.core.clock import china_date
from xuexin_api.core.corrections import RecordKind, WhyProvince, why_province
from xuexin_api.core.policies import RecordPolicy
from xuexin_api.core.record_life import frozen_year, registration_ends
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.staff import Role
from xuexin_api.repositories.archive.corrections import CorrectionRow
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.archive.correction_view import open_values

_ENTERED: Final = "admission_date"
_LEAVES: Final = "expected_graduation_date"


class CorrectionJudging:
    """Used inside the transactions of the service that asks."""

    def __init__(self, *, office: RecordOfficeRepository, sealer: Sealer, policy: RecordPolicy) -> None:
        self._office = office
        self._sealer = sealer
        self._policy = policy

    async def record(self, row: CorrectionRow) -> Mapping[str, Any]:
        """The 学籍 as it is now, with its certificate."""
        record = await self._office.get(row.enrollment_id)
        assert record is not None, "a record is never deleted"
        return {**record, "certificate": await self._office.get_qualification(row.enrollment_id)}

    def why_province(
        self, row: CorrectionRow, record: Mapping[str, Any], member: StaffRow, now: datetime
    ) -> WhyProvince | None:
        """Why this member may not apply it; None for a province."""
        if member.role == Role.PROVINCE:
            return None
        asked = {field: after for field, (_, after) in open_values(row.values_sealed, self._sealer).items()}
        leaves, entered = (_day(asked.get(field)) for field in (_LEAVES, _ENTERED))
        leaving, today = {record[_LEAVES], leaves}, china_date(now)
        frozen = frozen_year(today, self._policy)
        earlier = entered if entered is not None and entered < record[_ENTERED] else None
        late = earlier is not None and today > registration_ends(earlier, self._policy)
        return why_province(
            RecordKind(row.record),
            row.fields,
            published=record["certificate"] is not None,
            frozen=frozen in {day.year for day in leaving if day is not None},
            late=late,
            moved=record["institution_code"] != row.institution_code,
        )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
