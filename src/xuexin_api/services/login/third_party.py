"""What third-party logins and linkings share: sending somebody to a provider, and learning who came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    ProviderAnsweredWronglyError,
    ProviderNotOpenError,
    ProviderUnavailableError,
    ThirdPartyRejectedError,
)
from xuexin_api.core.policies import ThirdPartyPolicy
from xuexin_api.gateways.third_party import CodeNotAcceptedError, ProviderSilentError, ThirdParty, WrongAnswerError
from xuexin_api.repositories.login.third_party import ThirdPartyRepository
from xuexin_api.services.login.login_limits import LoginLimits
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.sessions.session_opening import KnownDevice

_LOG = structlog.get_logger("third_party")


@dataclass(frozen=True, slots=True)
class SentAway:
    """Where to send somebody, and the secret that the client keeps for when he comes back."""

    authorize_url: str
    secret: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class CameBack:
    """What the provider's redirect brought, and the client's own secret."""

    state: str
    code: str
    secret: str


class ThirdParties:
    """`begin` and `take` work inside the transaction of the service that asks, `identify` outside of any."""

    def __init__(
        self,
        *,
        providers: Mapping[str, ThirdParty],
        repository: ThirdPartyRepository,
        limits: LoginLimits,
        lookups: Lookups,
        policy: ThirdPartyPolicy,
        entropy: Entropy,
    ) -> None:
        self._providers = providers
        self._repository = repository
        self._limits = limits
        self._lookups = lookups
        self._policy = policy
        self._entropy = entropy

    async def admit(self, provider: str, network: str, device: KnownDevice | None = None) -> None:
        """ProviderNotOpenError, or a refusal where too much comes from there; a known device counts by itself."""
        if provider not in self._providers:
            raise ProviderNotOpenError
        await self._limits.limit("third_party", network, device)

    async def begin(
        self, provider: str, *, account_id: UUID | None = None, session_id: UUID | None = None, now: datetime
    ) -> SentAway:
        """A login, or the linking of a session's account."""
        state, secret = self._entropy.token().hex(), self._entropy.token().hex()
        await self._repository.add_flow(
            {
                "id": self._entropy.identifier(),
                "provider": provider,
                "account_id": account_id,
                "session_id": session_id,
                "state_hash": self._lookups.secret("third_party_state", state),
                "secret_hash": self._lookups.secret("third_party", secret),
                "created_at": now,
                "expires_at": now + timedelta(seconds=self._policy.flow_lifetime),
            }
        )
        return SentAway(self._providers[provider].authorize_url(state), secret, self._policy.flow_lifetime)

    async def take(
        self,
        provider: str,
        came: CameBack,
        *,
        account_id: UUID | None = None,
        session_id: UUID | None = None,
        now: datetime,
    ) -> bool:
        """Use up what was begun, whatever comes of it; False where it was not begun by this client, for this."""
        return await self._repository.consume_flow(
            provider=provider,
            state_hash=self._lookups.secret("third_party_state", came.state),
            secret_hash=self._lookups.secret("third_party", came.secret),
            account_id=account_id,
            session_id=session_id,
            now=now,
        )

    async def identify(self, provider: str, code: str) -> str:
        """Who the provider says it is, by its lasting id; a refusal where it does not say, or not credibly."""
        try:
            return await self._providers[provider].identify(code)
        except CodeNotAcceptedError:
            raise ThirdPartyRejectedError from None
        except ProviderSilentError as silent:
            _LOG.warning("provider_silent", provider=provider, reason=str(silent))
            raise ProviderUnavailableError(retry_after=self._policy.retry_after) from None
        except WrongAnswerError as wrong:
            _LOG.warning("provider_answered_wrongly", provider=provider, reason=str(wrong))
            raise ProviderAnsweredWronglyError from None
