"""What was agreed to, in which version, and taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    ConsentRequiredError,
    FieldProblem,
    InvalidRequestError,
    Option,
    TooManyOperationsError,
)
from xuexin_api.core.policies import ChangePolicy
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.registration.agreements import REQUIRED_KINDS, version_in_force

_CHANGED = "consent_changes"


@dataclass(frozen=True, slots=True)
class ConsentView:
    """One consent given or withdrawn."""

    kind: str
    version: str
    given: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """A page of the history, newest first."""

    items: list[ConsentView]
    next_cursor: str | None


class ConsentService(Service):
    """The history is only added to: what counts is the newest of a kind."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        callers: Callers,
        accounts: AccountRepository,
        counters: CounterRepository,
        policy: ChangePolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._callers = callers
        self._accounts = accounts
        self._counters = counters
        self._policy = policy
        self._entropy = entropy

    async def list_all(self, claims: Claims, *, cursor: str | None, most: int) -> ConsentPage:
        """Everything that was ever agreed to or declined."""
        before = None if cursor is None else read_cursor(cursor)
        async with self._read():
            account = await self._callers.account_of(claims)
            found = await self._accounts.list_consents(account.id, before=before, most=most + 1)
        page: list[tuple[UUID, str, str, bool, datetime]] = found[:most]
        views = [ConsentView(kind, version, given, at) for _, kind, version, given, at in page]
        return ConsentPage(views, write_cursor(page[-1][0]) if len(found) > most else None)

    async def set(self, claims: Claims, kind: str, *, version: str, given: bool) -> ConsentView:
        """Give or withdraw; what the service cannot do without is withdrawn by closing the account.

        What is so already is not written down once more, and what changes does so few times a day.
        """
        in_force = version_in_force(kind if kind in REQUIRED_KINDS else "privacy_policy")
        if version != in_force:
            raise InvalidRequestError([FieldProblem("/version", "agreement_version_not_in_force", {})])
        if not given and kind in REQUIRED_KINDS:
            raise ConsentRequiredError(options=(Option("close_account"),))
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            await self._accounts.lock(account.id)
            last = await self._accounts.get_consent(account.id, kind)
            if last is not None and last[:2] == (version, given):
                return ConsentView(kind, *last)
            await self._count_or_refuse(account.id, now)
            row = {
                "id": self._entropy.identifier(),
                "account_id": account.id,
                "kind": kind,
                "version": version,
                "given": given,
                "at": now,
            }
            await self._accounts.add_consents([row])
        return ConsentView(kind, version, given, now)

    async def _count_or_refuse(self, account_id: UUID, now: datetime) -> None:
        most = self._policy.changes_per_day
        if not await self._counters.add_one_unless(
            _CHANGED, account_id.bytes, limit=most, spaced=None, now=now, window_ends_at=now + DAY
        ):
            changed = await self._counters.get(_CHANGED, account_id.bytes, now=now)
            ends_at = now + DAY if changed is None else changed.window_ends_at
            raise TooManyOperationsError(retry_after=seconds_until(ends_at, now))
