"""May this token do this now? One place that asks a session row, and one that asks for verification."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from xuexin_api.core.errors import InsufficientUserAuthenticationError, TokenInvalidError
from xuexin_api.core.tokens import Assurance, Claims
from xuexin_api.services.verification_methods import methods_for

DEAD_ACCOUNTS = frozenset({"superseded", "closed"})


def refuse_unless_live(session: Mapping[str, Any] | None, claims: Claims, *, now: datetime) -> None:
    """TokenInvalidError unless the session behind the token lives and the token is of its present epoch."""
    if (
        session is None
        or session["ended_at"] is not None
        or session["epoch"] != claims.epoch
        or session["idle_until"] <= now
        or session["ends_at"] <= now
        or session["account_state"] in DEAD_ACCOUNTS
    ):
        raise TokenInvalidError


def refuse_unless_verified(
    claims: Claims, *, account_state: str, max_age: int, now: datetime, providers: Collection[str]
) -> None:
    """The RFC 9470 challenge unless the token was issued by a verification not older than `max_age` seconds."""
    fresh = claims.auth_time + max_age > now.timestamp()
    if claims.assurance is Assurance.VERIFIED and fresh:
        return
    raise InsufficientUserAuthenticationError(max_age=max_age, methods=methods_of_problem(account_state, providers))


def methods_of_problem(account_state: str, providers: Collection[str] = ()) -> list[dict[str, object]]:
    """The ways to verify, as the problem document lists them."""
    return [
        {
            "method": method.method,
            "strength": method.strength,
            "available": method.available,
            "reason": method.reason,
        }
        for method in methods_for(account_state, providers=providers)
    ]
