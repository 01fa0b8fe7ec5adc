"""Proving to be a member of staff: a password and a second factor, always both, judged together and answered alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import (
    AddressLimitedError,
    ChallengeRequiredError,
    RefusalError,
    TooManyOperationsError,
)
from xuexin_api.core.passwords import canonical_password
from xuexin_api.core.policies import LoginPolicy, StaffPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import Counter, CounterRepository
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.challenges import ChallengeService, spend
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.login.passkey_checking import Judged, PasskeyChecking, Use
from xuexin_api.services.login.second_factors import SecondFactor, matching_step
from xuexin_api.services.lookups import Lookups

_FAILURES: Final = "staff_login_failures"
_CODES: Final = "staff_codes"
_MINUTE: Final = 60
LOGIN: Final = Use("staff_login", alone=True)


@dataclass(frozen=True, slots=True)
class StaffProof:
    """What somebody gives to be taken for a member, and from which network."""

    password: str
    factor: SecondFactor
    challenge: str | None
    network: str


@dataclass(frozen=True, slots=True)
class ProvenMember:
    """A member whose password and factor are right; the factor is not yet used up."""

    member: StaffRow
    factor: int | Judged
    counted: bytes


class StaffProving(Service):
    """Unknown names walk the road of known ones, and tries are counted before they are judged."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        staff: StaffRepository,
        counters: CounterRepository,
        codes: CodeRepository,
        passkeys: PasskeyChecking,
        challenges: ChallengeService,
        hashing: PasswordHashing,
        throttle: Throttle,
        lookups: Lookups,
        sealer: Sealer,
        policy: StaffPolicy,
        login_policy: LoginPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._staff = staff
        self._counters = counters
        self._codes = codes
        self._passkeys = passkeys
        self._challenges = challenges
        self._hashing = hashing
        self._throttle = throttle
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._login_policy = login_policy

    async def prove(self, login_name: str, given: StaffProof, use: Use, refusal: RefusalError) -> ProvenMember:
        """The member of this name; the refusal for whatever was wrong."""
        self._hashing.refuse_if_full()
        await self.limit_address(given.network)
        if given.challenge is not None:
            answered = self._challenges.read(given.challenge, purpose="login")
            async with self._transaction():
                await spend(self._codes, answered)
            await self._challenges.judge(answered)
        now = self._clock.now()
        counted = self._lookups.attempt("staff", login_name, given.network)
        async with self._transaction():
            failures = await self._counters.add_one(
                _FAILURES,
                counted,
                now=now,
                window_ends_at=now + timedelta(seconds=self._policy.failure_window),
            )
            member = await self._staff.get_by_login_name(login_name)
        self._refuse_if_often(failures, challenged=given.challenge is not None, now=now)
        active = member is not None and member.state == "active"
        stored = member.password_hash if member is not None and active else None
        right = await self._hashing.verify(canonical_password(given.password), stored)
        if member is None or not right:
            await self._challenges.note_activity(given.network)
            raise refusal
        # Whoever comes so far knows the password: from anywhere, factors are tried few times a day.
        async with self._transaction():
            tries = await self._counters.add_one(_CODES, member.id.bytes, now=now, window_ends_at=now + DAY)
        if tries.count > self._policy.codes_per_day:
            raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))
        # What a copied passkey leaves behind outlives the refusal.
        async with self._transaction():
            factor = await self._judge(member, given.factor, use, now)
        if factor is None:
            raise refusal
        return ProvenMember(member, factor, counted)

    async def use_up(self, proven: ProvenMember, *, now: datetime) -> bool:
        """Inside the transaction of what it allows.

        False where somebody else just used the code or the signature, or the member is not as they were.
        """
        # The member before the passkey, as who invites anew locks them: no session opens beside a new invitation.
        if await self._staff.get_for_update(proven.member.id) != proven.member:
            return False
        if isinstance(proven.factor, Judged):
            used = await self._passkeys.use_up(proven.factor, now=now)
        else:
            used = await self._staff.use_step(proven.member.id, proven.factor)
        if used:
            await self._counters.take_back(_CODES, proven.member.id.bytes)
            await self._counters.take_back(_FAILURES, proven.counted)
        return used

    def step_of(self, member: StaffRow, code: str, now: datetime) -> int | None:
        """The time step of the member's app whose code this is."""
        if member.totp_sealed is None:
            return None
        return matching_step(self._sealer.open(member.totp_sealed, totp_context(member.id)).decode(), code, now=now)

    async def limit_address(self, network: str) -> None:
        """AddressLimitedError past the tries of a minute."""
        most = self._login_policy.per_address_minute
        wait = await self._throttle.hit("staff_logins", network, most=most, seconds=_MINUTE)
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)

    async def _judge(self, member: StaffRow, given: SecondFactor, use: Use, now: datetime) -> int | Judged | None:
        if given.assertion is None:
            return self.step_of(member, given.answer, now)
        return await self._passkeys.judge(given.assertion, use, member.id, now=now)

    def _refuse_if_often(self, failures: Counter, *, challenged: bool, now: datetime) -> None:
        if failures.count > self._login_policy.of_one.before_wait:
            raise TooManyOperationsError(retry_after=seconds_until(failures.window_ends_at, now))
        if failures.count > self._login_policy.of_one.before_challenge and not challenged:
            raise ChallengeRequiredError


def use_for(claims: Claims) -> Use:
    """What a passkey signs to confirm a change of factors: for this session, and no other's."""
    return Use("staff_factors", claims.session_id.bytes, alone=True)


def totp_context(staff_id: UUID) -> bytes:
    """What a sealed secret is bound to: no student's opens as a member's."""
    return b"staff-totp:" + staff_id.bytes
