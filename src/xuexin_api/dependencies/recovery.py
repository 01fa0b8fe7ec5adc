"""The services of `services/recovery`, for one request."""

from __future__ import annotations

from fastapi import Request

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.accounts.changes import ChangeRepository
from xuexin_api.repositories.archive.archive import RecordRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.login.third_party import ThirdPartyRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.repositories.recoveries import RecoveryRepository
from xuexin_api.services.recovery.password_recovery import PasswordRecoveryService
from xuexin_api.services.recovery.username_recovery import UsernameRecoveryService


async def username_recovery_service(request: Request) -> UsernameRecoveryService:
    parts = wiring(request)
    session = parts.database.session()
    return UsernameRecoveryService(
        session=session,
        accounts=AccountRepository(session),
        codes=CodeRepository(session),
        counters=CounterRepository(session),
        challenges=parts.challenges,
        notices=shared.notices(parts, session),
        dispatcher=parts.dispatcher,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.recovery_policy(),
        clock=parts.clock,
    )


async def password_recovery_service(request: Request) -> PasswordRecoveryService:
    parts = wiring(request)
    session = parts.database.session()
    return PasswordRecoveryService(
        session=session,
        recoveries=RecoveryRepository(session),
        accounts=AccountRepository(session),
        changes=ChangeRepository(session),
        sessions=SessionRepository(session),
        links=ThirdPartyRepository(session),
        records=RecordRepository(session),
        codes=CodeRepository(session),
        counters=CounterRepository(session),
        audit=AuditRepository(session),
        devices=parts.devices,
        checking=shared.checking(parts, session),
        challenges=parts.challenges,
        factors=shared.factors(parts, session),
        passkeys=shared.passkeys(parts, session),
        binding=shared.binding(parts, session),
        postbox=shared.postbox(parts, session),
        notices=shared.notices(parts, session),
        dispatcher=parts.dispatcher,
        hashing=parts.hashing,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.recovery_policy(),
        codes_policy=parts.settings.code_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )
