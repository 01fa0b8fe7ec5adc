"""Identity verifications."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.identity import IdentityVerification


class VerificationRepository:
    """One row per try of a method."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(IdentityVerification).values(**values))

    async def count_try(
        self, verification_id: UUID, *, account_id: UUID, session_id: UUID, most: int, now: datetime
    ) -> list[str] | None:
        """Count a try of a pending verification of this session and return its questions."""
        statement = (
            update(IdentityVerification)
            .where(
                IdentityVerification.id == verification_id,
                IdentityVerification.account_id == account_id,
                IdentityVerification.session_id == session_id,
                IdentityVerification.status == "pending",
                IdentityVerification.expires_at > now,
                IdentityVerification.tries < most,
            )
            .values(tries=IdentityVerification.tries + 1)
            .returning(IdentityVerification.questions)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else list(row[0])

    async def consume(self, verification_id: UUID, *, person_id: UUID, now: datetime) -> bool:
        """Pending becomes passed, once."""
        statement = (
            update(IdentityVerification)
            .where(IdentityVerification.id == verification_id, IdentityVerification.status == "pending")
            .values(status="passed", passed_at=now, person_id=person_id)
            .returning(IdentityVerification.id)
        )
        return (await self._session.execute(statement)).first() is not None
