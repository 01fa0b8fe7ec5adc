"""Transfers between two schools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Select, insert, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from xuexin_api.models.archive import Enrollment, Institution
from xuexin_api.models.transfers import Transfer

Direction = Literal["in", "out"]
_FROM, _TO = aliased(Institution), aliased(Institution)


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer with the names that both schools read."""

    id: UUID
    enrollment_id: UUID
    person_id: UUID
    name: str
    from_code: str
    from_name: str
    to_code: str
    to_name: str
    state: str
    reason: str
    note: str | None
    requested_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    answer: str | None
    new_enrollment_id: UUID | None


_ROWS: Final[Select[*tuple[Any, ...]]] = (
    select(
        Transfer.id,
        Transfer.enrollment_id,
        Enrollment.person_id,
        Enrollment.name,
        Transfer.from_code,
        _FROM.name,
        Transfer.to_code,
        _TO.name,
        Transfer.state,
        Transfer.reason,
        Transfer.note,
        Transfer.requested_at,
        Transfer.expires_at,
        Transfer.decided_at,
        Transfer.answer,
        Transfer.new_enrollment_id,
    )
    .join_from(Transfer, Enrollment, Enrollment.id == Transfer.enrollment_id)
    .join(_FROM, _FROM.code == Transfer.from_code)
    .join(_TO, _TO.code == Transfer.to_code)
)


class TransferRepository:
    """Statements on transfers."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> bool:
        """False when the record has a living one."""
        statement = (
            insert_or(Transfer)
            .values(**values)
            .on_conflict_do_nothing(
                index_elements=["enrollment_id"],
                # Written out: a plan that is kept for any value would not see that it is the index's own condition.
                index_where=Transfer.state == literal_column("'requested'"),
            )
            .returning(Transfer.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def get_of(self, transfer_id: UUID, institution_code: str) -> TransferRow | None:
        """A transfer that this school asked for, or is asked."""
        statement = _ROWS.where(
            Transfer.id == transfer_id,
            or_(Transfer.from_code == institution_code, Transfer.to_code == institution_code),
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else TransferRow(*row)

    async def list_for_institution(
        self, institution_code: str, direction: Direction, *, before_id: UUID, most: int
    ) -> list[TransferRow]:
        """Of one school, newest first."""
        column = Transfer.to_code if direction == "in" else Transfer.from_code
        statement = (
            _ROWS.where(column == institution_code, Transfer.id < before_id).order_by(Transfer.id.desc()).limit(most)
        )
        return [TransferRow(*row) for row in await self._session.execute(statement)]

    async def expire(self, enrollment_id: UUID, *, now: datetime) -> None:
        """What nobody answered in time is no living one any more."""
        await self._session.execute(
            update(Transfer)
            .where(Transfer.enrollment_id == enrollment_id, Transfer.state == "requested", Transfer.expires_at <= now)
            .values(state="expired")
        )

    async def decide(
        self,
        transfer_id: UUID,
        state: str,
        *,
        staff_id: UUID,
        answer: str | None,
        new_enrollment_id: UUID | None,
        now: datetime,
    ) -> bool:
        """Once, and in time."""
        statement = (
            update(Transfer)
            .where(Transfer.id == transfer_id, Transfer.state == "requested", Transfer.expires_at > now)
            .values(
                state=state,
                decided_by=staff_id,
                decided_at=now,
                answer=answer,
                new_enrollment_id=new_enrollment_id,
            )
            .returning(Transfer.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def add_enrollment(self, values: Mapping[str, Any]) -> None:
        """The record at the new school."""
        await self._session.execute(insert(Enrollment).values(**values))

    async def get_whole_for_update(self, enrollment_id: UUID) -> Mapping[str, Any]:
        """Every column of the record that is left."""
        statement = select(*Enrollment.__table__.columns).where(Enrollment.id == enrollment_id).with_for_update()
        return dict((await self._session.execute(statement)).mappings().one())
