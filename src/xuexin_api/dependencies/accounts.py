"""The services of `services/accounts`, for one request."""

from __future__ import annotations

from fastapi import Request

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.callers import read_claims
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.accounts.changes import ChangeRepository
from xuexin_api.repositories.accounts.holdings import HoldingRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.login.factors import FactorRepository
from xuexin_api.repositories.login.passkeys import PasskeyRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.login.third_party import ThirdPartyRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.repositories.recoveries import RecoveryRepository
from xuexin_api.services.accounts.account import AccountService
from xuexin_api.services.accounts.account_changes import AccountChangeService
from xuexin_api.services.accounts.account_closing import AccountClosingService
from xuexin_api.services.accounts.account_export import AccountExportService
from xuexin_api.services.accounts.change_undoing import ChangeUndoingService
from xuexin_api.services.accounts.consents import ConsentService


async def account_service(request: Request) -> AccountService:
    parts = wiring(request)
    return AccountService(
        claims=read_claims(request), reads=parts.account_reads, sealer=parts.sealer, clock=parts.clock
    )


async def account_change_service(request: Request) -> AccountChangeService:
    parts = wiring(request)
    session = parts.database.session()
    return AccountChangeService(
        session=session,
        confirmations=shared.confirmations(parts, session),
        callers=shared.callers(parts, session),
        accounts=AccountRepository(session),
        changes=ChangeRepository(session),
        sessions=SessionRepository(session),
        log=shared.change_log(parts, session),
        checking=shared.checking(parts, session),
        binding=shared.binding(parts, session),
        hashing=parts.hashing,
        dispatcher=parts.dispatcher,
        lookups=parts.lookups,
        sealer=parts.sealer,
        clock=parts.clock,
    )


async def change_undoing_service(request: Request) -> ChangeUndoingService:
    parts = wiring(request)
    session = parts.database.session()
    return ChangeUndoingService(
        session=session,
        accounts=AccountRepository(session),
        changes=ChangeRepository(session),
        factors=FactorRepository(session),
        passkeys=PasskeyRepository(session),
        codes=CodeRepository(session),
        sessions=SessionRepository(session),
        recoveries=RecoveryRepository(session),
        links=ThirdPartyRepository(session),
        audit=AuditRepository(session),
        log=shared.change_log(parts, session),
        notices=shared.notices(parts, session),
        dispatcher=parts.dispatcher,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.change_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def consent_service(request: Request) -> ConsentService:
    parts = wiring(request)
    session = parts.database.session()
    return ConsentService(
        session=session,
        callers=shared.callers(parts, session),
        accounts=AccountRepository(session),
        counters=CounterRepository(session),
        policy=parts.settings.change_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def account_export_service(request: Request) -> AccountExportService:
    parts = wiring(request)
    session = parts.database.session()
    return AccountExportService(
        session=session,
        confirmations=shared.confirmations(parts, session),
        holdings=HoldingRepository(session),
        links=ThirdPartyRepository(session),
        counters=CounterRepository(session),
        audit=AuditRepository(session),
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.change_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def account_closing_service(request: Request) -> AccountClosingService:
    parts = wiring(request)
    session = parts.database.session()
    return AccountClosingService(
        session=session,
        confirmations=shared.confirmations(parts, session),
        accounts=AccountRepository(session),
        holdings=HoldingRepository(session),
        sessions=SessionRepository(session),
        audit=AuditRepository(session),
        checking=shared.checking(parts, session),
        notices=shared.notices(parts, session),
        dispatcher=parts.dispatcher,
        lookups=parts.lookups,
        policy=parts.settings.change_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )
