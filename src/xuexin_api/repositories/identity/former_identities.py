"""Who persons were before, and the records that go from one person to another with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.archive import Degree, Enrollment, Institution, Person, Qualification
from xuexin_api.models.claims import FormerIdentity
from xuexin_api.models.transfers import Transfer

_DOCUMENT: Final = ("document_type", "document_key", "document_ciphertext")
_OF_RECORD: Final = (*_DOCUMENT, "name", "sex", "birth_date", "admission_date")


@dataclass(frozen=True, slots=True)
class FormerIdentityRow:
    """A former identity as it is stored, its number sealed; from which school it is known."""

    id: UUID
    name: str
    document_type: str
    document_ciphertext: bytes
    since: date
    until: date
    institution_code: str
    institution_name: str
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class TaughtIdentity:
    """Who somebody is or was: as the school said when it granted a claim, or as the own document says."""

    document_type: str
    document_key: bytes
    document_ciphertext: bytes
    name: str


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """Whose a record is, at which version, and who the school says that is."""

    id: UUID
    person_id: UUID
    version: int
    document_type: str
    document_key: bytes
    document_ciphertext: bytes
    name: str
    sex: str
    birth_date: date
    admission_date: date


class FormerIdentityRepository:
    """Statements of grants and their undoing, and what the owner reads."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get_record_for_update(self, enrollment_id: UUID) -> HeldRecord:
        """The record, and no other claim to it is decided until this transaction ends."""
        columns = (getattr(Enrollment, name) for name in ("id", "person_id", "version", *_OF_RECORD))
        statement = select(*columns).where(Enrollment.id == enrollment_id).with_for_update()
        return HeldRecord(*(await self._session.execute(statement)).one())

    async def get_transferred(self, enrollment_id: UUID) -> tuple[UUID, datetime] | None:
        """The record at another school that this one became, and when."""
        statement: Select[*tuple[Any, ...]] = select(Transfer.new_enrollment_id, Transfer.decided_at).where(
            Transfer.enrollment_id == enrollment_id, Transfer.state == "agreed"
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else (row[0], row[1])

    async def get_school_since(self, enrollment_id: UUID, since: datetime) -> tuple[str, str] | None:
        """Code and name of the school that took the student of this record since then."""
        statement: Select[*tuple[Any, ...]] = (
            select(Institution.code, Institution.name)
            .join_from(Transfer, Institution, Institution.code == Transfer.to_code)
            .where(Transfer.enrollment_id == enrollment_id, Transfer.state == "agreed", Transfer.decided_at >= since)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else (row[0], row[1])

    async def lock_person(self, person_id: UUID) -> None:
        """Nobody is verified as this person, and no roster gives it records, until this transaction ends."""
        await self._session.execute(select(Person.id).where(Person.id == person_id).with_for_update())

    async def get_person(self, person_id: UUID) -> TaughtIdentity:
        """Who the person is, as its own document says."""
        columns = (getattr(Person, name) for name in (*_DOCUMENT, "name"))
        return TaughtIdentity(*(await self._session.execute(select(*columns).where(Person.id == person_id))).one())

    async def has_records(self, person_id: UUID) -> bool:
        """Whether anything is registered of this person."""
        return bool(await self._session.scalar(select(exists().where(Enrollment.person_id == person_id))))

    async def stands_for_somebody(self, document_key: bytes, document_type: str) -> bool:
        """Whether rosters that bring this number mean somebody who has another now."""
        return bool(
            await self._session.scalar(
                select(
                    exists().where(
                        FormerIdentity.document_key == document_key,
                        FormerIdentity.document_type == document_type,
                        FormerIdentity.stands_for,
                        FormerIdentity.undone_at.is_(None),
                    )
                )
            )
        )

    async def is_known(self, person_id: UUID, document_key: bytes) -> bool:
        """Whether some school has granted that this number was the person's."""
        statement = select(
            exists().where(
                FormerIdentity.person_id == person_id,
                FormerIdentity.document_key == document_key,
                FormerIdentity.stands_for,
                FormerIdentity.undone_at.is_(None),
            )
        )
        return bool(await self._session.scalar(statement))

    async def is_kept(self, person_id: UUID, document_key: bytes, name: str) -> bool:
        """Whether it is known already that this was the person."""
        statement = select(
            exists().where(
                FormerIdentity.person_id == person_id,
                FormerIdentity.document_key == document_key,
                FormerIdentity.name == name,
                FormerIdentity.undone_at.is_(None),
            )
        )
        return bool(await self._session.scalar(statement))

    async def give_outcomes(self, enrollment_id: UUID, person_id: UUID) -> None:
        """学历 and 学位 go with their record."""
        for table in (Qualification, Degree):
            await self._session.execute(
                update(table).where(table.enrollment_id == enrollment_id).values(person_id=person_id)
            )

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(FormerIdentity).values(**values))

    async def undo(
        self, claim_id: UUID, person_id: UUID, enrollment_ids: Collection[UUID], *, now: datetime
    ) -> TaughtIdentity:
        """What the claim taught, and corrections of its records since, is not believed any more; what the claim did."""
        corrected = and_(
            FormerIdentity.person_id == person_id,
            FormerIdentity.enrollment_id.in_(enrollment_ids),
            FormerIdentity.claim_id.is_(None),
        )
        columns = (getattr(FormerIdentity, name) for name in (*_DOCUMENT, "name"))
        statement = (
            update(FormerIdentity)
            .where(or_(FormerIdentity.claim_id == claim_id, corrected), FormerIdentity.undone_at.is_(None))
            .values(undone_at=now)
            .returning(*columns, FormerIdentity.claim_id)
        )
        rows = list(await self._session.execute(statement))
        (by_claim,) = (TaughtIdentity(*row[:-1]) for row in rows if row.claim_id == claim_id)
        return by_claim

    async def list_for_person(self, person_id: UUID, *, most: int) -> list[FormerIdentityRow]:
        """Newest first, with those that were undone."""
        statement = (
            select(
                FormerIdentity.id,
                FormerIdentity.name,
                FormerIdentity.document_type,
                FormerIdentity.document_ciphertext,
                FormerIdentity.since,
                FormerIdentity.until,
                Institution.code,
                Institution.name,
                FormerIdentity.undone_at,
            )
            .join(Enrollment, Enrollment.id == FormerIdentity.enrollment_id)
            .join(Institution, Institution.code == Enrollment.institution_code)
            .where(FormerIdentity.person_id == person_id)
            .order_by(FormerIdentity.id.desc())
            .limit(most)
        )
        return [FormerIdentityRow(*row) for row in await self._session.execute(statement)]
