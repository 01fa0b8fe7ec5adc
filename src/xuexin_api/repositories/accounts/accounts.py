"""Accounts and what hangs on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import BindParameter, Select, bindparam, case, insert, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.models.accounts import Account, Consent, Credential, SecurityAnswers
from xuexin_api.models.accounts import Session as SessionRow
from xuexin_api.repositories.database import Database, HotStatement

ACCOUNT_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Account.id,
    Account.state,
    Account.name,
    Account.sex,
    Account.document_type,
    Account.document_key,
    Account.document_ciphertext,
    Account.phone_key,
    Account.phone_ciphertext,
    Account.phone_bound_at,
    Account.email_ciphertext,
    Account.email_verified_at,
    Account.person_id,
    Account.verified_strength,
    Account.second_factors,
    Account.closes_at,
    Account.created_at,
)

Identifier = Literal["phone", "email", "document"]
OPEN_STATES: Final = ("active", "closing", "conflict")
"""Accounts that can be logged in to, and that claim their document."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as it is stored, sealed values sealed."""

    id: UUID
    state: str
    name: str
    sex: str
    document_type: str
    document_key: bytes
    document_ciphertext: bytes
    phone_key: bytes | None
    phone_ciphertext: bytes | None
    phone_bound_at: datetime | None
    email_ciphertext: bytes | None
    email_verified_at: datetime | None
    person_id: UUID | None
    verified_strength: str | None
    second_factors: list[str]
    closes_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SecurityQuestions:
    """Which questions were chosen, and the one hash over their answers."""

    question_ids: tuple[str, ...]
    answers_hash: str


_MY_ACCOUNT = HotStatement(
    select(
        *ACCOUNT_COLUMNS,
        Account.state.label("account_state"),
        SessionRow.epoch,
        SessionRow.ended_at,
        SessionRow.ends_at,
        SessionRow.idle_until,
    )
    .join(SessionRow, SessionRow.account_id == Account.id)
    .where(SessionRow.id == bindparam("session_id"), Account.id == bindparam("account_id"))
)


class AccountRepository:
    """Accounts, credentials, security answers, consents."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(Account).values(**values))

    async def add_credential(self, account_id: UUID, password_hash: str, *, now: datetime) -> None:
        await self._session.execute(
            insert(Credential).values(account_id=account_id, password_hash=password_hash, changed_at=now)
        )

    async def set_password_hash(self, account_id: UUID, password_hash: str, *, replaces: str) -> bool:
        """The same password under a dearer hash; False where a password changed meanwhile stays."""
        statement = (
            update(Credential)
            .where(Credential.account_id == account_id, Credential.password_hash == replaces)
            .values(password_hash=password_hash)
            .returning(Credential.account_id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def replace_password(self, account_id: UUID, password_hash: str, *, now: datetime) -> None:
        """Another password, or the first of an account that had none."""
        written = upsert(Credential).values(account_id=account_id, password_hash=password_hash, changed_at=now)
        await self._session.execute(
            written.on_conflict_do_update(
                index_elements=["account_id"], set_={"password_hash": password_hash, "changed_at": now}
            )
        )

    async def lock(self, account_id: UUID, *, skips_locked: bool = False) -> AccountRow | None:
        """The account, and nobody else changes it until this transaction ends; or None where somebody just does."""
        statement = select(*ACCOUNT_COLUMNS).where(Account.id == account_id).with_for_update(skip_locked=skips_locked)
        row = (await self._session.execute(statement)).first()
        return None if row is None else AccountRow(*row)

    async def keep(self, account_id: UUID) -> None:
        """Nobody changes the account until this transaction ends; others may keep it so as well, and point to it."""
        await self._session.execute(select(Account.id).where(Account.id == account_id).with_for_update(read=True))

    async def add_security_answers(
        self, account_id: UUID, question_ids: Sequence[str], answers_hash: str, *, now: datetime
    ) -> None:
        await self._session.execute(
            insert(SecurityAnswers).values(
                account_id=account_id,
                question_ids=list(question_ids),
                answers_hash=answers_hash,
                changed_at=now,
            )
        )

    async def get_security_questions(self, account_id: UUID) -> SecurityQuestions | None:
        statement = select(SecurityAnswers.question_ids, SecurityAnswers.answers_hash).where(
            SecurityAnswers.account_id == account_id
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else SecurityQuestions(tuple(row[0]), row[1])

    async def add_consents(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._session.execute(insert(Consent), list(rows))

    async def list_consents(
        self, account_id: UUID, *, before: UUID | None, most: int
    ) -> list[tuple[UUID, str, str, bool, datetime]]:
        """(id, kind, version, given, at), newest first."""
        statement = select(Consent.id, Consent.kind, Consent.version, Consent.given, Consent.at).where(
            Consent.account_id == account_id
        )
        if before is not None:
            statement = statement.where(Consent.id < before)
        rows = await self._session.execute(statement.order_by(Consent.id.desc()).limit(most))
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

    async def get_consent(self, account_id: UUID, kind: str) -> tuple[str, bool, datetime] | None:
        """(version, given, at) of the newest of this kind."""
        statement = select(Consent.version, Consent.given, Consent.at).where(
            Consent.account_id == account_id, Consent.kind == kind
        )
        row = (await self._session.execute(statement.order_by(Consent.at.desc(), Consent.id.desc()).limit(1))).first()
        return None if row is None else (row[0], row[1], row[2])

    async def get_id_by_phone(self, phone_key: bytes) -> UUID | None:
        return await self._session.scalar(select(Account.id).where(Account.phone_key == phone_key))

    async def release_phone(self, account_id: UUID) -> None:
        """The account has no phone from now on."""
        await self._session.execute(
            update(Account)
            .where(Account.id == account_id)
            .values(phone_key=None, phone_ciphertext=None, phone_bound_at=None)
        )

    async def set_phone(
        self, account_id: UUID, phone_key: bytes, phone_ciphertext: bytes, *, bound_at: datetime | None
    ) -> None:
        """The account has this phone, since `bound_at`; the unique index refuses one that another account has."""
        await self._session.execute(
            update(Account)
            .where(Account.id == account_id)
            .values(phone_key=phone_key, phone_ciphertext=phone_ciphertext, phone_bound_at=bound_at)
        )

    async def get_id_by_document(self, document_key: bytes) -> UUID | None:
        """The living account that has the document; one in conflict only claims it."""
        statement = select(Account.id).where(
            Account.document_key == document_key, Account.state.in_(("active", "closing"))
        )
        return await self._session.scalar(statement)

    async def get_for_login(self, kind: Identifier, key: bytes) -> tuple[AccountRow, str | None] | None:
        """The account behind a login name, with its password hash."""
        statement = select(*ACCOUNT_COLUMNS, Credential.password_hash).outerjoin(Credential)
        row = (await self._session.execute(narrowed(statement, kind, key))).first()
        return None if row is None else (AccountRow(*row[:-1]), row[-1])

    async def get_password_hash(self, account_id: UUID) -> str | None:
        return await self._session.scalar(select(Credential.password_hash).where(Credential.account_id == account_id))

    async def get(self, account_id: UUID) -> AccountRow | None:
        row = (await self._session.execute(select(*ACCOUNT_COLUMNS).where(Account.id == account_id))).first()
        return None if row is None else AccountRow(*row)

    async def reopen(self, account_id: UUID) -> bool:
        """The closing is undone; False when it was none (any more)."""
        statement = (
            update(Account)
            .where(Account.id == account_id, Account.state == "closing")
            .values(state="active", closes_at=None)
            .returning(Account.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def bind_person(self, account_id: UUID, person_id: UUID, strength: str) -> bool:
        """The account is this person from now on; False when it already is somebody else or not active.

        Of several verifications the strongest counts.
        """
        best = case((Account.verified_strength == "strong", Account.verified_strength), else_=strength)
        statement = (
            update(Account)
            .where(
                Account.id == account_id,
                Account.state == "active",
                Account.person_id.is_(None) | (Account.person_id == person_id),
            )
            .values(person_id=person_id, verified_strength=best)
            .returning(Account.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def list_holders_for_update(self, document_key: bytes, person_id: UUID | None) -> list[AccountRow]:
        """The living accounts that have the document or are the person: two at most, by the unique indexes."""
        same = Account.document_key == document_key
        if person_id is not None:
            same |= Account.person_id == person_id
        statement = (
            select(*ACCOUNT_COLUMNS)
            .where(same, Account.state.in_(("active", "closing")))
            .order_by(Account.id)
            .with_for_update()
        )
        return [AccountRow(*row) for row in await self._session.execute(statement)]

    async def set_standing(
        self,
        account_id: UUID,
        *,
        state: str,
        person_id: UUID | None,
        strength: str | None,
        closes_at: datetime | None = None,
    ) -> None:
        """What a decided case makes of an account; the unique indexes have the last word."""
        await self._session.execute(
            update(Account)
            .where(Account.id == account_id)
            .values(state=state, person_id=person_id, verified_strength=strength, closes_at=closes_at)
        )


def narrowed(
    statement: Select[*tuple[Any, ...]], kind: Identifier, key: bytes | BindParameter[bytes]
) -> Select[*tuple[Any, ...]]:
    """The account behind a login name: a document number stands for the verified one, else the oldest active claim."""
    # Written out: a hot statement has a fixed number of parameters.
    alive = Account.state.in_([literal_column(f"'{state}'") for state in OPEN_STATES])
    if kind == "phone":
        return statement.where(Account.phone_key == key, alive)
    if kind == "email":
        return statement.where(Account.email_key == key, Account.email_verified_at.is_not(None), alive)
    return (
        statement.where(Account.document_key == key, alive)
        .order_by(Account.person_id.is_(None), Account.state != "active", Account.created_at)
        .limit(1)
    )


class AccountReads:
    """The hot read: one's own account, with the session that asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_mine(self, *, session_id: UUID, account_id: UUID) -> Mapping[str, Any] | None:
        return await self._database.row(_MY_ACCOUNT, session_id=session_id, account_id=account_id)
