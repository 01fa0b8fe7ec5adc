"""One-time codes, phone proofs and spent challenges: each is used up by one guarded UPDATE or INSERT."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import any_, case, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.codes import OneTimeCode, PhoneProof, SpentChallenge


@dataclass(frozen=True, slots=True)
class TriedCode:
    """A code whose try has just been counted."""

    destination_key: bytes
    code_hash: bytes
    purpose: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A phone proof that is still good."""

    id: UUID
    phone_key: bytes
    phone_ciphertext: bytes


class CodeRepository:
    """Everything that works once."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_code(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(OneTimeCode).values(**values))

    async def count_try(self, code_id: UUID, *, most: int, now: datetime) -> TriedCode | None:
        """Count a try of a living code and return it; None when it is unknown, spent, dead or too late."""
        statement = (
            update(OneTimeCode)
            .where(OneTimeCode.id == code_id, *_living(OneTimeCode, now), OneTimeCode.tries < most)
            .values(tries=OneTimeCode.tries + 1)
            .returning(OneTimeCode.destination_key, OneTimeCode.code_hash, OneTimeCode.purpose)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else TriedCode(*row)

    async def consume_code(self, code_id: UUID, *, now: datetime) -> bool:
        """Use the code up; False when somebody else just did."""
        statement = (
            update(OneTimeCode)
            .where(OneTimeCode.id == code_id, *_living(OneTimeCode, now))
            .values(consumed_at=now)
            .returning(OneTimeCode.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def add_proof(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(PhoneProof).values(**values))

    async def try_document(
        self, secret_hash: bytes, document_key: bytes, *, purpose: str, most: int, now: datetime
    ) -> tuple[Proof, bool] | None:
        """Note that a good proof tries a document: the proof, and whether this document is within the `most`."""
        known = literal(document_key) == any_(PhoneProof.tried_documents)
        room = known | (func.cardinality(PhoneProof.tried_documents) < most)
        statement = (
            update(PhoneProof)
            .where(
                PhoneProof.secret_hash == secret_hash,
                PhoneProof.purpose == purpose,
                *_living(PhoneProof, now),
            )
            .values(
                tried_documents=case(
                    (room & ~known, func.array_append(PhoneProof.tried_documents, document_key)),
                    else_=PhoneProof.tried_documents,
                )
            )
            .returning(
                PhoneProof.id,
                PhoneProof.phone_key,
                PhoneProof.phone_ciphertext,
                literal(document_key) == any_(PhoneProof.tried_documents),
            )
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else (Proof(row[0], row[1], row[2]), bool(row[3]))

    async def consume_proof(self, proof_id: UUID, *, now: datetime) -> bool:
        """Use the proof up; False when somebody else just did."""
        statement = (
            update(PhoneProof)
            .where(PhoneProof.id == proof_id, *_living(PhoneProof, now))
            .values(consumed_at=now)
            .returning(PhoneProof.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def use_proof(self, secret_hash: bytes, *, purpose: str, now: datetime) -> Proof | None:
        """Find a good proof by its secret and use it up at once; None where there is none."""
        statement = (
            update(PhoneProof)
            .where(PhoneProof.secret_hash == secret_hash, PhoneProof.purpose == purpose, *_living(PhoneProof, now))
            .values(consumed_at=now)
            .returning(PhoneProof.id, PhoneProof.phone_key, PhoneProof.phone_ciphertext)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else Proof(*row)

    async def spend_challenge(self, nonce: str, *, expires_at: datetime) -> bool:
        """Remember an answered challenge; False when it was answered before."""
        statement = (
            upsert(SpentChallenge)
            .values(nonce=nonce, expires_at=expires_at)
            .on_conflict_do_nothing()
            .returning(SpentChallenge.nonce)
        )
        return (await self._session.execute(statement)).first() is not None

    async def lock_phone(self, phone_key: bytes) -> bool:
        """Take the phone for this transaction; False when another transaction has it now."""
        number = int.from_bytes(phone_key[:8], "big", signed=True)
        return bool(await self._session.scalar(select(func.pg_try_advisory_xact_lock(number))))


def _living(table: type[OneTimeCode | PhoneProof], now: datetime) -> tuple[Any, ...]:
    return (table.consumed_at.is_(None), table.expires_at > now)
