"""May this token do this now? One place that asks a session row, and one that asks for verification."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from xuexin_api.core.errors import InsufficientUserAuthenticationError, TokenInvalidError
from xuexin_api.core.tokens import Assurance, Claims
from xuexin_api.repositories.identity.verification_methods import MethodReads
from xuexin_api.services.verification_methods import VerificationMethod, methods_for

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
    reads: MethodReads

    def is_met(self, claims: Claims, *, now: datetime) -> bool:
        """Whether the token was issued by a verification that is still fresh."""
        return claims.assurance is Assurance.VERIFIED and claims.auth_time + self.max_age > now.timestamp()

    async def refuse_unless_met(self, claims: Claims, *, now: datetime) -> None:
        """The RFC 9470 challenge, with the ways to verify."""
        if not self.is_met(claims, now=now):
            methods = methods_of_problem(await self.methods_of(claims.account_id))
            raise InsufficientUserAuthenticationError(max_age=self.max_age, methods=methods)

    async def methods_of(self, account_id: UUID) -> list[VerificationMethod]:
        """Every way there is, and whether it is open to this account; TokenInvalidError where that is gone."""
        found = await self.reads.get(account_id)
        if found is None:
            raise TokenInvalidError
        return methods_for(providers=self.providers, **found)


def methods_of_problem(methods: Iterable[VerificationMethod]) -> list[dict[str, Any]]:
    """The ways to verify, as the problem document lists them."""
    return [
        {
            "method": method.method,
            "strength": method.strength,
            "available": method.available,
            "reason": method.reason,
        }
        for method in methods
    ]
