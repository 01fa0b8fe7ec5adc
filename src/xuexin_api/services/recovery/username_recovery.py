"""Finding one's username again: asked for by name and document, told only to what is bound to the account."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.documents import normalise_document_number
from xuexin_api.core.errors import AddressLimitedError, Option, TooManyOperationsError
from xuexin_api.core.names import name_key
from xuexin_api.core.policies import RecoveryPolicy
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, PHONE_CONTEXT, Sealer
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.challenges import ChallengeService, spend
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher

PURPOSE: Final = "recovery"
NEXT: Final = (Option("login"), Option("recover_password"), Option("register"))
_MINUTE: Final = 60
_ASKED: Final = "username_recoveries"


class UsernameRecoveryService(Service):
    """One answer and one amount of work, whoever is named."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        accounts: AccountRepository,
        codes: CodeRepository,
        counters: CounterRepository,
        challenges: ChallengeService,
        notices: Notices,
        dispatcher: OutboxDispatcher,
        throttle: Throttle,
        lookups: Lookups,
        sealer: Sealer,
        policy: RecoveryPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._accounts = accounts
        self._codes = codes
        self._counters = counters
        self._challenges = challenges
        self._notices = notices
        self._dispatcher = dispatcher
        self._throttle = throttle
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy

    async def ask(self, *, name: str, document_number: str, challenge: str, network: str) -> None:
        """Tell the account's own channels its username, if there is such an account; nobody else hears which."""
        wait = await self._throttle.hit("recoveries", network, most=self._policy.per_address_minute, seconds=_MINUTE)
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)
        answered = self._challenges.read(challenge, purpose=PURPOSE)
        async with self._transaction():
            await spend(self._codes, answered)
        await self._challenges.judge(answered)
        await self._challenges.note_activity(network)
        document_key = self._lookups.document(normalise_document_number(document_number))
        now = self._clock.now()
        async with self._transaction():
            asked = await self._counters.add_one(_ASKED, document_key, now=now, window_ends_at=now + DAY)
        if asked.count > self._policy.usernames_per_document_day:
            raise TooManyOperationsError(retry_after=seconds_until(asked.window_ends_at, now))
        async with self._transaction():
            found = await self._accounts.get_for_login("document", document_key)
            account = None if found is None else found[0]
            same = hmac.compare_digest(
                name_key(name).encode(), name_key("" if account is None else account.name).encode()
            )
            await self._tell(account if same else None, now)
        self._dispatcher.wake()

    async def _tell(self, account: AccountRow | None, now: datetime) -> None:
        username = "" if account is None else self._username(account)
        await self._notices.post_or_pretend(account, "body_username", now=now, username=username)

    def _username(self, account: AccountRow) -> str:
        """The phone; the document number where the phone was lost to somebody else."""
        if account.phone_ciphertext is not None:
            return self._sealer.open(account.phone_ciphertext, PHONE_CONTEXT).decode()
        return self._sealer.open(account.document_ciphertext, DOCUMENT_CONTEXT).decode()
