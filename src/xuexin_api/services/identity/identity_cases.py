"""Identity conflict cases for the two sides: the claimant who gathers evidence, the holder who objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.case_rules import LIVING, CaseState, Evidence, Strength
from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import (
    AddressLimitedError,
    CaseClosedError,
    CaseExistsError,
    CaseLimitReachedError,
    CaseNotFoundError,
    FactsDoNotMatchError,
    NoConflictError,
    ObjectionRejectedError,
    TooManyOperationsError,
)
from xuexin_api.core.policies import CasePolicy, VerificationPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.archive.archive import RecordRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.identity.cases import CaseRepository, CaseRow
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.identity.vouchings import VouchingPlace
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.identity.asked_classmates import AskedClassmates, classmates_phone
from xuexin_api.services.identity.case_log import CaseLog
from xuexin_api.services.identity.case_opening import CaseOpening
from xuexin_api.services.identity.case_progress import CaseProgress
from xuexin_api.services.identity.case_view import FACTS, CaseView, CaseViews
from xuexin_api.services.identity.record_facts import judge_facts
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.paging import read_cursor, write_cursor

_PERSON_TRIES: Final = "case_person"
"""Of all who claim the document against its holder, and apart from the holder's own: they must not keep him out."""
_ACCOUNT_TRIES: Final = "verification_account"
_ACCOUNT_SUBMISSIONS: Final = "case_submissions_account"
_UNSEEN_SUBMISSIONS: Final = "case_submissions_unseen"
_WEAK_SUBMISSIONS: Final = "case_submissions_weak"
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some of the cases that concern an account, newest first, and where the next ones start."""

    items: list[CaseView]
    next_cursor: str | None


class IdentityCaseService(Service):
    """draft → submitted → notice → in review → decided; every step under the document's lock."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        cases: CaseRepository,
        classmates: AskedClassmates,
        records: RecordRepository,
        counters: CounterRepository,
        callers: Callers,
        opening: CaseOpening,
        progress: CaseProgress,
        views: CaseViews,
        log: CaseLog,
        dispatcher: OutboxDispatcher,
        throttle: Throttle,
        lookups: Lookups,
        sealer: Sealer,
        policy: CasePolicy,
        facts_policy: VerificationPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._cases = cases
        self._classmates = classmates
        self._records = records
        self._counters = counters
        self._callers = callers
        self._opening = opening
        self._progress = progress
        self._views = views
        self._log = log
        self._dispatcher = dispatcher
        self._throttle = throttle
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._facts_policy = facts_policy

    async def open(self, claims: Claims) -> CaseView:
        """Another case of an account in conflict, after the one of its registration came to nothing."""
        with refused_by({"uq_identity_cases_account_id": CaseExistsError()}):
            async with self._transaction():
                now = self._clock.now()
                account = await self._callers.account_of(claims)
                if account.state != "conflict":
                    raise NoConflictError
                living = await self._cases.get_living_for_account(account.id)
                if living is not None:
                    if living.state != CaseState.DRAFT or now < living.expires_at:
                        raise CaseExistsError
                    await self._cases.move(living.id, CaseState.DRAFT, CaseState.EXPIRED, decided_at=now)
                    await self._log.note(living.id, "expired", "service", now=now)
                if await self._cases.count_for_account(account.id) >= self._policy.per_account:
                    raise CaseLimitReachedError
                case_id = await self._opening.open(account.id, account.document_key, now=now)
                return await self._show(case_id, account, now)

    async def list_mine(self, claims: Claims, *, cursor: str | None, most: int) -> CasePage:
        """Every case that concerns the caller's account, on either side."""
        now = self._clock.now()
        before = None if cursor is None else read_cursor(cursor)
        async with self._read():
            account = await self._callers.account_of(claims)
            found = await self._cases.list_for_account(account.id, before=before, most=most + 1)
            page = found[:most]
            seen = await self._views.of_all(page, account, now=now)
        more = len(found) > most
        return CasePage(seen, write_cursor(page[-1].id) if more else None)

    async def get(self, case_id: UUID, claims: Claims) -> CaseView:
        """One case that concerns the caller's account."""
        async with self._read():
            account = await self._callers.account_of(claims)
            return await self._show(case_id, account, self._clock.now())

    async def give_facts(self, case_id: UUID, answers: Mapping[str, str], claims: Claims) -> CaseView:
        """Facts of one's own record as evidence; FactsDoNotMatchError says not which, the try counted first."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            await self._own_draft(case_id, account)
            person = await self._counters.add_one(
                _PERSON_TRIES, account.document_key, now=now, window_ends_at=now + DAY
            )
            own = await self._counters.add_one(_ACCOUNT_TRIES, account.id.bytes, now=now, window_ends_at=now + DAY)
        policy = self._facts_policy
        for counter, most in ((person, policy.per_person_day), (own, policy.per_account_day)):
            if counter.count > most:
                raise TooManyOperationsError(retry_after=seconds_until(counter.window_ends_at, now))
        async with self._read():
            records = await self._records.list_facts_for_document(account.document_key)
        person_id = judge_facts(records, account.name, FACTS, answers)
        if person_id is None:
            raise FactsDoNotMatchError
        async with self._working_on(case_id) as case:
            now = self._clock.now()
            self._refuse_unless_draft(case, account)
            await self._counters.take_back(_PERSON_TRIES, account.document_key)
            await self._counters.take_back(_ACCOUNT_TRIES, account.id.bytes)
            await self._opening.add_evidence(case.id, Evidence.RECORD_FACTS, person_id, "claimant", now=now)
            return await self._show(case.id, account, now)

    async def ask_classmate(self, case_id: UUID, phone: str, claims: Claims) -> CaseView:
        """Ask the classmate with this phone to vouch; the answer is the same whoever's the phone is."""
        number = classmates_phone(phone)
        async with self._working_on(case_id) as case:
            now = self._clock.now()
            account = await self._callers.account_of(claims)
            self._refuse_unless_draft(case, account)
            if await self._classmates.ask(VouchingPlace(case_id=case.id), number, account, now=now):
                await self._log.note(case.id, "classmate_asked", "claimant", now=now)
            view = await self._show(case.id, account, now)
        self._dispatcher.wake()
        return view

    async def submit(self, case_id: UUID, claims: Claims) -> CaseView:
        """Hand the case in: what follows is decided by the table, and the holder is told at once."""
        async with self._working_on(case_id) as case:
            now = self._clock.now()
            account = await self._callers.account_of(claims)
            self._refuse_unless_draft(case, account)
            await self._count_submission(case, now)
            await self._log.audit("submit", account.id, now=now, session_id=claims.session_id)
            await self._progress.proceed(case, now=now)
            view = await self._show(case.id, account, now)
        self._dispatcher.wake()
        return view

    async def withdraw(self, case_id: UUID, claims: Claims) -> CaseView:
        """The claimant gives the claim up; whoever was told hears nothing more of it."""
        async with self._working_on(case_id) as case:
            now = self._clock.now()
            account = await self._callers.account_of(claims)
            if case.account_id != account.id:
                raise CaseNotFoundError
            late = case.state == CaseState.DRAFT and case.expires_at <= now
            if late or case.state not in LIVING:
                raise CaseClosedError
            await self._cases.move(
                case.id, case.state, CaseState.WITHDRAWN, decided_at=now, assigned_to=None, assigned_at=None
            )
            await self._log.note(case.id, "withdrawn", "claimant", now=now)
            await self._log.audit("withdraw", account.id, now=now, session_id=claims.session_id)
            return await self._show(case.id, account, now)

    async def object(self, case_id: UUID, statement: str, claims: Claims) -> CaseView:
        """The holder, logged in, does not agree: a reviewer looks at it."""
        async with self._working_on(case_id) as case:
            now = self._clock.now()
            account = await self._callers.account_of(claims)
            if case.account_id == account.id or await self._views.of(case, account, now=now) is None:
                raise CaseNotFoundError
            await self._object(case, account.id, statement, now)
            view = await self._show(case.id, account, now)
        self._dispatcher.wake()
        return view

    async def object_by_link(self, secret: str, statement: str, *, network: str) -> None:
        """The same by the link that every channel of the holder got; after a grant it asks for its undoing.

        Only wrong secrets count against the address: no neighbour may hold up who has a right one.
        """
        async with self._read():
            found = await self._cases.find_by_secret(self._lookups.secret("objection", secret))
        if found is None:
            wait = await self._throttle.hit(
                "objections", network, most=self._policy.objections_per_address_minute, seconds=_MINUTE
            )
            if wait is not None:
                raise AddressLimitedError(retry_after=wait)
            raise ObjectionRejectedError
        case_id, account_id = found
        async with self._working_on(case_id) as case:
            await self._object(case, account_id, statement, self._clock.now())
        self._dispatcher.wake()

    async def _object(self, case: CaseRow, account_id: UUID, statement: str, now: datetime) -> None:
        sealed = self._sealer.seal(statement.encode(), objection_context(case.id, account_id))
        if case.state in {CaseState.NOTICE, CaseState.IN_REVIEW}:
            if not await self._cases.note_objection(case.id, account_id, sealed, now=now):
                raise ObjectionRejectedError
            await self._log.note(case.id, "objected", "holder", now=now)
            await self._log.audit("object", account_id, now=now)
            await self._progress.proceed(await self._to_be_heard(case, now), now=now)
            return
        in_time = case.undo_until is not None and now < case.undo_until
        if case.state != CaseState.APPROVED or not in_time:
            raise ObjectionRejectedError
        if not await self._cases.note_undo_asked(case.id, account_id, sealed, now=now):
            raise ObjectionRejectedError
        await self._cases.move(
            case.id, CaseState.APPROVED, CaseState.UNDO_REVIEW, queued_at=now, round=case.round + 1, approvals=0
        )
        await self._log.note(case.id, "undo_asked", "holder", now=now)
        await self._log.audit("object", account_id, now=now)

    async def _to_be_heard(self, case: CaseRow, now: datetime) -> CaseRow:
        """Whoever has the case, or said yes to it, has not read this: it is taken anew, and no yes counts any more."""
        again: dict[str, Any] = {"assigned_to": None, "assigned_at": None}
        if case.approvals:
            again |= {"approvals": 0, "round": case.round + 1, "queued_at": now}
        await self._cases.move(case.id, case.state, case.state, **again)
        return replace(case, **again)

    async def _count_submission(self, case: CaseRow, now: datetime) -> None:
        """Each tells the holder or takes a reviewer's time: a few a day of one account, and a few of a document.

        Strangers' photos use up no place of who has proven something, their weak evidence none of who has strong; and
        the last place of the day is kept for who hands in for the first time.
        """
        evidence = (await self._cases.list_evidence([case.id]))[case.id]
        most = [(_ACCOUNT_SUBMISSIONS, case.account_id.bytes, self._policy.submissions_per_account_day)]
        if Strength.STRONG not in {row.strength for row in evidence}:
            scope = _WEAK_SUBMISSIONS if evidence else _UNSEEN_SUBMISSIONS
            kept = await self._cases.has_handed_in(case.account_id)
            most.append((scope, case.document_key, self._policy.submissions_per_document_day - kept))
        for scope, subject, limit in most:
            counted = await self._counters.add_one(scope, subject, now=now, window_ends_at=now + DAY)
            if counted.count > limit:
                raise TooManyOperationsError(retry_after=seconds_until(counted.window_ends_at, now))

    @asynccontextmanager
    async def _working_on(self, case_id: UUID) -> AsyncIterator[CaseRow]:
        """A transaction that has the document's lock and the case; CaseNotFoundError where there is none."""
        async with self._read():
            seen = await self._cases.get(case_id)
        if seen is None:
            raise CaseNotFoundError
        async with self._transaction():
            await self._cases.lock_document(seen.document_key)
            case = await self._cases.get_for_update(case_id)
            if case is None:
                raise CaseNotFoundError
            yield case

    async def _own_draft(self, case_id: UUID, account: AccountRow) -> CaseRow:
        case = await self._cases.get(case_id)
        if case is None:
            raise CaseNotFoundError
        self._refuse_unless_draft(case, account)
        return case

    def _refuse_unless_draft(self, case: CaseRow, account: AccountRow) -> None:
        if case.account_id != account.id:
            raise CaseNotFoundError
        if case.state != CaseState.DRAFT or case.expires_at <= self._clock.now():
            raise CaseClosedError

    async def _show(self, case_id: UUID, account: AccountRow, now: datetime) -> CaseView:
        case = await self._cases.get(case_id)
        view = None if case is None else await self._views.of(case, account, now=now)
        if view is None:
            raise CaseNotFoundError
        return view


def objection_context(case_id: UUID, account_id: UUID) -> bytes:
    """What a sealed objection is bound to."""
    return b"objection:" + case_id.bytes + account_id.bytes
