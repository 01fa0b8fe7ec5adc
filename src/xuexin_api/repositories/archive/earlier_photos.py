"""Photos that records had before: kept for a while, found by the change that replaced them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.archive import EarlierPhoto


class EarlierPhotoRepository:
    """Statements on photos that were replaced."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, enrollment_id: UUID, change_id: UUID, *, now: datetime) -> Mapping[str, Any] | None:
        """What the record had before this change, while it is kept."""
        statement = select(EarlierPhoto.object_key, EarlierPhoto.sha256).where(
            EarlierPhoto.change_id == change_id,
            EarlierPhoto.enrollment_id == enrollment_id,
            EarlierPhoto.kept_until > now,
        )
        row = (await self._session.execute(statement)).mappings().first()
        return None if row is None else dict(row)

    async def list_due(
        self, *, now: datetime, after: tuple[datetime, UUID] | None, most: int
    ) -> list[tuple[datetime, UUID, str]]:
        """What is kept no more, the longest due first."""
        order = (EarlierPhoto.kept_until, EarlierPhoto.change_id)
        statement = (
            select(*order, EarlierPhoto.object_key).where(EarlierPhoto.kept_until <= now).order_by(*order).limit(most)
        )
        if after is not None:
            statement = statement.where(tuple_(*order) > after)
        return [(due, one, key) for due, one, key in await self._session.execute(statement)]

    async def delete(self, change_ids: Sequence[UUID]) -> None:
        await self._session.execute(delete(EarlierPhoto).where(EarlierPhoto.change_id.in_(change_ids)))
