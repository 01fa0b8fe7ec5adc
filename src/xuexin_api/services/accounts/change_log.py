"""The way back from a change: what was before is kept sealed, and its old channels get a secret that undoes it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import TooManyOperationsError
from xuexin_api.core.policies import ChangePolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.accounts.changes import ChangeRepository, StoredChange
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.login.third_party import StoredLink
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.repositories.recoveries import RecoveryRepository
from xuexin_api.services.base import seconds_until
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices

PHONE: Final = "phone"
EMAIL: Final = "email"
PASSWORD: Final = "password"
QUESTIONS: Final = "security_questions"
LINKED: Final = "identity_linked"
RELEASED: Final = "identity_released"
_CHANGED: Final = "account_changes"


class ChangeLog:
    """Works inside the transaction that changes: the change, its way back and its notices stand or fall together."""

    def __init__(
        self,
        *,
        changes: ChangeRepository,
        recoveries: RecoveryRepository,
        counters: CounterRepository,
        audit: AuditRepository,
        notices: Notices,
        lookups: Lookups,
        sealer: Sealer,
        policy: ChangePolicy,
        entropy: Entropy,
    ) -> None:
        self._changes = changes
        self._recoveries = recoveries
        self._counters = counters
        self._audit = audit
        self._notices = notices
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._entropy = entropy

    async def note(
        self,
        kind: str,
        account: AccountRow,
        before: Mapping[str, Any],
        *,
        session_id: UUID,
        now: datetime,
        **words: str,
    ) -> None:
        """Keep `before`, and tell every channel that `account` had before the change; few a day, for each is told.

        Whoever changes something has all that a recovery would give: what was begun of those ends. `words` fill the
        places of the message that are the kind's own.
        """
        if not await self._counters.add_one_unless(
            _CHANGED,
            account.id.bytes,
            limit=self._policy.changes_per_day,
            spaced=None,
            now=now,
            window_ends_at=now + DAY,
        ):
            counted = await self._counters.get(_CHANGED, account.id.bytes, now=now)
            raise TooManyOperationsError(
                retry_after=seconds_until(now + DAY if counted is None else counted.window_ends_at, now)
            )
        change_id, secret = self._entropy.identifier(), self._entropy.token().hex()
        await self._changes.add(
            {
                "id": change_id,
                "account_id": account.id,
                "kind": kind,
                "before": self._sealer.seal(json.dumps(before).encode(), _context(change_id)),
                "secret_hash": self._lookups.secret("undo", secret),
                "created_at": now,
                "undo_until": now + timedelta(seconds=self._policy.undo),
            }
        )
        await self._audit.add(
            self._entropy.identifier(), f"account:{kind}:change", account_id=account.id, session_id=session_id, now=now
        )
        # The secret stands in the fragment, which no server and no log gets to see.
        link = f"{self._policy.front_end}/undo#{secret}"
        hours = max(1, self._policy.undo // 3600)
        await self._recoveries.end_all(account.id, now=now)
        settled, fresh = _by_age(account, settled_since=now - timedelta(seconds=self._policy.undo))
        await self._notices.post_everywhere(settled, f"body_changed_{kind}", now=now, link=link, hours=hours, **words)
        await self._notices.post_everywhere(fresh, "body_changed_told", now=now)

    def before(self, change: StoredChange) -> dict[str, Any]:
        """What was kept."""
        opened: dict[str, Any] = json.loads(self._sealer.open(change.before, _context(change.id)))
        return opened


def _by_age(account: AccountRow, *, settled_since: datetime) -> tuple[AccountRow, AccountRow]:
    """The account with the channels that may undo, and with those that are only told.

    A channel younger than the time to undo may itself be the change that somebody undoes: were it given a link, a thief
    who added an address of his could undo what the owner does against him. Where all are as young, the oldest may.
    """
    bound = {}
    if account.phone_key is not None:
        bound[PHONE] = account.phone_bound_at or account.created_at
    if account.email_verified_at is not None:
        bound[EMAIL] = account.email_verified_at
    oldest = min(bound.values(), default=settled_since)
    may = {channel for channel, at in bound.items() if at <= max(settled_since, oldest)}
    no_phone: dict[str, Any] = {"phone_key": None, "phone_ciphertext": None}
    no_email: dict[str, Any] = {"email_ciphertext": None, "email_verified_at": None}
    settled = (no_phone if PHONE not in may else {}) | (no_email if EMAIL not in may else {})
    fresh = (no_phone if PHONE in may else {}) | (no_email if EMAIL in may else {})
    return replace(account, **settled), replace(account, **fresh)


def kept_of(link: StoredLink) -> dict[str, Any]:
    """A linked identity as it is kept."""
    return {
        "provider": link.provider,
        "key": to_text(link.subject_key),
        "ciphertext": to_text(link.subject_ciphertext),
        "linked_at": link.linked_at.isoformat(),
    }


def link_of(kept: Mapping[str, Any]) -> StoredLink:
    """Back again; when it was used last is not kept."""
    return StoredLink(
        provider=kept["provider"],
        subject_key=base64.b64decode(kept["key"]),
        subject_ciphertext=base64.b64decode(kept["ciphertext"]),
        linked_at=datetime.fromisoformat(kept["linked_at"]),
        last_used_at=None,
    )


def to_text(value: bytes | None) -> str | None:
    """Bytes as they stand in what is kept."""
    return None if value is None else base64.b64encode(value).decode()


def to_bytes(text: str | None) -> bytes | None:
    """Back again."""
    return None if text is None else base64.b64decode(text)


def to_moment(text: str | None) -> datetime | None:
    """A moment as it stands in what is kept."""
    return None if text is None else datetime.fromisoformat(text)


def _context(change_id: UUID) -> bytes:
    return b"change:" + change_id.bytes
