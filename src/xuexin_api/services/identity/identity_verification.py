"""Proving who one is: today by facts of one's own record (weak: classmates know some of them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.case_rules import Strength
from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    FactsDoNotMatchError,
    IdentityHeldError,
    MethodNotAvailableError,
    TokenInvalidError,
    TooManyOperationsError,
    VerificationNotFoundError,
)
from xuexin_api.core.policies import VerificationPolicy
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.archive import RecordRepository
from xuexin_api.repositories.cases import CaseRepository
from xuexin_api.repositories.conflicts import refused_by
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.identity import VerificationRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.repositories.sessions import SessionRepository
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.identity.record_facts import PERSON_TRIES, judge_facts
from xuexin_api.services.sessions.session_opening import SessionOpening, Tokens
from xuexin_api.services.verification_methods import RECORD_FACTS, VerificationMethod, methods_for

# The candidate number is the secret of the three; of the others one is drawn from what every record has, so
# that the questions say nothing about the record, or whether there is one.
_ALWAYS_ASKED: Final = ("candidate_number", "student_number")
_DRAWN_FROM: Final = ("admission_year", "institution_code", "programme_name")
_ACCOUNT_TRIES: Final = "verification_account"
_STARTS: Final = "verification_starts"


@dataclass(frozen=True, slots=True)
class StartedVerification:
    """Pending: the questions wait for answers."""

    id: UUID
    method: str
    questions: list[str]
    expires_in: int


@dataclass(frozen=True, slots=True)
class PassedVerification:
    """Passed: these tokens read the archive, and all earlier ones of the session are dead."""

    id: UUID
    tokens: Tokens


class IdentityVerificationService(Service):
    """One state machine: pending → passed, or left behind."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        verifications: VerificationRepository,
        sessions: SessionRepository,
        accounts: AccountRepository,
        callers: Callers,
        cases: CaseRepository,
        records: RecordRepository,
        counters: CounterRepository,
        audit: AuditRepository,
        opening: SessionOpening,
        policy: VerificationPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._verifications = verifications
        self._sessions = sessions
        self._accounts = accounts
        self._callers = callers
        self._cases = cases
        self._records = records
        self._counters = counters
        self._audit = audit
        self._opening = opening
        self._policy = policy
        self._entropy = entropy

    async def list_methods(self, claims: Claims) -> list[VerificationMethod]:
        """Every way there is, and whether it is open to this account."""
        async with self._read():
            account = await self._callers.account_of(claims)
            return methods_for(account.state, contested=await self._is_contested(account))

    async def start(self, method: str, claims: Claims) -> StartedVerification:
        """Begin a verification by `method`."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            methods = methods_for(account.state, contested=await self._is_contested(account))
            if not any(known.method == method and known.available for known in methods):
                raise MethodNotAvailableError
            await self._count_or_refuse(
                _STARTS, account.id.bytes, most=self._policy.per_account_day * self._policy.tries, now=now
            )
            drawn = _DRAWN_FROM[self._entropy.below(len(_DRAWN_FROM))]
            questions = [*_ALWAYS_ASKED, drawn]
            verification_id = self._entropy.identifier()
            await self._verifications.add(
                {
                    "id": verification_id,
                    "account_id": account.id,
                    "session_id": claims.session_id,
                    "method": method,
                    "status": "pending",
                    "questions": questions,
                    "tries": 0,
                    "created_at": now,
                    "expires_at": now + timedelta(seconds=self._policy.lifetime),
                }
            )
        return StartedVerification(verification_id, method, questions, self._policy.lifetime)

    async def answer(self, verification_id: UUID, answers: Mapping[str, str], claims: Claims) -> PassedVerification:
        """Tokens for right answers; FactsDoNotMatchError for anything else, the try counted first."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            questions = await self._verifications.count_try(
                verification_id,
                account_id=account.id,
                session_id=claims.session_id,
                most=self._policy.tries,
                now=now,
            )
            if questions is None:
                raise VerificationNotFoundError
            person = account.document_key
            tries = await self._counters.add_one(PERSON_TRIES, person, now=now, window_ends_at=now + DAY)
            own = await self._counters.add_one(_ACCOUNT_TRIES, account.id.bytes, now=now, window_ends_at=now + DAY)
        limits = [(own, self._policy.per_account_day)]
        if account.person_id is None:
            # Whoever was verified before has shown the facts: others who claim the document must not keep him out.
            limits.append((tries, self._policy.per_person_day))
        for counter, most in limits:
            if counter.count > most:
                raise TooManyOperationsError(retry_after=seconds_until(counter.window_ends_at, now))

        async with self._read():
            records = await self._records.list_facts_for_document(account.document_key)
        person_id = judge_facts(records, account.name, questions, answers)
        if person_id is None:
            raise FactsDoNotMatchError
        with refused_by({"uq_accounts_person_id": IdentityHeldError()}):
            return await self._pass(verification_id, account, person_id, claims)

    async def _pass(
        self, verification_id: UUID, account: AccountRow, person_id: UUID, claims: Claims
    ) -> PassedVerification:
        now = self._clock.now()
        async with self._transaction():
            # With the lock of the document: a claim to it may be handed in at this moment.
            await self._cases.lock_document(account.document_key)
            if await self._is_contested(account):
                raise MethodNotAvailableError
            if not await self._verifications.consume(verification_id, person_id=person_id, now=now):
                raise VerificationNotFoundError
            if not await self._accounts.bind_person(account.id, person_id, Strength.WEAK):
                raise IdentityHeldError
            state = await self._sessions.mark_verified(claims.session_id, claims.epoch, RECORD_FACTS, now=now)
            if state is None:
                raise TokenInvalidError
            await self._counters.take_back(PERSON_TRIES, account.document_key)
            await self._counters.take_back(_ACCOUNT_TRIES, account.id.bytes)
            await self._counters.take_back(_STARTS, account.id.bytes)
            await self._audit.add(
                self._entropy.identifier(),
                "identity:verification:pass",
                account_id=account.id,
                session_id=claims.session_id,
                now=now,
            )
        return PassedVerification(verification_id, self._opening.tokens_of(state, now=now))

    async def _is_contested(self, account: AccountRow) -> bool:
        """Whether a claim keeps the account from its first verification; one that was verified stays as it is."""
        return account.person_id is None and await self._cases.is_contested(account.document_key)

    async def _count_or_refuse(self, scope: str, subject: bytes, *, most: int, now: datetime) -> None:
        counter = await self._counters.add_one(scope, subject, now=now, window_ends_at=now + DAY)
        if counter.count > most:
            raise TooManyOperationsError(retry_after=seconds_until(counter.window_ends_at, now))
