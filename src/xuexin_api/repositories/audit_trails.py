"""The chained logs, line by line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, Table, bindparam, exists, func, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.chain import BEGINNING, Value
from xuexin_api.models.archive import RecordAccess
from xuexin_api.models.base import Base
from xuexin_api.models.messages import AuditEvent, AuditHead
from xuexin_api.models.staff import StaffEvent

_CHAINED: Final[Mapping[str, tuple[str, ...]]] = {
    AuditEvent.__tablename__: ("id", "action", "account_id", "session_id", "at"),
    StaffEvent.__tablename__: ("id", "staff_id", "action", "subject_id", "at"),
    RecordAccess.__tablename__: ("id", "person_id", "enrollment_id", "staff_id", "action", "purpose", "at"),
}
"""What a link holds of a line, for all time: a column that comes later is not in the links of before."""
TRAILS: Final = tuple(_CHAINED)


def _table(trail: str) -> Table:
    return Base.metadata.tables[trail]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a trail: what its link holds, and the place and link it was given."""

    id: UUID
    values: tuple[Value, ...]
    position: int | None
    link: bytes | None


@dataclass(frozen=True, slots=True)
class Head:
    """The last line that was chained."""

    position: int
    link: bytes


class AuditTrailRepository:
    """For the sealer, and for whoever checks its work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def take_head(self, trail: str) -> Head | None:
        """The head, held until the transaction ends; None while another process holds it."""
        beginning = {"trail": trail, "position": 0, "link": BEGINNING}
        await self._session.execute(postgresql.insert(AuditHead).values(beginning).on_conflict_do_nothing())
        found = await self._session.execute(
            select(AuditHead.position, AuditHead.link).where(AuditHead.trail == trail).with_for_update(skip_locked=True)
        )
        row = found.one_or_none()
        return None if row is None else Head(*row)

    async def get_head(self, trail: str) -> Head:
        found = await self._session.execute(select(AuditHead.position, AuditHead.link).where(AuditHead.trail == trail))
        row = found.one_or_none()
        return Head(0, BEGINNING) if row is None else Head(*row)

    async def list_heads(self) -> dict[str, Head]:
        """Of every trail, in their order."""
        rows = await self._session.execute(select(AuditHead.trail, AuditHead.position, AuditHead.link))
        known = {trail: Head(position, made) for trail, position, made in rows}
        return {trail: known.get(trail, Head(0, BEGINNING)) for trail in TRAILS}

    async def goes_on_after(self, trail: str, position: int) -> bool:
        """Whether a line has a place behind this one."""
        table = _table(trail)
        return bool(await self._session.scalar(select(exists().where(table.c.position > position))))

    async def unchained(self, trail: str, most: int) -> list[Line]:
        """Committed lines without a place, oldest first."""
        table = _table(trail)
        found = await self._session.execute(
            select(table).where(table.c.position.is_(None)).order_by(table.c.id).limit(most)
        )
        return [_line(trail, row) for row in found.mappings()]

    async def count_unchained(self, trail: str) -> int:
        table = _table(trail)
        return (await self._session.execute(select(func.count()).where(table.c.position.is_(None)))).scalar_one()

    async def chain(self, trail: str, links: Sequence[tuple[UUID, int, bytes]]) -> None:
        """Give lines their places and links, and the trail its new head."""
        table = _table(trail)
        await self._session.execute(
            update(table)
            .where(table.c.id == bindparam("of"))
            .values(position=bindparam("place"), link=bindparam("made")),
            [{"of": one, "place": position, "made": made} for one, position, made in links],
        )
        _, position, made = links[-1]
        await self._session.execute(
            update(AuditHead).where(AuditHead.trail == trail).values(position=position, link=made)
        )

    async def chained(self, trail: str) -> AsyncIterator[Line]:
        """Every chained line in its order, a few at a time."""
        table = _table(trail)
        rows = await self._session.stream(select(table).where(table.c.position.is_not(None)).order_by(table.c.position))
        async for row in rows.mappings():
            yield _line(trail, row)


def _line(trail: str, row: RowMapping) -> Line:
    return Line(row["id"], tuple(row[name] for name in _CHAINED[trail]), row["position"], row["link"])
