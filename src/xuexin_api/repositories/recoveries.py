"""Recoveries: every step is one guarded UPDATE of a living row that only its secret finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.models.recovery import Recovery

_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Recovery.id,
    Recovery.account_id,
    Recovery.subject,
    Recovery.document_key,
    Recovery.ways,
    Recovery.code_id,
    Recovery.proven_by,
    Recovery.proven_at,
    Recovery.complete_from,
)


@dataclass(frozen=True, slots=True)
class RecoveryState:
    """A living recovery as it is stored."""

    id: UUID
    account_id: UUID | None
    subject: bytes
    document_key: bytes
    ways: list[str]
    code_id: UUID | None
    proven_by: str | None
    proven_at: datetime | None
    complete_from: datetime | None


@dataclass(frozen=True, slots=True)
class RecoveryKey:
    """Which recovery, and the hash of the secret that its beginner was told."""

    id: UUID
    secret_hash: bytes


class RecoveryRepository:
    """Statements on recoveries."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(Recovery).values(**values))

    async def get(self, key: RecoveryKey, *, now: datetime) -> RecoveryState | None:
        row = (await self._session.execute(select(*_COLUMNS).where(*_living(key, now)))).first()
        return None if row is None else RecoveryState(*row)

    async def count_try(self, key: RecoveryKey, *, most: int, now: datetime) -> RecoveryState | None:
        """Count a try of a recovery that is not yet proven; None when it is not there, or tried out."""
        statement = (
            update(Recovery)
            .where(*_living(key, now), Recovery.tries < most, Recovery.proven_at.is_(None))
            .values(tries=Recovery.tries + 1)
            .returning(*_COLUMNS)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else RecoveryState(*row)

    async def note_code(self, recovery_id: UUID, code_id: UUID) -> None:
        """From now on this code counts, and none before it."""
        await self._session.execute(update(Recovery).where(Recovery.id == recovery_id).values(code_id=code_id))

    async def note_proof(
        self, recovery_id: UUID, way: str, *, complete_from: datetime, expires_at: datetime, now: datetime
    ) -> bool:
        """Proven, once; False when it was before, or has ended."""
        statement = (
            update(Recovery)
            .where(Recovery.id == recovery_id, Recovery.proven_at.is_(None), Recovery.consumed_at.is_(None))
            .values(proven_by=way, proven_at=now, complete_from=complete_from, expires_at=expires_at)
            .returning(Recovery.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def consume(self, key: RecoveryKey, *, now: datetime) -> bool:
        """Use a proven recovery up; False when somebody else just did."""
        statement = (
            update(Recovery)
            .where(*_living(key, now), Recovery.complete_from <= now)
            .values(consumed_at=now)
            .returning(Recovery.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def end_all(self, account_id: UUID, *, now: datetime) -> None:
        """Whatever was begun for the account ends here."""
        await self._session.execute(
            update(Recovery)
            .where(Recovery.account_id == account_id, Recovery.consumed_at.is_(None))
            .values(consumed_at=now)
        )


def _living(key: RecoveryKey, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Recovery.id == key.id,
        Recovery.secret_hash == key.secret_hash,
        Recovery.consumed_at.is_(None),
        Recovery.expires_at > now,
    )
