"""A member's passkeys: made, looked through, given up; but never the last factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    ConfirmationRejectedError,
    FactorNotSetError,
    LastFactorError,
    PasskeyNotFoundError,
    TokenInvalidError,
)
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.login.passkeys import StaffPasskeyRepository, StoredPasskey
from xuexin_api.repositories.staff.staff import StaffRepository, StaffRow
from xuexin_api.services.base import Service
from xuexin_api.services.login.passkey_checking import PasskeyChecking, Use
from xuexin_api.services.login.passkey_making import PasskeyMaking
from xuexin_api.services.staff.staff_callers import StaffCallers
from xuexin_api.services.staff.staff_proving import ProvenMember, StaffProof, StaffProving, use_for


@dataclass(frozen=True, slots=True)
class StaffFactorsView:
    """What a member may log in with, besides the password."""

    totp: bool
    passkeys: list[StoredPasskey]


class StaffPasskeyCopies:
    """A member whose passkey may have been copied sees it in the list, and the trail has it."""

    def __init__(self, *, staff: StaffRepository, entropy: Entropy) -> None:
        self._staff = staff
        self._entropy = entropy

    async def tell(self, passkey: StoredPasskey, *, now: datetime) -> None:
        await self._staff.add_event(
            self._entropy.identifier(),
            "staff:passkey:copied",
            staff_id=passkey.owner_id,
            subject_id=passkey.id,
            now=now,
        )


class StaffPasskeyService(Service):
    """A stolen session alone changes nothing, nor with the password: a factor confirms every change."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        staff: StaffRepository,
        passkeys: StaffPasskeyRepository,
        callers: StaffCallers,
        proving: StaffProving,
        checking: PasskeyChecking,
        making: PasskeyMaking,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._staff = staff
        self._passkeys = passkeys
        self._callers = callers
        self._proving = proving
        self._checking = checking
        self._making = making
        self._entropy = entropy

    async def list_all(self, claims: Claims) -> StaffFactorsView:
        """The caller's own, oldest first."""
        async with self._transaction():
            member = await self._callers.member_of(claims)
            return StaffFactorsView(member.totp_sealed is not None, await self._passkeys.list_for_owner(member.id))

    async def ask(self, claims: Claims) -> dict[str, Any]:
        """What a browser has one of the caller's passkeys sign, to confirm a change of factors."""
        async with self._transaction():
            member = await self._callers.member_of(claims)
            if not await self._passkeys.count_for_owner(member.id):
                raise FactorNotSetError
            return await self._checking.ask(use_for(claims), None, now=self._clock.now())

    async def begin(self, claims: Claims, given: StaffProof) -> dict[str, Any]:
        """What a browser needs to have a passkey made. It counts once `finish` was told what came of it."""
        proven = await self._confirm(claims, given)
        now = self._clock.now()
        async with self._transaction():
            member = await self._hold(claims)
            await self._use_up(proven, now)
            return await self._making.offer(_making(claims), member.id, label=member.login_name, now=now)

    async def finish(self, claims: Claims, credential: Mapping[str, Any], name: str) -> StoredPasskey:
        """The member logs in by it from now on. PasskeyRejectedError for anything but what `begin` asked for."""
        now = self._clock.now()
        made = self._making.read(credential, _making(claims), now=now)
        async with self._transaction():
            member = await self._hold(claims)
            passkey = await self._making.keep(made, member.id, name, now=now)
            await self._note("staff:passkey:add", member, passkey.id, now)
        return passkey

    async def remove(self, claims: Claims, passkey_id: UUID, given: StaffProof) -> None:
        """It opens nothing any more, and every other session ends; LastFactorError where nothing would be left."""
        proven = await self._confirm(claims, given)
        now = self._clock.now()
        async with self._transaction():
            member = await self._hold(claims)
            # Before the removal: it may be the one that confirms.
            await self._use_up(proven, now)
            if not await self._passkeys.remove(member.id, passkey_id):
                raise PasskeyNotFoundError
            if member.totp_sealed is None and not await self._passkeys.count_for_owner(member.id):
                raise LastFactorError
            await self._staff.end_all_sessions(member.id, but=claims.session_id, now=now)
            await self._note("staff:passkey:remove", member, passkey_id, now)

    async def _confirm(self, claims: Claims, given: StaffProof) -> ProvenMember:
        async with self._transaction():
            member = await self._callers.member_of(claims)
        return await self._proving.prove(member.login_name, given, use_for(claims), ConfirmationRejectedError())

    async def _use_up(self, proven: ProvenMember, now: datetime) -> None:
        if not await self._proving.use_up(proven, now=now):
            raise ConfirmationRejectedError

    async def _hold(self, claims: Claims) -> StaffRow:
        """The caller, locked, with the session still alive: an invitation in between ends it, and all begun in it."""
        locked = await self._staff.get_for_update(claims.account_id)
        await self._callers.member_of(claims)
        if locked is None:
            raise TokenInvalidError
        return locked

    async def _note(self, action: str, member: StaffRow, passkey_id: UUID, now: datetime) -> None:
        await self._staff.add_event(
            self._entropy.identifier(), action, staff_id=member.id, subject_id=passkey_id, now=now
        )


def _making(claims: Claims) -> Use:
    return Use("staff_registration", claims.session_id.bytes, alone=True)
