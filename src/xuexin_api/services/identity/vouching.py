"""Classmates vouch: told what for, asked only as verified people of the same class, free to decline."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.case_rules import Evidence, Strength
from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import (
    TooManyOperationsError,
    VouchedForOnlyError,
    VouchingCodeRejectedError,
    VouchingNotFoundError,
)
from xuexin_api.core.phones import mask_phone
from xuexin_api.core.policies import CasePolicy
from xuexin_api.core.sealing import PHONE_CONTEXT, Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.repositories.identity.identity import VerificationRepository
from xuexin_api.repositories.identity.vouchings import RequestRow, VouchingRepository
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.identity.case_log import CaseLog
from xuexin_api.services.identity.case_opening import CaseOpening
from xuexin_api.services.identity.vouching_codes import VouchingCodes
from xuexin_api.services.identity.vouching_homes import CaseVouching, VerificationVouching, VouchingHome
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.paging import read_cursor, write_cursor

_TRIES: Final = "vouching_codes"
_MOST_TRIES: Final = 5
_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class VouchingView:
    """What a classmate is asked: who it is about, what class, and how the applicant can be reached to make sure."""

    id: UUID
    state: str
    claimed_name: str
    applicant_phone_masked: str | None
    institution_name: str
    programme_name: str
    class_name: str | None
    asked_at: datetime
    expires_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class VouchingPage:
    """Some requests to vouch, newest first."""

    items: list[VouchingView]
    next_cursor: str | None


class VouchingService(Service):
    """One answer to each request, and few yeses a year."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        vouchings: VouchingRepository,
        cases: CaseRepository,
        verifications: VerificationRepository,
        accounts: AccountRepository,
        counters: CounterRepository,
        callers: Callers,
        opening: CaseOpening,
        log: CaseLog,
        notices: Notices,
        dispatcher: OutboxDispatcher,
        codes: VouchingCodes,
        sealer: Sealer,
        policy: CasePolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._vouchings = vouchings
        self._cases = cases
        self._verifications = verifications
        self._accounts = accounts
        self._counters = counters
        self._callers = callers
        self._opening = opening
        self._log = log
        self._notices = notices
        self._dispatcher = dispatcher
        self._codes = codes
        self._sealer = sealer
        self._policy = policy

    async def list_mine(self, claims: Claims, *, cursor: str | None, most: int) -> VouchingPage:
        """Whom the caller was asked to vouch for: classmates' names, so only after a verification."""
        before = None if cursor is None else read_cursor(cursor)
        async with self._read():
            account = await self._callers.verified_account_of(claims)
            found = await self._vouchings.list_for_account(account.id, before=before, most=most + 1)
        page = found[:most]
        now = self._clock.now()
        return VouchingPage(
            [self._view(row, now) for row in page], write_cursor(page[-1].id) if len(found) > most else None
        )

    async def vouch(self, vouching_id: UUID, code: str, claims: Claims) -> VouchingView:
        """The caller knows the applicant, who told the code in person; the try is counted first.

        Whoever was only vouched for vouches for nobody: else two would bring in a whole class. Facts of the record do
        not change that: the archive has shown them.
        """
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.verified_account_of(claims)
            if await self._was_let_in_by_classmates(account):
                raise VouchedForOnlyError
            row = await self._open_request(vouching_id, account, now)
            tries = await self._counters.add_one(_TRIES, vouching_id.bytes, now=now, window_ends_at=now + DAY)
        if tries.count > _MOST_TRIES:
            raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))
        if not hmac.compare_digest(code.strip().encode(), self._codes.code_of(vouching_id).encode()):
            raise VouchingCodeRejectedError
        async with self._transaction():
            await self._cases.lock_document(row.document_key)
            now = self._clock.now()
            await self._open_request(vouching_id, account, now)
            person_id = account.person_id or account.id
            await self._vouchings.lock_voucher(person_id)
            # Again for the same account is no other: a verification opens the archive for a short time only.
            others = await self._vouchings.count_by_person(person_id, but=row.applicant_id, since=now - _YEAR)
            if others >= self._policy.vouchings_per_year:
                raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))
            if not await self._vouchings.answer(vouching_id, "vouched", now=now):
                raise VouchingNotFoundError
            home = self._home(row)
            await home.note("classmate_vouched", now=now)
            await self._log.audit("vouch", account.id, now=now, session_id=claims.session_id)
            for person_id, vouched in await self._vouchings.list_vouched_for(row.place, row.document_key):
                if vouched == self._policy.classmates_needed:
                    await home.enough(person_id, now=now)
            view = self._view(await self._request(vouching_id, account), now)
        self._dispatcher.wake()
        return view

    async def decline(self, vouching_id: UUID, claims: Claims) -> VouchingView:
        """The caller does not vouch, and need not say why."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.verified_account_of(claims)
            row = await self._open_request(vouching_id, account, now)
            if not await self._vouchings.answer(vouching_id, "declined", now=now):
                raise VouchingNotFoundError
            await self._home(row).note("classmate_declined", now=now)
            return self._view(await self._request(vouching_id, account), now)

    async def _was_let_in_by_classmates(self, account: AccountRow) -> bool:
        opened_by = await self._verifications.opened_by(account.id)
        return account.verified_strength != Strength.STRONG and opened_by == Evidence.CLASSMATES

    async def _request(self, vouching_id: UUID, account: AccountRow) -> RequestRow:
        row = await self._vouchings.get_for_account(vouching_id, account.id)
        if row is None:
            raise VouchingNotFoundError
        return row

    async def _open_request(self, vouching_id: UUID, account: AccountRow, now: datetime) -> RequestRow:
        row = await self._request(vouching_id, account)
        if not row.is_open(now):
            raise VouchingNotFoundError
        return row

    def _home(self, row: RequestRow) -> VouchingHome:
        if row.case_id is not None:
            return CaseVouching(row.case_id, log=self._log, opening=self._opening)
        assert row.verification_id is not None, "the table says that there is one of the two"
        return VerificationVouching(
            row.verification_id,
            row.applicant_id,
            verifications=self._verifications,
            accounts=self._accounts,
            notices=self._notices,
        )

    def _view(self, row: RequestRow, now: datetime) -> VouchingView:
        # It tells whether the one who asks is the one who is meant: who cannot answer any more need not know it.
        phone = row.applicant_phone if row.is_open(now) else None
        return VouchingView(
            id=row.id,
            state=row.state,
            claimed_name=row.claimed_name,
            applicant_phone_masked=(
                None if phone is None else mask_phone(self._sealer.open(phone, PHONE_CONTEXT).decode())
            ),
            institution_name=row.institution_name,
            programme_name=row.programme_name,
            class_name=row.class_name,
            asked_at=row.created_at,
            expires_at=row.expires_at,
            answered_at=row.answered_at,
        )
