"""Claims of others to what shows in one's archive, as its owner reads them, and objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import ClaimClosedError, ClaimNotFoundError, Option
from xuexin_api.core.record_claims import REVIEWS, ClaimState
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.archive.claim_notices import ClaimNoticeRepository, HeldClaimRow
from xuexin_api.services.archive.claim_holders import OBJECTION_CONTEXT, ClaimHolders
from xuexin_api.services.archive.claim_log import ClaimLog
from xuexin_api.services.archive.record_history import AFTER_ALL
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.paging import read_cursor, write_cursor

_OBJECT: Final = Option("object_to_claim")


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """A claim to one's record. Nothing is given before `grant_from`; who claims is not told."""

    id: UUID
    enrollment_id: UUID
    institution_code: str
    institution_name: str
    state: ClaimState
    told_at: datetime
    grant_from: datetime
    objected_at: datetime | None
    objection: str | None
    decided_at: datetime | None
    reason: str | None
    undo_until: datetime | None
    next: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class HeldClaimPage:
    """Some of them, newest first."""

    items: list[HeldClaim]
    next_cursor: str | None


class HeldClaimService(Service):
    """The other side of a claim: told, and heard."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        notices: ClaimNoticeRepository,
        holders: ClaimHolders,
        callers: Callers,
        log: ClaimLog,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._notices = notices
        self._holders = holders
        self._callers = callers
        self._log = log
        self._sealer = sealer

    async def list_mine(self, claims: Claims, *, cursor: str | None, most: int) -> HeldClaimPage:
        """Of which the caller was told."""
        before_id = AFTER_ALL if cursor is None else read_cursor(cursor)
        async with self._read():
            account = await self._callers.verified_account_of(claims)
            found = await self._notices.list_for_account(account.id, before_id=before_id, most=most + 1)
        items = [self._view(row) for row in found[:most]]
        return HeldClaimPage(items, write_cursor(items[-1].id) if len(found) > most else None)

    async def object(self, claim_id: UUID, words: str, claims: Claims) -> HeldClaim:
        """Once, and for whoever decides to read: before the grant, or about it while it can be undone."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.verified_account_of(claims)
            if await self._notices.get_for_account(claim_id, account.id) is None:
                raise ClaimNotFoundError
            sealed = self._sealer.seal(words.encode(), OBJECTION_CONTEXT)
            if not await self._notices.object(claim_id, account.id, sealed, now=now):
                raise ClaimClosedError
            await self._log.note(claim_id, "objected", "holder", now=now)
            await self._log.audit("objected", account.id, session_id=claims.session_id, now=now)
            row = await self._notices.get_for_account(claim_id, account.id)
            assert row is not None, "it was read before"
            return self._view(row)

    def _view(self, row: HeldClaimRow) -> HeldClaim:
        state = ClaimState(row.state)
        undoable = state is ClaimState.GRANTED and row.undo_until is not None and row.undo_until > self._clock.now()
        may_object = row.objected_at is None and (state in REVIEWS or undoable)
        sealed = row.objection
        return HeldClaim(
            id=row.id,
            enrollment_id=row.enrollment_id,
            institution_code=row.institution_code,
            institution_name=row.institution_name,
            state=state,
            told_at=row.told_at,
            grant_from=self._holders.grant_from(row.told_at),
            objected_at=row.objected_at,
            objection=None if sealed is None else self._sealer.open(sealed, OBJECTION_CONTEXT).decode(),
            decided_at=row.decided_at,
            reason=row.reason,
            undo_until=row.undo_until if undoable else None,
            next=(_OBJECT,) if may_object else (),
        )
