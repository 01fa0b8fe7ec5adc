"""Pictures that prove a claim: sent to a draft, or to one that waits with school or province."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from xuexin_api.core.errors import ClaimClosedError, ClaimNotFoundError
from xuexin_api.core.record_claims import HOLDERS, ClaimState
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.archive.claims import ClaimRepository
from xuexin_api.repositories.sent_photos import PhotoPlace
from xuexin_api.services.archive.claim_log import ClaimLog
from xuexin_api.services.callers import Callers
from xuexin_api.services.photos.photo_home import Sender


class ClaimPhotos:
    """Those of the student who claims: what is sent while a desk has it is in the log, for the desk to see."""

    def __init__(self, *, claims: ClaimRepository, callers: Callers, log: ClaimLog) -> None:
        self._claims = claims
        self._callers = callers
        self._log = log

    def place(self, home_id: UUID) -> PhotoPlace:
        return PhotoPlace(claim_id=home_id)

    async def sender(self, home_id: UUID, account: AccountRow, claims: Claims, *, now: datetime, lock: bool) -> Sender:
        await self._callers.refuse_unless_verified(claims)
        if lock:
            await self._callers.keep(account.id)
            await self._claims.lock(home_id)
        claim = await self._claims.get_for_account(home_id, account.id)
        if claim is None:
            raise ClaimNotFoundError
        if claim.state not in HOLDERS or (claim.state == ClaimState.DRAFT and claim.expires_at <= now):
            raise ClaimClosedError
        return "student"

    async def note(self, home_id: UUID, kind: str, sender: Sender, *, now: datetime) -> None:
        assert sender == "student", "nobody else sends to a claim"
        await self._log.note(home_id, kind, "student", now=now)
