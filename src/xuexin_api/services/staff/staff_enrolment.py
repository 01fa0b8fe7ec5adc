"""Staff come in, once, by an invitation: a password, and an authenticator app or a passkey beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import pyotp
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    BrokenRuleError,
    CodeRejectedError,
    FieldProblem,
    InvalidRequestError,
    InvitationRejectedError,
    TooManyOperationsError,
)
from xuexin_api.core.passwords import canonical_password, check_password
from xuexin_api.core.policies import StaffPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.login.passkey_checking import Use
from xuexin_api.services.login.passkey_making import PasskeyMaking
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.staff.staff_proving import StaffProving, totp_context

_ENROLMENTS: Final = "staff_enrolments"
_SECRET_CHARACTERS: Final = 32


@dataclass(frozen=True, slots=True)
class ProposedFactors:
    """For the authenticator app, and what a browser is asked for a passkey: one of them is to be confirmed."""

    totp_secret: str
    otpauth_uri: str
    public_key: dict[str, Any]


class StaffEnrolmentService(Service):
    """Nothing counts before the second factor was shown to work."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        staff: StaffRepository,
        counters: CounterRepository,
        proving: StaffProving,
        making: PasskeyMaking,
        hashing: PasswordHashing,
        lookups: Lookups,
        sealer: Sealer,
        policy: StaffPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._staff = staff
        self._counters = counters
        self._proving = proving
        self._making = making
        self._hashing = hashing
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def enrol(self, *, invitation: str, password: str, confirmation: str, network: str) -> ProposedFactors:
        """The password, and what sets a factor; asked again before one is confirmed, all of it anew."""
        self._hashing.refuse_if_full()
        await self._proving.limit_address(network)
        now = self._clock.now()
        invitation_hash = self._lookups.secret("staff_invitation", invitation)
        async with self._read():
            member = await self._staff.get_invited(invitation_hash, now=now)
        if member is None:
            raise InvitationRejectedError
        canonical = canonical_password(password)
        _judge_password(canonical, confirmation, member)
        password_hash = await self._hashing.hash(canonical)
        secret = pyotp.random_base32(_SECRET_CHARACTERS)
        sealed = self._sealer.seal(secret.encode(), totp_context(member.id))
        async with self._transaction():
            if not await self._staff.propose_factors(member.id, invitation_hash, password_hash, sealed):
                raise InvitationRejectedError
            offered = await self._making.offer(
                _making(invitation_hash, password_hash), member.id, label=member.login_name, now=now
            )
        uri = pyotp.TOTP(secret).provisioning_uri(name=member.login_name, issuer_name=self._policy.issuer)
        return ProposedFactors(secret, uri, offered)

    async def confirm_app(self, *, invitation: str, code: str, network: str) -> None:
        """A code of the app ends the invitation; from now on the member logs in. The try is counted first."""
        member, invitation_hash, now = await self._try(invitation, network)
        step = self._proving.step_of(member, code, now)
        if step is None:
            raise CodeRejectedError
        async with self._transaction():
            await self._accept(member, invitation_hash, step, now)

    async def confirm_passkey(self, *, invitation: str, credential: Mapping[str, Any], name: str, network: str) -> None:
        """A new passkey ends the invitation; the app's secret, which nobody confirmed, is void."""
        member, invitation_hash, now = await self._try(invitation, network)
        made = self._making.read(credential, _making(invitation_hash, member.password_hash or ""), now=now)
        async with self._transaction():
            await self._accept(member, invitation_hash, None, now)
            passkey = await self._making.keep(made, member.id, name, now=now)
            await self._note("staff:passkey:add", member.id, passkey.id, now)

    async def _try(self, invitation: str, network: str) -> tuple[StaffRow, bytes, datetime]:
        await self._proving.limit_address(network)
        now = self._clock.now()
        invitation_hash = self._lookups.secret("staff_invitation", invitation)
        async with self._transaction():
            tries = await self._counters.add_one(_ENROLMENTS, invitation_hash, now=now, window_ends_at=now + DAY)
            member = await self._staff.get_invited(invitation_hash, now=now)
        if tries.count > self._policy.codes_per_day:
            raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))
        if member is None:
            raise InvitationRejectedError
        return member, invitation_hash, now

    async def _accept(self, member: StaffRow, invitation_hash: bytes, step: int | None, now: datetime) -> None:
        if not await self._staff.accept_invitation(member, invitation_hash, step, now=now):
            raise InvitationRejectedError
        await self._note("staff:enrol", member.id, None, now)

    async def _note(self, action: str, staff_id: UUID, subject_id: UUID | None, now: datetime) -> None:
        await self._staff.add_event(
            self._entropy.identifier(), action, staff_id=staff_id, subject_id=subject_id, now=now
        )


def _judge_password(canonical: str, confirmation: str, member: StaffRow) -> None:
    problems = []
    if canonical_password(confirmation) != canonical:
        problems.append(FieldProblem("/password_confirmation", "passwords_differ", {}))
    try:
        check_password(canonical, personal=[member.login_name])
    except BrokenRuleError as broken:
        problems.append(FieldProblem("/password", broken.code, broken.params))
    if problems:
        raise InvalidRequestError(problems)


def _making(invitation_hash: bytes, password_hash: str) -> Use:
    """This invitation, and the password that was set with the options: whoever sets another gets others."""
    return Use("staff_enrolment", invitation_hash + password_hash.encode(), alone=True)
