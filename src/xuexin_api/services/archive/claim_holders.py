"""Whoever holds a record that somebody else claims: told before anything, heard before it is given away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from xuexin_api.core.errors import ClaimNoticeRunningError, ObjectionUnreadError, RecordHeldError
from xuexin_api.core.policies import ClaimPolicy
from xuexin_api.core.record_claims import ClaimHolder, ClaimStep
from xuexin_api.core.sealing import Sealer
from xuexin_api.repositories.archive.claim_notices import ClaimNoticeRepository
from xuexin_api.repositories.archive.claims import ClaimRepository, ClaimRow
from xuexin_api.services.archive.claim_log import ClaimLog

OBJECTION_CONTEXT: Final = b"record claim: objection"
_MOST: Final = 20
_DAY: Final = 86400
_TOLD: Final = {
    ClaimStep.GRANT: "body_claim_took_yours",
    ClaimStep.DECLINE: "body_claim_left_yours",
    ClaimStep.UNDO: "body_claim_gave_back_yours",
    ClaimStep.WITHDRAW: "body_claim_left_alone_yours",
}


@dataclass(frozen=True, slots=True)
class HolderView:
    """The last who held the record, for the desks: told when, to be granted from when on, and what they said."""

    told_at: datetime
    grant_from: datetime
    objected_at: datetime | None
    objection: str | None


class ClaimHolders:
    """Works inside the transaction of whoever asks."""

    def __init__(
        self,
        *,
        claims: ClaimRepository,
        notices: ClaimNoticeRepository,
        log: ClaimLog,
        sealer: Sealer,
        policy: ClaimPolicy,
    ) -> None:
        self._claims = claims
        self._notices = notices
        self._log = log
        self._sealer = sealer
        self._policy = policy

    async def tell(self, claim: ClaimRow, *, now: datetime) -> None:
        """Whoever holds the record now knows of the claim, and is told once."""
        holder_id = await self._claims.get_holder_id(claim.from_person_id)
        if holder_id is not None and await self._notices.add(claim.id, holder_id, now=now):
            days = self._policy.notice // _DAY
            await self._log.tell_owner(
                holder_id, "body_claim_to_yours", now=now, school=claim.institution_name, days=days
            )

    async def refuse_unless_heard(
        self, claim: ClaimRow, desk: ClaimHolder, *, objection_read: bool, now: datetime
    ) -> bool:
        """Whether somebody holds the record: from them only the province gives it, after notice and what they said."""
        holder_id = await self._claims.get_holder_id(claim.from_person_id)
        if holder_id is None:
            return False
        if desk is not ClaimHolder.PROVINCE:
            raise RecordHeldError
        # Objections wait from here on, and are then made to a grant.
        notice = await self._notices.get_for_update(claim.id, holder_id)
        grant_from = self.grant_from(now if notice is None else notice.told_at)
        if grant_from > now:
            raise ClaimNoticeRunningError(params={"grant_from": f"{grant_from:%Y-%m-%dT%H:%M:%SZ}"})
        if notice is not None and notice.objected_at is not None and not objection_read:
            raise ObjectionUnreadError
        return True

    async def tell_outcome(self, claim: ClaimRow, step: ClaimStep, *, now: datetime) -> None:
        """Whoever was told of the claim hears what became of it."""
        if step in _TOLD:
            days = self._policy.undo // _DAY
            for notice in await self._notices.list_for_claim(claim.id, most=_MOST):
                await self._log.tell_owner(
                    notice.account_id, _TOLD[step], now=now, school=claim.institution_name, days=days
                )

    async def last(self, claim_id: UUID) -> HolderView | None:
        """What the desks are to know of whoever holds the record, or held it when it was given."""
        notices = await self._notices.list_for_claim(claim_id, most=1)
        if not notices:
            return None
        (notice,) = notices
        words = None if notice.objection is None else self._sealer.open(notice.objection, OBJECTION_CONTEXT).decode()
        return HolderView(notice.told_at, self.grant_from(notice.told_at), notice.objected_at, words)

    def grant_from(self, told_at: datetime) -> datetime:
        """When the notice has run out."""
        return told_at + timedelta(seconds=self._policy.notice)

    def object_until(self, granted_at: datetime) -> datetime:
        """Until when a grant is objected to: as long as it can be undone where nobody does."""
        return granted_at + timedelta(seconds=self._policy.undo)

    def granted_after(self, now: datetime) -> datetime:
        """What was granted after this can be objected to now."""
        return now - timedelta(seconds=self._policy.undo)

    def undo_until(self, objected_at: datetime) -> datetime:
        """Whoever granted has as long to read what is objected."""
        return objected_at + timedelta(seconds=self._policy.undo)
