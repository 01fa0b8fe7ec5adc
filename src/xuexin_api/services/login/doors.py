"""The ways into an account."""

from __future__ import annotations

from collections.abc import Callable

from xuexin_api.services.login.login import LoginService, PhoneCode, SignedByPasskey
from xuexin_api.services.login.login_opening import Caller, LoggedIn
from xuexin_api.services.login.outcomes import Ticket, tells_owner
from xuexin_api.services.login.password_aside import PasswordAside
from xuexin_api.services.login.password_login import PasswordLogin, PasswordPair
from xuexin_api.services.messaging.outbox import OutboxDispatcher


class LoginDoors:
    """Most come with a password: what the others need is made when they come."""

    def __init__(
        self,
        *,
        password: PasswordLogin,
        aside: Callable[[], PasswordAside],
        others: Callable[[], LoginService],
        dispatcher: OutboxDispatcher,
    ) -> None:
        self._password = password
        self._aside = aside
        self._others = others
        self._dispatcher = dispatcher

    async def begin(self, asked: PasswordPair | PhoneCode | SignedByPasskey, caller: Caller) -> LoggedIn | Ticket:
        """A session, or a ticket where one more factor is needed; LoginRejectedError for whatever is wrong."""
        if isinstance(asked, PasswordPair):
            done = await self._password.begin(asked, caller, self._aside)
        elif isinstance(asked, SignedByPasskey):
            done = await self._others().with_passkey(asked, caller)
        else:
            done = await self._others().with_phone_code(asked, caller)
        if tells_owner(done, caller):
            self._dispatcher.wake()
        return done
