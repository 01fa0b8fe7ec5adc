"""What an account's owner is told unasked: something happened that only the owner can judge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from xuexin_api.core.sealing import EMAIL_CONTEXT, PHONE_CONTEXT, Sealer
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.outbox import Envelopes, Postbox, compose

_PURPOSE: Final = "notice"


_Row: TypeAlias = Mapping[str, Any]


class NoticeLetters:
    """What the owner is told, as rows of the outbox."""

    def __init__(self, envelopes: Envelopes, sealer: Sealer, lookups: Lookups) -> None:
        self._envelopes = envelopes
        self._sealer = sealer
        self._lookups = lookups

    def write(self, account: AccountRow, code: str, *, now: datetime, **words: Any) -> Mapping[str, Any] | None:
        """By phone, else by the recovery e-mail; None where there is neither."""
        return self.to_phone(account, code, words, now) or self.to_email(account, code, words, now)

    def to_phone(self, account: AccountRow, code: str, words: Mapping[str, Any], now: datetime) -> _Row | None:
        """None where no number is bound."""
        if account.phone_ciphertext is None or account.phone_key is None:
            return None
        phone = self._sealer.open(account.phone_ciphertext, PHONE_CONTEXT).decode()
        return self._envelopes.write(
            compose(phone, code, **words), channel="sms", purpose=_PURPOSE, destination_key=account.phone_key, now=now
        )

    def to_email(self, account: AccountRow, code: str, words: Mapping[str, Any], now: datetime) -> _Row | None:
        """Only an address that was proven: another may be a stranger's."""
        if account.email_ciphertext is None or account.email_verified_at is None:
            return None
        email = self._sealer.open(account.email_ciphertext, EMAIL_CONTEXT).decode()
        return self._envelopes.write(
            compose(email, code, **words),
            channel="email",
            purpose=_PURPOSE,
            destination_key=self._lookups.email(email),
            now=now,
        )


class Notices:
    """Writes messages to the owner into the outbox of the running transaction."""

    def __init__(self, postbox: Postbox, letters: NoticeLetters) -> None:
        self._postbox = postbox
        self._letters = letters

    async def post(self, account: AccountRow, code: str, *, now: datetime, **words: Any) -> None:
        """Tell the owner the sentence of `code`, by phone, else by the recovery e-mail; silence where there is none."""
        row = self._letters.write(account, code, now=now, **words)
        if row is not None:
            await self._postbox.add(row)

    async def post_everywhere(self, account: AccountRow, code: str, *, now: datetime, **words: Any) -> None:
        """Tell the owner on every channel bound to the account as it was read: whoever holds one hears of it."""
        for row in (
            self._letters.to_phone(account, code, words, now),
            self._letters.to_email(account, code, words, now),
        ):
            if row is not None:
                await self._postbox.add(row)

    async def post_or_pretend(self, account: AccountRow | None, code: str, *, now: datetime, **words: Any) -> None:
        """Tell every channel of the account; as many rows, which nobody gets, where a channel or the account is not."""
        phone = None if account is None else self._letters.to_phone(account, code, words, now)
        email = None if account is None else self._letters.to_email(account, code, words, now)
        for channel, row in (("sms", phone), ("email", email)):
            if row is not None:
                await self._postbox.add(row)
            else:
                await self._postbox.post_or_pretend(
                    None, channel=channel, purpose=_PURPOSE, destination_key=b"", now=now
                )
