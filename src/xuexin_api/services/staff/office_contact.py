"""Where an office is told of what waits for it: an address that a member set and proved, for all who work there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.emails import mailbox_of, mask_email, parse_email
from xuexin_api.core.errors import (
    BrokenRuleError,
    CodeRejectedError,
    DailyLimitReachedError,
    FieldProblem,
    InvalidRequestError,
)
from xuexin_api.core.policies import OfficePolicy
from xuexin_api.core.sealing import EMAIL_CONTEXT, Sealer
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.staff.office_contacts import ContactRow, OfficeContactRepository
from xuexin_api.repositories.staff.staff import StaffRow
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.codes.code_checking import DAY, CodeChecking
from xuexin_api.services.codes.code_sending import CodeSending, CodeUse, SentCode
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.outbox import OutboxDispatcher, Postbox, compose
from xuexin_api.services.staff.record_trace import RecordTrace
from xuexin_api.services.staff.staff_callers import StaffCallers

_PURPOSE: Final = "office_contact"
_CODES: Final = "office_codes"
_MOST: Final = 5000


@dataclass(frozen=True, slots=True)
class OfficeContact:
    """The address, masked, since when it is proven, and when the office was told last; None for what is not."""

    office: str
    email_masked: str | None
    proven_at: datetime | None
    told_at: datetime | None
    told_every: int


class OfficeContactService(Service):
    """A registrar has that of one institution, a member of a province that of the province."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        contacts: OfficeContactRepository,
        counters: CounterRepository,
        sending: CodeSending,
        checking: CodeChecking,
        postbox: Postbox,
        dispatcher: OutboxDispatcher,
        callers: StaffCallers,
        trace: RecordTrace,
        lookups: Lookups,
        sealer: Sealer,
        policy: OfficePolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._contacts = contacts
        self._counters = counters
        self._sending = sending
        self._checking = checking
        self._postbox = postbox
        self._dispatcher = dispatcher
        self._callers = callers
        self._trace = trace
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy

    async def get(self, claims: Claims) -> OfficeContact:
        """That of the member's own office."""
        async with self._transaction():
            _, office = await self._member(claims)
            return self._view(office, await self._contacts.get(office))

    async def send_code(self, email: str, claims: Claims) -> SentCode:
        """A code to this address, for this member; nothing is kept of the address before it comes back."""
        place, now = _parse(email), self._clock.now()
        async with self._transaction():
            member, _ = await self._member(claims)
            await self._count_or_refuse(member, now)
            # Beside what students may have sent there: a member must not use that up for them.
            await self._sending.count_or_refuse(self._lookups.attempt(_PURPOSE, mailbox_of(place)), now=now)
            use = CodeUse(_purpose_of(member), "mail_code_office_contact", _PURPOSE)
            sent = await self._sending.post(
                place,
                use,
                channel="email",
                key=self._lookups.email(place),
                judged_by=self._judged_by(place),
                now=now,
            )
            await self._trace.note("office_contact:code", member, None, now=now)
        self._dispatcher.wake()
        return sent

    async def prove(self, code_id: UUID, email: str, code: str, claims: Claims) -> OfficeContact:
        """The office is told there from now on; whoever was told before is told that they are not any more."""
        place, now = _parse(email), self._clock.now()
        judged_by = self._judged_by(place)
        async with self._transaction():
            member, office = await self._member(claims)
            await self._checking.refuse_if_closed(judged_by, now=now)
            tried = await self._checking.count(code_id, now=now)
        if not self._checking.matches(
            tried, code_id=code_id, code=code, destination_key=judged_by, purpose=_purpose_of(member)
        ):
            raise CodeRejectedError
        async with self._transaction():
            await self._checking.consume(code_id, judged_by, now=now)
            before = await self._contacts.get_for_update(office)
            key, sealed = self._lookups.email(place), self._sealer.seal(place.encode(), EMAIL_CONTEXT)
            await self._contacts.set_email(office, key, sealed, staff_id=member.id, now=now)
            await self._trace.note("office_contact:set", member, None, now=now)
            await self._tell_former(before, now, unless=place)
            view = self._view(office, await self._contacts.get(office))
        self._dispatcher.wake()
        return view

    async def remove(self, claims: Claims) -> None:
        """Nobody is told from now on; again changes nothing."""
        now = self._clock.now()
        async with self._transaction():
            member, office = await self._member(claims)
            before = await self._contacts.get_for_update(office)
            if before is None or before.email_ciphertext is None:
                return
            await self._contacts.remove_email(office)
            await self._trace.note("office_contact:remove", member, None, now=now)
            await self._tell_former(before, now)
        self._dispatcher.wake()

    async def _member(self, claims: Claims) -> tuple[StaffRow, str]:
        member = await self._callers.member_of(claims, Role.REGISTRAR, Role.PROVINCE)
        assert member.office is not None, "both roles work for one"
        return member, member.office

    async def _count_or_refuse(self, member: StaffRow, now: datetime) -> None:
        subject, ends = member.id.bytes, now + DAY
        if await self._counters.add_one_unless(
            _CODES, subject, limit=self._policy.codes_per_day, spaced=None, now=now, window_ends_at=ends
        ):
            return
        sent = await self._counters.get(_CODES, subject, now=now)
        raise DailyLimitReachedError(retry_after=seconds_until(ends if sent is None else sent.window_ends_at, now))

    def _judged_by(self, place: str) -> bytes:
        """Wrong tries of members count by themselves, too."""
        return self._lookups.attempt(_PURPOSE, "tries", place)

    async def _tell_former(self, before: ContactRow | None, now: datetime, *, unless: str | None = None) -> None:
        if before is None or before.email_ciphertext is None:
            return
        former = self._open(before.email_ciphertext)
        if former != unless:
            await self._postbox.post(
                compose(former, "mail_office_left"),
                channel="email",
                purpose="notice",
                destination_key=self._lookups.email(former),
                now=now,
            )

    def _view(self, office: str, row: ContactRow | None) -> OfficeContact:
        sealed = None if row is None else row.email_ciphertext
        return OfficeContact(
            office=office,
            email_masked=None if sealed is None else mask_email(self._open(sealed)),
            proven_at=None if row is None else row.proven_at,
            told_at=None if row is None else row.told_at,
            told_every=self._policy.every,
        )

    def _open(self, sealed: bytes) -> str:
        return self._sealer.open(sealed, EMAIL_CONTEXT).decode()


class OfficeContactReading(Service):
    """Which offices can be told, for operators."""

    def __init__(self, *, session: AsyncSession, contacts: OfficeContactRepository, clock: Clock) -> None:
        super().__init__(session, clock)
        self._contacts = contacts

    async def list_all(self) -> list[ContactRow]:
        """Every office that somebody works for, by its code; no address is opened."""
        async with self._read():
            return await self._contacts.list_offices(most=_MOST)


def _purpose_of(member: StaffRow) -> str:
    """No code is good for another member than who asked for it."""
    return f"{_PURPOSE}:{member.id}"


def _parse(email: str) -> str:
    try:
        return parse_email(email)
    except BrokenRuleError as broken:
        raise InvalidRequestError([FieldProblem("/email", broken.code, broken.params)]) from None
