"""Checking what a passkey has signed: for us, for this, now, once, and by no copy."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from xuexin_api.core.entropy import Entropy
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
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.login.passkeys import PasskeyRepository, StoredPasskey
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices


@dataclass(frozen=True, slots=True)
class Use:
    """What a challenge is for, and for whose ticket, recovery or session: what was signed for one fits no other.

    A passkey stands `alone` where no password came before it; then it must verify its user and name its account.
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


class PasskeyChecking:
    """Used inside the transactions of the service that asks; it opens none of its own."""

    def __init__(
        self,
        *,
        passkeys: PasskeyRepository,
        accounts: AccountRepository,
        codes: CodeRepository,
        audit: AuditRepository,
        notices: Notices,
        challenges: PasskeyChallenges,
        lookups: Lookups,
        policy: PasskeyPolicy,
        entropy: Entropy,
    ) -> None:
        self._passkeys = passkeys
        self._accounts = accounts
        self._codes = codes
        self._audit = audit
        self._notices = notices
        self._challenges = challenges
        self._lookups = lookups
        self._policy = policy
        self._entropy = entropy

    async def ask(self, use: Use, account_id: UUID | None, *, now: datetime) -> dict[str, Any]:
        """What a browser needs to have one of the account's passkeys sign; without an account, whichever it finds."""
        known = [] if account_id is None else await self._passkeys.list_for_account(account_id)
        expires_at = now + timedelta(seconds=self._policy.lifetime)
        return request_options(
            self._policy,
            challenge=self._challenges.make(use.kind, use.subject, expires_at=expires_at),
            known=[KnownCredential(one.credential_id, one.transports) for one in known],
            alone=use.alone,
        )

    async def judge(
        self, credential: Mapping[str, Any], use: Use, account_id: UUID | None, *, now: datetime
    ) -> Judged | None:
        """The passkey that signed; None where anything is wrong. A copied one is told to its owner: commit that."""
        passkey = await self._passkeys.get_by_credential(credential_id_of(credential))
        signed = challenge_of(credential)
        key = None if passkey is None else passkey.public_key
        assertion = read_assertion(self._policy, credential, signed, key)
        challenge = self._challenges.read(signed, use.kind, use.subject, now=now)
        if passkey is None or assertion is None or challenge is None:
            return None
        if not self._is_meant(passkey, assertion, use, account_id):
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

    def user_handle(self, account_id: UUID) -> bytes:
        """What authenticators keep as the name of the account: it says nothing, to nobody but us."""
        return self._lookups.secret("passkey_user", str(account_id))

    def _is_meant(self, passkey: StoredPasskey, assertion: Assertion, use: Use, account_id: UUID | None) -> bool:
        if account_id is not None and passkey.account_id != account_id:
            return False
        if passkey.backup_eligible != assertion.backup_eligible:
            return False
        if use.alone and not (assertion.user_verified and assertion.user_handle):
            return False
        handle = self.user_handle(passkey.account_id)
        return assertion.user_handle is None or hmac.compare_digest(assertion.user_handle, handle)

    async def _report_copy(self, judged: Judged, now: datetime) -> None:
        """Two authenticators count by themselves, so one of them falls back. Which is the owner's, nobody can tell.

        What is sent again was counted already: only a challenge that was not yet used tells of a copy.
        """
        account = await self._accounts.get(judged.passkey.account_id)
        if account is None or not await self._spend(judged.challenge):
            return
        if not await self._passkeys.suspect_copy(judged.passkey.id, unless_since=now - DAY, now=now):
            return
        await self._notices.post_everywhere(account, "body_passkey_copied", now=now)
        await self._audit.add(
            self._entropy.identifier(), "account:passkey:copied", account_id=account.id, session_id=None, now=now
        )

    async def _spend(self, challenge: OpenChallenge) -> bool:
        return await self._codes.spend_challenge(challenge.nonce, expires_at=challenge.expires_at)
