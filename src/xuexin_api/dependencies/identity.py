"""The services of `services/identity`, for one request."""

from __future__ import annotations

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import Wiring, wiring
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.archive.archive import RecordRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.repositories.identity.identity import VerificationRepository
from xuexin_api.repositories.identity.persons import PersonRepository
from xuexin_api.repositories.identity.vouchings import VouchingRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.repositories.sent_photos import PhotoRepository
from xuexin_api.services.identity.asked_classmates import AskedClassmates
from xuexin_api.services.identity.case_view import CaseViews
from xuexin_api.services.identity.identity_cases import IdentityCaseService
from xuexin_api.services.identity.identity_verification import IdentityVerificationService
from xuexin_api.services.identity.photo_homes import CasePhotos, VerificationPhotos
from xuexin_api.services.identity.provider_asking import ProviderAsking
from xuexin_api.services.identity.verification_results import VerificationResultService
from xuexin_api.services.identity.vouching import VouchingService
from xuexin_api.services.identity.vouching_codes import VouchingCodes
from xuexin_api.services.photos.sent_photos import SentPhotoService


async def identity_verification_service(request: Request) -> IdentityVerificationService:
    parts = wiring(request)
    session = parts.database.session()
    return IdentityVerificationService(
        session=session,
        verifications=VerificationRepository(session),
        sessions=SessionRepository(session),
        accounts=AccountRepository(session),
        callers=shared.callers(parts, session),
        cases=CaseRepository(session),
        case_opening=shared.case_opening(parts, session),
        persons=PersonRepository(session),
        vouchings=VouchingRepository(session),
        rule=parts.verification_rule,
        asking=ProviderAsking(
            providers=parts.identity_providers, sealer=parts.sealer, policy=parts.settings.verification_policy()
        ),
        records=RecordRepository(session),
        counters=CounterRepository(session),
        audit=AuditRepository(session),
        opening=shared.opening(parts),
        policy=parts.settings.verification_policy(),
        photo_policy=parts.settings.photo_policy(),
        case_policy=parts.settings.case_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def verification_result_service(request: Request) -> VerificationResultService:
    parts = wiring(request)
    session = parts.database.session()
    return VerificationResultService(
        session=session,
        verifications=VerificationRepository(session),
        photos=PhotoRepository(session),
        classmates=_classmates(parts, session),
        sessions=SessionRepository(session),
        counters=CounterRepository(session),
        callers=shared.callers(parts, session),
        audit=AuditRepository(session),
        dispatcher=parts.dispatcher,
        policy=parts.session_policy,
        photo_policy=parts.settings.photo_policy(),
        case_policy=parts.settings.case_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def case_photo_service(request: Request) -> SentPhotoService:
    parts = wiring(request)
    session = parts.database.session()
    home = CasePhotos(cases=CaseRepository(session), log=shared.case_log(parts, session))
    return shared.sent_photos(parts, session, home)


async def verification_photo_service(request: Request) -> SentPhotoService:
    parts = wiring(request)
    session = parts.database.session()
    return shared.sent_photos(parts, session, VerificationPhotos(VerificationRepository(session)))


def _classmates(parts: Wiring, session: AsyncSession) -> AskedClassmates:
    return AskedClassmates(
        vouchings=VouchingRepository(session),
        accounts=AccountRepository(session),
        notices=shared.notices(parts, session),
        codes=VouchingCodes(parts.codes_hash),
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.case_policy(),
        counters=CounterRepository(session),
        entropy=parts.entropy,
    )


def _case_views(parts: Wiring, session: AsyncSession) -> CaseViews:
    return CaseViews(
        cases=CaseRepository(session),
        classmates=_classmates(parts, session),
        photos=PhotoRepository(session),
        providers=parts.identity_providers,
        policy=parts.settings.case_policy(),
    )


async def identity_case_service(request: Request) -> IdentityCaseService:
    parts = wiring(request)
    session = parts.database.session()
    return IdentityCaseService(
        session=session,
        cases=CaseRepository(session),
        classmates=_classmates(parts, session),
        records=RecordRepository(session),
        counters=CounterRepository(session),
        callers=shared.callers(parts, session),
        opening=shared.case_opening(parts, session),
        progress=shared.case_progress(parts, session),
        views=_case_views(parts, session),
        log=shared.case_log(parts, session),
        dispatcher=parts.dispatcher,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.case_policy(),
        facts_policy=parts.settings.verification_policy(),
        clock=parts.clock,
    )


async def vouching_service(request: Request) -> VouchingService:
    parts = wiring(request)
    session = parts.database.session()
    return VouchingService(
        session=session,
        vouchings=VouchingRepository(session),
        cases=CaseRepository(session),
        verifications=VerificationRepository(session),
        accounts=AccountRepository(session),
        counters=CounterRepository(session),
        callers=shared.callers(parts, session),
        opening=shared.case_opening(parts, session),
        log=shared.case_log(parts, session),
        notices=shared.notices(parts, session),
        dispatcher=parts.dispatcher,
        codes=VouchingCodes(parts.codes_hash),
        sealer=parts.sealer,
        policy=parts.settings.case_policy(),
        clock=parts.clock,
    )
