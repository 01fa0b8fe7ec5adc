"""Having a passkey made: what a browser is asked for it, and keeping what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import PasskeyLimitReachedError, PasskeyRejectedError
from xuexin_api.core.passkeys import (
    KnownCredential,
    NewCredential,
    OpenChallenge,
    PasskeyChallenges,
    challenge_of,
    creation_options,
    read_registration,
)
from xuexin_api.core.policies import PasskeyPolicy
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.login.passkeys import PasskeyRepository, StoredPasskey
from xuexin_api.services.login.passkey_checking import PasskeyChecking, Use

_SET_ALREADY: Final = {
    "uq_passkeys_credential_id": PasskeyRejectedError(),
    "uq_staff_passkeys_credential_id": PasskeyRejectedError(),
}


@dataclass(frozen=True, slots=True)
class Made:
    """A credential that is right in everything; not yet kept."""

    credential: NewCredential
    challenge: OpenChallenge


class PasskeyMaking:
    """Used inside the transactions of the service that asks; it opens none of its own."""

    def __init__(
        self,
        *,
        passkeys: PasskeyRepository,
        codes: CodeRepository,
        checking: PasskeyChecking,
        challenges: PasskeyChallenges,
        policy: PasskeyPolicy,
        entropy: Entropy,
    ) -> None:
        self._passkeys = passkeys
        self._codes = codes
        self._checking = checking
        self._challenges = challenges
        self._policy = policy
        self._entropy = entropy

    async def offer(self, use: Use, owner_id: UUID, *, label: str, now: datetime) -> dict[str, Any]:
        """What a browser needs to have a passkey made; PasskeyLimitReachedError where there is no room for it."""
        known = await self._passkeys.list_for_owner(owner_id)
        if len(known) >= self._policy.per_account:
            raise PasskeyLimitReachedError
        expires_at = now + timedelta(seconds=self._policy.lifetime)
        return creation_options(
            self._policy,
            challenge=self._challenges.make(use.kind, use.subject, expires_at=expires_at),
            user_handle=self._checking.user_handle(owner_id),
            user_name=label,
            known=[KnownCredential(one.credential_id, one.transports) for one in known],
            alone=use.alone,
        )

    def read(self, credential: Mapping[str, Any], use: Use, *, now: datetime) -> Made:
        """The new credential; PasskeyRejectedError for anything but what was asked for."""
        signed = challenge_of(credential)
        made = read_registration(self._policy, credential, signed, alone=use.alone)
        challenge = self._challenges.read(signed, use.kind, use.subject, now=now)
        if made is None or challenge is None:
            raise PasskeyRejectedError
        return Made(made, challenge)

    async def keep(self, made: Made, owner_id: UUID, name: str, *, now: datetime) -> StoredPasskey:
        """Under the owner's lock. PasskeyRejectedError where the challenge was used, or the passkey is set already."""
        if not await self._codes.spend_challenge(made.challenge.nonce, expires_at=made.challenge.expires_at):
            raise PasskeyRejectedError
        if await self._passkeys.count_for_owner(owner_id) >= self._policy.per_account:
            raise PasskeyLimitReachedError
        passkey = StoredPasskey(
            id=self._entropy.identifier(),
            owner_id=owner_id,
            credential_id=made.credential.credential_id,
            public_key=made.credential.public_key,
            sign_count=made.credential.sign_count,
            aaguid=made.credential.aaguid,
            transports=made.credential.transports,
            backup_eligible=made.credential.backup_eligible,
            backed_up=made.credential.backed_up,
            name=name,
            created_at=now,
            last_used_at=None,
            copy_suspected_at=None,
        )
        with refused_by(_SET_ALREADY):
            await self._passkeys.add(passkey)
        return passkey
