"""Checking a second factor: counted before it is judged, each code good once."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final
from uuid import UUID

import pyotp

from xuexin_api.core.errors import TooManyOperationsError
from xuexin_api.core.policies import FactorPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.repositories.counters import Counter, CounterRepository
from xuexin_api.repositories.factors import FactorRepository
from xuexin_api.services.base import seconds_until
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.lookups import Lookups

TOTP: Final = "totp"
RECOVERY_CODE: Final = "recovery_code"
STEP_SECONDS: Final = 30
_TRIES: Final = "factor_tries"


class SecondFactors:
    """Used inside the transactions of the service that asks; it opens none of its own."""

    def __init__(
        self,
        *,
        factors: FactorRepository,
        counters: CounterRepository,
        lookups: Lookups,
        sealer: Sealer,
        policy: FactorPolicy,
    ) -> None:
        self._factors = factors
        self._counters = counters
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy

    async def count(self, account_id: UUID, device_hash: bytes | None, *, now: datetime) -> Counter:
        """Count a try: the owner's device by itself, all strangers together, for they know the password by now."""
        return await self._counters.add_one(
            _TRIES, self._subject(account_id, device_hash), now=now, window_ends_at=now + DAY
        )

    def refuse_if_often(self, tries: Counter, *, now: datetime) -> None:
        """TooManyOperationsError past the day's tries; the count is committed by then."""
        if tries.count > self._policy.tries_per_day:
            raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))

    async def check(
        self, account_id: UUID, factor: str, answer: str, device_hash: bytes | None, *, now: datetime
    ) -> bool:
        """Whether the answer is right, and used up by this; a right one takes its counted try back."""
        if factor == TOTP:
            right = await self.check_totp(account_id, answer, confirmed=True, now=now)
        else:
            code = normalise_recovery_code(answer)
            right = await self._factors.use_code(account_id, self.hash_of(account_id, code), now=now)
        if right:
            await self._counters.take_back(_TRIES, self._subject(account_id, device_hash))
        return right

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


def totp_context(account_id: UUID) -> bytes:
    """What a sealed secret is bound to."""
    return b"totp:" + account_id.bytes


def normalise_recovery_code(typed: str) -> str:
    """Case, spaces and dashes do not matter."""
    return "".join(character for character in typed.upper() if character.isalnum())
