"""The ways into an account."""

from __future__ import annotations

from collections.abc import Callable

from xuexin_api.services.login.login import LoginService, PhoneCode, SignedByPasskey
from xuexin_api.services.login.outcomes import Caller, LoggedIn, LoginOutcomes, Ticket
from xuexin_api.services.login.password_login import PasswordLogin, PasswordPair


class LoginDoors:
    """Most come with a password: what the others need is made when they come."""

    def __init__(self, *, outcomes: LoginOutcomes, password: PasswordLogin, others: Callable[[], LoginService]) -> None:
        self._outcomes = outcomes
        self._password = password
        self._others = others

    async def begin(self, asked: PasswordPair | PhoneCode | SignedByPasskey, caller: Caller) -> LoggedIn | Ticket:
        """A session, or a ticket where one more factor is needed; LoginRejectedError for whatever is wrong."""
        if isinstance(asked, PasswordPair):
            done = await self._password.begin(asked, caller)
        elif isinstance(asked, SignedByPasskey):
            done = await self._others().with_passkey(asked, caller)
        else:
            done = await self._others().with_phone_code(asked, caller)
        self._outcomes.send_notice(done, caller)
        return done
