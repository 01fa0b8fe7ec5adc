"""Checking what a passkey has signed: for us, for this, now, once, and by no copy."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from xuexin_api.core.passkeys import (
    Assertion,
    KnownCredential,
    OpenChallenge,
    PasskeyChallenges,
    challenge_of,
    credential_id_of,
    read_assertion,
    request_options,
)
from xuexin_api.core.policies import PasskeyPolicy
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.login.passkeys import PasskeyRepository, StoredPasskey
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.lookups import Lookups


@dataclass(frozen=True, slots=True)
class Use:
    """What a challenge is for, and for whose ticket, recovery or session: what was signed for one fits no other.

    A passkey stands `alone` where nobody is named before it signs; then it must verify its user and name its owner.
    """

    kind: str
    subject: bytes = b""
    alone: bool = False


LOGIN: Final = Use("login", alone=True)


@dataclass(frozen=True, slots=True)
class Judged:
    """An assertion that is right in everything; not yet used up."""

    passkey: StoredPasskey
    assertion: Assertion
    challenge: OpenChallenge


class CopyReport(Protocol):
    """Who is told where a passkey may have been copied."""

    async def tell(self, passkey: StoredPasskey, *, now: datetime) -> None:
        """Inside the transaction of the service that asks."""


class PasskeyChecking:
    """Used inside the transactions of the service that asks; it opens none of its own.

    Owners are accounts, or members of staff: whose passkeys, who is told of a copy, and what stands for an owner in an
    authenticator are given to it.
    """

    def __init__(
        self,
        *,
        passkeys: PasskeyRepository,
        codes: CodeRepository,
        copies: CopyReport,
        handles: str,
        challenges: PasskeyChallenges,
        lookups: Lookups,
        policy: PasskeyPolicy,
    ) -> None:
        self._passkeys = passkeys
        self._codes = codes
        self._copies = copies
        self._handles = handles
        self._challenges = challenges
        self._lookups = lookups
        self._policy = policy

    async def ask(self, use: Use, owner_id: UUID | None, *, now: datetime) -> dict[str, Any]:
        """What a browser needs to have one of the owner's passkeys sign; without an owner, whichever it finds."""
        known = [] if owner_id is None else await self._passkeys.list_for_owner(owner_id)
        expires_at = now + timedelta(seconds=self._policy.lifetime)
        return request_options(
            self._policy,
            challenge=self._challenges.make(use.kind, use.subject, expires_at=expires_at),
            known=[KnownCredential(one.credential_id, one.transports) for one in known],
            alone=use.alone,
        )

    async def judge(
        self, credential: Mapping[str, Any], use: Use, owner_id: UUID | None, *, now: datetime
    ) -> Judged | None:
        """The passkey that signed; None where anything is wrong. A copied one is told to its owner: commit that."""
        passkey = await self._passkeys.get_by_credential(credential_id_of(credential))
        signed = challenge_of(credential)
        key = None if passkey is None else passkey.public_key
        assertion = read_assertion(self._policy, credential, signed, key)
        challenge = self._challenges.read(signed, use.kind, use.subject, now=now)
        if passkey is None or assertion is None or challenge is None:
            return None
        if not self._is_meant(passkey, assertion, use, owner_id):
            return None
        judged = Judged(passkey, assertion, challenge)
        if passkey.sign_count < assertion.sign_count or passkey.sign_count == assertion.sign_count == 0:
            return judged
        await self._report_copy(judged, now)
        return None

    async def use_up(self, judged: Judged, *, now: datetime) -> bool:
        """Spend the challenge and move the counter; False where somebody else just did."""
        spent = await self._spend(judged.challenge)
        return spent and await self._passkeys.use(
            judged.passkey.id,
            sign_count=judged.assertion.sign_count,
            backed_up=judged.assertion.backed_up,
            now=now,
        )

    def user_handle(self, owner_id: UUID) -> bytes:
        """What authenticators keep as the name of the owner: it says nothing, to nobody but us."""
        return self._lookups.secret(self._handles, str(owner_id))

    def _is_meant(self, passkey: StoredPasskey, assertion: Assertion, use: Use, owner_id: UUID | None) -> bool:
        if owner_id is not None and passkey.owner_id != owner_id:
            return False
        if passkey.backup_eligible != assertion.backup_eligible:
            return False
        if use.alone and not (assertion.user_verified and assertion.user_handle):
            return False
        handle = self.user_handle(passkey.owner_id)
        return assertion.user_handle is None or hmac.compare_digest(assertion.user_handle, handle)

    async def _report_copy(self, judged: Judged, now: datetime) -> None:
        """Two authenticators count by themselves, so one of them falls back. Which is the owner's, nobody can tell.

        What is sent again was counted already: only a challenge that was not yet used tells of a copy.
        """
        if not await self._spend(judged.challenge):
            return
        if await self._passkeys.suspect_copy(judged.passkey.id, unless_since=now - DAY, now=now):
            await self._copies.tell(judged.passkey, now=now)

    async def _spend(self, challenge: OpenChallenge) -> bool:
        return await self._codes.spend_challenge(challenge.nonce, expires_at=challenge.expires_at)
