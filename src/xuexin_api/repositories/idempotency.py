"""Operations under an Idempotency-Key: begun by one guarded INSERT."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.idempotency import KeyedOperation


@dataclass(frozen=True, slots=True)
class KnownOperation:
    """An operation that was begun under this key."""

    body_hash: bytes
    created_at: datetime
    answered_at: datetime | None
    status: int | None
    sealed: bytes | None


class IdempotencyRepository:
    """Statements on keyed operations."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin(self, key_hash: bytes, body_hash: bytes, *, now: datetime, expires_at: datetime) -> bool:
        """Note that it begins; False where it was begun before and is still remembered."""
        new = insert(KeyedOperation).values(
            key_hash=key_hash, body_hash=body_hash, created_at=now, expires_at=expires_at
        )
        statement = new.on_conflict_do_update(
            index_elements=["key_hash"],
            set_={
                "body_hash": body_hash,
                "created_at": now,
                "expires_at": expires_at,
                "answered_at": None,
                "status": None,
                "sealed": None,
            },
            where=KeyedOperation.expires_at <= now,
        ).returning(KeyedOperation.key_hash)
        return (await self._session.execute(statement)).first() is not None

    async def get(self, key_hash: bytes) -> KnownOperation | None:
        statement = select(
            KeyedOperation.body_hash,
            KeyedOperation.created_at,
            KeyedOperation.answered_at,
            KeyedOperation.status,
            KeyedOperation.sealed,
        ).where(KeyedOperation.key_hash == key_hash)
        row = (await self._session.execute(statement)).first()
        return None if row is None else KnownOperation(*row)

    async def note_answer(self, key_hash: bytes, *, status: int, sealed: bytes | None, now: datetime) -> None:
        await self._session.execute(
            update(KeyedOperation)
            .where(KeyedOperation.key_hash == key_hash)
            .values(answered_at=now, status=status, sealed=sealed)
        )

    async def forget(self, key_hash: bytes) -> None:
        await self._session.execute(delete(KeyedOperation).where(KeyedOperation.key_hash == key_hash))
