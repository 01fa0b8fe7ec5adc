"""Changes of accounts, and what an account is made of, read and put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.accounts import Account, SecurityAnswers
from xuexin_api.models.changes import AccountChange


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A change and the sealed state before it."""

    id: UUID
    account_id: UUID
    kind: str
    before: bytes
    created_at: datetime
    undo_until: datetime


_COLUMNS = (
    AccountChange.id,
    AccountChange.account_id,
    AccountChange.kind,
    AccountChange.before,
    AccountChange.created_at,
    AccountChange.undo_until,
)


class ChangeRepository:
    """Statements on changes."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(AccountChange).values(**values))

    async def find(self, secret_hash: bytes, *, now: datetime) -> UUID | None:
        """The account of a change that can be undone."""
        statement = select(AccountChange.account_id).where(
            AccountChange.secret_hash == secret_hash,
            AccountChange.undone_at.is_(None),
            AccountChange.undo_until > now,
        )
        return await self._session.scalar(statement)

    async def undo(self, secret_hash: bytes, *, now: datetime) -> StoredChange | None:
        """Undo a change, once; None when it is not there, too late, or undone."""
        statement = (
            update(AccountChange)
            .where(
                AccountChange.secret_hash == secret_hash,
                AccountChange.undone_at.is_(None),
                AccountChange.undo_until > now,
            )
            .values(undone_at=now)
            .returning(*_COLUMNS)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else StoredChange(*row)

    async def undo_later(self, change: StoredChange, *, now: datetime) -> list[StoredChange]:
        """Undo all that was changed after it; newest first."""
        statement = (
            update(AccountChange)
            .where(
                AccountChange.account_id == change.account_id,
                AccountChange.undone_at.is_(None),
                AccountChange.created_at >= change.created_at,
                AccountChange.undo_until > now,
            )
            .values(undone_at=now)
            .returning(*_COLUMNS)
        )
        rows = [StoredChange(*row) for row in await self._session.execute(statement)]
        return sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)

    async def settle(self, account_id: UUID, kind: str, *, now: datetime) -> None:
        """Changes of this kind can be undone no more."""
        await self._session.execute(
            update(AccountChange)
            .where(AccountChange.account_id == account_id, AccountChange.kind == kind, AccountChange.undo_until > now)
            .values(undo_until=now)
        )

    async def list_undoable(self, account_id: UUID, *, now: datetime, most: int) -> list[StoredChange]:
        """Newest first."""
        statement = (
            select(*_COLUMNS)
            .where(
                AccountChange.account_id == account_id,
                AccountChange.undone_at.is_(None),
                AccountChange.undo_until > now,
            )
            .order_by(AccountChange.created_at.desc(), AccountChange.id.desc())
            .limit(most)
        )
        return [StoredChange(*row) for row in await self._session.execute(statement)]

    async def set_email(
        self, account_id: UUID, *, key: bytes | None, ciphertext: bytes | None, verified_at: datetime | None
    ) -> None:
        """The account has this address, or none."""
        await self._session.execute(
            update(Account)
            .where(Account.id == account_id)
            .values(email_key=key, email_ciphertext=ciphertext, email_verified_at=verified_at)
        )

    async def email_holder(self, key: bytes) -> UUID | None:
        """The account that has proven this address."""
        return await self._session.scalar(
            select(Account.id).where(Account.email_key == key, Account.email_verified_at.is_not(None))
        )

    async def remove_security_answers(self, account_id: UUID) -> None:
        await self._session.execute(delete(SecurityAnswers).where(SecurityAnswers.account_id == account_id))
