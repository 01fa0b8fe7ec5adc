"""A right code becomes a proof that somebody holds a phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    AddressLimitedError,
    BrokenRuleError,
    CodeRejectedError,
    FieldProblem,
    InvalidRequestError,
    Option,
)
from xuexin_api.core.phones import parse_phone
from xuexin_api.core.policies import CodePolicy, RegistrationPolicy
from xuexin_api.core.sealing import PHONE_CONTEXT, Sealer
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.services.base import Service
from xuexin_api.services.codes.code_checking import CodeChecking
from xuexin_api.services.lookups import Lookups

PHONE_OPTIONS: Final = (Option("login"), Option("recover"), Option("take_over"), Option("other_phone"))
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class ProvenPhone:
    """The proof (a secret, told once) and what is known of the phone, which its holder may know."""

    secret: str
    expires_in: int
    registered: bool
    options: tuple[Option, ...]


class PhoneProofService(Service):
    """Only after this may anything be said about a phone."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        codes: CodeRepository,
        accounts: AccountRepository,
        checking: CodeChecking,
        throttle: Throttle,
        lookups: Lookups,
        sealer: Sealer,
        codes_policy: CodePolicy,
        policy: RegistrationPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._codes = codes
        self._accounts = accounts
        self._checking = checking
        self._throttle = throttle
        self._lookups = lookups
        self._sealer = sealer
        self._codes_policy = codes_policy
        self._policy = policy
        self._entropy = entropy

    async def prove(self, *, code_id: UUID, phone: str, code: str, purpose: str, network: str) -> ProvenPhone:
        """A proof for a right code; CodeRejectedError for everything else, the try counted either way."""
        try:
            e164 = parse_phone(phone)
        except BrokenRuleError as broken:
            raise InvalidRequestError([FieldProblem("/phone", broken.code, broken.params)]) from None
        wait = await self._throttle.hit("code_tries", network, most=self._codes_policy.per_address_day, seconds=_MINUTE)
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)
        key = self._lookups.phone(e164)
        now = self._clock.now()
        async with self._transaction():
            await self._checking.refuse_if_closed(key, now=now)
            tried = await self._checking.count(code_id, now=now)
        if not self._checking.matches(tried, code_id=code_id, code=code, destination_key=key, purpose=purpose):
            raise CodeRejectedError

        secret = self._entropy.token().hex()
        async with self._transaction():
            await self._checking.consume(code_id, key, now=now)
            await self._codes.add_proof(
                {
                    "id": self._entropy.identifier(),
                    "purpose": purpose,
                    "secret_hash": self._lookups.secret("phone_proof", secret),
                    "phone_key": key,
                    "phone_ciphertext": self._sealer.seal(e164.encode(), PHONE_CONTEXT),
                    "tried_documents": [],
                    "created_at": now,
                    "expires_at": now + timedelta(seconds=self._policy.proof_lifetime),
                }
            )
            registered = await self._accounts.get_id_by_phone(key) is not None
        options = PHONE_OPTIONS if registered else ()
        return ProvenPhone(secret, self._policy.proof_lifetime, registered, options)
