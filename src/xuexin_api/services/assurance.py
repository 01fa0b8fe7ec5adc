"""May this token do this now? One place that asks a session row, and one that asks for verification."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class VerificationRule:
    """How old a verification may be, in seconds, and which providers a new one may ask."""

    max_age: int
    providers: Collection[str]

    def is_met(self, claims: Claims, *, now: datetime) -> bool:
        """Whether the token was issued by a verification that is still fresh."""
        return claims.assurance is Assurance.VERIFIED and claims.auth_time + self.max_age > now.timestamp()

    def refuse_unless_met(self, claims: Claims, *, account_state: str, now: datetime) -> None:
        """The RFC 9470 challenge, with the ways to verify."""
        if not self.is_met(claims, now=now):
            methods = methods_of_problem(account_state, self.providers)
            raise InsufficientUserAuthenticationError(max_age=self.max_age, methods=methods)


def methods_of_problem(account_state: str, providers: Collection[str] = ()) -> list[dict[str, Any]]:
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
