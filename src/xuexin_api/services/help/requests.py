"""Asking a person, with an account or without, and seeing what became of it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import AddressLimitedError, HelpRequestNotFoundError, TooManyOperationsError
from xuexin_api.core.policies import HelpPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.help.help_requests import HelpRequestRepository, HelpRequestRow
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.paging import read_cursor, write_cursor

QUESTION_CONTEXT: Final = b"help request: question"
CONTACT_CONTEXT: Final = b"help request: contact"
ANSWER_CONTEXT: Final = b"help request: answer"
HELP_REQUEST_CONTEXTS: Final = {
    "question": QUESTION_CONTEXT,
    "contact": CONTACT_CONTEXT,
    "answer": ANSWER_CONTEXT,
}
"""What is sealed of a request, and for which use."""
_REQUESTS: Final = "help_requests"
_CHECKS: Final = "help_request_checks"
_KIND_OF_SECRET: Final = "help_request"
_HOUR: Final = 3600
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request as its asker sees it."""

    id: UUID
    state: str
    question: str
    answer: str | None
    created_at: datetime
    answered_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RequestMade:
    """A new request, and the secret by which somebody without an account finds it again."""

    request: RequestView
    secret: str | None


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Some of one's requests, newest first, and where the next ones start."""

    items: list[RequestView]
    next_cursor: str | None


class HelpRequestService(Service):
    """Written to people; an account or a secret opens it again."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        requests: HelpRequestRepository,
        callers: Callers,
        counters: CounterRepository,
        throttle: Throttle,
        lookups: Lookups,
        sealer: Sealer,
        policy: HelpPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._requests = requests
        self._callers = callers
        self._counters = counters
        self._throttle = throttle
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def submit(self, question: str, *, contact: str | None, claims: Claims | None, network: str) -> RequestMade:
        """Write to a person. Limited per network, and per account and day."""
        wait = await self._throttle.hit(
            _REQUESTS, network, most=self._policy.requests_per_address_day, seconds=24 * _HOUR
        )
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)
        now = self._clock.now()
        account_id = None if claims is None else await self._count(claims, now)
        secret = self._entropy.token().hex() if account_id is None else None
        row = HelpRequestRow(
            id=self._entropy.identifier(),
            account_id=account_id,
            secret_hash=None if secret is None else self._lookups.secret(_KIND_OF_SECRET, secret),
            state="open",
            question=self._sealer.seal(question.encode(), QUESTION_CONTEXT),
            contact=None if contact is None else self._sealer.seal(contact.encode(), CONTACT_CONTEXT),
            answer=None,
            created_at=now,
            answered_at=None,
            expires_at=now + timedelta(seconds=self._policy.request_kept),
        )
        async with self._transaction():
            await self._requests.add({name: getattr(row, name) for name in HelpRequestRow.__slots__})
        return RequestMade(self._view(row), secret)

    async def _count(self, claims: Claims, now: datetime) -> UUID:
        """The account that asks; counted before anything is written."""
        async with self._transaction():
            account = await self._callers.account_of(claims)
            asked = await self._counters.add_one(_REQUESTS, account.id.bytes, now=now, window_ends_at=now + _DAY)
        if asked.count > self._policy.requests_per_account_day:
            raise TooManyOperationsError(retry_after=seconds_until(asked.window_ends_at, now))
        return account.id

    async def list_own(self, claims: Claims, *, cursor: str | None, most: int) -> RequestPage:
        """The requests of the account, newest first."""
        before = None if cursor is None else read_cursor(cursor)
        async with self._read():
            account = await self._callers.account_of(claims)
            rows = await self._requests.list_for_account(
                account.id, before=before, most=most + 1, now=self._clock.now()
            )
        page, more = rows[:most], len(rows) > most
        return RequestPage([self._view(row) for row in page], write_cursor(page[-1].id) if more else None)

    async def erase(self, request_id: UUID, claims: Claims) -> None:
        """Delete a request of the account, with what was answered."""
        async with self._transaction():
            account = await self._callers.account_of(claims)
            if not await self._requests.delete_for_account(request_id, account.id):
                raise HelpRequestNotFoundError

    async def check(self, request_id: UUID, secret: str, *, network: str) -> RequestView:
        """The request of whoever holds its secret; one refusal for all else."""
        wait = await self._throttle.hit(_CHECKS, network, most=self._policy.per_address_hour, seconds=_HOUR)
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)
        given = self._lookups.secret(_KIND_OF_SECRET, secret)
        async with self._read():
            row = await self._requests.get(request_id, now=self._clock.now())
        held = b"" if row is None or row.secret_hash is None else row.secret_hash
        if row is None or not hmac.compare_digest(held, given):
            raise HelpRequestNotFoundError
        return self._view(row)

    def _view(self, row: HelpRequestRow) -> RequestView:
        return RequestView(
            id=row.id,
            state=row.state,
            question=self._sealer.open(row.question, QUESTION_CONTEXT).decode(),
            answer=None if row.answer is None else self._sealer.open(row.answer, ANSWER_CONTEXT).decode(),
            created_at=row.created_at,
            answered_at=row.answered_at,
            expires_at=row.expires_at,
        )
