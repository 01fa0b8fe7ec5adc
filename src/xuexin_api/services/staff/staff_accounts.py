"""Members of staff: made and invited from the command line only, no request makes one; disabled by operators, too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.documents import normalise_document_number
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    BrokenRuleError,
    DisablingYourselfError,
    StaffMemberNotFoundError,
    TooManyOperationsError,
)
from xuexin_api.core.imports import SENDER_GONE
from xuexin_api.core.phones import parse_phone
from xuexin_api.core.policies import StaffPolicy
from xuexin_api.core.staff import Role
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.archive.import_jobs import ImportJobRepository
from xuexin_api.repositories.archive.institutions import InstitutionRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.login.passkeys import StaffPasskeyRepository
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.staff.staff_callers import StaffCallers

_LOGIN_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{2,39}")
_MOST: Final = 1000
_DISABLED: Final = "staff_disabled"
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a member enrols with: told once, good until then."""

    secret: str
    link: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of staff as an operator sees them."""

    id: UUID
    login_name: str
    role: str
    institution_code: str | None
    province: str | None
    state: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Some of the staff, made last first."""

    items: list[MemberView]
    next_cursor: str | None


class StaffAccountService(Service):
    """Made, invited again where a device is lost, disabled; never deleted, for decisions name their reviewers."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        staff: StaffRepository,
        passkeys: StaffPasskeyRepository,
        institutions: InstitutionRepository,
        imports: ImportJobRepository,
        counters: CounterRepository,
        callers: StaffCallers,
        lookups: Lookups,
        policy: StaffPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._staff = staff
        self._passkeys = passkeys
        self._institutions = institutions
        self._imports = imports
        self._counters = counters
        self._callers = callers
        self._lookups = lookups
        self._policy = policy
        self._entropy = entropy

    async def add(
        self,
        *,
        login_name: str,
        role: Role,
        document_number: str,
        phone: str,
        institution_code: str | None,
        province: str | None,
    ) -> Invitation:
        """A member who can do nothing yet but enrol; BrokenRuleError for what does not fit."""
        if not _LOGIN_NAME.fullmatch(login_name):
            raise BrokenRuleError("staff_name_malformed")
        if (role is Role.REGISTRAR) is not (institution_code is not None):
            raise BrokenRuleError("staff_institution_needed")
        if (role is Role.PROVINCE) is not (province is not None):
            raise BrokenRuleError("staff_province_needed")
        phone_key = self._lookups.phone(parse_phone(phone))
        now = self._clock.now()
        async with self._transaction():
            if await self._staff.get_by_login_name(login_name) is not None:
                raise BrokenRuleError("staff_name_taken")
            if institution_code is not None and not await self._institutions.exists(institution_code):
                raise BrokenRuleError("institution_unknown")
            if province is not None and not await self._institutions.exists_in(province):
                raise BrokenRuleError("province_unknown")
            staff_id = self._entropy.identifier()
            await self._staff.add(
                {
                    "id": staff_id,
                    "login_name": login_name,
                    "role": str(role),
                    "institution_code": institution_code,
                    "province": province,
                    "document_key": self._lookups.document(normalise_document_number(document_number)),
                    "phone_key": phone_key,
                    "state": "invited",
                    "totp_step": 0,
                    "created_at": now,
                }
            )
            return await self._invite(staff_id, "staff:add", now)

    async def invite_again(self, login_name: str) -> Invitation:
        """A new start for a lost password or device: the old ones and every session end."""
        now = self._clock.now()
        async with self._transaction():
            member = await self._get(login_name)
            await self._staff.end_all_sessions(member.id, now=now)
            return await self._invite(member.id, "staff:invite", now)

    async def disable(self, login_name: str) -> None:
        """The member is out at the next request, and what waits of theirs to be imported ends."""
        now = self._clock.now()
        async with self._transaction():
            member = await self._get(login_name)
            await self._end(member.id, now)
            await self._note("staff:disable", member.id, now)

    async def disable_by_operator(self, staff_id: UUID, claims: Claims) -> None:
        """`disable` by somebody who is an operator at the moment it takes effect: so one always stays."""
        now = self._clock.now()
        async with self._transaction():
            operator = await self._callers.member_of(claims, Role.OPERATOR)
            if staff_id == operator.id:
                raise DisablingYourselfError
            done = await self._counters.add_one(_DISABLED, operator.id.bytes, now=now, window_ends_at=now + _DAY)
        if done.count > self._policy.disabled_per_day:
            raise TooManyOperationsError(retry_after=seconds_until(done.window_ends_at, now))
        async with self._transaction():
            # Both before either's sessions: of two who disable one another the first does, and the other is out.
            held = await self._staff.list_for_update(operator.id, staff_id)
            await self._callers.member_of(claims, Role.OPERATOR)
            member = held.get(staff_id)
            if member is None:
                raise StaffMemberNotFoundError
            if member.state != "disabled":
                await self._end(staff_id, now)
                await self._note("staff:disable", operator.id, now, subject_id=staff_id)

    async def list_all(self) -> list[StaffRow]:
        """Every member, by name."""
        async with self._read():
            return await self._staff.list_all(most=_MOST)

    async def list_members(self, claims: Claims, *, cursor: str | None, most: int) -> MemberPage:
        """Every member, for an operator."""
        before = None if cursor is None else read_cursor(cursor)
        async with self._transaction():
            await self._callers.member_of(claims, Role.OPERATOR)
            found = await self._staff.list_newest(before=before, most=most + 1)
        items = [MemberView(**{name: getattr(row, name) for name in MemberView.__slots__}) for row in found[:most]]
        return MemberPage(items, write_cursor(items[-1].id) if len(found) > most else None)

    async def _end(self, staff_id: UUID, now: datetime) -> None:
        await self._staff.end_all_sessions(staff_id, now=now)
        await self._staff.disable(staff_id)
        await self._imports.cancel_waiting_of(staff_id, SENDER_GONE, now=now)
        await self._passkeys.remove_all_for(staff_id)

    async def _get(self, login_name: str) -> StaffRow:
        member = await self._staff.get_by_login_name(login_name)
        if member is None:
            raise BrokenRuleError("staff_name_unknown")
        # Before the sessions, as whoever changes factors locks them.
        await self._staff.get_for_update(member.id)
        return member

    async def _invite(self, staff_id: UUID, action: str, now: datetime) -> Invitation:
        await self._passkeys.remove_all_for(staff_id)
        secret = self._entropy.token().hex()
        expires_at = now + timedelta(seconds=self._policy.invitation)
        await self._staff.invite(staff_id, self._lookups.secret("staff_invitation", secret), expires_at=expires_at)
        await self._note(action, staff_id, now)
        # In the fragment, which no server gets to see.
        return Invitation(secret, f"{self._policy.front_end}/staff/enrol#{secret}", expires_at)

    async def _note(self, action: str, staff_id: UUID, now: datetime, *, subject_id: UUID | None = None) -> None:
        """The command line knows not who types: its lines are about the member, and have no subject."""
        await self._staff.add_event(
            self._entropy.identifier(), action, staff_id=staff_id, subject_id=subject_id, now=now
        )
