"""Logging in by a phone code or a passkey, and the further factors that an account asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import (
    BrokenRuleError,
    CodeRejectedError,
    FieldProblem,
    InvalidRequestError,
    LoginRejectedError,
    PhoneRegisteredError,
    TicketRejectedError,
    TooManyOperationsError,
)
from xuexin_api.core.passwords import canonical_password
from xuexin_api.core.phones import parse_phone
from xuexin_api.core.policies import LoginPolicy
from xuexin_api.core.second_factors import PASSKEY, RECOVERY_CODE
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.login.sessions import FlowState, SessionRepository
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.codes.code_checking import CodeChecking
from xuexin_api.services.codes.phone_binding import NewPhone, PhoneBinding
from xuexin_api.services.codes.phone_proofs import PHONE_OPTIONS
from xuexin_api.services.login.further_factors import (
    METHODS,
    PASSWORD,
    PHONE_PROOF,
    RECORD_FACT,
    FurtherFactors,
)
from xuexin_api.services.login.login_limits import LoginLimits
from xuexin_api.services.login.login_opening import Caller, LoggedIn
from xuexin_api.services.login.outcomes import LoginOutcomes, Ticket, is_over, tells_owner
from xuexin_api.services.login.passkey_checking import LOGIN, PasskeyChecking, Use
from xuexin_api.services.login.second_factors import SecondFactor, SecondFactors
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.sessions.session_opening import DeviceTokens

_PURPOSE: Final = "login"
_TOLD_EVERYWHERE: Final = {RECOVERY_CODE: "body_recovery_code_used", RECORD_FACT: "body_record_fact_used"}


@dataclass(frozen=True, slots=True)
class PhoneCode:
    """A code and the phone that received it."""

    code_id: UUID
    phone: str
    code: str


@dataclass(frozen=True, slots=True)
class SignedByPasskey:
    """What a passkey signed that its holder chose by himself: no login name comes with it."""

    assertion: Mapping[str, Any]


class LoginService(Service):
    """The ways that a password does not open; whatever is wrong, the answer is the same."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        accounts: AccountRepository,
        sessions: SessionRepository,
        limits: LoginLimits,
        outcomes: LoginOutcomes,
        factors: FurtherFactors,
        second: SecondFactors,
        passkeys: PasskeyChecking,
        binding: PhoneBinding,
        checking: CodeChecking,
        notices: Notices,
        dispatcher: OutboxDispatcher,
        devices: DeviceTokens,
        hashing: PasswordHashing,
        lookups: Lookups,
        policy: LoginPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._accounts = accounts
        self._sessions = sessions
        self._limits = limits
        self._outcomes = outcomes
        self._factors = factors
        self._second = second
        self._passkeys = passkeys
        self._binding = binding
        self._checking = checking
        self._notices = notices
        self._dispatcher = dispatcher
        self._devices = devices
        self._hashing = hashing
        self._lookups = lookups
        self._policy = policy

    async def with_phone_code(self, asked: PhoneCode, caller: Caller) -> LoggedIn | Ticket:
        """A session on a device that logged in before, a ticket on any other."""
        await self._limits.limit("code_logins", caller.network, self._devices.read(caller.device_token))
        try:
            key = self._lookups.phone(parse_phone(asked.phone))
        except BrokenRuleError as broken:
            raise InvalidRequestError([FieldProblem("/phone", broken.code, broken.params)]) from None
        now = self._clock.now()
        async with self._transaction():
            found = await self._accounts.get_for_login("phone", key)
            known = found is not None and await self._outcomes.known_device(found[0].id, caller) is not None
            # A stranger's wrong tries close the phone for strangers, and never for a device of its owner.
            if not known:
                await self._checking.refuse_if_closed(key, now=now)
            tried = await self._checking.count(asked.code_id, now=now)
        if not self._checking.matches(
            tried, code_id=asked.code_id, code=asked.code, destination_key=key, purpose=_PURPOSE
        ):
            await self._limits.note_failure(caller.network)
            raise LoginRejectedError
        try:
            async with self._transaction():
                await self._checking.consume(asked.code_id, key, now=now)
                row = None if found is None else await self._accounts.lock(found[0].id)
                # The number may have moved, or the account closed, since it was found.
                if row is not None and row.phone_key == key and not is_over(row, now):
                    known = await self._outcomes.known_device(row.id, caller) is not None
                    return await self._outcomes.go_on(row, methods=["sms"], known=known, caller=caller, now=now)
        except CodeRejectedError:
            raise LoginRejectedError from None
        # The code is used up also where the phone belongs to nobody, or to an account that is over.
        raise LoginRejectedError

    async def ask_passkey(self, ticket: str | None, caller: Caller) -> dict[str, Any]:
        """What a browser has a passkey sign: for a ticket, as one of its tries, or to log in by the passkey alone."""
        await self._limits.limit("passkey_logins", caller.network, self._devices.read(caller.device_token))
        now = self._clock.now()
        if ticket is None:
            return await self._passkeys.ask(LOGIN, None, now=now)
        async with self._transaction():
            flow = await self._sessions.count_flow_try(
                self._lookups.secret("ticket", ticket), most=self._policy.ticket_tries, now=now
            )
        if flow is None or PASSKEY not in flow.asks:
            raise TicketRejectedError
        async with self._read():
            return await self._passkeys.ask(_use_for(flow), flow.account_id, now=now)

    async def with_passkey(self, asked: SignedByPasskey, caller: Caller) -> LoggedIn | Ticket:
        """A session for a passkey that verified its user, which is two factors; LoginRejectedError otherwise."""
        await self._limits.limit("passkey_logins", caller.network, self._devices.read(caller.device_token))
        now = self._clock.now()
        async with self._transaction():
            # What was signed cannot be guessed: a number of tries in the longest wait is enough.
            tries, judged = await self._second.judge_alone(
                asked.assertion, caller.network, now=now, window_ends_at=now + timedelta(seconds=self._policy.waits[-1])
            )
        if tries.count > self._policy.of_one.before_wait:
            raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))
        try:
            if judged is None:
                raise LoginRejectedError
            async with self._transaction():
                row = await self._accounts.lock(judged.passkey.owner_id)
                if row is None or is_over(row, now):
                    raise LoginRejectedError
                if not await self._second.use_alone(asked.assertion, judged, caller.network, now=now):
                    raise LoginRejectedError
                known = await self._outcomes.known_device(row.id, caller) is not None
                return await self._outcomes.go_on(row, methods=[*METHODS[PASSKEY]], known=known, caller=caller, now=now)
        except LoginRejectedError:
            await self._limits.note_failure(caller.network)
            raise

    async def continue_with(
        self, *, ticket: str, given: SecondFactor, takes_over: bool, caller: Caller
    ) -> LoggedIn | Ticket:
        """The session once the ticket's factor is right, or the ticket of the next."""
        factor = given.factor
        if factor == PASSWORD:
            self._hashing.refuse_if_full()
        await self._limits.limit("continued_logins", caller.network, self._devices.read(caller.device_token))
        now = self._clock.now()
        wait = None
        async with self._transaction():
            flow = await self._sessions.count_flow_try(
                self._lookups.secret("ticket", ticket), most=self._policy.ticket_tries, now=now
            )
            if flow is not None and factor in flow.asks:
                device = await self._outcomes.known_device(flow.account_id, caller)
                wait = await self._factors.count(flow.account_id, given, _use_for(flow), device, now=now)
        if flow is None or factor not in flow.asks:
            raise TicketRejectedError
        if wait is not None:
            raise TooManyOperationsError(retry_after=wait)
        try:
            if factor == PASSWORD:
                await self._check_password(flow.account_id, given.answer)
            with refused_by({"uq_accounts_phone_key": PhoneRegisteredError(options=PHONE_OPTIONS)}):
                async with self._transaction():
                    done = await self._take_factor(flow, given, caller, self._clock.now(), takes_over=takes_over)
        except LoginRejectedError:
            await self._limits.note_failure(caller.network)
            raise
        if tells_owner(done, caller):
            self._dispatcher.wake()
        return done

    async def _check_password(self, account_id: UUID, password: str) -> None:
        async with self._read():
            stored = await self._accounts.get_password_hash(account_id)
        if not await self._hashing.verify(canonical_password(password), stored):
            raise LoginRejectedError

    async def _take_factor(
        self, flow: FlowState, given: SecondFactor, caller: Caller, now: datetime, *, takes_over: bool
    ) -> LoggedIn | Ticket:
        """Use factor and ticket up, both or neither."""
        row = await self._accounts.lock(flow.account_id)
        if row is None or is_over(row, now) or not await self._sessions.consume_flow(flow.id, now=now):
            raise TicketRejectedError
        device = await self._outcomes.known_device(row.id, caller)
        if not await self._factors.check(row, given, _use_for(flow), device, now=now):
            raise LoginRejectedError
        # Who holds the phone may be a thief: told on every channel, and not only there.
        if given.factor in _TOLD_EVERYWHERE:
            await self._notices.post_everywhere(row, _TOLD_EVERYWHERE[given.factor], now=now)
        if given.factor == PHONE_PROOF:
            await self._binding.bind(row, NewPhone(given.answer, takes_over), purpose="contact_change", now=now)
            await self._notices.post_everywhere(row, "body_phone_bound", now=now)
            row = await self._accounts.get(row.id) or row
        methods = [*flow.methods, *METHODS[given.factor]]
        known = device is not None
        return await self._outcomes.go_on(
            row, methods=methods, known=known, caller=caller, now=now, forgets=flow.forgets
        )


def _use_for(flow: FlowState) -> Use:
    return Use("ticket", flow.id.bytes)
