"""Proving who one is: by facts of one's own record or by classmates (weak), by a provider or by photos (strong)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.case_rules import CaseState, Evidence
from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    CaseClosedError,
    FactsDoNotMatchError,
    IdentityHeldError,
    MethodNotAvailableError,
    TokenInvalidError,
    TooManyOperationsError,
    VerificationNotFoundError,
)
from xuexin_api.core.policies import CasePolicy, PhotoPolicy, VerificationPolicy
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.identity_providers import Opened, Verdict
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.archive.archive import RecordRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.identity.identity import VerificationRepository, VerificationRow
from xuexin_api.repositories.identity.persons import PersonRepository
from xuexin_api.repositories.identity.vouchings import VouchingPlace, VouchingRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.assurance import VerificationRule
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.identity.case_opening import CaseOpening
from xuexin_api.services.identity.provider_asking import ProviderAsking
from xuexin_api.services.identity.record_facts import PERSON_TRIES, judge_facts
from xuexin_api.services.sessions.session_opening import SessionOpening, Tokens
from xuexin_api.services.verification_methods import BY_PEOPLE, RECORD_FACTS, VerificationMethod

# The candidate number is the secret of the three; of the others one is drawn from what every record has, so
# that the questions say nothing about the record, or whether there is one.
_ALWAYS_ASKED: Final = ("candidate_number", "student_number")
_DRAWN_FROM: Final = ("admission_year", "institution_code", "programme_name")
_ACCOUNT_TRIES: Final = "verification_account"
_STARTS: Final = "verification_starts"
_CHECKS: Final = 100
"""How often one verification may be asked about at its provider."""


@dataclass(frozen=True, slots=True)
class StartedVerification:
    """Pending: the questions wait for answers, or the provider's page for somebody."""

    id: UUID
    method: str
    questions: list[str]
    expires_in: int
    redirect_url: str | None = None


@dataclass(frozen=True, slots=True)
class PassedVerification:
    """Passed: these tokens read the archive, and all earlier ones of the session are dead."""

    id: UUID
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class CheckedVerification:
    """How it went: passed with tokens, or, of an account in conflict, as evidence of its case."""

    id: UUID
    status: str
    tokens: Tokens | None = None
    case_id: UUID | None = None


class IdentityVerificationService(Service):
    """One state machine: pending → passed, failed, or left behind; passed → ended."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        verifications: VerificationRepository,
        sessions: SessionRepository,
        accounts: AccountRepository,
        callers: Callers,
        cases: CaseRepository,
        case_opening: CaseOpening,
        persons: PersonRepository,
        vouchings: VouchingRepository,
        asking: ProviderAsking,
        rule: VerificationRule,
        records: RecordRepository,
        counters: CounterRepository,
        audit: AuditRepository,
        opening: SessionOpening,
        policy: VerificationPolicy,
        photo_policy: PhotoPolicy,
        case_policy: CasePolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._verifications = verifications
        self._sessions = sessions
        self._accounts = accounts
        self._callers = callers
        self._cases = cases
        self._case_opening = case_opening
        self._persons = persons
        self._vouchings = vouchings
        self._asking = asking
        self._rule = rule
        self._records = records
        self._counters = counters
        self._audit = audit
        self._opening = opening
        self._policy = policy
        self._photo_policy = photo_policy
        self._case_policy = case_policy
        self._entropy = entropy

    async def list_methods(self, claims: Claims) -> list[VerificationMethod]:
        """Every way there is, and whether it is open to this account."""
        async with self._read():
            account = await self._callers.account_of(claims)
        return await self._rule.methods_of(account.id)

    async def start(self, method: str, claims: Claims) -> StartedVerification:
        """Begin a verification by `method`."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            methods = await self._rule.methods_of(account.id)
            if not any(known.method == method and known.available for known in methods):
                raise MethodNotAvailableError
            if account.state == "conflict":
                await self._draft_of(account)
            await self._count_or_refuse(
                _STARTS, account.id.bytes, most=self._policy.per_account_day * self._policy.tries, now=now
            )
        verification_id = self._entropy.identifier()
        if method == RECORD_FACTS:
            drawn = _DRAWN_FROM[self._entropy.below(len(_DRAWN_FROM))]
            questions: list[str] = [*_ALWAYS_ASKED, drawn]
            opened: Opened | None = None
        elif method in BY_PEOPLE:
            questions, opened = [], None
        else:
            questions, opened = [], await self._asking.open(method, verification_id, account)
        lifetime = self._lifetime(method)
        async with self._transaction():
            if method in BY_PEOPLE:
                # One begun at the same moment ends the other, or is ended.
                await self._accounts.lock(account.id)
                await self._verifications.end_pending(account.id, method, now=now)
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
                    "expires_at": now + timedelta(seconds=lifetime),
                    "provider_id": None if opened is None else opened.provider_id,
                }
            )
        url = None if opened is None else opened.url
        return StartedVerification(verification_id, method, questions, lifetime, url)

    def _lifetime(self, method: str) -> int:
        if method == Evidence.HANDHELD_PHOTO:
            return self._photo_policy.draft
        return self._policy.classmates if method == Evidence.CLASSMATES else self._policy.lifetime

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
            if not questions:
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
            async with self._transaction():
                # With the lock of the document: a claim to it may be handed in at this moment.
                await self._cases.lock_document(account.document_key)
                if await self._is_contested(account):
                    raise MethodNotAvailableError
                tokens = await self._pass(verification_id, RECORD_FACTS, account, person_id, claims)
                await self._counters.take_back(PERSON_TRIES, account.document_key)
                await self._counters.take_back(_ACCOUNT_TRIES, account.id.bytes)
        return PassedVerification(verification_id, tokens)

    async def check(self, verification_id: UUID, claims: Claims) -> CheckedVerification:
        """Ask the provider how it went: nothing that a redirect brings is believed. Of others, what people said."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            row = await self._verifications.get(verification_id, account_id=account.id)
            if row is not None and row.method == Evidence.HANDHELD_PHOTO:
                return await self._check_photos(row, account, claims, now)
            if row is None or row.method != Evidence.CLASSMATES:
                counted = await self._verifications.count_try(
                    verification_id, account_id=account.id, session_id=claims.session_id, most=_CHECKS, now=now
                )
        if row is not None and row.method == Evidence.CLASSMATES:
            return await self._check_classmates(verification_id, account, claims)
        if counted is None or row is None or row.provider_id is None or row.method not in self._asking.providers:
            raise VerificationNotFoundError
        verdict = await self._asking.verdict(row.method, row.provider_id, account)
        if verdict is Verdict.PENDING:
            return CheckedVerification(verification_id, "pending")
        if verdict is Verdict.FAILED:
            async with self._transaction():
                if not await self._verifications.fail(verification_id):
                    raise VerificationNotFoundError
            return CheckedVerification(verification_id, "failed")
        with refused_by({"uq_accounts_person_id": IdentityHeldError()}):
            async with self._transaction():
                return await self._pass_by_provider(row, account.id, claims)

    async def _check_photos(
        self, row: VerificationRow, account: AccountRow, claims: Claims, now: datetime
    ) -> CheckedVerification:
        """The account was verified when they were accepted; the session that sent them takes its tokens, once."""
        if row.session_id != claims.session_id:
            raise VerificationNotFoundError
        if row.status == "in_review":
            return CheckedVerification(row.id, "pending")
        if row.status == "failed":
            return CheckedVerification(row.id, "failed")
        late = row.decided_at is None or row.decided_at + timedelta(seconds=self._photo_policy.result) <= now
        if late or not await self._verifications.take_up(row.id, now=now):
            raise VerificationNotFoundError
        return CheckedVerification(row.id, "passed", await self._raise_session(row.method, account.id, claims, now))

    async def _check_classmates(
        self, verification_id: UUID, account: AccountRow, claims: Claims
    ) -> CheckedVerification:
        """Passed where enough have vouched that the account's owner is one person, who has the document still."""
        with refused_by({"uq_accounts_person_id": IdentityHeldError()}):
            async with self._transaction():
                # With the lock of the document: a claim to it may be handed in at this moment, or a classmate say yes.
                await self._cases.lock_document(account.document_key)
                row = await self._verifications.get(verification_id, account_id=account.id, lock=True)
                late = row is None or row.status != "pending" or row.expires_at <= self._clock.now()
                if row is None or late or row.session_id != claims.session_id:
                    raise VerificationNotFoundError
                if await self._is_contested(account):
                    raise MethodNotAvailableError
                place = VouchingPlace(verification_id=row.id)
                for person_id, vouched in await self._vouchings.list_vouched_for(place, account.document_key):
                    if vouched >= self._case_policy.classmates_needed:
                        return CheckedVerification(
                            row.id, "passed", await self._pass(row.id, row.method, account, person_id, claims)
                        )
                return CheckedVerification(row.id, "pending")

    async def _pass_by_provider(self, row: VerificationRow, account_id: UUID, claims: Claims) -> CheckedVerification:
        """A result for an active account; for one in conflict, evidence of its case."""
        seen = await self._accounts.get(account_id)
        if seen is None:
            raise TokenInvalidError
        await self._cases.lock_document(seen.document_key)
        account = await self._accounts.lock(account_id)
        if account is None:
            raise TokenInvalidError
        now = self._clock.now()
        person_id = await self._persons.get_id_by_document(account.document_key, account.document_type)
        if account.state == "conflict":
            case_id = await self._draft_of(account)
            if not await self._verifications.consume(row.id, person_id=person_id, now=now):
                raise VerificationNotFoundError
            await self._case_opening.add_evidence(case_id, Evidence(row.method), person_id, "claimant", now=now)
            await self._note("pass", account.id, claims, now)
            return CheckedVerification(row.id, "passed", case_id=case_id)
        if person_id is None:
            person_id = self._entropy.identifier()
            await self._persons.add_from_account(person_id, account.id, {"ethnicity": "", "created_at": now})
        tokens = await self._pass(row.id, row.method, account, person_id, claims)
        return CheckedVerification(row.id, "passed", tokens)

    async def _pass(
        self, verification_id: UUID, method: str, account: AccountRow, person_id: UUID, claims: Claims
    ) -> Tokens:
        now = self._clock.now()
        if not await self._verifications.consume(verification_id, person_id=person_id, now=now):
            raise VerificationNotFoundError
        if not await self._accounts.bind_person(account.id, person_id, Evidence(method).strength):
            raise IdentityHeldError
        return await self._raise_session(method, account.id, claims, now)

    async def _raise_session(self, method: str, account_id: UUID, claims: Claims, now: datetime) -> Tokens:
        state = await self._sessions.mark_verified(claims.session_id, claims.epoch, method, now=now)
        if state is None:
            raise TokenInvalidError
        await self._counters.take_back(_STARTS, account_id.bytes)
        await self._note("pass", account_id, claims, now)
        return self._opening.tokens_of(state, now=now)

    async def _draft_of(self, account: AccountRow) -> UUID:
        """The case that evidence goes to; handed in, it takes none any more."""
        case = await self._cases.get_living_for_account(account.id)
        if case is None or case.state != CaseState.DRAFT or case.expires_at <= self._clock.now():
            raise CaseClosedError
        return case.id

    async def _is_contested(self, account: AccountRow) -> bool:
        """Whether a claim keeps the account from its first verification; one that was verified stays as it is."""
        return account.person_id is None and await self._cases.is_contested(account.document_key)

    async def _note(self, action: str, account_id: UUID, claims: Claims, now: datetime) -> None:
        await self._audit.add(
            self._entropy.identifier(),
            f"identity:verification:{action}",
            account_id=account_id,
            session_id=claims.session_id,
            now=now,
        )

    async def _count_or_refuse(self, scope: str, subject: bytes, *, most: int, now: datetime) -> None:
        counter = await self._counters.add_one(scope, subject, now=now, window_ends_at=now + DAY)
        if counter.count > most:
            raise TooManyOperationsError(retry_after=seconds_until(counter.window_ends_at, now))
