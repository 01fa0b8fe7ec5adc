"""Staff log in: a password and a code of the authenticator app, always both; and first, once, by an invitation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import pyotp
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    AddressLimitedError,
    BrokenRuleError,
    ChallengeRequiredError,
    CodeRejectedError,
    FieldProblem,
    InvalidRequestError,
    InvitationRejectedError,
    LoginRejectedError,
    TooManyOperationsError,
)
from xuexin_api.core.passwords import canonical_password, check_password
from xuexin_api.core.policies import LoginPolicy, StaffPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Assurance, Claims, TokenMint
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import Counter, CounterRepository
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.challenges import ChallengeService, spend
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.login.second_factors import matching_step
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.staff.staff_callers import StaffCallers

_FAILURES: Final = "staff_login_failures"
_CODES: Final = "staff_codes"
_ENROLMENTS: Final = "staff_enrolments"
_MINUTE: Final = 60
_SECRET_CHARACTERS: Final = 32


@dataclass(frozen=True, slots=True)
class StaffView:
    """A member of staff."""

    id: UUID
    login_name: str
    role: str
    institution_code: str | None


@dataclass(frozen=True, slots=True)
class StaffLoggedIn:
    """A new session; its token is good only here."""

    staff: StaffView
    access_token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class ProposedFactors:
    """What goes into the authenticator app; it counts once a code of it was given."""

    totp_secret: str
    otpauth_uri: str


class StaffSessionService(Service):
    """Unknown names walk the road of known ones, and tries are counted before they are judged."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        staff: StaffRepository,
        counters: CounterRepository,
        codes: CodeRepository,
        callers: StaffCallers,
        challenges: ChallengeService,
        hashing: PasswordHashing,
        mint: TokenMint,
        throttle: Throttle,
        lookups: Lookups,
        sealer: Sealer,
        policy: StaffPolicy,
        login_policy: LoginPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._staff = staff
        self._counters = counters
        self._codes = codes
        self._callers = callers
        self._challenges = challenges
        self._hashing = hashing
        self._mint = mint
        self._throttle = throttle
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._login_policy = login_policy
        self._entropy = entropy

    async def log_in(
        self, *, login_name: str, password: str, code: str, challenge: str | None, address: str, network: str
    ) -> StaffLoggedIn:
        """A session for both factors; LoginRejectedError for whatever was wrong."""
        self._hashing.refuse_if_full()
        await self._limit_address(network)
        if challenge is not None:
            answered = self._challenges.read(challenge, purpose="login")
            async with self._transaction():
                await spend(self._codes, answered)
            await self._challenges.judge(answered)
        now = self._clock.now()
        subject = self._lookups.attempt("staff", login_name, network)
        async with self._transaction():
            failures = await self._counters.add_one(
                _FAILURES,
                subject,
                now=now,
                window_ends_at=now + timedelta(seconds=self._policy.failure_window),
            )
            member = await self._staff.get_by_login_name(login_name)
        self._refuse_if_often(failures, challenged=challenge is not None, now=now)
        active = member is not None and member.state == "active"
        stored = member.password_hash if member is not None and active else None
        right = await self._hashing.verify(canonical_password(password), stored)
        if member is None or not right:
            await self._challenges.note_activity(network)
            raise LoginRejectedError
        # Whoever comes so far knows the password: from anywhere, codes are tried few times a day.
        async with self._transaction():
            tries = await self._counters.add_one(_CODES, member.id.bytes, now=now, window_ends_at=now + DAY)
        if tries.count > self._policy.codes_per_day:
            raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))
        step = self._step_of(member, code, now)
        if step is None:
            raise LoginRejectedError
        async with self._transaction():
            if not await self._staff.use_step(member.id, step):
                raise LoginRejectedError
            await self._counters.take_back(_CODES, member.id.bytes)
            await self._counters.take_back(_FAILURES, subject)
            return await self._open(member, address, now)

    async def enrol(self, *, invitation: str, password: str, confirmation: str, network: str) -> ProposedFactors:
        """The password, and a secret for the app; asked again before the code, a new secret."""
        self._hashing.refuse_if_full()
        await self._limit_address(network)
        invitation_hash = self._lookups.secret("staff_invitation", invitation)
        async with self._read():
            member = await self._staff.get_invited(invitation_hash, now=self._clock.now())
        if member is None:
            raise InvitationRejectedError
        canonical = canonical_password(password)
        self._judge_password(canonical, confirmation, member)
        password_hash = await self._hashing.hash(canonical)
        secret = pyotp.random_base32(_SECRET_CHARACTERS)
        sealed = self._sealer.seal(secret.encode(), _context(member.id))
        async with self._transaction():
            if not await self._staff.propose_factors(member.id, invitation_hash, password_hash, sealed):
                raise InvitationRejectedError
        uri = pyotp.TOTP(secret).provisioning_uri(name=member.login_name, issuer_name=self._policy.issuer)
        return ProposedFactors(secret, uri)

    async def confirm_enrolment(self, *, invitation: str, code: str, network: str) -> None:
        """A code of the app ends the invitation; from now on the member logs in. The try is counted first."""
        await self._limit_address(network)
        now = self._clock.now()
        invitation_hash = self._lookups.secret("staff_invitation", invitation)
        async with self._transaction():
            tries = await self._counters.add_one(_ENROLMENTS, invitation_hash, now=now, window_ends_at=now + DAY)
            member = await self._staff.get_invited(invitation_hash, now=now)
        if tries.count > self._policy.codes_per_day:
            raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))
        if member is None:
            raise InvitationRejectedError
        step = self._step_of(member, code, now)
        if step is None:
            raise CodeRejectedError
        async with self._transaction():
            if not await self._staff.accept_invitation(member.id, invitation_hash, step):
                raise InvitationRejectedError
            await self._note("staff:enrol", member.id, now)

    async def get_me(self, claims: Claims) -> StaffView:
        """Who is logged in."""
        async with self._transaction():
            return _view(await self._callers.member_of(claims))

    async def log_out(self, claims: Claims) -> None:
        """End this session; its token is dead at the next request."""
        now = self._clock.now()
        async with self._transaction():
            member = await self._callers.member_of(claims)
            await self._staff.end_session(claims.session_id, now=now)
            await self._note("staff:logout", member.id, now)

    async def _open(self, member: StaffRow, address: str, now: datetime) -> StaffLoggedIn:
        session_id = self._entropy.identifier()
        await self._staff.add_session(
            {
                "id": session_id,
                "staff_id": member.id,
                "address": address,
                "created_at": now,
                "used_at": now,
                "ends_at": now + timedelta(seconds=self._policy.session),
            }
        )
        await self._note("staff:login", member.id, now)
        token = self._mint.issue(
            account_id=member.id,
            session_id=session_id,
            epoch=0,
            assurance=Assurance.LOGIN,
            auth_time=now,
            methods=("pwd", "otp", "mfa"),
        )
        return StaffLoggedIn(_view(member), token, self._policy.session)

    def _judge_password(self, canonical: str, confirmation: str, member: StaffRow) -> None:
        problems = []
        if canonical_password(confirmation) != canonical:
            problems.append(FieldProblem("/password_confirmation", "passwords_differ", {}))
        try:
            check_password(canonical, personal=[member.login_name])
        except BrokenRuleError as broken:
            problems.append(FieldProblem("/password", broken.code, broken.params))
        if problems:
            raise InvalidRequestError(problems)

    def _step_of(self, member: StaffRow, code: str, now: datetime) -> int | None:
        if member.totp_sealed is None:
            return None
        return matching_step(self._sealer.open(member.totp_sealed, _context(member.id)).decode(), code, now=now)

    async def _limit_address(self, network: str) -> None:
        most = self._login_policy.per_address_minute
        wait = await self._throttle.hit("staff_logins", network, most=most, seconds=_MINUTE)
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)

    def _refuse_if_often(self, failures: Counter, *, challenged: bool, now: datetime) -> None:
        if failures.count > self._login_policy.of_one.before_wait:
            raise TooManyOperationsError(retry_after=seconds_until(failures.window_ends_at, now))
        if failures.count > self._login_policy.of_one.before_challenge and not challenged:
            raise ChallengeRequiredError

    async def _note(self, action: str, staff_id: UUID, now: datetime) -> None:
        await self._staff.add_event(self._entropy.identifier(), action, staff_id=staff_id, subject_id=None, now=now)


def _view(member: StaffRow) -> StaffView:
    return StaffView(member.id, member.login_name, member.role, member.institution_code)


def _context(staff_id: UUID) -> bytes:
    """What a sealed secret is bound to: no student's opens as a member's."""
    return b"staff-totp:" + staff_id.bytes
