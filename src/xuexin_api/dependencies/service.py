"""Services of the service itself: challenges, keys, repeated requests, readiness."""

from __future__ import annotations

from fastapi import Request

from xuexin_api.core.tokens import TokenMint
from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.repositories.idempotency import IdempotencyRepository
from xuexin_api.repositories.readiness import ReadinessRepository
from xuexin_api.services.challenges import ChallengeService
from xuexin_api.services.idempotency import IdempotencyService
from xuexin_api.services.readiness import ReadinessService


async def challenge_service(request: Request) -> ChallengeService:
    return wiring(request).challenges


async def token_mint(request: Request) -> TokenMint:
    return wiring(request).mint


async def readiness_service(request: Request) -> ReadinessService:
    parts = wiring(request)
    session = parts.database.session()
    return ReadinessService(session=session, readiness=ReadinessRepository(session), clock=parts.clock)


async def idempotency_service(request: Request) -> IdempotencyService:
    parts = wiring(request)
    session = parts.database.session()
    return IdempotencyService(
        session=session,
        operations=IdempotencyRepository(session),
        callers=shared.callers(parts, session),
        staff_callers=shared.staff_callers(parts, session),
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.idempotency_policy(),
        clock=parts.clock,
    )


async def login_provider_names(request: Request) -> list[str]:
    """The providers that are open."""
    return list(wiring(request).login_providers)
