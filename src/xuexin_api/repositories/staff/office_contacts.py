"""Addresses of offices, and which of them are told at once: each by one guarded UPDATE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.institutions import PROVINCE_DIGITS
from xuexin_api.models.offices import OfficeContact
from xuexin_api.models.staff import Staff
from xuexin_api.repositories.staff.office_work import has_news

_COLUMNS: Final = (
    OfficeContact.office,
    OfficeContact.email_ciphertext,
    OfficeContact.proven_at,
    OfficeContact.told_at,
    OfficeContact.deadlines_told_until,
)


@dataclass(frozen=True, slots=True)
class ContactRow:
    """Where an office is told, its address sealed, or None where none is set; when it was told last, up to when due."""

    office: str
    email_ciphertext: bytes | None
    proven_at: datetime | None
    told_at: datetime | None
    deadlines_told_until: datetime | None


class OfficeContactRepository:
    """Statements on contacts of offices."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, office: str) -> ContactRow | None:
        return await self._one(office, locks=False)

    async def get_for_update(self, office: str) -> ContactRow | None:
        """Nobody sets or removes it until this transaction ends."""
        return await self._one(office, locks=True)

    async def set_email(
        self, office: str, email_key: bytes, email_ciphertext: bytes, *, staff_id: UUID, now: datetime
    ) -> None:
        """In the place of whatever the office had; when it was told last stays."""
        values = {
            "email_key": email_key,
            "email_ciphertext": email_ciphertext,
            "proven_at": now,
            "proven_by": staff_id,
        }
        await self._session.execute(
            insert(OfficeContact)
            .values(office=office, **values)
            .on_conflict_do_update(index_elements=["office"], set_=values)
        )

    async def remove_email(self, office: str) -> None:
        """It is told no more, until it has another."""
        await self._session.execute(
            update(OfficeContact)
            .where(OfficeContact.office == office)
            .values(email_key=None, email_ciphertext=None, proven_at=None, proven_by=None)
        )

    async def list_offices(self, *, most: int) -> list[ContactRow]:
        """Every office that somebody works for, with its address or without."""
        office = func.coalesce(Staff.institution_code, Staff.province)
        working = select(office.label("office")).where(office.is_not(None), Staff.state != "disabled").distinct()
        offices = working.subquery()
        statement = (
            select(offices.c.office, *_COLUMNS[1:])
            .outerjoin(OfficeContact, OfficeContact.office == offices.c.office)
            .order_by(offices.c.office)
            .limit(most)
        )
        return [ContactRow(*row) for row in await self._session.execute(statement)]

    async def list_to_tell(
        self, *, provinces: bool, told_before: datetime, due_before: datetime, after: str, most: int
    ) -> list[ContactRow]:
        """Schools, or provinces, with an address that have news and were not told for long enough; by their codes."""
        statement = select(*_COLUMNS).where(
            OfficeContact.proven_at.is_not(None),
            or_(OfficeContact.told_at.is_(None), OfficeContact.told_at <= told_before),
            OfficeContact.office > after,
            (func.length(OfficeContact.office) == PROVINCE_DIGITS).is_(provinces),
            has_news(provinces=provinces, due_before=due_before),
        )
        rows = await self._session.execute(statement.order_by(OfficeContact.office).limit(most))
        return [ContactRow(*row) for row in rows]

    async def claim(
        self, office: str, *, told_before: datetime, deadlines_told_until: datetime, now: datetime
    ) -> bytes | None:
        """The office is told now, by whoever this is: its sealed address, or None where another was first."""
        statement = (
            update(OfficeContact)
            .where(
                OfficeContact.office == office,
                OfficeContact.proven_at.is_not(None),
                or_(OfficeContact.told_at.is_(None), OfficeContact.told_at <= told_before),
            )
            .values(told_at=now, deadlines_told_until=deadlines_told_until)
            .returning(OfficeContact.email_ciphertext)
        )
        return await self._session.scalar(statement)

    async def _one(self, office: str, *, locks: bool) -> ContactRow | None:
        statement = select(*_COLUMNS).where(OfficeContact.office == office)
        row = (await self._session.execute(statement.with_for_update() if locks else statement)).first()
        return None if row is None else ContactRow(*row)
