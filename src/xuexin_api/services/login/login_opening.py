"""Where every login that succeeds ends: a session, and a word to the owner of a device that is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import CHINA
from xuexin_api.core.sealing import Sealer
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.login.openings import Judged
from xuexin_api.services.account_view import AccountView, view_account
from xuexin_api.services.login.further_factors import METHODS, PASSWORD
from xuexin_api.services.messaging.notices import NoticeLetters
from xuexin_api.services.sessions.session_opening import KnownDevice, SessionOpening, Tokens

_ACTION: Final = "session:login"


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a login comes from: address, its network, its system, and the device token it brought, if any."""

    address: str
    network: str
    platform: str
    device_token: str | None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session."""

    account: AccountView
    tokens: Tokens
    device_token: str


class LoginOpening:
    """Needs no session of its own: most logins are no part of a transaction."""

    def __init__(self, *, opening: SessionOpening, letters: NoticeLetters, sealer: Sealer) -> None:
        self._opening = opening
        self._letters = letters
        self._sealer = sealer

    async def open(
        self,
        row: AccountRow,
        *,
        methods: Sequence[str],
        known: bool,
        caller: Caller,
        now: datetime,
        forgets: bytes | None = None,
        judged_hash: str | None = None,
        within: AsyncSession | None = None,
    ) -> LoggedIn:
        """The session of an account that asks for nothing more, in a transaction of its own or `within` one.

        `known` is a device that logged in to the account before: LoginRejectedError where it was forgotten since.
        `judged_hash` is the password that was right, outside of any transaction; the same where it, or what else the
        account asks, was changed since.
        """
        notice = None
        if not known:
            moment = now.astimezone(CHINA)
            notice = self._letters.write(row, "body_new_device", now=now, time=f"{moment:%m-%d %H:%M}")
        tokens, device_token = await self._opening.open(
            row.id,
            methods=methods,
            address=caller.address,
            platform=caller.platform,
            device_token=caller.device_token,
            action=_ACTION,
            now=now,
            known=known,
            judged=None if judged_hash is None else _judged(row, judged_hash),
            notice=notice,
            forgets=forgets,
            within=within,
        )
        return LoggedIn(view_account(row, self._sealer), tokens, device_token)

    async def open_on_known(
        self, row: AccountRow, device: KnownDevice, *, caller: Caller, now: datetime, forgets: bytes, judged_hash: str
    ) -> LoggedIn | None:
        """The same by password on a device that is known, whose failures end; None where something changed since."""
        tokens = await self._opening.open_on_known(
            row.id,
            methods=METHODS[PASSWORD],
            address=caller.address,
            device_hash=device.token_hash,
            action=_ACTION,
            now=now,
            judged=_judged(row, judged_hash),
            forgets=forgets,
        )
        assert caller.device_token is not None, "it was read"
        return None if tokens is None else LoggedIn(view_account(row, self._sealer), tokens, caller.device_token)


def _judged(row: AccountRow, password_hash: str) -> Judged:
    return Judged(password_hash, row.state, row.second_factors, row.phone_key)
