"""What a right factor leads to: the session, or a ticket for the factor that the account asks for next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import LoginRejectedError, Option
from xuexin_api.core.policies import LoginPolicy
from xuexin_api.repositories.accounts.accounts import OPEN_STATES, AccountRepository, AccountRow
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.services.login.further_factors import still_asked
from xuexin_api.services.login.login_opening import Caller, LoggedIn, LoginOpening
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.sessions.session_opening import DeviceTokens


@dataclass(frozen=True, slots=True)
class Ticket:
    """The first factor was right, and one more is needed: the number alone does not prove the person."""

    ticket: str
    expires_in: int
    next: tuple[Option, ...]


class LoginOutcomes:
    """Where every way to log in ends; works inside the transaction of the service that asks."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        accounts: AccountRepository,
        sessions: SessionRepository,
        opening: LoginOpening,
        notices: Notices,
        devices: DeviceTokens,
        lookups: Lookups,
        policy: LoginPolicy,
        entropy: Entropy,
    ) -> None:
        self._session = session
        self._accounts = accounts
        self._sessions = sessions
        self._opening = opening
        self._notices = notices
        self._devices = devices
        self._lookups = lookups
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
    ) -> LoggedIn | Ticket:
        """The session, or the ticket for what the account still asks. A login undoes the closing of its account.

        `known` is a device that logged in to the account before; `row` was locked by the transaction that asks.
        """
        if asks := still_asked(row, methods, known=known):
            return await self._ticket(row, methods, asks, forgets, now)
        if row.closes_at is not None:
            if not await self._accounts.reopen(row.id):
                raise LoginRejectedError
            await self._notices.post_everywhere(row, "body_closing_undone", now=now)
            row = replace(row, state="active", closes_at=None)
        return await self._opening.open(
            row, methods=methods, known=known, caller=caller, now=now, forgets=forgets, within=self._session
        )

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


def tells_owner(done: LoggedIn | Ticket, caller: Caller) -> bool:
    """Of a login on a device that is known, and asked for nothing more, nobody is told."""
    return isinstance(done, Ticket) or caller.device_token is None or done.device_token != caller.device_token


def is_over(row: AccountRow, now: datetime) -> bool:
    """Whether nobody logs in to the account any more, whatever is right."""
    return row.state not in OPEN_STATES or (row.closes_at is not None and row.closes_at <= now)
