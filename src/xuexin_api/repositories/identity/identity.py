"""Identity verifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Label, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.models.accounts import Session as SessionRow
from xuexin_api.models.identity import IdentityVerification, VerificationEvent

_REVIEWS_IN_SAMPLE: Final = 100


@dataclass(frozen=True, slots=True)
class VerificationRow:
    """One verification as it is stored; `raises` while its session lives and is verified by it."""

    id: UUID
    session_id: UUID
    method: str
    status: str
    created_at: datetime
    expires_at: datetime
    passed_at: datetime | None
    ended_at: datetime | None
    provider_id: str | None
    account_id: UUID
    queued_at: datetime | None
    decided_at: datetime | None
    reason: str | None
    raises: bool


@dataclass(frozen=True, slots=True)
class VerificationEventRow:
    """One line of a verification's log."""

    kind: str
    actor: str
    reason: str | None
    note: str | None
    at: datetime


_COLUMNS: Final[tuple[InstrumentedAttribute[Any] | Label[bool], ...]] = (
    IdentityVerification.id,
    IdentityVerification.session_id,
    IdentityVerification.method,
    IdentityVerification.status,
    IdentityVerification.created_at,
    IdentityVerification.expires_at,
    IdentityVerification.passed_at,
    IdentityVerification.ended_at,
    IdentityVerification.provider_id,
    IdentityVerification.account_id,
    IdentityVerification.queued_at,
    IdentityVerification.decided_at,
    IdentityVerification.reason,
    exists()
    .where(
        SessionRow.id == IdentityVerification.session_id,
        SessionRow.verified_at == IdentityVerification.passed_at,
        SessionRow.ended_at.is_(None),
    )
    .label("raises"),
)


class VerificationRepository:
    """One row per try of a method."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(IdentityVerification).values(**values))

    async def count_try(
        self, verification_id: UUID, *, account_id: UUID, session_id: UUID, most: int, now: datetime
    ) -> list[str] | None:
        """Count a try of a pending verification of this session and return its questions."""
        statement = (
            update(IdentityVerification)
            .where(
                IdentityVerification.id == verification_id,
                IdentityVerification.account_id == account_id,
                IdentityVerification.session_id == session_id,
                IdentityVerification.status == "pending",
                IdentityVerification.expires_at > now,
                IdentityVerification.tries < most,
            )
            .values(tries=IdentityVerification.tries + 1)
            .returning(IdentityVerification.questions)
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else list(row[0])

    async def get(self, verification_id: UUID, *, account_id: UUID, lock: bool = False) -> VerificationRow | None:
        statement = select(*_COLUMNS).where(
            IdentityVerification.id == verification_id, IdentityVerification.account_id == account_id
        )
        if lock:
            statement = statement.with_for_update()
        row = (await self._session.execute(statement)).first()
        return None if row is None else VerificationRow(*row)

    async def list_for_account(self, account_id: UUID, *, before: UUID | None, most: int) -> list[VerificationRow]:
        """Newest first."""
        statement = select(*_COLUMNS).where(IdentityVerification.account_id == account_id)
        if before is not None:
            statement = statement.where(IdentityVerification.id < before)
        rows = await self._session.execute(statement.order_by(IdentityVerification.id.desc()).limit(most))
        return [VerificationRow(*row) for row in rows]

    async def opened_by(self, account_id: UUID) -> str | None:
        """The way by which the account was verified first; None where it never was."""
        passed_at = IdentityVerification.passed_at
        statement = (
            select(IdentityVerification.method)
            .where(IdentityVerification.account_id == account_id, passed_at.is_not(None))
            .order_by(passed_at)
            .limit(1)
        )
        method: str | None = await self._session.scalar(statement)
        return method

    async def usual_review(self) -> float | None:
        """Seconds within which three quarters of the last reviews were done; None where none was."""
        latest = (
            select(
                func.extract("epoch", IdentityVerification.decided_at - IdentityVerification.queued_at).label("seconds")
            )
            .where(IdentityVerification.decided_at.is_not(None))
            .order_by(IdentityVerification.decided_at.desc())
            .limit(_REVIEWS_IN_SAMPLE)
            .subquery()
        )
        value = await self._session.scalar(select(func.percentile_cont(0.75).within_group(latest.c.seconds)))
        return None if value is None else float(value)

    async def count_queued_before(self, queued_at: datetime) -> int:
        """Verifications that wait for people longer."""
        statement = select(func.count()).where(
            IdentityVerification.status == "in_review", IdentityVerification.queued_at < queued_at
        )
        return int(await self._session.scalar(statement) or 0)

    async def end_pending(self, account_id: UUID, method: str, *, now: datetime) -> None:
        """A new try by the method takes the place of those that were begun."""
        await self._session.execute(
            update(IdentityVerification)
            .where(
                IdentityVerification.account_id == account_id,
                IdentityVerification.method == method,
                IdentityVerification.status == "pending",
            )
            .values(status="ended", ended_at=now)
        )

    async def hand_in(self, verification_id: UUID, *, now: datetime) -> bool:
        """Pending photos wait for a reviewer, once."""
        return await self._move(verification_id, "pending", status="in_review", queued_at=now)

    async def take_up(self, verification_id: UUID, *, now: datetime) -> bool:
        """Accepted becomes passed, once."""
        return await self._move(verification_id, "accepted", status="passed", passed_at=now)

    async def give_up(self, verification_id: UUID, from_status: str, *, now: datetime) -> bool:
        """What was begun, handed in or accepted becomes ended, once."""
        return await self._move(verification_id, from_status, status="ended", ended_at=now)

    async def add_event(
        self,
        verification_id: UUID,
        kind: str,
        actor: str,
        *,
        now: datetime,
        staff_id: UUID | None = None,
        reason: str | None = None,
        note: str | None = None,
    ) -> None:
        """One line of its log."""
        values = {"staff_id": staff_id, "reason": reason, "note": note, "at": now}
        await self._session.execute(
            insert(VerificationEvent).values(verification_id=verification_id, kind=kind, actor=actor, **values)
        )

    async def list_events(
        self, verification_ids: Sequence[UUID], *, most: int
    ) -> dict[UUID, list[VerificationEventRow]]:
        """Of each verification the latest, oldest first."""
        event = VerificationEvent
        columns = (event.kind, event.actor, event.reason, event.note, event.at)
        place = func.row_number().over(partition_by=event.verification_id, order_by=event.id.desc())
        ranked = (
            select(event.verification_id, event.id, *columns, place.label("place"))
            .where(event.verification_id.in_(verification_ids))
            .subquery()
            .c
        )
        statement = (
            select(ranked.verification_id, *(ranked[column.key] for column in columns))
            .where(ranked.place <= most)
            .order_by(ranked.id)
        )
        found: dict[UUID, list[VerificationEventRow]] = {verification_id: [] for verification_id in verification_ids}
        for verification_id, *line in await self._session.execute(statement):
            found[verification_id].append(VerificationEventRow(*line))
        return found

    async def fail(self, verification_id: UUID) -> bool:
        """Pending becomes failed, once."""
        return await self._move(verification_id, "pending", status="failed")

    async def end(self, verification_id: UUID, *, now: datetime) -> bool:
        """Passed becomes ended, once."""
        return await self._move(verification_id, "passed", status="ended", ended_at=now)

    async def _move(self, verification_id: UUID, from_status: str, **values: Any) -> bool:
        statement = (
            update(IdentityVerification)
            .where(IdentityVerification.id == verification_id, IdentityVerification.status == from_status)
            .values(**values)
            .returning(IdentityVerification.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def consume(self, verification_id: UUID, *, person_id: UUID | None, now: datetime) -> bool:
        """Pending becomes passed, once."""
        return await self._move(verification_id, "pending", status="passed", passed_at=now, person_id=person_id)
