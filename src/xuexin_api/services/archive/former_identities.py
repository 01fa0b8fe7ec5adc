"""Who one was before, as schools granted it: told to the owner, masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.documents import mask_document_number
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.identity.former_identities import FormerIdentityRepository, FormerIdentityRow
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers

_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class FormerIdentityView:
    """A name and a number that a record of the person still carries."""

    id: UUID
    name: str
    document_type: str
    document_number_masked: str
    institution_code: str
    institution_name: str
    since: date
    until: date
    undone_at: datetime | None


class FormerIdentityService(Service):
    """A read of one's own."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        identities: FormerIdentityRepository,
        callers: Callers,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._identities = identities
        self._callers = callers
        self._sealer = sealer

    async def list_mine(self, claims: Claims) -> list[FormerIdentityView]:
        """Newest first; none of an account that has no archive."""
        async with self._read():
            account = await self._callers.verified_account_of(claims)
            if account.person_id is None or account.state != "active":
                return []
            rows = await self._identities.list_for_person(account.person_id, most=_MOST)
        return [self._view(row) for row in rows]

    def _view(self, row: FormerIdentityRow) -> FormerIdentityView:
        number = self._sealer.open(row.document_ciphertext, DOCUMENT_CONTEXT).decode()
        return FormerIdentityView(
            id=row.id,
            name=row.name,
            document_type=row.document_type,
            document_number_masked=mask_document_number(number),
            institution_code=row.institution_code,
            institution_name=row.institution_name,
            since=row.since,
            until=row.until,
            undone_at=row.undone_at,
        )
