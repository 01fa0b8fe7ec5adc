"""Staff log in: by a password and a second factor, always both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import LoginRejectedError
from xuexin_api.core.policies import StaffPolicy
from xuexin_api.core.second_factors import PASSKEY, TOTP
from xuexin_api.core.tokens import Assurance, Claims, TokenMint
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow
from xuexin_api.services.base import Service
from xuexin_api.services.login.passkey_checking import PasskeyChecking
from xuexin_api.services.staff.staff_callers import StaffCallers
from xuexin_api.services.staff.staff_proving import LOGIN, StaffProof, StaffProving

_METHODS: Final = {TOTP: ("pwd", "otp", "mfa"), PASSKEY: ("pwd", "pop", "user", "mfa")}


@dataclass(frozen=True, slots=True)
class StaffView:
    """A member of staff."""

    id: UUID
    login_name: str
    role: str
    institution_code: str | None
    province: str | None


@dataclass(frozen=True, slots=True)
class StaffLoggedIn:
    """A new session; its token is good only here."""

    staff: StaffView
    access_token: str
    expires_in: int


class StaffSessionService(Service):
    """A session has no refresh token, and its row is read at every request."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        staff: StaffRepository,
        callers: StaffCallers,
        proving: StaffProving,
        passkeys: PasskeyChecking,
        mint: TokenMint,
        policy: StaffPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._staff = staff
        self._callers = callers
        self._proving = proving
        self._passkeys = passkeys
        self._mint = mint
        self._policy = policy
        self._entropy = entropy

    async def ask(self, network: str) -> dict[str, Any]:
        """What a browser has a passkey sign for a login, whoever's it is: nobody is named, and nothing is written."""
        await self._proving.limit_address(network)
        return await self._passkeys.ask(LOGIN, None, now=self._clock.now())

    async def log_in(self, login_name: str, given: StaffProof, address: str) -> StaffLoggedIn:
        """A session for both factors; LoginRejectedError for whatever was wrong."""
        proven = await self._proving.prove(login_name, given, LOGIN, LoginRejectedError())
        now = self._clock.now()
        async with self._transaction():
            if not await self._proving.use_up(proven, now=now):
                raise LoginRejectedError
            return await self._open(proven.member, given.factor.factor, address, now)

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

    async def _open(self, member: StaffRow, factor: str, address: str, now: datetime) -> StaffLoggedIn:
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
            methods=_METHODS[factor],
        )
        return StaffLoggedIn(_view(member), token, self._policy.session)

    async def _note(self, action: str, staff_id: UUID, now: datetime) -> None:
        await self._staff.add_event(self._entropy.identifier(), action, staff_id=staff_id, subject_id=None, now=now)


def _view(member: StaffRow) -> StaffView:
    return StaffView(member.id, member.login_name, member.role, member.institution_code, member.province)
