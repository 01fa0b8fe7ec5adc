"""Logging in by a password: one answer and one amount of work for every wrong pair."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import LoginRejectedError, ServiceBusyError
from xuexin_api.core.passwords import canonical_password
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.services.login.further_factors import METHODS, PASSWORD, still_asked
from xuexin_api.services.login.identifiers import classify_identifier
from xuexin_api.services.login.login_limits import LoginLimits
from xuexin_api.services.login.login_opening import Caller, LoggedIn, LoginOpening
from xuexin_api.services.login.outcomes import Ticket, is_over
from xuexin_api.services.login.password_aside import PasswordAside
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.sessions.session_opening import DeviceTokens, KnownDevice

_METHODS: Final = METHODS[PASSWORD]


@dataclass(frozen=True, slots=True)
class PasswordPair:
    """A login name (phone, document number or e-mail) and its password."""

    identifier: str
    password: str
    challenge: str | None


class PasswordLogin:
    """Two statements and a hash, where nothing is unusual; what is, needs a session and stands aside."""

    def __init__(
        self,
        *,
        limits: LoginLimits,
        opening: LoginOpening,
        devices: DeviceTokens,
        hashing: PasswordHashing,
        lookups: Lookups,
        clock: Clock,
    ) -> None:
        self._limits = limits
        self._opening = opening
        self._devices = devices
        self._hashing = hashing
        self._lookups = lookups
        self._clock = clock

    async def begin(self, asked: PasswordPair, caller: Caller, aside: Callable[[], PasswordAside]) -> LoggedIn | Ticket:
        """A session for a right pair, or a ticket where the account asks for more; LoginRejectedError otherwise."""
        self._hashing.refuse_if_full()
        device = self._devices.read(caller.device_token)
        challenged = asked.challenge is not None
        if asked.challenge is not None:
            await aside().spend_challenge(asked.challenge)
        # After the challenge: only who solved one counts against the number that ends in a refusal.
        asks = await self._limits.asks_for_challenge(caller.network, device, challenged=challenged)
        kind, key = classify_identifier(asked.identifier, self._lookups)
        # Counted before it is judged, so that parallel tries are all counted; a success forgets its own.
        attempt, counted = await self._limits.count(kind, key, caller.network, device, asks=asks, challenged=challenged)
        row, stored, known = attempt.account, attempt.password_hash, attempt.by_owner
        password = canonical_password(asked.password)
        try:
            right = await self._hashing.verify(password, stored)
            now = self._clock.now()
            if not right or row is None or stored is None or is_over(row, now):
                await self._limits.note_failure(caller.network)
                raise LoginRejectedError
            if self._hashing.outdated(stored):
                stored = await aside().strengthen(row.id, password, stored)
        except ServiceBusyError:
            await self._limits.take_back(counted)
            raise
        if row.closes_at is None and not still_asked(row, _METHODS, known=known):
            opened = await self._open(row, device if known else None, caller, counted, stored, now)
            if opened is not None:
                return opened
        # Where something was changed since, it is judged once more, under the lock of its account.
        return await aside().go_on(row.id, caller=caller, forgets=counted, judged_hash=stored)

    async def _open(
        self, row: AccountRow, device: KnownDevice | None, caller: Caller, counted: bytes, stored: str, now: datetime
    ) -> LoggedIn | None:
        if device is not None:
            return await self._opening.open_on_known(
                row, device, caller=caller, now=now, forgets=counted, judged_hash=stored
            )
        with suppress(LoginRejectedError):
            return await self._opening.open(
                row, methods=_METHODS, known=False, caller=caller, now=now, forgets=counted, judged_hash=stored
            )
        return None
