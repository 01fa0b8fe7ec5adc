"""The services of `services/login`, for one request."""

from __future__ import annotations

from functools import partial

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import Wiring, wiring
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.archive.archive import RecordRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.login.factors import FactorRepository
from xuexin_api.repositories.login.logins import LoginRepository
from xuexin_api.repositories.login.passkeys import PasskeyRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.login.third_party import ThirdPartyRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.login.doors import LoginDoors
from xuexin_api.services.login.factor_changes import FactorChanges, FactorConfirmations
from xuexin_api.services.login.factors import FactorService
from xuexin_api.services.login.further_factors import FurtherFactors
from xuexin_api.services.login.linked_identities import LinkedIdentityService
from xuexin_api.services.login.login import LoginService
from xuexin_api.services.login.login_limits import LoginLimits
from xuexin_api.services.login.login_opening import LoginOpening
from xuexin_api.services.login.outcomes import LoginOutcomes
from xuexin_api.services.login.passkey_making import PasskeyMaking
from xuexin_api.services.login.passkeys import PasskeyService
from xuexin_api.services.login.password_aside import PasswordAside
from xuexin_api.services.login.password_login import PasswordLogin
from xuexin_api.services.login.third_party import ThirdParties
from xuexin_api.services.login.third_party_login import ThirdPartyLoginService


async def login_doors(request: Request) -> LoginDoors:
    parts = wiring(request)
    return LoginDoors(
        password=_password_login(parts),
        aside=partial(_password_aside, parts),
        others=partial(_login, parts),
        dispatcher=parts.dispatcher,
    )


def _password_login(parts: Wiring) -> PasswordLogin:
    """Without a session: it costs more than all the rest that is made here, and few need one."""
    return PasswordLogin(
        limits=_login_limits(parts),
        opening=_login_opening(parts),
        devices=parts.devices,
        hashing=parts.hashing,
        lookups=parts.lookups,
        clock=parts.clock,
    )


def _login_limits(parts: Wiring) -> LoginLimits:
    return LoginLimits(
        logins=LoginRepository(parts.database),
        challenges=parts.challenges,
        hashing=parts.hashing,
        throttle=parts.throttle,
        lookups=parts.lookups,
        policy=parts.login_policy,
        clock=parts.clock,
    )


def _login_opening(parts: Wiring) -> LoginOpening:
    return LoginOpening(opening=shared.opening(parts), letters=shared.letters(parts), sealer=parts.sealer)


async def login_service(request: Request) -> LoginService:
    return _login(wiring(request))


def _password_aside(parts: Wiring) -> PasswordAside:
    session = parts.database.session()
    return PasswordAside(
        session=session,
        accounts=AccountRepository(session),
        codes=CodeRepository(session),
        challenges=parts.challenges,
        outcomes=_outcomes(parts, session),
        hashing=parts.hashing,
        clock=parts.clock,
    )


def _login(parts: Wiring) -> LoginService:
    session = parts.database.session()
    return LoginService(
        session=session,
        accounts=AccountRepository(session),
        sessions=SessionRepository(session),
        limits=_login_limits(parts),
        outcomes=_outcomes(parts, session),
        notices=shared.notices(parts, session),
        factors=_further_factors(parts, session),
        second=shared.factors(parts, session),
        passkeys=shared.passkeys(parts, session),
        binding=shared.binding(parts, session),
        checking=shared.checking(parts, session),
        dispatcher=parts.dispatcher,
        devices=parts.devices,
        hashing=parts.hashing,
        lookups=parts.lookups,
        policy=parts.login_policy,
        clock=parts.clock,
    )


def _outcomes(parts: Wiring, session: AsyncSession) -> LoginOutcomes:
    return LoginOutcomes(
        session=session,
        accounts=AccountRepository(session),
        sessions=SessionRepository(session),
        opening=_login_opening(parts),
        notices=shared.notices(parts, session),
        devices=parts.devices,
        lookups=parts.lookups,
        policy=parts.login_policy,
        entropy=parts.entropy,
    )


def _further_factors(parts: Wiring, session: AsyncSession) -> FurtherFactors:
    return FurtherFactors(
        second=shared.factors(parts, session),
        accounts=AccountRepository(session),
        records=RecordRepository(session),
        counters=CounterRepository(session),
        lookups=parts.lookups,
        policy=parts.login_policy,
    )


def _factor_confirmations(parts: Wiring, session: AsyncSession) -> FactorConfirmations:
    return FactorConfirmations(
        session=session,
        confirmations=shared.confirmations(parts, session),
        checking=shared.factors(parts, session),
        clock=parts.clock,
    )


def _factor_changes(parts: Wiring, session: AsyncSession) -> FactorChanges:
    return FactorChanges(
        confirmations=shared.confirmations(parts, session),
        factors=FactorRepository(session),
        checking=shared.factors(parts, session),
        log=shared.change_log(parts, session),
        audit=AuditRepository(session),
        notices=shared.notices(parts, session),
        policy=parts.settings.factor_policy(),
        entropy=parts.entropy,
    )


async def factor_service(request: Request) -> FactorService:
    parts = wiring(request)
    session = parts.database.session()
    return FactorService(
        session=session,
        confirmations=_factor_confirmations(parts, session),
        callers=shared.callers(parts, session),
        factors=FactorRepository(session),
        passkeys=PasskeyRepository(session),
        checking=shared.factors(parts, session),
        changes=_factor_changes(parts, session),
        dispatcher=parts.dispatcher,
        sealer=parts.sealer,
        policy=parts.settings.factor_policy(),
        clock=parts.clock,
    )


async def passkey_service(request: Request) -> PasskeyService:
    parts = wiring(request)
    session = parts.database.session()
    return PasskeyService(
        session=session,
        confirmations=_factor_confirmations(parts, session),
        callers=shared.callers(parts, session),
        passkeys=PasskeyRepository(session),
        checking=shared.passkeys(parts, session),
        making=PasskeyMaking(
            passkeys=PasskeyRepository(session),
            codes=CodeRepository(session),
            checking=shared.passkeys(parts, session),
            challenges=parts.passkey_challenges,
            policy=parts.passkey_policy,
            entropy=parts.entropy,
        ),
        changes=_factor_changes(parts, session),
        dispatcher=parts.dispatcher,
        sealer=parts.sealer,
        policy=parts.passkey_policy,
        clock=parts.clock,
    )


def _third_parties(parts: Wiring, session: AsyncSession) -> ThirdParties:
    return ThirdParties(
        providers=parts.login_providers,
        repository=ThirdPartyRepository(session),
        limits=_login_limits(parts),
        lookups=parts.lookups,
        policy=parts.settings.third_party_policy(),
        entropy=parts.entropy,
    )


async def third_party_login_service(request: Request) -> ThirdPartyLoginService:
    parts = wiring(request)
    session = parts.database.session()
    return ThirdPartyLoginService(
        session=session,
        parties=_third_parties(parts, session),
        links=ThirdPartyRepository(session),
        accounts=AccountRepository(session),
        outcomes=_outcomes(parts, session),
        devices=parts.devices,
        dispatcher=parts.dispatcher,
        lookups=parts.lookups,
        clock=parts.clock,
    )


async def linked_identity_service(request: Request) -> LinkedIdentityService:
    parts = wiring(request)
    session = parts.database.session()
    return LinkedIdentityService(
        session=session,
        confirmations=shared.confirmations(parts, session),
        callers=shared.callers(parts, session),
        parties=_third_parties(parts, session),
        links=ThirdPartyRepository(session),
        log=shared.change_log(parts, session),
        dispatcher=parts.dispatcher,
        lookups=parts.lookups,
        sealer=parts.sealer,
        clock=parts.clock,
    )
