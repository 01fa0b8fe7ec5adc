"""Sending one-time codes: the same answer and the same work for every destination."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.emails import mailbox_of, parse_email
from xuexin_api.core.errors import (
    AddressLimitedError,
    BrokenRuleError,
    DailyLimitReachedError,
    FieldProblem,
    InvalidRequestError,
)
from xuexin_api.core.phones import parse_phone
from xuexin_api.core.policies import CodePolicy
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.challenges import ChallengeService, spend
from xuexin_api.services.codes.code_checking import DAY, CodeChecking
from xuexin_api.services.codes.code_sending import CodeSending, CodeUse, SentCode
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.sessions.session_opening import DeviceTokens

_MAINLAND: Final = "+86"
_ABROAD: Final = "codes_abroad"


class VerificationCodeService(Service):
    """A code for whoever asks, within what address and destination may have."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        codes: CodeRepository,
        accounts: AccountRepository,
        sessions: SessionRepository,
        devices: DeviceTokens,
        counters: CounterRepository,
        checking: CodeChecking,
        sending: CodeSending,
        dispatcher: OutboxDispatcher,
        challenges: ChallengeService,
        throttle: Throttle,
        lookups: Lookups,
        policy: CodePolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._codes = codes
        self._accounts = accounts
        self._sessions = sessions
        self._devices = devices
        self._counters = counters
        self._checking = checking
        self._sending = sending
        self._dispatcher = dispatcher
        self._challenges = challenges
        self._throttle = throttle
        self._lookups = lookups
        self._policy = policy

    async def send(
        self, *, channel: str, destination: str, purpose: str, challenge: str, device_token: str | None, network: str
    ) -> SentCode:
        """Send a code, or refuse: challenge, address, spacing and daily number, in this order.

        An address's number of the day is for those who solved a challenge: a neighbour must not use it up for nothing.
        A device of the destination's owner has a number of its own, out of reach of who floods or guesses.
        """
        place = _parse_destination(channel, destination)
        answered = self._challenges.read(challenge, purpose=purpose)
        async with self._transaction():
            await spend(self._codes, answered)
        await self._challenges.judge(answered)
        await self._challenges.note_activity(network)
        wait = await self._throttle.hit(
            "codes", network, most=self._policy.per_address_day, seconds=int(DAY.total_seconds())
        )
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)

        key = self._lookups.destination(channel, place)
        # Of one mailbox there are any number of addresses: its owner is flooded by all of them alike.
        counted = key if channel == "sms" else self._lookups.email(mailbox_of(place))
        now = self._clock.now()
        async with self._transaction():
            if await self._is_owners(device_token, channel, key):
                await self._sending.count_or_refuse(self._lookups.attempt("owner", counted), now=now)
            else:
                await self._checking.refuse_if_closed(key, now=now)
                await self._sending.count_or_refuse(counted, now=now)
                if channel == "sms" and not place.startswith(_MAINLAND):
                    await self._count_abroad_or_refuse(now)
            use = CodeUse(purpose, f"body_code_{purpose}", purpose)
            sent = await self._sending.post(place, use, channel=channel, key=key, judged_by=key, now=now)
        self._dispatcher.wake()
        return sent

    async def _is_owners(self, device_token: str | None, channel: str, key: bytes) -> bool:
        """Whether the device logged in before to the account that has this destination."""
        device = self._devices.read(device_token)
        if device is None:
            return False
        found = await self._accounts.get_for_login("phone" if channel == "sms" else "email", key)
        # Asked further only about the account of the device: the work must not tell of another's.
        if found is None or found[0].id != device.account_id:
            return False
        return await self._sessions.knows_device(device.account_id, device.token_hash)

    async def _count_abroad_or_refuse(self, now: datetime) -> None:
        """Whoever has a share in foreign numbers lets them be written to: one number a day bounds what that costs."""
        subject = _ABROAD.encode()
        if await self._counters.add_one_unless(
            _ABROAD, subject, limit=self._policy.abroad_per_day, spaced=None, now=now, window_ends_at=now + DAY
        ):
            return
        sent = await self._counters.get(_ABROAD, subject, now=now)
        raise DailyLimitReachedError(retry_after=seconds_until(now + DAY if sent is None else sent.window_ends_at, now))


def _parse_destination(channel: str, destination: str) -> str:
    try:
        return parse_phone(destination) if channel == "sms" else parse_email(destination)
    except BrokenRuleError as broken:
        raise InvalidRequestError([FieldProblem("/destination", broken.code, broken.params)]) from None
