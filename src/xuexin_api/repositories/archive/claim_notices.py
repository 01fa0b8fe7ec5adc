"""Those who hold a record that somebody else claims: when each was told, and what they object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.record_claims import REVIEWS, ClaimState
from xuexin_api.models.archive import Institution
from xuexin_api.models.claims import ClaimNotice, RecordClaim


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """When a holder was told of a claim, and what they said to it, sealed."""

    account_id: UUID
    told_at: datetime
    objected_at: datetime | None
    objection: bytes | None


@dataclass(frozen=True, slots=True)
class HeldClaimRow:
    """A claim as the holder of its record may know it: nothing of who claims."""

    id: UUID
    enrollment_id: UUID
    institution_code: str
    institution_name: str
    state: str
    told_at: datetime
    objected_at: datetime | None
    objection: bytes | None
    decided_at: datetime | None
    reason: str | None
    undo_until: datetime | None


_NOTICE: Final = (ClaimNotice.account_id, ClaimNotice.told_at, ClaimNotice.objected_at, ClaimNotice.objection)
_HELD: Final[Select[*tuple[Any, ...]]] = (
    select(
        RecordClaim.id,
        RecordClaim.enrollment_id,
        RecordClaim.institution_code,
        Institution.name,
        RecordClaim.state,
        ClaimNotice.told_at,
        ClaimNotice.objected_at,
        ClaimNotice.objection,
        RecordClaim.decided_at,
        RecordClaim.reason,
        RecordClaim.undo_until,
    )
    .join_from(ClaimNotice, RecordClaim, RecordClaim.id == ClaimNotice.claim_id)
    .join(Institution, Institution.code == RecordClaim.institution_code)
)


class ClaimNoticeRepository:
    """Statements on notices."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, claim_id: UUID, account_id: UUID, *, now: datetime) -> bool:
        """False where the account was told of this claim before."""
        statement = (
            insert(ClaimNotice)
            .values(claim_id=claim_id, account_id=account_id, told_at=now)
            .on_conflict_do_nothing()
            .returning(ClaimNotice.claim_id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def get_for_update(self, claim_id: UUID, account_id: UUID) -> NoticeRow | None:
        """What the holder said so far; what is said from now on waits."""
        statement = select(*_NOTICE).where(ClaimNotice.claim_id == claim_id, ClaimNotice.account_id == account_id)
        row = (await self._session.execute(statement.with_for_update())).first()
        return None if row is None else NoticeRow(*row)

    async def list_for_claim(self, claim_id: UUID, *, most: int) -> list[NoticeRow]:
        """Whoever held the record since it was claimed, the last one first."""
        statement = select(*_NOTICE).where(ClaimNotice.claim_id == claim_id)
        rows = await self._session.execute(statement.order_by(ClaimNotice.told_at.desc()).limit(most))
        return [NoticeRow(*row) for row in rows]

    async def list_objected(self, claim_ids: Sequence[UUID]) -> set[UUID]:
        """To which of these claims somebody objects."""
        objected = ClaimNotice.claim_id.in_(claim_ids), ClaimNotice.objected_at.is_not(None)
        return set(await self._session.scalars(select(ClaimNotice.claim_id).where(*objected)))

    async def list_for_account(
        self, account_id: UUID, *, before_id: UUID, most: int, granted_only: bool
    ) -> list[HeldClaimRow]:
        """Claims to what the account holds or held, newest first."""
        statement = _HELD.where(ClaimNotice.account_id == account_id, ClaimNotice.claim_id < before_id)
        if granted_only:
            statement = statement.where(RecordClaim.state == ClaimState.GRANTED)
        rows = await self._session.execute(statement.order_by(ClaimNotice.claim_id.desc()).limit(most))
        return [HeldClaimRow(*row) for row in rows]

    async def get_for_account(self, claim_id: UUID, account_id: UUID) -> HeldClaimRow | None:
        statement = _HELD.where(ClaimNotice.claim_id == claim_id, ClaimNotice.account_id == account_id)
        row = (await self._session.execute(statement)).first()
        return None if row is None else HeldClaimRow(*row)

    async def object(
        self, claim_id: UUID, account_id: UUID, words: bytes, *, granted_after: datetime, now: datetime
    ) -> bool:
        """Once, while the claim waits or where it was granted after that time."""
        statement = (
            update(ClaimNotice)
            .where(
                ClaimNotice.claim_id == claim_id,
                ClaimNotice.account_id == account_id,
                ClaimNotice.objected_at.is_(None),
                RecordClaim.id == ClaimNotice.claim_id,
                _open(granted_after),
            )
            .values(objected_at=now, objection=words)
            .returning(ClaimNotice.claim_id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def prolong(self, claim_id: UUID, *, undo_until: datetime) -> None:
        """Of a grant: what is objected at last can still be read, and undone."""
        await self._session.execute(
            update(RecordClaim)
            .where(
                RecordClaim.id == claim_id,
                RecordClaim.state == ClaimState.GRANTED,
                RecordClaim.undo_until < undo_until,
            )
            .values(undo_until=undo_until)
        )

    async def note_news(self, claim_id: UUID, *, now: datetime) -> None:
        """The desk that has the claim, or granted it, is to be told of it."""
        await self._session.execute(update(RecordClaim).where(RecordClaim.id == claim_id).values(untold_since=now))


def _open(granted_after: datetime) -> ColumnElement[bool]:
    granted = and_(RecordClaim.state == ClaimState.GRANTED, RecordClaim.decided_at > granted_after)
    return or_(RecordClaim.state.in_(REVIEWS), granted)
