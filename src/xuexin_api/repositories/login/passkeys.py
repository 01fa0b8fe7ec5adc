"""Passkeys: a counter moves forward only, by one guarded UPDATE."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.models.factors import Passkey
from xuexin_api.models.staff import StaffPasskey


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """A passkey as it is stored."""

    id: UUID
    owner_id: UUID
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
    """Statements on the passkeys of accounts; those of staff stand in a table of their own."""

    _table: ClassVar[type[Passkey | StaffPasskey]] = Passkey
    _owner: ClassVar[str] = "account_id"

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, passkey: StoredPasskey) -> None:
        values = asdict(passkey)
        values[self._owner] = values.pop("owner_id")
        await self._session.execute(insert(self._table).values(**values))

    async def get_by_credential(self, credential_id: bytes) -> StoredPasskey | None:
        statement = select(*self._columns()).where(self._table.credential_id == credential_id)
        row = (await self._session.execute(statement)).first()
        return None if row is None else StoredPasskey(*row)

    async def list_for_owner(self, owner_id: UUID) -> list[StoredPasskey]:
        """In the order they were made; few, for their number is bounded when one is added."""
        statement = select(*self._columns()).where(self._owned_by(owner_id)).order_by(self._table.id)
        return [StoredPasskey(*row) for row in await self._session.execute(statement)]

    async def count_for_owner(self, owner_id: UUID) -> int:
        return int(await self._session.scalar(select(func.count()).where(self._owned_by(owner_id))) or 0)

    async def use(self, passkey_id: UUID, *, sign_count: int, backed_up: bool, now: datetime) -> bool:
        """Move the counter forward; False where it stands there, or further on. One that stays at 0 counts nothing."""
        table = self._table
        moves = (table.sign_count < sign_count) | ((table.sign_count == 0) & (sign_count == 0))
        statement = (
            update(table)
            .where(table.id == passkey_id, moves)
            .values(sign_count=sign_count, backed_up=backed_up, last_used_at=now)
            .returning(table.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def suspect_copy(self, passkey_id: UUID, *, unless_since: datetime, now: datetime) -> bool:
        """Note that the counter fell; False where that was noted since then."""
        table = self._table
        statement = (
            update(table)
            .where(table.id == passkey_id, table.copy_suspected_at.is_(None) | (table.copy_suspected_at < unless_since))
            .values(copy_suspected_at=now)
            .returning(table.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def rename(self, owner_id: UUID, passkey_id: UUID, name: str) -> StoredPasskey | None:
        statement = (
            update(self._table)
            .where(self._table.id == passkey_id, self._owned_by(owner_id))
            .values(name=name)
            .returning(*self._columns())
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else StoredPasskey(*row)

    async def remove(self, owner_id: UUID, passkey_id: UUID) -> bool:
        table = self._table
        statement = delete(table).where(table.id == passkey_id, self._owned_by(owner_id)).returning(table.id)
        return (await self._session.execute(statement)).first() is not None

    async def remove_all_for(self, owner_id: UUID) -> None:
        await self._session.execute(delete(self._table).where(self._owned_by(owner_id)))

    def _owned_by(self, owner_id: UUID) -> ColumnElement[bool]:
        owned: ColumnElement[bool] = getattr(self._table, self._owner) == owner_id
        return owned

    def _columns(self) -> list[InstrumentedAttribute[Any]]:
        """In the order of StoredPasskey."""
        names = [self._owner if field.name == "owner_id" else field.name for field in fields(StoredPasskey)]
        return [getattr(self._table, name) for name in names]


class StaffPasskeyRepository(PasskeyRepository):
    """The same statements on the passkeys of members of staff."""

    _table = StaffPasskey
    _owner = "staff_id"
