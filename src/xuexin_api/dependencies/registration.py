"""The services of `services/registration`, for one request."""

from __future__ import annotations

from fastapi import Request

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.services.registration.registration import RegistrationService


async def registration_service(request: Request) -> RegistrationService:
    parts = wiring(request)
    session = parts.database.session()
    return RegistrationService(
        session=session,
        accounts=AccountRepository(session),
        codes=CodeRepository(session),
        cases=shared.case_opening(parts, session),
        waiting_cases=CaseRepository(session),
        binding=shared.binding(parts, session),
        dispatcher=parts.dispatcher,
        opening=shared.opening(parts),
        hashing=parts.hashing,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.registration_policy(),
        codes_policy=parts.settings.code_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )
