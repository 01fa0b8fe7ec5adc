"""Pictures that prove a correction: sent for a record, until a correction takes them along."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from xuexin_api.core.errors import RecordNotFoundError
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.archive.corrections import CorrectionRepository
from xuexin_api.repositories.sent_photos import PhotoPlace
from xuexin_api.services.assurance import refuse_unless_verified
from xuexin_api.services.photos.photo_home import Sender


class CorrectionPhotos:
    """Those of a record's student. What no correction takes along in time is erased."""

    def __init__(
        self, *, corrections: CorrectionRepository, verified_seconds: int, identity_providers: Collection[str]
    ) -> None:
        self._corrections = corrections
        self._verified_seconds = verified_seconds
        self._identity_providers = identity_providers

    def place(self, home_id: UUID) -> PhotoPlace:
        return PhotoPlace(enrollment_id=home_id)

    async def sender(self, home_id: UUID, account: AccountRow, claims: Claims, *, now: datetime, lock: bool) -> Sender:
        """Nothing is locked: whoever takes pictures along asks again whose they are."""
        del lock
        refuse_unless_verified(
            claims,
            account_state=account.state,
            max_age=self._verified_seconds,
            now=now,
            providers=self._identity_providers,
        )
        row = await self._corrections.get_enrollment(home_id)
        if row is None or account.person_id is None or account.state != "active":
            raise RecordNotFoundError
        if row["person_id"] != account.person_id:
            raise RecordNotFoundError
        return "student"

    async def note(self, home_id: UUID, kind: str, sender: Sender, *, now: datetime) -> None:
        """No line: there is no log before there is a correction, and it begins with what came along."""
