"""Claims of others to what shows in one's archive, as its owner reads them, and objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import ClaimClosedError, ClaimNotFoundError, ObjectionLateError, Option
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
    """A claim to one's record. Nothing is given before `grant_from`; who claims is not told.

    A grant is objected to until `object_until`; it can be undone longer where somebody does.
    """

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
    object_until: datetime | None
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
        """Of which the caller was told. Who lost a record may have none left to verify by: grants are read without."""
        before_id = AFTER_ALL if cursor is None else read_cursor(cursor)
        async with self._read():
            account = await self._callers.account_of(claims)
            verified = self._callers.is_verified(claims)
            found = await self._notices.list_for_account(
                account.id, before_id=before_id, most=most + 1, granted_only=not verified
            )
        if not found:
            await self._callers.refuse_unless_verified(claims)
        items = [self._view(row) for row in found[:most]]
        return HeldClaimPage(items, write_cursor(items[-1].id) if len(found) > most else None)

    async def object(self, claim_id: UUID, words: str, claims: Claims) -> HeldClaim:
        """Once, for whoever decides to read: before the grant, or in time after it, which leaves time to undo it."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            held = await self._notices.get_for_account(claim_id, account.id)
            if held is None or held.state != ClaimState.GRANTED:
                await self._callers.refuse_unless_verified(claims)
            if held is None:
                raise ClaimNotFoundError
            object_until = self._object_until(held)
            if object_until is not None and object_until <= now:
                raise ObjectionLateError(params={"object_until": f"{object_until:%Y-%m-%dT%H:%M:%SZ}"})
            sealed = self._sealer.seal(words.encode(), OBJECTION_CONTEXT)
            granted_after = self._holders.granted_after(now)
            if not await self._notices.object(claim_id, account.id, sealed, granted_after=granted_after, now=now):
                raise ClaimClosedError
            await self._notices.prolong(claim_id, undo_until=self._holders.undo_until(now))
            await self._notices.note_news(claim_id, now=now)
            await self._log.note(claim_id, "objected", "holder", now=now)
            await self._log.audit("objected", account.id, session_id=claims.session_id, now=now)
            row = await self._notices.get_for_account(claim_id, account.id)
            assert row is not None, "it was read before"
            return self._view(row)

    def _object_until(self, row: HeldClaimRow) -> datetime | None:
        if row.state != ClaimState.GRANTED or row.decided_at is None:
            return None
        return self._holders.object_until(row.decided_at)

    def _view(self, row: HeldClaimRow) -> HeldClaim:
        state, now, object_until = ClaimState(row.state), self._clock.now(), self._object_until(row)
        undoable = state is ClaimState.GRANTED and row.undo_until is not None and row.undo_until > now
        in_time = object_until is not None and object_until > now
        may_object = row.objected_at is None and (state in REVIEWS or in_time)
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
            object_until=object_until,
            next=(_OBJECT,) if may_object else (),
        )
