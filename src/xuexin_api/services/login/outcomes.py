"""What a right factor leads to: the session, or a ticket for the factor that the account asks for next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import CHINA, Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import LoginRejectedError, Option
from xuexin_api.core.policies import LoginPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.repositories.accounts.accounts import OPEN_STATES, AccountRepository, AccountRow
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.services.account_view import AccountView, view_account
from xuexin_api.services.base import Service
from xuexin_api.services.login.further_factors import still_asked
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.sessions.session_opening import DeviceTokens, SessionOpening, Tokens


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
class Caller:
    """Where a login comes from: address, its network, its system, and the device token it brought, if any."""

    address: str
    network: str
    platform: str
    device_token: str | None


class LoginOutcomes(Service):
    """Where every way to log in ends."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        accounts: AccountRepository,
        sessions: SessionRepository,
        opening: SessionOpening,
        notices: Notices,
        dispatcher: OutboxDispatcher,
        devices: DeviceTokens,
        lookups: Lookups,
        sealer: Sealer,
        policy: LoginPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._accounts = accounts
        self._sessions = sessions
        self._opening = opening
        self._notices = notices
        self._dispatcher = dispatcher
        self._devices = devices
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def known_device(self, account_id: UUID, caller: Caller) -> bytes | None:
        """The hash of the caller's device token, where the device logged in to this account and was not forgotten."""
        device = self._devices.read(caller.device_token)
        # Asked further only about the account of the device: the work must not tell of another's.
        if device is None or device.account_id != account_id:
            return None
        return device.token_hash if await self._sessions.knows_device(account_id, device.token_hash) else None

    async def go_on(
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
                if locked is None or is_over(locked, now) or not unchanged:
                    raise LoginRejectedError
                return await self.go_on(locked, methods=methods, known=known, caller=caller, now=now, forgets=forgets)
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

    def send_notice(self, done: LoggedIn | Ticket, caller: Caller) -> None:
        """Of a login on a device that is known, and asked for nothing more, nobody is told."""
        if isinstance(done, Ticket) or done.device_token != caller.device_token or caller.device_token is None:
            self._dispatcher.wake()


def is_over(row: AccountRow, now: datetime) -> bool:
    """Whether nobody logs in to the account any more, whatever is right."""
    return row.state not in OPEN_STATES or (row.closes_at is not None and row.closes_at <= now)
