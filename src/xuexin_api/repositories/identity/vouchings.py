"""Classmates who vouch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from xuexin_api.models.accounts import Account
from xuexin_api.models.archive import Enrollment, Institution, Person
from xuexin_api.models.cases import IdentityCase, Vouching
from xuexin_api.models.identity import IdentityVerification
from xuexin_api.repositories.identity.endings import case_is_over, verification_is_over

_SAME_CLASS_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class VouchingPlace:
    """What classmates vouch for: one of these, each a column of theirs."""

    case_id: UUID | None = None
    verification_id: UUID | None = None

    @property
    def columns(self) -> dict[str, UUID | None]:
        """What a row has that belongs here."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def holds(self) -> ColumnElement[bool]:
        """Whether a row belongs here."""
        return and_(*(getattr(Vouching, name) == value for name, value in self.columns.items() if value is not None))


@dataclass(frozen=True, slots=True)
class Classmate:
    """A verified account, and the record of the claimed person that shares a class with it."""

    account_id: UUID
    person_id: UUID
    enrollment_id: UUID
    claimed_name: str


@dataclass(frozen=True, slots=True)
class AskedRow:
    """One asked classmate, as whoever asked knows it; of a forgotten phone the masked form is sealed."""

    id: UUID
    forgotten: bool
    phone_ciphertext: bytes
    state: str
    created_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request to vouch, as the classmate reads it; `gathers` while what it is for takes answers."""

    id: UUID
    case_id: UUID | None
    verification_id: UUID | None
    applicant_id: UUID
    document_key: bytes
    gathers: bool
    state: str
    claimed_name: str
    institution_name: str
    programme_name: str
    class_name: str | None
    applicant_phone: bytes | None
    created_at: datetime
    expires_at: datetime
    answered_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Whether it may still be answered."""
        return self.state == "asked" and self.gathers and now < self.expires_at

    @property
    def place(self) -> VouchingPlace:
        """What it is for."""
        return VouchingPlace(self.case_id, self.verification_id)


_REQUEST: Final[Select[*tuple[Any, ...]]] = (
    select(
        Vouching.id,
        Vouching.case_id,
        Vouching.verification_id,
        Account.id,
        func.coalesce(IdentityCase.document_key, Account.document_key),
        or_(
            IdentityCase.state.is_not_distinct_from("draft"),
            IdentityVerification.status.is_not_distinct_from("pending"),
        ),
        Vouching.state,
        Enrollment.name,
        Institution.name,
        Enrollment.programme_name,
        Enrollment.class_name,
        Account.phone_ciphertext,
        Vouching.created_at,
        func.coalesce(IdentityCase.expires_at, IdentityVerification.expires_at),
        Vouching.answered_at,
    )
    .outerjoin(IdentityCase, IdentityCase.id == Vouching.case_id)
    .outerjoin(IdentityVerification, IdentityVerification.id == Vouching.verification_id)
    .join(Account, Account.id == func.coalesce(IdentityCase.account_id, IdentityVerification.account_id))
    .join(Enrollment, Enrollment.id == Vouching.enrollment_id)
    .join(Institution, Institution.code == Enrollment.institution_code)
)


class VouchingRepository:
    """Statements on vouchings."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_classmates(self, phone_key: bytes, document_key: bytes) -> list[Classmate]:
        """The verified account with this phone, once for each class that it shares with the claimed person."""
        own, claimed = aliased(Enrollment), aliased(Enrollment)
        same_class = and_(
            claimed.institution_code == own.institution_code,
            claimed.programme_code == own.programme_code,
            claimed.admission_date == own.admission_date,
            claimed.class_name == own.class_name,
            claimed.person_id != own.person_id,
        )
        statement = (
            select(Account.id, own.person_id, claimed.id, claimed.name)
            .join(own, own.person_id == Account.person_id)
            .join(claimed, same_class)
            .join(Person, Person.id == claimed.person_id)
            .where(Account.phone_key == phone_key, Account.state == "active", Person.document_key == document_key)
            .limit(_SAME_CLASS_AT_MOST)
        )
        rows = await self._session.execute(statement)
        return [Classmate(row[0], row[1], row[2], row[3]) for row in rows]

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(Vouching).values(**values))

    async def list_asked(self, places: Sequence[VouchingPlace]) -> dict[VouchingPlace, list[AskedRow]]:
        """Who was asked, oldest first; whoever asks may ask few."""
        found: dict[VouchingPlace, list[AskedRow]] = {place: [] for place in places}
        if not places:
            return found
        statement = select(
            Vouching.case_id,
            Vouching.verification_id,
            Vouching.id,
            Vouching.phone_key.is_(None),
            Vouching.phone_ciphertext,
            Vouching.state,
            Vouching.created_at,
            Vouching.answered_at,
        ).where(or_(*(place.holds for place in places)))
        for row in await self._session.execute(statement.order_by(Vouching.id)):
            found[VouchingPlace(*row[:2])].append(AskedRow(*row[2:]))
        return found

    async def list_to_forget(
        self, *, decided_before: datetime, now: datetime, after: UUID, most: int
    ) -> list[tuple[UUID, bytes]]:
        """(vouching, sealed phone) of what is over and still knows whom it asked, after the last of the list before."""
        statement = (
            select(Vouching.id, Vouching.phone_ciphertext)
            .outerjoin(IdentityCase, IdentityCase.id == Vouching.case_id)
            .outerjoin(IdentityVerification, IdentityVerification.id == Vouching.verification_id)
            .where(
                Vouching.phone_key.is_not(None),
                Vouching.id > after,
                or_(
                    case_is_over(decided_before=decided_before, now=now),
                    verification_is_over(decided_before=decided_before, now=now),
                ),
            )
            .order_by(Vouching.id)
            .limit(most)
        )
        return [(row[0], row[1]) for row in await self._session.execute(statement)]

    async def forget_phone(self, vouching_id: UUID, masked_ciphertext: bytes) -> None:
        """The masked form takes the phone's place, once; nothing finds it by its number any more."""
        await self._session.execute(
            update(Vouching)
            .where(Vouching.id == vouching_id, Vouching.phone_key.is_not(None))
            .values(phone_key=None, phone_ciphertext=masked_ciphertext)
        )

    async def list_for_account(self, account_id: UUID, *, before: UUID | None, most: int) -> list[RequestRow]:
        """Newest first."""
        statement = _REQUEST.where(Vouching.account_id == account_id)
        if before is not None:
            statement = statement.where(Vouching.id < before)
        rows = await self._session.execute(statement.order_by(Vouching.id.desc()).limit(most))
        return [RequestRow(*row) for row in rows]

    async def get_for_account(self, vouching_id: UUID, account_id: UUID) -> RequestRow | None:
        statement = _REQUEST.where(Vouching.id == vouching_id, Vouching.account_id == account_id)
        row = (await self._session.execute(statement)).first()
        return None if row is None else RequestRow(*row)

    async def answer(self, vouching_id: UUID, state: str, *, now: datetime) -> bool:
        """Asked becomes answered, once."""
        statement = (
            update(Vouching)
            .where(Vouching.id == vouching_id, Vouching.state == "asked")
            .values(state=state, answered_at=now)
            .returning(Vouching.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def list_vouched_for(self, place: VouchingPlace, document_key: bytes) -> list[tuple[UUID, int]]:
        """(person with the document, number of different people who vouched that the applicant is that person).

        The yes of an account that has lost its person since was a stranger's.
        """
        statement = (
            select(Enrollment.person_id, func.count(Vouching.person_id.distinct()))
            .join(Enrollment, Enrollment.id == Vouching.enrollment_id)
            .join(Person, Person.id == Enrollment.person_id)
            .join(Account, and_(Account.id == Vouching.account_id, Account.person_id == Vouching.person_id))
            .where(place.holds, Vouching.state == "vouched", Person.document_key == document_key)
            .group_by(Enrollment.person_id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(statement)]

    async def lock_voucher(self, person_id: UUID) -> None:
        """Wait for the person's turn to vouch; it ends with the transaction."""
        await self._session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"voucher {person_id}"))))

    async def count_by_person(self, person_id: UUID, *, but: UUID, since: datetime) -> int:
        """For how many accounts somebody vouched, `but` one."""
        applicant = func.coalesce(IdentityCase.account_id, IdentityVerification.account_id)
        statement = (
            select(func.count(applicant.distinct()))
            .select_from(Vouching)
            .outerjoin(IdentityCase, IdentityCase.id == Vouching.case_id)
            .outerjoin(IdentityVerification, IdentityVerification.id == Vouching.verification_id)
            .where(
                Vouching.person_id == person_id,
                Vouching.state == "vouched",
                Vouching.answered_at >= since,
                applicant != but,
            )
        )
        return int(await self._session.scalar(statement) or 0)
