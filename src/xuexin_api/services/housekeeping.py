"""What is past its time goes: codes, proofs, challenges, tickets, counters, old messages, accounts, uploads.

And cases, claims and corrections take the steps that wait for nobody but the clock, and offices hear of what came.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.policies import SessionPolicy
from xuexin_api.repositories.expiry import EXPIRING, ExpiryRepository
from xuexin_api.services.accounts.account_erasure import AccountErasure
from xuexin_api.services.archive.claim_deadlines import ClaimDeadlines
from xuexin_api.services.archive.correction_deadlines import CorrectionDeadlines
from xuexin_api.services.archive.import_cleaning import ImportCleaning
from xuexin_api.services.base import Service
from xuexin_api.services.identity.asked_phone_erasure import AskedPhoneErasure
from xuexin_api.services.identity.case_deadlines import CaseDeadlines
from xuexin_api.services.photos.photo_erasure import PhotoErasure
from xuexin_api.services.staff.office_notices import OfficeNotices

_EVERY_SECONDS: Final = 600
_KEPT_LONGER: Final = {
    "outbox": timedelta(days=30),
    "record_claims": timedelta(days=30),
    "sessions": timedelta(days=180),
    "staff_sessions": timedelta(days=180),
}
"""Who logged in from where is kept for the six months that the law asks for, and no longer."""
_AT_ONCE: Final = 5000
_LOG = structlog.get_logger("housekeeping")


class HousekeepingService(Service):
    """Deletes; nothing that still counts, and never so much at once that somebody waits for it."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        expiry: ExpiryRepository,
        accounts: AccountErasure,
        deadlines: CaseDeadlines,
        claims: ClaimDeadlines,
        corrections: CorrectionDeadlines,
        offices: OfficeNotices,
        phones: AskedPhoneErasure,
        photos: PhotoErasure,
        imports: ImportCleaning,
        policy: SessionPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._expiry = expiry
        self._accounts = accounts
        self._deadlines = deadlines
        self._claims = claims
        self._corrections = corrections
        self._offices = offices
        self._phones = phones
        self._photos = photos
        self._imports = imports
        self._policy = policy

    async def purge(self) -> int:
        """How many rows went."""
        gone = 0
        for table in EXPIRING:
            before = self._clock.now() - _KEPT_LONGER.get(table, timedelta())
            born_before = before - timedelta(seconds=self._policy.absolute)
            deleted = _AT_ONCE
            while deleted == _AT_ONCE:
                async with self._transaction():
                    deleted = await self._expiry.delete_some(
                        table, before=before, born_before=born_before, most=_AT_ONCE
                    )
                gone += deleted
        gone += await self._accounts.run()
        await self._deadlines.run()
        await self._phones.run()
        await self._claims.run()
        await self._corrections.run()
        # After both: what the clock sent to the provinces is news there in the same round.
        await self._offices.run()
        # After accounts, cases and corrections: what they leave behind goes in the same round.
        return gone + await self._photos.run() + await self._imports.run()

    def overdue(self) -> dict[str, int]:
        """How much waits with whom it should not any more, as last counted; for metrics."""
        return {"claims": self._claims.overdue, "corrections": self._corrections.overdue}

    async def run(self) -> None:
        """Until cancelled, every ten minutes."""
        while True:
            try:
                await self.purge()
            except Exception:  # noqa: BLE001 - the next round tries again
                _LOG.exception("purge_failed")
            await asyncio.sleep(_EVERY_SECONDS)
