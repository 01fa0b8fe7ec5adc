"""The services of `services/codes`, for one request."""

from __future__ import annotations

from fastapi import Request

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.services.codes.phone_proofs import PhoneProofService
from xuexin_api.services.codes.verification_codes import VerificationCodeService


async def verification_code_service(request: Request) -> VerificationCodeService:
    parts = wiring(request)
    session = parts.database.session()
    codes, counters = CodeRepository(session), CounterRepository(session)
    policy = parts.settings.code_policy()
    return VerificationCodeService(
        session=session,
        codes=codes,
        accounts=AccountRepository(session),
        sessions=SessionRepository(session),
        devices=parts.devices,
        counters=counters,
        checking=shared.checking(parts, session),
        sending=shared.code_sending(parts, session),
        dispatcher=parts.dispatcher,
        challenges=parts.challenges,
        throttle=parts.throttle,
        lookups=parts.lookups,
        policy=policy,
        clock=parts.clock,
    )


async def phone_proof_service(request: Request) -> PhoneProofService:
    parts = wiring(request)
    session = parts.database.session()
    codes = CodeRepository(session)
    policy = parts.settings.code_policy()
    return PhoneProofService(
        session=session,
        codes=codes,
        accounts=AccountRepository(session),
        checking=shared.checking(parts, session),
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        codes_policy=policy,
        policy=parts.settings.registration_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )
