"""Logging in as whom a provider says somebody is, where an account linked that."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import LoginRejectedError, Option, ThirdPartyNotLinkedError, ThirdPartyRejectedError
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.login.third_party import ThirdPartyRepository
from xuexin_api.services.base import Service
from xuexin_api.services.login.further_factors import METHODS, THIRD_PARTY
from xuexin_api.services.login.login_opening import Caller, LoggedIn
from xuexin_api.services.login.outcomes import LoginOutcomes, Ticket, is_over
from xuexin_api.services.login.third_party import CameBack, SentAway, ThirdParties
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.sessions.session_opening import DeviceTokens

NOT_LINKED_OPTIONS = (Option("login_and_link"), Option("register"))


class ThirdPartyLoginService(Service):
    """One use of what was begun comes first, and is kept; then the provider is asked; then it is like any login."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        parties: ThirdParties,
        links: ThirdPartyRepository,
        accounts: AccountRepository,
        outcomes: LoginOutcomes,
        devices: DeviceTokens,
        dispatcher: OutboxDispatcher,
        lookups: Lookups,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._parties = parties
        self._links = links
        self._accounts = accounts
        self._outcomes = outcomes
        self._devices = devices
        self._dispatcher = dispatcher
        self._lookups = lookups

    async def start(self, provider: str, *, network: str) -> SentAway:
        """Where to send somebody who wants to log in."""
        await self._parties.admit(provider, network)
        async with self._transaction():
            return await self._parties.begin(provider, now=self._clock.now())

    async def finish(self, provider: str, came: CameBack, caller: Caller) -> LoggedIn | Ticket:
        """The session of the account that linked who came back, or a ticket where it asks for more."""
        await self._parties.admit(provider, caller.network, self._devices.read(caller.device_token))
        async with self._transaction():
            begun = await self._parties.take(provider, came, now=self._clock.now())
        if not begun:
            raise ThirdPartyRejectedError
        key = self._lookups.third_party(provider, await self._parties.identify(provider, came.code))
        async with self._transaction():
            now = self._clock.now()
            holder = await self._links.get_holder(provider, key)
            # The account first, as everywhere: a release at the same moment comes before it or after it.
            account = None if holder is None else await self._accounts.lock(holder)
            if account is None or not await self._links.note_use(account.id, provider, key, now=now):
                raise ThirdPartyNotLinkedError(options=NOT_LINKED_OPTIONS)
            if is_over(account, now):
                raise LoginRejectedError
            known = await self._outcomes.known_device(account.id, caller) is not None
            done = await self._outcomes.go_on(
                account, methods=[*METHODS[THIRD_PARTY]], known=known, caller=caller, now=now
            )
        self._dispatcher.wake()
        return done
