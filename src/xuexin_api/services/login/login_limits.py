"""What failed logins cost: a challenge, then waits that grow; and no known device pays for strangers."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import AddressLimitedError, ChallengeRequiredError, RefusalError, TooManyOperationsError
from xuexin_api.core.policies import LoginPolicy
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.accounts.accounts import Identifier
from xuexin_api.repositories.login.logins import Asked, Attempt, LoginRepository, Refused
from xuexin_api.services.base import seconds_until
from xuexin_api.services.challenges import ChallengeService
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.sessions.session_opening import KnownDevice

_MINUTE: Final = 60
_HOUR: Final = 3600
_FAILURES: Final = "login_failures"


class LoginLimits:
    """Counts per login name in the database, per address in the limits' store.

    Thousands log in from one address: a row that they shared would make each wait for the other.
    """

    def __init__(
        self,
        *,
        logins: LoginRepository,
        challenges: ChallengeService,
        hashing: PasswordHashing,
        throttle: Throttle,
        lookups: Lookups,
        policy: LoginPolicy,
        clock: Clock,
    ) -> None:
        self._logins = logins
        self._challenges = challenges
        self._hashing = hashing
        self._throttle = throttle
        self._lookups = lookups
        self._policy = policy
        self._clock = clock

    async def limit(self, name: str, network: str, device: KnownDevice | None) -> None:
        """So many a minute from one address; a known device has its own number, out of reach of its neighbours."""
        if device is not None:
            most, subject = self._policy.per_device_minute, device.token_hash.hex()
            wait = await self._throttle.hit("device_logins", subject, most=most, seconds=_MINUTE)
            if wait is not None:
                raise TooManyOperationsError(retry_after=wait)
            return
        wait = await self._throttle.hit(name, network, most=self._policy.per_address_minute, seconds=_MINUTE)
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)

    async def asks_for_challenge(self, network: str, device: KnownDevice | None, *, challenged: bool) -> bool:
        """Whether a stranger must bring a challenge here, whatever the login name; ChallengeRequiredError for one.

        What a guesser does at an address makes it dearer for all there and shuts nobody out: only those with a
        challenge are turned away in the end, and known devices never.
        """
        if challenged:
            await self.limit("challenged_logins", network, device)
            return False
        most = self._policy.failures_per_address_hour
        asks = await self._throttle.count(_FAILURES, network, most=most, seconds=_HOUR) >= most
        asks = asks or self._hashing.half_full
        if device is not None:
            await self.limit("logins", network, device)
            return asks
        often = await self._throttle.hit("logins", network, most=self._policy.per_address_minute, seconds=_MINUTE)
        if asks or often is not None:
            raise ChallengeRequiredError
        return False

    async def count(
        self, kind: Identifier, key: bytes, network: str, device: KnownDevice | None, *, asks: bool, challenged: bool
    ) -> tuple[Attempt, bytes]:
        """The login that may be judged now, and what it was counted as; or the refusal.

        What is refused unjudged is not counted: it tells an attacker nothing, and a client that polls does not prolong
        its wait. A stranger's failures count against his network and all strangers, the owner's against the device.
        """
        now = self._clock.now()
        stranger = self._lookups.attempt(kind, key) + self._lookups.attempt(kind, key, network)
        owner = stranger if device is None else self._lookups.attempt(kind, key, device.token_hash)
        asked = Asked(
            kind,
            key,
            device_account=None if device is None else device.account_id,
            device_hash=None if device is None else device.token_hash,
            owner_subject=owner,
            stranger_subject=stranger,
            open_to_strangers=not asks,
            challenged=challenged,
        )
        attempt = await self._logins.count(asked, self._policy, now=now)
        if isinstance(attempt, Refused):
            raise _refusal(attempt, challenged=challenged, now=now)
        return attempt, owner if attempt.by_owner else stranger

    async def take_back(self, counted: bytes) -> None:
        """It was not judged after all."""
        await self._logins.take_back(counted)

    async def note_failure(self, network: str) -> None:
        """For the whole address, over all login names: its challenges become dearer, and then required."""
        await self._challenges.note_activity(network)
        most = self._policy.failures_per_address_hour
        await self._throttle.hit(_FAILURES, network, most=most, seconds=_HOUR)


def _refusal(refused: Refused, *, challenged: bool, now: datetime) -> RefusalError:
    """The wait, if one is running: a challenge would be solved in vain."""
    if refused.waits_until is not None and refused.waits_until > now:
        return TooManyOperationsError(retry_after=seconds_until(refused.waits_until, now))
    # With a challenge only a wait refuses; a login that succeeded meanwhile has ended it.
    return TooManyOperationsError(retry_after=1) if challenged else ChallengeRequiredError()
