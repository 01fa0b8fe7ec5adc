"""What the desk asks of verifications by hand-held photos: the queue, assignments, and whom one has to do with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from xuexin_api.models.accounts import Account
from xuexin_api.models.identity import IdentityVerification
from xuexin_api.models.staff import Staff

_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    IdentityVerification.id,
    IdentityVerification.account_id,
    IdentityVerification.queued_at,
    IdentityVerification.assigned_to,
    IdentityVerification.assigned_at,
)
# Written out, as the index of the queue has it.
IN_REVIEW: Final = IdentityVerification.status == bindparam(None, "in_review", literal_execute=True)
"""It stands in the queue of the review desk."""


@dataclass(frozen=True, slots=True)
class QueuedVerification:
    """Photos that wait for a reviewer."""

    id: UUID
    account_id: UUID
    queued_at: datetime
    assigned_to: UUID | None
    assigned_at: datetime | None


class VerificationDeskRepository:
    """Statements for reviewers."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_queue(self, *, after: UUID | None, most: int) -> list[QueuedVerification]:
        """Longest waiting first; `after` is the last of the page before.

        One that left the queue meanwhile has no place in it: then the list begins anew, and nothing is passed over.
        """
        statement = select(*_COLUMNS).where(IN_REVIEW)
        order = (IdentityVerification.queued_at, IdentityVerification.id)
        if after is not None and (last := await self.get_queued(after)) is not None:
            statement = statement.where(tuple_(*order) > tuple_(last.queued_at, last.id))
        rows = await self._session.execute(statement.order_by(*order).limit(most))
        return [QueuedVerification(*row) for row in rows]

    async def get_queued(self, verification_id: UUID, *, lock: bool = False) -> QueuedVerification | None:
        statement = select(*_COLUMNS).where(IdentityVerification.id == verification_id, IN_REVIEW)
        if lock:
            statement = statement.with_for_update()
        row = (await self._session.execute(statement)).first()
        return None if row is None else QueuedVerification(*row)

    async def assign(self, verification_id: UUID, staff_id: UUID, *, lapsed: datetime, now: datetime) -> bool:
        """It is theirs; False while it is another's."""
        free = or_(
            IdentityVerification.assigned_to.is_(None),
            IdentityVerification.assigned_to == staff_id,
            IdentityVerification.assigned_at <= lapsed,
        )
        return await self._update(verification_id, free, assigned_to=staff_id, assigned_at=now)

    async def release(self, verification_id: UUID, staff_id: UUID) -> bool:
        """It is nobody's; False where it is not theirs (any more), or waits for nobody."""
        theirs = IdentityVerification.assigned_to == staff_id
        return await self._update(verification_id, theirs, assigned_to=None, assigned_at=None)

    async def decide(self, verification_id: UUID, **values: Any) -> bool:
        """It waits for nobody any more, once."""
        return await self._update(verification_id, IN_REVIEW, assigned_to=None, assigned_at=None, **values)

    async def is_involved(self, account_id: UUID, staff_id: UUID) -> bool:
        """Whether the account, or another that claims its document, has the member's document or phone."""
        asking = aliased(Account)
        statement = select(Staff.id).where(
            Staff.id == staff_id,
            asking.id == account_id,
            Account.document_key == asking.document_key,
            or_(Account.document_key == Staff.document_key, Account.phone_key == Staff.phone_key),
        )
        return await self._session.scalar(statement.limit(1)) is not None

    async def _update(self, verification_id: UUID, where: Any, **values: Any) -> bool:
        statement = (
            update(IdentityVerification)
            .where(IdentityVerification.id == verification_id, IN_REVIEW, where)
            .values(**values)
            .returning(IdentityVerification.id)
        )
        return (await self._session.execute(statement)).first() is not None
