"""Photos that records had before: kept for a while, found by the change that replaced them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.archive import EarlierPhoto
from xuexin_api.repositories.archive.record_photos import PresentPhoto


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A photo that a record had before a change, as it was."""

    change_id: UUID
    photo: PresentPhoto


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

    async def get_kept(
        self, enrollment_id: UUID, kind: str, sha256: bytes, *, longer_than: datetime
    ) -> KeptPhoto | None:
        """Of a record the picture with this digest that is kept so long still; where it came twice, the first."""
        statement = (
            select(EarlierPhoto.change_id, *(getattr(EarlierPhoto, name) for name in PresentPhoto.__slots__))
            .where(
                EarlierPhoto.enrollment_id == enrollment_id,
                EarlierPhoto.kind == kind,
                EarlierPhoto.sha256 == sha256,
                EarlierPhoto.kept_until > longer_than,
            )
            .order_by(EarlierPhoto.imported_at, EarlierPhoto.change_id)
            .limit(1)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else KeptPhoto(row[0], PresentPhoto(*row[1:]))

    async def add(self, change_id: UUID, photo: PresentPhoto, *, kept_until: datetime) -> None:
        """What a record had before this change."""
        columns = {name: getattr(photo, name) for name in PresentPhoto.__slots__}
        await self._session.execute(insert(EarlierPhoto).values(change_id=change_id, kept_until=kept_until, **columns))

    async def end_beyond(self, enrollment_id: UUID, kind: str, most: int, *, now: datetime) -> None:
        """Of a record and kind the oldest fall due, but for so many."""
        beyond = (
            select(EarlierPhoto.change_id)
            .where(
                EarlierPhoto.enrollment_id == enrollment_id, EarlierPhoto.kind == kind, EarlierPhoto.kept_until > now
            )
            .order_by(EarlierPhoto.change_id.desc())
            .offset(most)
        )
        await self._session.execute(
            update(EarlierPhoto).where(EarlierPhoto.change_id.in_(beyond)).values(kept_until=now)
        )

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
