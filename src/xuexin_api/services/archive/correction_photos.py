"""Pictures that prove a correction: sent for a record, until a correction takes them along."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from xuexin_api.core.errors import RecordNotFoundError
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.sent_photos import PhotoPlace
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.services.callers import Callers
from xuexin_api.services.photos.photo_home import Sender


class CorrectionPhotos:
    """Those of a record's student. What no correction takes along in time is erased."""

    def __init__(self, *, office: RecordOfficeRepository, callers: Callers) -> None:
        self._office = office
        self._callers = callers

    def place(self, home_id: UUID) -> PhotoPlace:
        return PhotoPlace(enrollment_id=home_id)

    async def sender(self, home_id: UUID, account: AccountRow, claims: Claims, *, now: datetime, lock: bool) -> Sender:
        """Nothing is locked: whoever takes pictures along asks again whose they are."""
        del lock, now
        await self._callers.refuse_unless_verified(claims)
        person_id = self._callers.person_of(account, refusal=RecordNotFoundError)
        row = await self._office.get(home_id)
        if row is None or row["person_id"] != person_id:
            raise RecordNotFoundError
        return "student"

    async def note(self, home_id: UUID, kind: str, sender: Sender, *, now: datetime) -> None:
        """No line: there is no log before there is a correction, and it begins with what came along."""
