"""What was tried and what came of it: shown to its owner, who can end a result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.case_rules import Evidence
from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import VerificationNotFoundError
from xuexin_api.core.policies import SessionPolicy
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.identity.identity import VerificationRepository, VerificationRow
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.paging import read_cursor, write_cursor


@dataclass(frozen=True, slots=True)
class VerificationView:
    """A verification as its owner sees it; `valid_until` is how long a passed one opens the archive."""

    id: UUID
    method: str
    strength: str
    status: str
    created_at: datetime
    passed_at: datetime | None
    valid_until: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class VerificationPage:
    """Some verifications, newest first."""

    items: list[VerificationView]
    next_cursor: str | None


class VerificationResultService(Service):
    """Results of the caller's own account."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        verifications: VerificationRepository,
        sessions: SessionRepository,
        callers: Callers,
        audit: AuditRepository,
        policy: SessionPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._verifications = verifications
        self._sessions = sessions
        self._callers = callers
        self._audit = audit
        self._policy = policy
        self._entropy = entropy

    async def list_mine(self, claims: Claims, *, cursor: str | None, most: int) -> VerificationPage:
        """Newest first."""
        before = None if cursor is None else read_cursor(cursor)
        async with self._read():
            account = await self._callers.account_of(claims)
            found = await self._verifications.list_for_account(account.id, before=before, most=most + 1)
        page, now = found[:most], self._clock.now()
        more = len(found) > most
        return VerificationPage([self._view(row, now) for row in page], write_cursor(page[-1].id) if more else None)

    async def get(self, verification_id: UUID, claims: Claims) -> VerificationView:
        """One of the caller's own."""
        async with self._read():
            account = await self._callers.account_of(claims)
            row = await self._verifications.get(verification_id, account_id=account.id)
        if row is None:
            raise VerificationNotFoundError
        return self._view(row, self._clock.now())

    async def end(self, verification_id: UUID, claims: Claims) -> None:
        """A result that is to open nothing any more: its session is back at login, and lives on."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            row = await self._verifications.get(verification_id, account_id=account.id)
            if row is None or row.passed_at is None or not await self._verifications.end(verification_id, now=now):
                raise VerificationNotFoundError
            await self._sessions.drop_verification(row.session_id, row.passed_at)
            await self._audit.add(
                self._entropy.identifier(),
                "identity:verification:end",
                account_id=account.id,
                session_id=claims.session_id,
                now=now,
            )

    def _view(self, row: VerificationRow, now: datetime) -> VerificationView:
        late = row.status == "pending" and row.expires_at <= now
        opens = row.status == "passed" and row.passed_at is not None
        return VerificationView(
            id=row.id,
            method=row.method,
            strength=str(Evidence(row.method).strength),
            status="expired" if late else row.status,
            created_at=row.created_at,
            passed_at=row.passed_at,
            valid_until=row.passed_at + timedelta(seconds=self._policy.verified) if opens and row.passed_at else None,
            ended_at=row.ended_at,
        )
