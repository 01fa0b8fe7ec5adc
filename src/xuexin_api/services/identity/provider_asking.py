"""Asking a provider outside about a face: outside of any transaction, and never by what a redirect says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

import structlog

from xuexin_api.core.errors import ProviderAnsweredWronglyError, ProviderUnavailableError
from xuexin_api.core.names import name_key
from xuexin_api.core.policies import VerificationPolicy
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.gateways.identity_providers import Claimed, IdentityProvider, Opened, Verdict
from xuexin_api.gateways.third_party import ProviderSilentError, WrongAnswerError
from xuexin_api.repositories.accounts.accounts import AccountRow

_LOG = structlog.get_logger("identity_providers")


class ProviderAsking:
    """What an account claims goes out; a verdict about exactly that comes back."""

    def __init__(
        self, *, providers: Mapping[str, IdentityProvider], sealer: Sealer, policy: VerificationPolicy
    ) -> None:
        self.providers = providers
        self._sealer = sealer
        self._policy = policy

    async def open(self, method: str, verification_id: UUID, account: AccountRow) -> Opened:
        """A verification of what the account claims, at the provider."""
        with self._refusing(method):
            return await self.providers[method].open(
                self._claimed(account),
                reference=verification_id.hex,
                return_url=f"{self._policy.front_end}/identity-verification",
            )

    async def verdict(self, method: str, provider_id: str, account: AccountRow) -> Verdict:
        """How it went; a success that is about anybody else is a failure."""
        with self._refusing(method):
            told = await self.providers[method].ask(provider_id)
        if told.verdict is Verdict.PASSED and told.about is not None:
            claimed = self._claimed(account)
            same = name_key(told.about.name) == name_key(claimed.name)
            if not same or told.about.document_number.upper() != claimed.document_number:
                return Verdict.FAILED
        return told.verdict

    def _claimed(self, account: AccountRow) -> Claimed:
        number = self._sealer.open(account.document_ciphertext, DOCUMENT_CONTEXT).decode()
        return Claimed(account.name, number)

    @contextmanager
    def _refusing(self, method: str) -> Iterator[None]:
        try:
            yield
        except ProviderSilentError as silent:
            _LOG.warning("provider_silent", provider=method, reason=str(silent))
            raise ProviderUnavailableError(retry_after=self._policy.retry_after) from None
        except WrongAnswerError as wrong:
            _LOG.warning("provider_answered_wrongly", provider=method, reason=str(wrong))
            raise ProviderAnsweredWronglyError from None
