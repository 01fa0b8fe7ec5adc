"""Logging in: one answer and one amount of work for every wrong pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import CHINA, Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    BrokenRuleError,
    CodeRejectedError,
    FieldProblem,
    InvalidRequestError,
    LoginRejectedError,
    Option,
    PhoneRegisteredError,
    ServiceBusyError,
    TicketRejectedError,
    TooManyOperationsError,
)
from xuexin_api.core.passwords import canonical_password
from xuexin_api.core.phones import parse_phone
from xuexin_api.core.policies import LoginPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.second_factors import PASSKEY, RECOVERY_CODE
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.repositories.accounts.accounts import OPEN_STATES, AccountRepository, AccountRow
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.login.sessions import FlowState, SessionRepository
from xuexin_api.services.account_view import AccountView, view_account
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.challenges import ChallengeService, spend
from xuexin_api.services.codes.code_checking import CodeChecking
from xuexin_api.services.codes.phone_binding import NewPhone, PhoneBinding
from xuexin_api.services.codes.phone_proofs import PHONE_OPTIONS
from xuexin_api.services.login.further_factors import (
    METHODS,
    PASSWORD,
    PHONE_PROOF,
    RECORD_FACT,
    THIRD_PARTY,
    FurtherFactors,
    still_asked,
)
from xuexin_api.services.login.identifiers import classify_identifier
from xuexin_api.services.login.login_limits import LoginLimits
from xuexin_api.services.login.passkey_checking import LOGIN, PasskeyChecking, Use
from xuexin_api.services.login.second_factors import SecondFactor, SecondFactors
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.sessions.session_opening import DeviceTokens, SessionOpening, Tokens

_PURPOSE: Final = "login"
_TOLD_EVERYWHERE: Final = {RECOVERY_CODE: "body_recovery_code_used", RECORD_FACT: "body_record_fact_used"}


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session."""

    account: AccountView
    tokens: Tokens
    device_token: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """The first factor was right, and one more is needed: the number alone does not prove the person."""

    ticket: str
    expires_in: int
    next: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class PasswordPair:
    """A login name (phone, document number or e-mail) and its password."""

    identifier: str
    password: str
    challenge: str | None


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


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a login comes from: address, its network, its system, and the device token it brought, if any."""

    address: str
    network: str
    platform: str
    device_token: str | None


class LoginService(Service):
    """Password, or phone code, or passkey, and the further factors that an account asks for."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        accounts: AccountRepository,
        sessions: SessionRepository,
        codes: CodeRepository,
        limits: LoginLimits,
        factors: FurtherFactors,
        second: SecondFactors,
        passkeys: PasskeyChecking,
        binding: PhoneBinding,
        checking: CodeChecking,
        challenges: ChallengeService,
        opening: SessionOpening,
        notices: Notices,
        dispatcher: OutboxDispatcher,
        devices: DeviceTokens,
        hashing: PasswordHashing,
        lookups: Lookups,
        sealer: Sealer,
        policy: LoginPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._accounts = accounts
        self._sessions = sessions
        self._codes = codes
        self._limits = limits
        self._factors = factors
        self._second = second
        self._passkeys = passkeys
        self._binding = binding
        self._checking = checking
        self._challenges = challenges
        self._opening = opening
        self._notices = notices
        self._dispatcher = dispatcher
        self._devices = devices
        self._hashing = hashing
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def begin(self, asked: PasswordPair | PhoneCode | SignedByPasskey, caller: Caller) -> LoggedIn | Ticket:
        """A session, or a ticket where one more factor is needed."""
        if isinstance(asked, PasswordPair):
            done = await self.with_password(asked, caller)
        elif isinstance(asked, SignedByPasskey):
            done = await self.with_passkey(asked, caller)
        else:
            done = await self.with_phone_code(asked, caller)
        self._send_notice(done, caller)
        return done

    async def with_password(self, asked: PasswordPair, caller: Caller) -> LoggedIn | Ticket:
        """A session for a right pair, or a ticket where the account asks for more; LoginRejectedError otherwise."""
        self._hashing.refuse_if_full()
        device = self._devices.read(caller.device_token)
        await self._spend_challenge(asked.challenge)
        # After the challenge: only who solved one counts against the number that ends in a refusal.
        asks = await self._limits.asks_for_challenge(caller.network, device, challenged=asked.challenge is not None)
        kind, key = classify_identifier(asked.identifier, self._lookups)
        # Counted before it is judged, so that parallel tries are all counted; a success forgets its own.
        attempt, counted = await self._limits.count(
            kind, key, caller.network, device, asks=asks, challenged=asked.challenge is not None
        )
        row, stored = attempt.account, attempt.password_hash
        password = canonical_password(asked.password)
        try:
            right = await self._hashing.verify(password, stored)
        except ServiceBusyError:
            await self._limits.take_back(counted)
            raise
        if not right or row is None or _is_over(row, self._clock.now()):
            await self._limits.note_failure(caller.network)
            raise LoginRejectedError
        if stored is not None and self._hashing.outdated(stored):
            rehashed = await self._hashing.hash(password)
            async with self._transaction():
                await self._accounts.set_password_hash(row.id, rehashed, replaces=stored)
            stored = rehashed
        return await self._go_on(
            row,
            methods=["pwd"],
            known=attempt.by_owner,
            caller=caller,
            now=self._clock.now(),
            forgets=counted,
            judged_hash=stored,
        )

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
            known = found is not None and await self._known_device(found[0].id, caller) is not None
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
                if row is not None and row.phone_key == key and not _is_over(row, now):
                    return await self._go_on(row, methods=["sms"], known=known, caller=caller, now=now)
        except CodeRejectedError:
            raise LoginRejectedError from None
        # The code is used up also where the phone belongs to nobody, or to an account that is over.
        raise LoginRejectedError

    async def go_on_from_third_party(self, row: AccountRow, caller: Caller, *, now: datetime) -> LoggedIn | Ticket:
        """A session for who a linked third party says it is, inside the transaction that locked the account."""
        if _is_over(row, now):
            raise LoginRejectedError
        known = await self._known_device(row.id, caller) is not None
        return await self._go_on(row, methods=[*METHODS[THIRD_PARTY]], known=known, caller=caller, now=now)

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
                row = await self._accounts.lock(judged.passkey.account_id)
                if row is None or _is_over(row, now):
                    raise LoginRejectedError
                if not await self._second.use_alone(asked.assertion, judged, caller.network, now=now):
                    raise LoginRejectedError
                known = await self._known_device(row.id, caller) is not None
                return await self._go_on(row, methods=[*METHODS[PASSKEY]], known=known, caller=caller, now=now)
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
                device = await self._known_device(flow.account_id, caller)
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
        self._send_notice(done, caller)
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
        if row is None or _is_over(row, now) or not await self._sessions.consume_flow(flow.id, now=now):
            raise TicketRejectedError
        device = await self._known_device(row.id, caller)
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
        return await self._go_on(row, methods=methods, known=known, caller=caller, now=now, forgets=flow.forgets)

    async def _known_device(self, account_id: UUID, caller: Caller) -> bytes | None:
        """The hash of the caller's device token, where the device logged in to this account and was not forgotten."""
        device = self._devices.read(caller.device_token)
        # Asked further only about the account of the device: the work must not tell of another's.
        if device is None or device.account_id != account_id:
            return None
        return device.token_hash if await self._sessions.knows_device(account_id, device.token_hash) else None

    async def _go_on(
        self,
        row: AccountRow,
        *,
        methods: list[str],
        known: bool,
        caller: Caller,
        now: datetime,
        forgets: bytes | None = None,
        judged_hash: str | None = None,
    ) -> LoggedIn | Ticket:
        """The session, or the ticket for what the account still asks. A login undoes the closing of its account.

        `known` is a device that logged in to the account before. `judged_hash` is the password that was right, outside
        of any transaction: it may have been changed since.
        """
        asks = still_asked(row, methods, known=known)
        if not asks and row.closes_at is None:
            return await self._open(
                row, methods=methods, known=known, caller=caller, now=now, forgets=forgets, judged_hash=judged_hash
            )
        if judged_hash is not None:
            async with self._transaction():
                locked = await self._accounts.lock(row.id)
                unchanged = await self._accounts.get_password_hash(row.id) == judged_hash
                if locked is None or _is_over(locked, now) or not unchanged:
                    raise LoginRejectedError
                return await self._go_on(locked, methods=methods, known=known, caller=caller, now=now, forgets=forgets)
        if asks:
            return await self._ticket(row, methods, asks, forgets, now)
        if not await self._accounts.reopen(row.id):
            raise LoginRejectedError
        await self._notices.post_everywhere(row, "body_closing_undone", now=now)
        reopened = replace(row, state="active", closes_at=None)
        return await self._open(reopened, methods=methods, known=known, caller=caller, now=now, forgets=forgets)

    async def _ticket(
        self, row: AccountRow, methods: list[str], asks: tuple[str, ...], forgets: bytes | None, now: datetime
    ) -> Ticket:
        secret = self._entropy.token().hex()
        await self._sessions.add_flow(
            {
                "id": self._entropy.identifier(),
                "kind": "login",
                "account_id": row.id,
                "secret_hash": self._lookups.secret("ticket", secret),
                "methods": methods,
                "asks": list(asks),
                "forgets": forgets,
                "tries": 0,
                "created_at": now,
                "expires_at": now + timedelta(seconds=self._policy.ticket_lifetime),
            }
        )
        return Ticket(secret, self._policy.ticket_lifetime, tuple(Option(ask) for ask in asks))

    async def _open(
        self,
        row: AccountRow,
        *,
        methods: list[str],
        known: bool,
        caller: Caller,
        now: datetime,
        forgets: bytes | None = None,
        judged_hash: str | None = None,
    ) -> LoggedIn:
        notice = None
        if not known:
            moment = now.astimezone(CHINA)
            notice = self._notices.write(row, "body_new_device", now=now, time=f"{moment:%m-%d %H:%M}")
        tokens, device_token = await self._opening.open(
            row.id,
            methods=methods,
            address=caller.address,
            platform=caller.platform,
            device_token=caller.device_token,
            action="session:login",
            now=now,
            judged_hash=judged_hash,
            notice=notice,
            forgets=forgets,
        )
        return LoggedIn(view_account(row, self._sealer), tokens, device_token)

    def _send_notice(self, done: LoggedIn | Ticket, caller: Caller) -> None:
        """Of a login on a device that is known, and asked for nothing more, nobody is told."""
        if isinstance(done, Ticket) or done.device_token != caller.device_token or caller.device_token is None:
            self._dispatcher.wake()

    async def _spend_challenge(self, challenge: str | None) -> None:
        if challenge is None:
            return
        answered = self._challenges.read(challenge, purpose=_PURPOSE)
        async with self._transaction():
            await spend(self._codes, answered)
        await self._challenges.judge(answered)


def _use_for(flow: FlowState) -> Use:
    return Use("ticket", flow.id.bytes)


def _is_over(row: AccountRow, now: datetime) -> bool:
    """Whether nobody logs in to the account any more, whatever is right."""
    return row.state not in OPEN_STATES or (row.closes_at is not None and row.closes_at <= now)
