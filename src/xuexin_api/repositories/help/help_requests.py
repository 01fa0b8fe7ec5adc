"""Requests to people, and their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.help_requests import HelpRequest


@dataclass(frozen=True, slots=True)
class HelpRequestRow:
    """A request; its texts are sealed."""

    id: UUID
    account_id: UUID | None
    secret_hash: bytes | None
    state: str
    question: bytes
    contact: bytes | None
    answer: bytes | None
    created_at: datetime
    answered_at: datetime | None
    expires_at: datetime


_COLUMNS = [getattr(HelpRequest, name) for name in HelpRequestRow.__slots__]


class HelpRequestRepository:
    """Statements on requests."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(HelpRequest).values(**values))

    async def get(self, request_id: UUID, *, now: datetime) -> HelpRequestRow | None:
        """A request whose time has not passed."""
        return next(iter(await self._rows(_kept(now).where(HelpRequest.id == request_id))), None)

    async def list_for_account(
        self, account_id: UUID, *, before: UUID | None, most: int, now: datetime
    ) -> list[HelpRequestRow]:
        """Newest first."""
        statement = _kept(now).where(HelpRequest.account_id == account_id)
        if before is not None:
            statement = statement.where(HelpRequest.id < before)
        return await self._rows(statement.order_by(HelpRequest.id.desc()).limit(most))

    async def list_for_state(
        self, state: str, *, after: UUID | None = None, most: int, now: datetime
    ) -> list[HelpRequestRow]:
        """Oldest first: who waits longest."""
        statement = _kept(now).where(HelpRequest.state == state)
        if after is not None:
            statement = statement.where(HelpRequest.id > after)
        return await self._rows(statement.order_by(HelpRequest.id).limit(most))

    async def finish(
        self, request_id: UUID, state: str, *, among: Sequence[str], answer: bytes | None, now: datetime
    ) -> HelpRequestRow | None:
        """Answer or close a request that is in one of these states: of two operators one does it."""
        values: dict[str, Any] = {"state": state}
        if answer is not None:
            values |= {"answer": answer, "answered_at": now}
        statement = (
            update(HelpRequest)
            .where(HelpRequest.id == request_id, HelpRequest.state.in_(among), HelpRequest.expires_at > now)
            .values(**values)
            .returning(*_COLUMNS)
        )
        return next(iter(await self._rows(statement)), None)

    async def delete_for_account(self, request_id: UUID, account_id: UUID) -> bool:
        """Whether the account had such a request."""
        statement = (
            delete(HelpRequest)
            .where(HelpRequest.id == request_id, HelpRequest.account_id == account_id)
            .returning(HelpRequest.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def _rows(self, statement: Any) -> list[HelpRequestRow]:
        return [HelpRequestRow(*row) for row in await self._session.execute(statement)]


def _kept(now: datetime) -> Select[Any]:
    return select(*_COLUMNS).where(HelpRequest.expires_at > now)
