"""Persons by their document: found, or made by a verification that proved one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.accounts import Account
from xuexin_api.models.archive import Person


class PersonRepository:
    """Statements on natural persons."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get_id_by_document(self, document_key: bytes, document_type: str) -> UUID | None:
        """The person with this number: of several types the given one; a roster does not always say it."""
        statement = (
            select(Person.id)
            .where(Person.document_key == document_key)
            .order_by(Person.document_type != document_type, Person.id)
            .limit(1)
        )
        return await self._session.scalar(statement)

    async def add_from_account(self, person_id: UUID, account_id: UUID, extra: Mapping[str, Any]) -> None:
        """A person as the account claims it, now that the claim is proven."""
        columns = ("document_type", "document_key", "document_ciphertext", "name", "sex", "birth_date")
        row = (
            await self._session.execute(
                select(*(getattr(Account, name) for name in columns)).where(Account.id == account_id)
            )
        ).one()
        await self._session.execute(
            insert(Person).values(id=person_id, **dict(zip(columns, row, strict=True)), **extra)
        )
