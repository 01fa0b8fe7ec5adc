"""Second factors: each code works once, by one guarded UPDATE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, case, delete, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.second_factors import PASSKEY, TOTP
from xuexin_api.models.accounts import Account
from xuexin_api.models.factors import Passkey, RecoveryCode, TotpSecret


@dataclass(frozen=True, slots=True)
class StoredTotp:
    """A sealed secret, and whether its owner has shown to hold it."""

    sealed: bytes
    confirmed_at: datetime | None


class FactorRepository:
    """Statements on second factors."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def propose_totp(self, account_id: UUID, sealed: bytes, *, now: datetime) -> bool:
        """A secret that waits to be confirmed, in the place of an earlier one that waits; False over a confirmed."""
        new = upsert(TotpSecret).values(account_id=account_id, sealed=sealed, created_at=now, last_step=0)
        statement = new.on_conflict_do_update(
            index_elements=["account_id"],
            set_={"sealed": sealed, "created_at": now, "last_step": 0},
            where=TotpSecret.confirmed_at.is_(None),
        ).returning(TotpSecret.account_id)
        return (await self._session.execute(statement)).first() is not None

    async def get_totp(self, account_id: UUID) -> StoredTotp | None:
        statement = select(TotpSecret.sealed, TotpSecret.confirmed_at).where(TotpSecret.account_id == account_id)
        row = (await self._session.execute(statement)).first()
        return None if row is None else StoredTotp(*row)

    async def use_step(self, account_id: UUID, step: int) -> bool:
        """Take a time step for good; False when it, or a later one, was taken before."""
        statement = (
            update(TotpSecret)
            .where(TotpSecret.account_id == account_id, TotpSecret.last_step < step)
            .values(last_step=step)
            .returning(TotpSecret.account_id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def confirm_totp(self, account_id: UUID, *, now: datetime) -> bool:
        """It counts from now on; False when it counted before."""
        statement = (
            update(TotpSecret)
            .where(TotpSecret.account_id == account_id, TotpSecret.confirmed_at.is_(None))
            .values(confirmed_at=now)
            .returning(TotpSecret.account_id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def drop_proposed_totp(self, account_id: UUID) -> None:
        """A secret that waits to be confirmed waits for nothing."""
        await self._session.execute(
            delete(TotpSecret).where(TotpSecret.account_id == account_id, TotpSecret.confirmed_at.is_(None))
        )

    async def remove_totp(self, account_id: UUID) -> None:
        await self._session.execute(delete(TotpSecret).where(TotpSecret.account_id == account_id))

    async def replace_codes(self, account_id: UUID, hashes: Sequence[bytes]) -> None:
        """These recovery codes and no others; none at all for an empty list."""
        await self._session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
        if hashes:
            await self._session.execute(
                insert(RecoveryCode), [{"account_id": account_id, "code_hash": code_hash} for code_hash in hashes]
            )

    async def use_code(self, account_id: UUID, code_hash: bytes, *, now: datetime) -> bool:
        """Use a recovery code up; False when it is not one, or was used."""
        statement = (
            update(RecoveryCode)
            .where(
                RecoveryCode.account_id == account_id,
                RecoveryCode.code_hash == code_hash,
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=now)
            .returning(RecoveryCode.code_hash)
        )
        return (await self._session.execute(statement)).first() is not None

    async def count_codes(self, account_id: UUID) -> int:
        """How many recovery codes are left."""
        statement = select(func.count()).where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
        return int(await self._session.scalar(statement) or 0)

    async def note_factors(self, account_id: UUID) -> list[str]:
        """What is set is what a login of this account asks for; it stands at the account, where a login looks anyway.

        Under the account's lock, so that no two changes see each other's factors.
        """
        totp = exists().where(TotpSecret.account_id == account_id, TotpSecret.confirmed_at.is_not(None))
        passkey = exists().where(Passkey.account_id == account_id)
        named = postgresql.array[Any]([case((passkey, PASSKEY)), case((totp, TOTP))], type_=Text())
        statement = (
            update(Account)
            .where(Account.id == account_id)
            .values(second_factors=func.array_remove(named, None))
            .returning(Account.second_factors)
        )
        return list(await self._session.scalar(statement) or ())
