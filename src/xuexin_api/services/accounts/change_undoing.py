"""Undoing a change by the secret that its old channel got: the oldest link is the strongest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import AddressLimitedError, UndoRejectedError
from xuexin_api.core.policies import ChangePolicy
from xuexin_api.core.sealing import EMAIL_CONTEXT, Sealer
from xuexin_api.core.second_factors import PASSKEY, TOTP
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.accounts.changes import ChangeRepository, StoredChange
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.login.factors import FactorRepository
from xuexin_api.repositories.login.passkeys import PasskeyRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.login.third_party import ThirdPartyRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.repositories.recoveries import RecoveryRepository
from xuexin_api.services.accounts.change_log import (
    EMAIL,
    LINKED,
    PASSWORD,
    PHONE,
    RELEASED,
    ChangeLog,
    link_of,
    to_bytes,
    to_moment,
)
from xuexin_api.services.base import Service
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher

_MINUTE: Final = 60
_TAKEN_MEANWHILE: Final = (
    "uq_accounts_phone_key",
    "uq_accounts_email_key",
    "uq_linked_identities_provider_subject_key",
)


class ChangeUndoingService(Service):
    """One transaction puts everything back that was changed since, ends every session and tells everybody."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        accounts: AccountRepository,
        changes: ChangeRepository,
        factors: FactorRepository,
        passkeys: PasskeyRepository,
        codes: CodeRepository,
        sessions: SessionRepository,
        recoveries: RecoveryRepository,
        links: ThirdPartyRepository,
        audit: AuditRepository,
        log: ChangeLog,
        notices: Notices,
        dispatcher: OutboxDispatcher,
        throttle: Throttle,
        lookups: Lookups,
        sealer: Sealer,
        policy: ChangePolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._accounts = accounts
        self._changes = changes
        self._factors = factors
        self._passkeys = passkeys
        self._codes = codes
        self._sessions = sessions
        self._recoveries = recoveries
        self._links = links
        self._audit = audit
        self._log = log
        self._notices = notices
        self._dispatcher = dispatcher
        self._throttle = throttle
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def undo(self, secret: str, *, network: str) -> tuple[list[str], list[str]]:
        """(what was put back, what could not be, because somebody else has it now); UndoRejectedError otherwise.

        Only wrong secrets count against the address: nobody guesses a right one, and no neighbour holds it up.
        """
        try:
            return await self._undo(self._lookups.secret("undo", secret))
        except UndoRejectedError:
            wait = await self._throttle.hit("undo", network, most=self._policy.undo_per_address_minute, seconds=_MINUTE)
            if wait is not None:
                raise AddressLimitedError(retry_after=wait) from None
            raise

    async def _undo(self, secret_hash: bytes) -> tuple[list[str], list[str]]:
        taken = {name: UndoRejectedError() for name in _TAKEN_MEANWHILE}
        with refused_by(taken):
            async with self._transaction():
                now = self._clock.now()
                account_id = await self._changes.find(secret_hash, now=now)
                # The account is locked before its changes, as by every change: no two wait for one another.
                before = None if account_id is None else await self._accounts.lock(account_id)
                change = await self._changes.undo(secret_hash, now=now)
                if before is None or change is None:
                    raise UndoRejectedError
                later = await self._changes.undo_later(change, now=now)
                restored: dict[str, bool] = {}
                for one in [*later, change]:
                    restored[one.kind] = await self._put_back(one, before, now)
                if not await self._factors.note_factors(before.id):
                    await self._factors.replace_codes(before.id, [])
                await self._sessions.revoke_all(before.id, "undone", now=now)
                await self._sessions.forget_devices(before.id)
                await self._sessions.end_flows(before.id, now=now)
                await self._recoveries.end_all(before.id, now=now)
                after = await self._accounts.get(before.id)
                await self._audit.add(
                    self._entropy.identifier(), "account:change:undo", account_id=before.id, session_id=None, now=now
                )
                await self._notices.post_everywhere(before, "body_change_undone", now=now)
                if after is not None:
                    await self._notices.post_everywhere(
                        _only_what_came_back(after, before), "body_change_undone", now=now
                    )
        self._dispatcher.wake()
        done = sorted(kind for kind, back in restored.items() if back)
        return done, sorted(restored.keys() - set(done))

    async def _put_back(self, change: StoredChange, account: AccountRow, now: datetime) -> bool:
        kept = self._log.before(change)
        if change.kind == PHONE:
            return await self._put_phone_back(account, kept)
        if change.kind == EMAIL:
            return await self._put_email_back(account, to_bytes(kept["ciphertext"]), kept["verified_at"])
        if change.kind in {LINKED, RELEASED}:
            return await self._put_link_back(account, change.kind, kept)
        if change.kind == PASSWORD:
            await self._accounts.replace_password(account.id, kept["hash"], now=now)
        elif change.kind == TOTP:
            await self._factors.remove_totp(account.id)
        elif change.kind == PASSKEY:
            await self._passkeys.remove(account.id, UUID(kept["id"]))
        else:
            await self._changes.remove_security_answers(account.id)
            if kept:
                await self._accounts.add_security_answers(account.id, kept["ids"], kept["hash"], now=now)
        return True

    async def _put_phone_back(self, account: AccountRow, kept: Mapping[str, Any]) -> bool:
        key, ciphertext = to_bytes(kept["key"]), to_bytes(kept["ciphertext"])
        if key is None or ciphertext is None:
            await self._accounts.release_phone(account.id)
            return True
        free = await self._codes.lock_phone(key)
        if not free or await self._accounts.get_id_by_phone(key) not in {None, account.id}:
            return False
        await self._accounts.set_phone(account.id, key, ciphertext, bound_at=to_moment(kept["bound_at"]))
        return True

    async def _put_link_back(self, account: AccountRow, kind: str, kept: Mapping[str, Any]) -> bool:
        if kind == LINKED:
            await self._links.remove(account.id, kept["provider"])
            return True
        link = link_of(kept)
        await self._links.remove_from_dead(link.provider, link.subject_key)
        if await self._links.get_holder(link.provider, link.subject_key) is not None:
            return False
        await self._links.add(account.id, link)
        return True

    async def _put_email_back(self, account: AccountRow, ciphertext: bytes | None, verified_at: str | None) -> bool:
        if ciphertext is None:
            await self._changes.set_email(account.id, key=None, ciphertext=None, verified_at=None)
            return True
        key = self._lookups.email(self._sealer.open(ciphertext, EMAIL_CONTEXT).decode())
        verified = to_moment(verified_at)
        if verified is not None and await self._changes.email_holder(key) not in {None, account.id}:
            return False
        await self._changes.set_email(account.id, key=key, ciphertext=ciphertext, verified_at=verified)
        return True


def _only_what_came_back(after: AccountRow, before: AccountRow) -> AccountRow:
    """The account with the channels that it did not have a moment ago: the others were told."""
    phone_stayed = after.phone_key == before.phone_key
    email_stayed = after.email_ciphertext == before.email_ciphertext
    return replace(
        after,
        phone_key=None if phone_stayed else after.phone_key,
        email_ciphertext=None if email_stayed else after.email_ciphertext,
    )
