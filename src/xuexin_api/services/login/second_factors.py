"""Checking a second factor: counted before it is judged, each answer good once."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import pyotp

from xuexin_api.core.errors import Option, TooManyOperationsError
from xuexin_api.core.passkeys import credential_id_of
from xuexin_api.core.policies import FactorPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.second_factors import PASSKEY, RECOVERY_CODE, TOTP
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.counters import Counter, CounterRepository
from xuexin_api.repositories.login.factors import FactorRepository
from xuexin_api.services.base import seconds_until
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.login.passkey_checking import LOGIN, Judged, PasskeyChecking, Use
from xuexin_api.services.lookups import Lookups

STEP_SECONDS: Final = 30
_TRIES: Final = "factor_tries"
_ALONE: Final = "passkey_logins"


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Which factor, and its code or what a passkey signed."""

    factor: str
    answer: str = ""
    assertion: Mapping[str, Any] | None = None


class SecondFactors:
    """Used inside the transactions of the service that asks; it opens none of its own."""

    def __init__(
        self,
        *,
        factors: FactorRepository,
        passkeys: PasskeyChecking,
        counters: CounterRepository,
        lookups: Lookups,
        sealer: Sealer,
        policy: FactorPolicy,
    ) -> None:
        self._factors = factors
        self._passkeys = passkeys
        self._counters = counters
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy

    async def count(self, account_id: UUID, device_hash: bytes | None, *, now: datetime) -> Counter:
        """Count a try: the owner's device by itself, all strangers together, for they know the password by now."""
        return await self._counters.add_one(
            _TRIES, self._subject(account_id, device_hash), now=now, window_ends_at=now + DAY
        )

    async def count_for(
        self, account_id: UUID, given: SecondFactor | None, use: Use, device_hash: bytes | None, *, now: datetime
    ) -> Counter:
        """Count a try of what is given; a copied passkey is told of here, where that outlives the refusal."""
        tries = await self.count(account_id, device_hash, now=now)
        if tries.count <= self._policy.tries_per_day and given is not None and given.assertion is not None:
            await self._passkeys.judge(given.assertion, use, account_id, now=now)
        return tries

    def refuse_if_often(self, tries: Counter, *, now: datetime) -> None:
        """TooManyOperationsError past the day's tries; the count is committed by then."""
        if tries.count > self._policy.tries_per_day:
            raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))

    async def check(
        self, account_id: UUID, given: SecondFactor, use: Use, device_hash: bytes | None, *, now: datetime
    ) -> bool:
        """Whether the answer is right, and used up by this; a right one takes its counted try back."""
        if given.factor == PASSKEY:
            right = await self._check_passkey(account_id, given, use, now)
        elif given.factor == TOTP:
            right = await self.check_totp(account_id, given.answer, confirmed=True, now=now)
        else:
            code = normalise_recovery_code(given.answer)
            right = await self._factors.use_code(account_id, self.hash_of(account_id, code), now=now)
        if right:
            await self._counters.take_back(_TRIES, self._subject(account_id, device_hash))
        return right

    async def _check_passkey(self, account_id: UUID, given: SecondFactor, use: Use, now: datetime) -> bool:
        if given.assertion is None:
            return False
        judged = await self._passkeys.judge(given.assertion, use, account_id, now=now)
        return judged is not None and await self._passkeys.use_up(judged, now=now)

    async def judge_alone(
        self, assertion: Mapping[str, Any], network: str, *, now: datetime, window_ends_at: datetime
    ) -> tuple[Counter, Judged | None]:
        """Count a try of a passkey that comes without a password, by what was sent and from where, and judge it."""
        tries = await self._counters.add_one(
            _ALONE, self._sent(assertion, network), now=now, window_ends_at=window_ends_at
        )
        return tries, await self._passkeys.judge(assertion, LOGIN, None, now=now)

    async def use_alone(self, assertion: Mapping[str, Any], judged: Judged, network: str, *, now: datetime) -> bool:
        """Use it up, and take its counted try back; False where somebody else just did."""
        await self._counters.take_back(_ALONE, self._sent(assertion, network))
        return await self._passkeys.use_up(judged, now=now)

    async def check_totp(self, account_id: UUID, code: str, *, confirmed: bool, now: datetime) -> bool:
        """Whether the code is of this moment, the step before or after it, and of no step that was used."""
        stored = await self._factors.get_totp(account_id)
        if stored is None or (stored.confirmed_at is not None) is not confirmed:
            return False
        secret = self._sealer.open(stored.sealed, totp_context(account_id)).decode()
        step = matching_step(secret, code, now=now)
        return step is not None and await self._factors.use_step(account_id, step)

    def hash_of(self, account_id: UUID, code: str) -> bytes:
        """What is stored of a recovery code. Fifty random bits under a server's key need no slow hash."""
        return self._lookups.secret(f"recovery_code:{account_id}", code)

    def _sent(self, assertion: Mapping[str, Any], network: str) -> bytes:
        return self._lookups.attempt("passkey", credential_id_of(assertion), network)

    def _subject(self, account_id: UUID, device_hash: bytes | None) -> bytes:
        return self._lookups.attempt("factor", account_id.bytes, device_hash or b"")


def matching_step(secret: str, code: str, *, now: datetime) -> int | None:
    """The time step of this moment, the one before or the one after it, whose code this is."""
    generator = pyotp.TOTP(secret, interval=STEP_SECONDS)
    present = int(now.timestamp()) // STEP_SECONDS
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(generator.generate_otp(step).encode(), code.strip().encode()):
            return step
    return None


def options_of(account: AccountRow) -> tuple[Option, ...]:
    """The factors of which the account asks for one."""
    return tuple(Option(factor) for factor in (*account.second_factors, RECOVERY_CODE))


def totp_context(account_id: UUID) -> bytes:
    """What a sealed secret is bound to."""
    return b"totp:" + account_id.bytes


def normalise_recovery_code(typed: str) -> str:
    """Case, spaces and dashes do not matter."""
    return "".join(character for character in typed.upper() if character.isalnum())
