"""Logging in, in one step or several, and the sessions that came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final, get_args

from xuexin_api.core.errors import Option
from xuexin_api.core.messages import Language
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import ACTIVE, AN_ID, DEVICE_TOKEN, NOW, TOKENS, VERIFIED, VERIFIED_TOKENS
from xuexin_api.routers.presentation import choices
from xuexin_api.schemas.sessions import EndReason, LoggedIn, LoginTicket, Refreshed, Session, SessionList

_LOGGED_IN: Final = LoggedIn(account=ACTIVE, tokens=TOKENS, device_token=DEVICE_TOKEN)
_VERIFIED: Final = LoggedIn(account=VERIFIED, tokens=TOKENS, device_token=DEVICE_TOKEN)
_LIVING: Final = Session(
    id=AN_ID,
    current=True,
    state="living",
    platform="android",
    address="203.0.113.7",
    methods=["pwd"],
    created_at=NOW,
    last_used_at=NOW + timedelta(minutes=90),
    expires_at=NOW + timedelta(days=14, minutes=90),
    ended_at=None,
    end_reason=None,
)
_ELSEWHERE: Final = _LIVING.model_copy(
    update={"current": False, "platform": "windows", "address": "198.51.100.20", "methods": ["pwd", "otp", "mfa"]}
)
_EXPIRED: Final = _ELSEWHERE.model_copy(update={"state": "expired", "expires_at": NOW + timedelta(days=14)})
_ENDED: Final = _ELSEWHERE.model_copy(update={"state": "ended", "ended_at": NOW + timedelta(hours=2)})
_EVERY_END: Final = [_ENDED.model_copy(update={"end_reason": reason}) for reason in get_args(EndReason)]


def _ticket(*factors: str) -> Callable[[Language], LoginTicket]:
    options = [Option(factor) for factor in factors]
    return lambda language: LoginTicket(ticket="1f2e3d4c5b6a", expires_in=300, next=choices(options, language))


def _page(*sessions: Session, more: bool = False) -> SessionList:
    return SessionList(items=list(sessions), next_cursor="AZmhssPUfl-Kb3yNng8aKw" if more else None)


STEPS: Final = {
    "logged_in": Shown("Logged in.", _LOGGED_IN, 201),
    "logged_in_verified": Shown("Logged in; the archive asks for a fresh verification all the same.", _VERIFIED, 201),
    "second_factor": Shown(
        "The account has a second factor, which nothing skips.", _ticket("totp", "recovery_code"), 200
    ),
    "passkey": Shown("The account has passkeys.", _ticket("passkey", "recovery_code"), 200),
    "phone_lost": Shown("The account lost its number, and binds a new one first.", _ticket("phone_proof"), 200),
}
SESSIONS: Final[Examples] = {
    "create_session": STEPS
    | {
        "one_more": Shown(
            "A phone code on a device that never logged in here: one more factor is needed; every account without a "
            "second factor is offered these.",
            _ticket("password", "record_fact"),
            200,
        )
    },
    "continue_session": STEPS,
    "refresh_session": {
        "login": Shown("A session that logged in.", Refreshed(tokens=TOKENS)),
        "verified": Shown("A session whose verification is still fresh.", Refreshed(tokens=VERIFIED_TOKENS)),
    },
    "list_sessions": {
        "living": Shown("Two devices.", _page(_LIVING, _ELSEWHERE)),
        "more": Shown("There is a next page.", _page(_LIVING, more=True)),
    },
    "list_login_history": {
        "living": Shown("This session.", _page(_LIVING)),
        "expired": Shown("One that was not used for too long.", _page(_LIVING, _EXPIRED)),
        "ended": Shown("Those that somebody ended, by every reason there is.", _page(_LIVING, *_EVERY_END)),
    },
}
