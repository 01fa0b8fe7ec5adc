"""Passkeys: a counter moves forward only, by one guarded UPDATE."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.models.factors import Passkey

_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Passkey.id,
    Passkey.account_id,
    Passkey.credential_id,
    Passkey.public_key,
    Passkey.sign_count,
    Passkey.aaguid,
    Passkey.transports,
    Passkey.backup_eligible,
    Passkey.backed_up,
    Passkey.name,
    Passkey.created_at,
    Passkey.last_used_at,
    Passkey.copy_suspected_at,
)


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """A passkey as it is stored."""

    id: UUID
    account_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: UUID
    transports: list[str]
    backup_eligible: bool
    backed_up: bool
    name: str
    created_at: datetime
    last_used_at: datetime | None
    copy_suspected_at: datetime | None


class PasskeyRepository:
    """Statements on passkeys."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, passkey: StoredPasskey) -> None:
        await self._session.execute(insert(Passkey).values(**asdict(passkey)))

    async def get_by_credential(self, credential_id: bytes) -> StoredPasskey | None:
        row = (await self._session.execute(select(*_COLUMNS).where(Passkey.credential_id == credential_id))).first()
        return None if row is None else StoredPasskey(*row)

    async def list_for_account(self, account_id: UUID) -> list[StoredPasskey]:
        """In the order they were made; few, for their number is bounded when one is added."""
        statement = select(*_COLUMNS).where(Passkey.account_id == account_id).order_by(Passkey.id)
        return [StoredPasskey(*row) for row in await self._session.execute(statement)]

    async def count_for_account(self, account_id: UUID) -> int:
        return int(await self._session.scalar(select(func.count()).where(Passkey.account_id == account_id)) or 0)

    async def use(self, passkey_id: UUID, *, sign_count: int, backed_up: bool, now: datetime) -> bool:
        """Move the counter forward; False where it stands there, or further on. One that stays at 0 counts nothing."""
        moves = (Passkey.sign_count < sign_count) | ((Passkey.sign_count == 0) & (sign_count == 0))
        statement = (
            update(Passkey)
            .where(Passkey.id == passkey_id, moves)
            .values(sign_count=sign_count, backed_up=backed_up, last_used_at=now)
            .returning(Passkey.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def suspect_copy(self, passkey_id: UUID, *, unless_since: datetime, now: datetime) -> bool:
        """Note that the counter fell; False where that was noted since then."""
        statement = (
            update(Passkey)
            .where(
                Passkey.id == passkey_id,
                Passkey.copy_suspected_at.is_(None) | (Passkey.copy_suspected_at < unless_since),
            )
            .values(copy_suspected_at=now)
            .returning(Passkey.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def rename(self, account_id: UUID, passkey_id: UUID, name: str) -> StoredPasskey | None:
        statement = (
            update(Passkey)
            .where(Passkey.id == passkey_id, Passkey.account_id == account_id)
            .values(name=name)
            .returning(*_COLUMNS)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else StoredPasskey(*row)

    async def remove(self, account_id: UUID, passkey_id: UUID) -> bool:
        statement = (
            delete(Passkey).where(Passkey.id == passkey_id, Passkey.account_id == account_id).returning(Passkey.id)
        )
        return (await self._session.execute(statement)).first() is not None
