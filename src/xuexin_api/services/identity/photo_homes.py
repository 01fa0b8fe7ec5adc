"""What hand-held photos are sent to: a case, or a verification without any conflict."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from xuexin_api.core.case_rules import CaseState, Evidence
from xuexin_api.core.errors import (
    CaseClosedError,
    CaseNotFoundError,
    VerificationClosedError,
    VerificationNotFoundError,
)
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.repositories.identity.identity import VerificationRepository
from xuexin_api.repositories.sent_photos import PhotoPlace
from xuexin_api.services.identity.case_log import CaseLog
from xuexin_api.services.photos.photo_home import Sender

_OF_HOLDERS: Final = frozenset({CaseState.NOTICE, CaseState.IN_REVIEW})


class CasePhotos:
    """The claimant's before the case is handed in, and those of a holder who may object."""

    def __init__(self, *, cases: CaseRepository, log: CaseLog) -> None:
        self._cases = cases
        self._log = log

    def place(self, home_id: UUID) -> PhotoPlace:
        return PhotoPlace(case_id=home_id)

    async def sender(self, home_id: UUID, account: AccountRow, claims: Claims, *, now: datetime, lock: bool) -> Sender:
        del claims
        case = await (self._cases.get_for_update(home_id) if lock else self._cases.get(home_id))
        if case is None:
            raise CaseNotFoundError
        if case.account_id == account.id:
            if case.state != CaseState.DRAFT or case.expires_at <= now:
                raise CaseClosedError
            return "claimant"
        if account.id not in {row.account_id for row in await self._cases.list_holders(case.id)}:
            raise CaseNotFoundError
        if case.state not in _OF_HOLDERS:
            raise CaseClosedError
        return "holder"

    async def note(self, home_id: UUID, kind: str, sender: Sender, *, now: datetime) -> None:
        assert sender in {"claimant", "holder"}, "a case has two sides"
        await self._log.note(home_id, kind, sender, now=now)


class VerificationPhotos:
    """Those of the session that began the verification, before it is handed in."""

    def __init__(self, verifications: VerificationRepository) -> None:
        self._verifications = verifications

    def place(self, home_id: UUID) -> PhotoPlace:
        return PhotoPlace(verification_id=home_id)

    async def sender(self, home_id: UUID, account: AccountRow, claims: Claims, *, now: datetime, lock: bool) -> Sender:
        row = await self._verifications.get(home_id, account_id=account.id, lock=lock)
        if row is None or row.method != Evidence.HANDHELD_PHOTO or row.session_id != claims.session_id:
            raise VerificationNotFoundError
        if row.status != "pending" or row.expires_at <= now:
            raise VerificationClosedError
        return "owner"

    async def note(self, home_id: UUID, kind: str, sender: Sender, *, now: datetime) -> None:
        await self._verifications.add_event(home_id, kind, sender, now=now)
