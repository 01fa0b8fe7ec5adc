"""Linking who the owner of an account is at a provider, and releasing it: changes of the account like others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import (
    LinkNotFoundError,
    ThirdPartyRejectedError,
    ThirdPartySetError,
    ThirdPartyTakenError,
)
from xuexin_api.core.messages import message
from xuexin_api.core.sealing import THIRD_PARTY_CONTEXT, Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.login.third_party import StoredLink, ThirdPartyRepository
from xuexin_api.services.accounts.change_log import LINKED, RELEASED, ChangeLog, kept_of
from xuexin_api.services.accounts.confirmations import Confirmations
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.login.third_party import CameBack, SentAway, ThirdParties
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.outbox import OutboxDispatcher


@dataclass(frozen=True, slots=True)
class LinkView:
    """A linked identity as its owner sees it: the provider's id of him tells him nothing."""

    provider: str
    linked_at: datetime
    last_used_at: datetime | None


class LinkedIdentityService(Service):
    """Begun and ended in one session of one account; what a stranger began ends in nobody's account."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        confirmations: Confirmations,
        callers: Callers,
        parties: ThirdParties,
        links: ThirdPartyRepository,
        log: ChangeLog,
        dispatcher: OutboxDispatcher,
        lookups: Lookups,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._confirmations = confirmations
        self._callers = callers
        self._parties = parties
        self._links = links
        self._log = log
        self._dispatcher = dispatcher
        self._lookups = lookups
        self._sealer = sealer

    async def list_all(self, claims: Claims) -> list[LinkView]:
        """The caller's linked identities."""
        async with self._read():
            account = await self._callers.account_of(claims)
            return [_view(link) for link in await self._links.list_for_account(account.id)]

    async def start(self, provider: str, claims: Claims, password: str, *, network: str) -> SentAway:
        """Where to send the owner, confirmed as for every change."""
        await self._parties.admit(provider, network)
        account = await self._confirmations.confirm(claims, password)
        async with self._transaction():
            return await self._parties.begin(
                provider, account_id=account.id, session_id=claims.session_id, now=self._clock.now()
            )

    async def finish(self, provider: str, came: CameBack, claims: Claims, *, network: str) -> LinkView:
        """Link who came back to the account that sent him."""
        await self._parties.admit(provider, network)
        async with self._transaction():
            account = await self._callers.account_of(claims)
            begun = await self._parties.take(
                provider, came, account_id=account.id, session_id=claims.session_id, now=self._clock.now()
            )
        if not begun:
            raise ThirdPartyRejectedError
        subject = await self._parties.identify(provider, came.code)
        conflicts = {
            "uq_linked_identities_provider_subject_key": ThirdPartyTakenError(),
            "pk_linked_identities": ThirdPartySetError(),
        }
        with refused_by(conflicts):
            async with self._transaction():
                locked = await self._confirmations.hold(account, claims)
                link = StoredLink(
                    provider=provider,
                    subject_key=self._lookups.third_party(provider, subject),
                    subject_ciphertext=self._sealer.seal(subject.encode(), THIRD_PARTY_CONTEXT),
                    linked_at=self._clock.now(),
                    last_used_at=None,
                )
                await self._links.remove_from_dead(provider, link.subject_key)
                await self._links.add(locked.id, link)
                await self._log.note(
                    LINKED,
                    locked,
                    {"provider": provider},
                    session_id=claims.session_id,
                    now=link.linked_at,
                    provider=message(f"provider_{provider}"),
                )
        self._dispatcher.wake()
        return _view(link)

    async def release(self, provider: str, claims: Claims, password: str) -> None:
        """The provider logs nobody in to the account any more."""
        account = await self._confirmations.confirm(claims, password)
        async with self._transaction():
            now = self._clock.now()
            locked = await self._confirmations.hold(account, claims)
            link = await self._links.remove(locked.id, provider)
            if link is None:
                raise LinkNotFoundError
            await self._log.note(
                RELEASED,
                locked,
                kept_of(link),
                session_id=claims.session_id,
                now=now,
                provider=message(f"provider_{provider}"),
            )
        self._dispatcher.wake()


def _view(link: StoredLink) -> LinkView:
    return LinkView(link.provider, link.linked_at, link.last_used_at)
